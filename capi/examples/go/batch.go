// A batch update in Go with cgo: PKG_CONFIG_PATH=… go run .
package main

// #cgo pkg-config: pinquery
// #include <stdlib.h>
// #include <pinquery.h>
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// Devices can be shared by goroutines. Call Close once.
type Devices struct{ pointer *C.pinquery_devices }

// Load parses a JSON object that maps tokens to templates.
func Load(devices string) (*Devices, error) {
	text := C.CString(devices)
	defer C.free(unsafe.Pointer(text))
	var reason [256]C.char
	pointer := C.pinquery_devices_from_json(text, C.size_t(len(devices)), &reason[0], C.size_t(len(reason)))
	if pointer == nil {
		return nil, errors.New(C.GoString(&reason[0]))
	}
	return &Devices{pointer}, nil
}

// Close frees the devices.
func (d *Devices) Close() { C.pinquery_devices_free(d.pointer) }

// Update is a value for a virtual pin.
type Update struct {
	Pin      uint8   `json:"pin"`
	Value    any     `json:"value"`
	Adjusted *string `json:"adjusted"`
}

// Rejection is the response to a rejected batch.
type Rejection struct {
	Status int
	Body   string
}

func (r *Rejection) Error() string { return fmt.Sprint(r.Status, " ", r.Body) }

// Parse returns the updates of a query, or a *Rejection.
func (d *Devices) Parse(query string) ([]Update, error) {
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	var updates [C.PINQUERY_MAX_UPDATES]C.pinquery_update
	var count C.size_t
	var rejection C.pinquery_error
	kind := C.pinquery_parse(text, C.size_t(len(query)), C.pinquery_lookup(C.pinquery_devices_lookup),
		unsafe.Pointer(d.pointer), &updates[0], C.PINQUERY_MAX_UPDATES, &count, &rejection)
	if kind != C.PINQUERY_ACCEPTED {
		return nil, &Rejection{int(rejection.status), C.GoStringN(rejection.body, C.int(rejection.body_length))}
	}
	buffer := make([]byte, C.pinquery_updates_json(&updates[0], count, nil, 0)+1)
	C.pinquery_updates_json(&updates[0], count, (*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)))
	var parsed []Update
	return parsed, json.Unmarshal(buffer[:len(buffer)-1], &parsed)
}

func main() {
	devices, err := Load(`{"t":{"v1":{"type":"integer","min":0,"max":100},"v3":{"type":"string"}}}`)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer devices.Close()
	updates, _ := devices.Parse("token=t&v1=133&v3=water+low")
	for _, update := range updates {
		fmt.Printf("v%d = %v\n", update.Pin, update.Value)
	}
	_, err = devices.Parse("token=t&v1=hot")
	fmt.Println(err)
}
