// A batch in Go, by cgo: PKG_CONFIG_PATH=… go run .
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

// Devices are shared by goroutines and freed once.
type Devices struct{ held *C.pinquery_devices }

// Load reads a JSON object with a template for each token.
func Load(devices string) (*Devices, error) {
	text := C.CString(devices)
	defer C.free(unsafe.Pointer(text))
	var reason [256]C.char
	held := C.pinquery_devices_from_json(text, C.size_t(len(devices)), &reason[0], C.size_t(len(reason)))
	if held == nil {
		return nil, errors.New(C.GoString(&reason[0]))
	}
	return &Devices{held}, nil
}

// Close frees the devices.
func (d *Devices) Close() { C.pinquery_devices_free(d.held) }

// Update is one value for one virtual pin.
type Update struct {
	Pin      uint8   `json:"pin"`
	Value    any     `json:"value"`
	Adjusted *string `json:"adjusted"`
}

// Refusal is what to answer for a batch that is refused.
type Refusal struct {
	Status int
	Body   string
}

func (r *Refusal) Error() string { return fmt.Sprint(r.Status, " ", r.Body) }

// Judge gives the updates of a query, or a *Refusal.
func (d *Devices) Judge(query string) ([]Update, error) {
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	var updates [C.PINQUERY_MAX_UPDATES]C.pinquery_update
	var count C.size_t
	var refusal C.pinquery_error
	kind := C.pinquery_parse(text, C.size_t(len(query)), C.pinquery_lookup(C.pinquery_devices_lookup),
		unsafe.Pointer(d.held), &updates[0], C.PINQUERY_MAX_UPDATES, &count, &refusal)
	if kind != C.PINQUERY_ACCEPTED {
		return nil, &Refusal{int(refusal.status), C.GoStringN(refusal.body, C.int(refusal.body_length))}
	}
	buffer := make([]byte, C.pinquery_updates_json(&updates[0], count, nil, 0)+1)
	C.pinquery_updates_json(&updates[0], count, (*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)))
	var judged []Update
	return judged, json.Unmarshal(buffer[:len(buffer)-1], &judged)
}

func main() {
	devices, err := Load(`{"t":{"v1":{"type":"integer","min":0,"max":100},"v3":{"type":"string"}}}`)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer devices.Close()
	updates, _ := devices.Judge("token=t&v1=133&v3=water+low")
	for _, update := range updates {
		fmt.Printf("v%d = %v\n", update.Pin, update.Value)
	}
	_, err = devices.Judge("token=t&v1=hot")
	fmt.Println(err)
}
