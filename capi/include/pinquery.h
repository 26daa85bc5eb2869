/* pinquery for C: strict parsing and validation of Blynk batch update queries.
 *
 *     char reason[256];
 *     pinquery_devices *devices = pinquery_devices_from_json(json, length, reason, sizeof reason);
 *
 *     pinquery_update updates[PINQUERY_MAX_UPDATES];
 *     size_t count;
 *     pinquery_error error;
 *     if (pinquery_parse(query, strlen(query), pinquery_devices_lookup, devices,
 *                        updates, PINQUERY_MAX_UPDATES, &count, &error) != PINQUERY_ACCEPTED)
 *         answer(error.status, error.body, error.body_length);
 *
 * Numbers of kinds, reasons, types and adjustments never change; new ones may come, and so may new
 * functions. Structs and what is here stay as they are for as long as the soname does.
 *
 * Generated from src/ by cbindgen: `BLESS=1 cargo test --test header` writes it anew. */

#ifndef PINQUERY_H
#define PINQUERY_H

#include <stddef.h>
#include <stdint.h>

/**
 * What `pinquery_decode` and `pinquery_updates_json` give for what no call of this library wrote.
 */
#define PINQUERY_MALFORMED SIZE_MAX

/**
 * The most updates that a query can have, one for each pin: an array of so many always suffices.
 */
#define PINQUERY_MAX_UPDATES 256

/**
 * Devices by token. They never change, so threads share them.
 */
typedef struct pinquery_devices pinquery_devices;

/**
 * What the virtual pins of a device hold. It never changes, so threads share it.
 */
typedef struct pinquery_template pinquery_template;

/**
 * What became of a query: `PINQUERY_ACCEPTED` or why it was refused. The numbers never change.
 */
typedef uint8_t pinquery_kind;

/**
 * Which member of a `pinquery_value` is the value. The numbers never change.
 */
typedef uint8_t pinquery_type;

/**
 * What was done to a value to make it fit. The numbers never change.
 */
typedef uint8_t pinquery_adjusted;

/**
 * A text that stands in the query: it lives as long as the query does, and has no NUL behind it.
 */
typedef struct pinquery_text {
  /**
   * The bytes as the query has them. Read them as they are where `escaped` is 0, else decode
   * them with `pinquery_decode`.
   */
  const char *bytes;
  /**
   * How many bytes there are.
   */
  size_t length;
  /**
   * 1 where the bytes hold an escape, `%41` or `+`; else 0.
   */
  uint8_t escaped;
} pinquery_text;

/**
 * A place on earth.
 */
typedef struct pinquery_location {
  /**
   * Degrees east, -180 to 180.
   */
  double longitude;
  /**
   * Degrees north, -90 to 90.
   */
  double latitude;
} pinquery_location;

/**
 * A value; which member it is says the update's `type`.
 */
typedef union pinquery_value {
  /**
   * Of `PINQUERY_INTEGER` and `PINQUERY_ENUMERABLE`.
   */
  int64_t integer;
  /**
   * Of `PINQUERY_DOUBLE`.
   */
  double number;
  /**
   * Of `PINQUERY_STRING`.
   */
  struct pinquery_text text;
  /**
   * Of `PINQUERY_BOOLEAN`: 1 or 0.
   */
  uint8_t boolean;
  /**
   * Of `PINQUERY_LOCATION`.
   */
  struct pinquery_location location;
} pinquery_value;

/**
 * One value for one virtual pin. It owns nothing; a string stands in the query.
 */
typedef struct pinquery_update {
  /**
   * The virtual pin.
   */
  uint8_t pin;
  /**
   * Which member of `value` is the value.
   */
  pinquery_type type;
  /**
   * What was done to the value to make it fit.
   */
  pinquery_adjusted adjusted;
  /**
   * The value.
   */
  union pinquery_value value;
} pinquery_update;

/**
 * Looks a device up: gives the template of the device with this token, or NULL for a token that
 * the server does not know. `context` is what the caller of `pinquery_parse` gave.
 *
 * `token` is valid and decoded, has no NUL within or behind it, and lives until the function
 * returns. The template has to live until `pinquery_parse` returns. It must not leave the
 * function by `longjmp` or an exception.
 */
typedef const struct pinquery_template *(*pinquery_lookup)(void *context,
                                                           const char *token,
                                                           size_t length);

/**
 * Why a value does not fit its datastream. The numbers never change.
 */
typedef uint8_t pinquery_reason;

/**
 * Why a query was refused, and what to answer. It holds no byte of the query and owns nothing.
 */
typedef struct pinquery_error {
  /**
   * What is wrong: never `PINQUERY_ACCEPTED`.
   */
  pinquery_kind kind;
  /**
   * Why the value does not fit, where `kind` is `PINQUERY_INVALID_VALUE`.
   */
  pinquery_reason reason;
  /**
   * The pin, 0 to 255, of an unknown pin, a duplicate pin or an invalid value; else -1.
   */
  int16_t pin;
  /**
   * The HTTP status: 400, and 500 where the fault is not the query's.
   */
  uint16_t status;
  /**
   * Where in the query it is wrong: the first byte's place. The span may cover the token.
   */
  size_t start;
  /**
   * Where in the query it is wrong: the place behind the last byte.
   */
  size_t end;
  /**
   * The body to answer with as `application/json`, which is the vendor's; no NUL behind it. It
   * lives for ever. Empty where the fault is not the query's.
   */
  const char *body;
  /**
   * How many bytes the body has.
   */
  size_t body_length;
} pinquery_error;

/**
 * The query is accepted, and its updates are written.
 */
#define PINQUERY_ACCEPTED 0

/**
 * There is no `token` segment. The span is empty, at the query's end.
 */
#define PINQUERY_MISSING_TOKEN 1

/**
 * The first token is empty, malformed or has a byte that no token has. The span is its value.
 */
#define PINQUERY_INVALID_TOKEN 2

/**
 * The lookup knows no device with this token. The span is its value.
 */
#define PINQUERY_UNKNOWN_TOKEN 3

/**
 * There is a second `token` segment. The span is its name.
 */
#define PINQUERY_DUPLICATE_TOKEN 4

/**
 * A name is neither `token` nor a virtual pin `v0` to `v255`. The span is the name.
 */
#define PINQUERY_INVALID_PIN 5

/**
 * The template has no datastream for the pin. The span is the name.
 */
#define PINQUERY_UNKNOWN_PIN 6

/**
 * A pin comes a second time. The span is the later name.
 */
#define PINQUERY_DUPLICATE_PIN 7

/**
 * A value does not fit its datastream: see the reason. The span is the value.
 */
#define PINQUERY_INVALID_VALUE 8

/**
 * There is a valid token and nothing else. The span is empty, at the query's end.
 */
#define PINQUERY_NO_PINS 9

/**
 * No fault of the query: there are more updates than the array has room for.
 */
#define PINQUERY_NO_ROOM 64

/**
 * No fault of the query: a pointer that has to be there is NULL, or a length is more than memory
 * can hold.
 */
#define PINQUERY_BAD_CALL 65

/**
 * A kind that came after this version of the header: answer with the error's status and body.
 */
#define PINQUERY_OTHER_KIND 255

/**
 * Nothing.
 */
#define PINQUERY_AS_SENT 0

/**
 * It was below the minimum and is the minimum now.
 */
#define PINQUERY_RAISED_TO_MIN 1

/**
 * It was above the maximum and is the maximum now.
 */
#define PINQUERY_LOWERED_TO_MAX 2

/**
 * It was none of the enumerable's values and is the fallback now.
 */
#define PINQUERY_REPLACED_BY_FALLBACK 3

/**
 * A whole number within its bounds, in `integer`.
 */
#define PINQUERY_INTEGER 1

/**
 * A finite number within its bounds, in `number`.
 */
#define PINQUERY_DOUBLE 2

/**
 * A text without U+0000, of at most the datastream's `max_len` bytes once decoded, in `text`.
 */
#define PINQUERY_STRING 3

/**
 * One of the datastream's whole numbers, in `integer`.
 */
#define PINQUERY_ENUMERABLE 4

/**
 * 1 or 0, in `boolean`.
 */
#define PINQUERY_BOOLEAN 5

/**
 * A place, in `location`.
 */
#define PINQUERY_LOCATION 6

/**
 * There is none: the kind is not `PINQUERY_INVALID_VALUE`.
 */
#define PINQUERY_NO_REASON 0

/**
 * A string of more than its `max_len` bytes, or another value of more than 4,096 bytes as written.
 */
#define PINQUERY_TOO_LONG 1

/**
 * A `%` without two hexadecimal digits behind it.
 */
#define PINQUERY_MALFORMED_ESCAPE 2

/**
 * The decoded bytes are not UTF-8.
 */
#define PINQUERY_INVALID_UTF8 3

/**
 * A string with U+0000.
 */
#define PINQUERY_NUL 4

/**
 * Not a whole number.
 */
#define PINQUERY_NOT_AN_INTEGER 5

/**
 * Not a decimal number.
 */
#define PINQUERY_NOT_A_DOUBLE 6

/**
 * None of `true`, `false`, `1` and `0`.
 */
#define PINQUERY_NOT_A_BOOLEAN 7

/**
 * A whole number that is none of an enumerable's values, and there is no fallback.
 */
#define PINQUERY_NOT_A_VALUE 8

/**
 * A longitude beyond -180 to 180 or a latitude beyond -90 to 90.
 */
#define PINQUERY_OUT_OF_RANGE 9

/**
 * A longitude without its latitude behind it.
 */
#define PINQUERY_NO_LATITUDE 10

/**
 * A reason that came after this version of the header.
 */
#define PINQUERY_OTHER_REASON 255

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, as in `0.1.0`, with a NUL behind it. It lives for ever.
 */
const char *pinquery_version(void);

/**
 * Reads a template, such as `{"v1":{"type":"integer","min":0,"max":100}}`.
 *
 * The template belongs to the caller, who frees it with `pinquery_template_free`. Or NULL, where
 * the JSON is no template: then `reason` says why, naming the pin where it is about one, with a
 * NUL behind it, cut where `capacity` is less than its length (256 is enough). It never repeats
 * a string of the JSON but the name of a valid pin.
 *
 * `json` and `reason` may be NULL where their lengths are 0. `json` is not needed afterwards.
 *
 * # Safety
 *
 * `length` bytes can be read at `json`, `capacity` bytes written at `reason`.
 */
struct pinquery_template *pinquery_template_from_json(const char *json,
                                                      size_t length,
                                                      char *reason,
                                                      size_t capacity);

/**
 * Frees a template, once, when no call uses it any more. NULL is nothing to free.
 *
 * # Safety
 *
 * `device` is NULL or from `pinquery_template_from_json`, and was not freed before.
 */
void pinquery_template_free(struct pinquery_template *device);

/**
 * Reads devices: a JSON object with a template for each token, such as
 * `{"token":{"v1":{"type":"integer"}}}`. A device may have an `"id"` among its pins, for servers
 * that keep its history by that: a string, another for each device, which is not kept here.
 *
 * The devices belong to the caller, who frees them with `pinquery_devices_free`. Or NULL, and a
 * reason, as for `pinquery_template_from_json`: it names a device by its place, from 1 on, and
 * never its token. No device is an error, as is a device without a datastream.
 *
 * # Safety
 *
 * `length` bytes can be read at `json`, `capacity` bytes written at `reason`.
 */
struct pinquery_devices *pinquery_devices_from_json(const char *json,
                                                    size_t length,
                                                    char *reason,
                                                    size_t capacity);

/**
 * Looks a device up: a `pinquery_lookup` whose `context` is a `pinquery_devices`. The template
 * belongs to the devices and lives until they are freed. NULL where no device has the token, and
 * where `context` is NULL.
 *
 * # Safety
 *
 * `context` is NULL or from `pinquery_devices_from_json`, not freed meanwhile; `length` bytes can
 * be read at `token`.
 */
const struct pinquery_template *pinquery_devices_lookup(void *context,
                                                        const char *token,
                                                        size_t length);

/**
 * How many devices there are; 0 where `devices` is NULL.
 *
 * # Safety
 *
 * `devices` is NULL or from `pinquery_devices_from_json`, not freed meanwhile.
 */
size_t pinquery_devices_count(const struct pinquery_devices *devices);

/**
 * Frees devices, once, when no call uses them or one of their templates any more. NULL is nothing
 * to free.
 *
 * # Safety
 *
 * `devices` is NULL or from `pinquery_devices_from_json`, and was not freed before.
 */
void pinquery_devices_free(struct pinquery_devices *devices);

/**
 * The name of a kind for logs and metrics, such as `invalid_pin`, with a NUL behind it; `other`
 * for a number that has none. It lives for ever.
 */
const char *pinquery_kind_name(pinquery_kind kind);

/**
 * Writes updates as JSON, such as `[{"pin":1,"value":100,"adjusted":"max"}]`, into `buffer`, with
 * a NUL behind it, and gives its length without the NUL: like `snprintf`. Where that is not less
 * than `capacity`, the buffer holds an empty text; a second call with more room succeeds.
 *
 * The JSON is ASCII of 0x20 to 0x7E, all else is escaped: it can stand in a header of HTTP. A
 * location is `[longitude,latitude]`.
 *
 * `updates` and `buffer` may be NULL where their lengths are 0. Gives `PINQUERY_MALFORMED` where
 * an update is none that this library wrote, or its query is gone.
 *
 * # Safety
 *
 * `count` updates can be read at `updates`, their strings too; `capacity` bytes can be written at
 * `buffer`, and none of these overlap.
 */
size_t pinquery_updates_json(const struct pinquery_update *updates,
                             size_t count,
                             char *buffer,
                             size_t capacity);

/**
 * Judges a query in one call: its token, the device behind it, and every pin; all or nothing.
 *
 * `query` is the query component without its `?`, still percent-encoded, any bytes; it may be
 * NULL where `query_length` is 0. `lookup` is asked at most once, for a valid token only.
 *
 * Gives `PINQUERY_ACCEPTED`, with the updates in query order in `updates` and how many there are
 * in `*count`; or the error's kind, with the error in `*error`, which may be NULL, and 0 in
 * `*count`. Updates belong to the caller and need not be freed; their strings stand in the query
 * and live as long as it does.
 *
 * `updates` may be NULL where `capacity` is 0, and need not be initialised. With a `capacity` of
 * `PINQUERY_MAX_UPDATES` there is always room; with less, a query of more updates gives
 * `PINQUERY_NO_ROOM`, writes none, and `*count` says how many there are. `PINQUERY_BAD_CALL`
 * where `lookup` or `count` is NULL, or a pointer whose length is not 0.
 *
 * Any number of threads may call it at once.
 *
 * # Safety
 *
 * What is said above of the pointers and their lengths.
 */
pinquery_kind pinquery_parse(const char *query,
                             size_t query_length,
                             pinquery_lookup lookup,
                             void *context,
                             struct pinquery_update *updates,
                             size_t capacity,
                             size_t *count,
                             struct pinquery_error *error);

/**
 * The first of two steps, for a lookup that has to wait: finds and judges the token.
 *
 * Gives `PINQUERY_ACCEPTED` and writes the token to `*token`: it stands in the query, and is to
 * be decoded where it is `escaped`. Else the error's kind, with the error in `*error`, which may
 * be NULL. `PINQUERY_BAD_CALL` where `token` is NULL, or `query` and its length is not 0.
 *
 * Nothing is kept between the steps but the query itself.
 *
 * # Safety
 *
 * What is said above of the pointers and their lengths.
 */
pinquery_kind pinquery_token(const char *query,
                             size_t query_length,
                             struct pinquery_text *token,
                             struct pinquery_error *error);

/**
 * The second of two steps: judges every pin by the device's template; all or nothing. For a
 * `device` of NULL the token is unknown.
 *
 * All else is as for `pinquery_parse`, and a query whose token is not valid gives the error that
 * the first step gave.
 *
 * # Safety
 *
 * `device` is NULL or a template that is not freed meanwhile; for the rest see `pinquery_parse`.
 */
pinquery_kind pinquery_updates(const char *query,
                               size_t query_length,
                               const struct pinquery_template *device,
                               struct pinquery_update *updates,
                               size_t capacity,
                               size_t *count,
                               struct pinquery_error *error);

/**
 * Writes a text, decoded, into `buffer`, with a NUL behind it, and gives its length without the
 * NUL: like `snprintf`. Where that is not less than `capacity`, the buffer holds an empty text;
 * a second call with more room succeeds. The decoded text is UTF-8 and has no NUL within it, and
 * is never longer than `text->length`.
 *
 * `buffer` may be NULL where `capacity` is 0. Gives `PINQUERY_MALFORMED` where `text` is NULL or
 * is none that this library wrote: not well formed.
 *
 * # Safety
 *
 * `text` is NULL or can be read, its bytes too; `capacity` bytes can be written at `buffer`, and
 * the two do not overlap.
 */
size_t pinquery_decode(const struct pinquery_text *text, char *buffer, size_t capacity);

/**
 * The name of a reason for logs and metrics, such as `not_an_integer`, with a NUL behind it; an
 * empty text for `PINQUERY_NO_REASON`, and `other` for a number that has none. It lives for ever.
 */
const char *pinquery_reason_name(pinquery_reason reason);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PINQUERY_H */
