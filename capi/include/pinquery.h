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
 *         respond(error.status, error.body, error.body_length);
 *
 * A pointer may be NULL if its length or capacity is 0.
 *
 * The numbers of kinds, reasons, types and adjustments never change. New numbers and functions may
 * be added; anything else that breaks the ABI changes the soname.
 *
 * Generated from src/ by cbindgen: run `make header`. */

#ifndef PINQUERY_H
#define PINQUERY_H

#include <stddef.h>
#include <stdint.h>

/// Returned by `pinquery_decode` and `pinquery_updates_json` for input this library did not write.
#define PINQUERY_MALFORMED SIZE_MAX

/// The maximum number of updates of a query, one per pin.
#define PINQUERY_MAX_UPDATES 256

/// Devices by token. Immutable, so threads can share it.
typedef struct pinquery_devices pinquery_devices;

/// The datastreams of a device's virtual pins. Immutable, so threads can share it.
typedef struct pinquery_template pinquery_template;

/// Outcome of a call: `PINQUERY_ACCEPTED` or the kind of error. The numbers never change.
typedef uint8_t pinquery_kind;

/// Type of a datastream, which determines the member of `pinquery_value`. The numbers never change.
typedef uint8_t pinquery_type;

/// How a value was adjusted to fit its datastream. The numbers never change.
typedef uint8_t pinquery_adjusted;

/// A string inside the input: the query, or the text passed to `pinquery_parse_value`. It lives as
/// long as the input and is not NUL-terminated.
typedef struct pinquery_text {
  /// The raw bytes. If `escaped` is 1, decode them with `pinquery_decode`.
  const char *bytes;
  /// Length in bytes.
  size_t length;
  /// 1 if the bytes contain an escape, such as `%41` or `+`. 0 if they are the string itself, which
  /// may contain `%` or `+` if it is from `pinquery_parse_value`.
  uint8_t escaped;
} pinquery_text;

/// A location on earth.
typedef struct pinquery_location {
  /// Degrees east, -180 to 180.
  double longitude;
  /// Degrees north, -90 to 90.
  double latitude;
} pinquery_location;

/// A value. The update's `type` determines the member.
typedef union pinquery_value {
  /// For `PINQUERY_INTEGER` and `PINQUERY_ENUMERABLE`.
  int64_t integer;
  /// For `PINQUERY_DOUBLE`.
  double number;
  /// For `PINQUERY_STRING`.
  struct pinquery_text text;
  /// For `PINQUERY_BOOLEAN`: 1 or 0.
  uint8_t boolean;
  /// For `PINQUERY_LOCATION`.
  struct pinquery_location location;
} pinquery_value;

/// A value for a virtual pin. It owns nothing; a string points into the input.
typedef struct pinquery_update {
  /// The virtual pin.
  uint8_t pin;
  /// The type, which determines the member of `value`.
  pinquery_type type;
  /// How the value was adjusted to fit its datastream.
  pinquery_adjusted adjusted;
  /// The value.
  union pinquery_value value;
} pinquery_update;

/// Returns the template of the device with this token, or NULL if the token is unknown. `context`
/// is the pointer passed to `pinquery_parse`.
///
/// `token` is decoded, not NUL-terminated, and lives until the function returns. The template must
/// live until `pinquery_parse` returns. The function must not exit by `longjmp` or an exception.
typedef const struct pinquery_template *(*pinquery_lookup)(void *context,
                                                           const char *token,
                                                           size_t length);

/// Why a value does not fit its datastream. The numbers never change.
typedef uint8_t pinquery_reason;

/// Why a query or value was rejected, and how to respond. It copies nothing from the input and owns
/// nothing.
typedef struct pinquery_error {
  /// The kind; never `PINQUERY_ACCEPTED`.
  pinquery_kind kind;
  /// Why the value does not fit, if `kind` is `PINQUERY_INVALID_VALUE`.
  pinquery_reason reason;
  /// The pin, 0 to 255, of an unknown pin, a duplicate pin or an invalid value; otherwise -1.
  int16_t pin;
  /// The HTTP status: 400, or 500 for a caller error.
  uint16_t status;
  /// Start of the span: the offset of its first byte in the input. The span may cover the token.
  size_t start;
  /// End of the span: the offset after its last byte.
  size_t end;
  /// Blynk's response body, `application/json`. Static, never NULL, not NUL-terminated.
  const char *body;
  /// Length of the body in bytes; 0 for a caller error.
  size_t body_length;
} pinquery_error;

/// The query or value is accepted and its updates have been written.
#define PINQUERY_ACCEPTED 0

/// The query has no `token` segment. The span is empty, at the end of the query.
#define PINQUERY_MISSING_TOKEN 1

/// The token is empty, malformed, or contains a byte outside 0x21 to 0x7E. The span is its value.
#define PINQUERY_INVALID_TOKEN 2

/// The lookup does not know the token. The span is its value.
#define PINQUERY_UNKNOWN_TOKEN 3

/// The query has a second `token` segment. The span is its name.
#define PINQUERY_DUPLICATE_TOKEN 4

/// A name is neither `token` nor a virtual pin `v0` to `v255`. The span is the name.
#define PINQUERY_INVALID_PIN 5

/// The template has no datastream for the pin. The span is the name; empty for a single value.
#define PINQUERY_UNKNOWN_PIN 6

/// A pin occurs twice. The span is the second name.
#define PINQUERY_DUPLICATE_PIN 7

/// A value does not fit its datastream; see the reason. The span is the value.
#define PINQUERY_INVALID_VALUE 8

/// The query has a valid token but no pins. The span is empty, at the end of the query.
#define PINQUERY_NO_PINS 9

/// Caller error: the query has more updates than `capacity`.
#define PINQUERY_BUFFER_TOO_SMALL 64

/// Caller error: a required pointer is NULL, or a length exceeds the size of any object.
#define PINQUERY_BAD_CALL 65

/// A kind added after this version of the header. Respond with the error's status and body.
#define PINQUERY_OTHER_KIND 255

/// Not adjusted.
#define PINQUERY_AS_SENT 0

/// Below the minimum; raised to it.
#define PINQUERY_RAISED_TO_MIN 1

/// Above the maximum; lowered to it.
#define PINQUERY_LOWERED_TO_MAX 2

/// Not one of the enumerable's values; replaced by the fallback.
#define PINQUERY_REPLACED_BY_FALLBACK 3

/// An integer within its bounds, in `integer`.
#define PINQUERY_INTEGER 1

/// A finite number within its bounds, in `number`.
#define PINQUERY_DOUBLE 2

/// A string without U+0000, at most `max_len` bytes after decoding, in `text`.
#define PINQUERY_STRING 3

/// One of the datastream's values, in `integer`.
#define PINQUERY_ENUMERABLE 4

/// 1 or 0, in `boolean`.
#define PINQUERY_BOOLEAN 5

/// A location, in `location`.
#define PINQUERY_LOCATION 6

/// No reason: the kind is not `PINQUERY_INVALID_VALUE`.
#define PINQUERY_NO_REASON 0

/// A string of more than `max_len` bytes, or another value of more than 4,096 raw bytes.
#define PINQUERY_TOO_LONG 1

/// A `%` that is not followed by two hexadecimal digits.
#define PINQUERY_MALFORMED_ESCAPE 2

/// The decoded bytes are not UTF-8.
#define PINQUERY_INVALID_UTF8 3

/// A string that contains U+0000.
#define PINQUERY_NUL 4

/// Not an integer.
#define PINQUERY_NOT_AN_INTEGER 5

/// Not a decimal number.
#define PINQUERY_NOT_A_DOUBLE 6

/// Not `true`, `false`, `1` or `0`.
#define PINQUERY_NOT_A_BOOLEAN 7

/// Not one of the enumerable's values, and it has no fallback.
#define PINQUERY_NOT_A_VALUE 8

/// A longitude outside -180 to 180 or a latitude outside -90 to 90.
#define PINQUERY_OUT_OF_RANGE 9

/// A longitude that is not followed by a latitude.
#define PINQUERY_NO_LATITUDE 10

/// A reason added after this version of the header.
#define PINQUERY_OTHER_REASON 255

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Returns the version of the library, such as `0.1.0`. The string is static and NUL-terminated.
const char *pinquery_version(void);

/// Parses a template, such as `{"v1":{"type":"integer","min":0,"max":100}}`.
///
/// The caller owns the template and frees it with `pinquery_template_free`. If the JSON is not a
/// template, returns NULL and writes to `reason` why, NUL-terminated and truncated to `capacity`
/// (256 is enough). The reason names the pin, if any, and contains no other string of the JSON.
/// `json` must be UTF-8 and is not needed after the call. A byte-order mark at the start is skipped.
///
/// # Safety
///
/// `length` bytes are readable at `json`, and `capacity` bytes writable at `reason`.
struct pinquery_template *pinquery_template_from_json(const char *json,
                                                      size_t length,
                                                      char *reason,
                                                      size_t capacity);

/// Frees a template. Does nothing if it is NULL.
///
/// # Safety
///
/// `tmpl` is NULL or has not been freed and is not in use.
void pinquery_template_free(struct pinquery_template *tmpl);

/// Parses devices: a JSON object that maps tokens to templates, such as
/// `{"token":{"v1":{"type":"integer"}}}`. A device may also have an `"id"`, a unique string, which
/// is validated and then ignored. There must be at least one device, each with a datastream. `json`
/// must be UTF-8; a byte-order mark at the start is skipped.
///
/// The caller owns the devices and frees them with `pinquery_devices_free`. On error, returns NULL
/// and a reason, as `pinquery_template_from_json` does. The reason identifies a device by its
/// position, counting from 1, never by its token.
///
/// # Safety
///
/// `length` bytes are readable at `json`, and `capacity` bytes writable at `reason`.
struct pinquery_devices *pinquery_devices_from_json(const char *json,
                                                    size_t length,
                                                    char *reason,
                                                    size_t capacity);

/// Looks up a device: a `pinquery_lookup` whose `context` is a `pinquery_devices`. Returns NULL if
/// no device has the token or `context` is NULL. The devices own the template.
///
/// # Safety
///
/// `context` is NULL or devices that have not been freed; `length` bytes are readable at `token`.
const struct pinquery_template *pinquery_devices_lookup(void *context,
                                                        const char *token,
                                                        size_t length);

/// Returns the number of devices; 0 if `devices` is NULL.
///
/// # Safety
///
/// `devices` is NULL or has not been freed.
size_t pinquery_devices_count(const struct pinquery_devices *devices);

/// Frees devices and their templates. Does nothing if `devices` is NULL.
///
/// # Safety
///
/// `devices` is NULL or has not been freed and, like its templates, is not in use.
void pinquery_devices_free(struct pinquery_devices *devices);

/// Returns the name of a kind for logs and metrics, such as `invalid_pin`; `other` for an unknown
/// number. The string is static and NUL-terminated.
const char *pinquery_kind_name(pinquery_kind kind);

/// Writes updates as JSON, such as `[{"pin":1,"value":100,"adjusted":"max"}]`, to `buffer`,
/// NUL-terminated. Like `snprintf`, returns the length without the NUL. If that is not less than
/// `capacity`, writes an empty string; call again with a larger buffer.
///
/// The JSON consists of the bytes 0x20 to 0x7E, so it is safe in an HTTP header; other characters
/// are escaped. A location is `[longitude,latitude]`.
///
/// Returns `PINQUERY_MALFORMED` if this library did not write the updates.
///
/// # Safety
///
/// `count` updates are readable at `updates`, and so is the input that they point into; `capacity`
/// bytes are writable at `buffer` and overlap neither.
size_t pinquery_updates_json(const struct pinquery_update *updates,
                             size_t count,
                             char *buffer,
                             size_t capacity);

/// Parses a batch update: validates the token, looks up its template and parses every value. All
/// or nothing.
///
/// `query` is the query component without its `?`, still percent-encoded; any bytes are allowed.
/// `lookup` is called at most once, and only with a valid token.
///
/// Returns `PINQUERY_ACCEPTED` and writes the updates, in query order, to `updates` and their
/// number to `*count`. Otherwise returns the kind of error, and writes the error to `*error` unless
/// that is NULL, and 0 to `*count`. Updates need not be freed. Their strings point into the query
/// and live as long as it does.
///
/// `updates` need not be initialised. `PINQUERY_MAX_UPDATES` is always enough `capacity`; if there
/// are more updates than `capacity`, returns `PINQUERY_BUFFER_TOO_SMALL`, writes no update, and
/// sets `*count` to the number needed. Returns `PINQUERY_BAD_CALL` if `lookup` or `count` is NULL,
/// or a pointer whose length is not 0. Thread-safe.
///
/// # Safety
///
/// `query_length` bytes are readable at `query`; `capacity` updates, `*count` and `*error` are
/// writable.
pinquery_kind pinquery_parse(const char *query,
                             size_t query_length,
                             pinquery_lookup lookup,
                             void *context,
                             struct pinquery_update *updates,
                             size_t capacity,
                             size_t *count,
                             struct pinquery_error *error);

/// Finds and validates the token: the first of two steps, for a lookup that has to wait. No state
/// is kept between the steps.
///
/// Returns `PINQUERY_ACCEPTED` and writes the token to `*token`. It points into the query; if it is
/// `escaped`, decode it. Otherwise returns the kind of error, and writes the error to `*error`
/// unless that is NULL. Returns `PINQUERY_BAD_CALL` if `token` is NULL, or `query` is NULL and its
/// length is not 0.
///
/// # Safety
///
/// `query_length` bytes are readable at `query`; `*token` and `*error` are writable.
pinquery_kind pinquery_token(const char *query,
                             size_t query_length,
                             struct pinquery_text *token,
                             struct pinquery_error *error);

/// Parses every value against the device's template: the second of two steps. All or nothing. The
/// token is unknown if `tmpl` is NULL.
///
/// Otherwise like `pinquery_parse`; an invalid token causes the same error as in the first step.
///
/// # Safety
///
/// `tmpl` is NULL or is not freed during the call; otherwise as for `pinquery_parse`.
pinquery_kind pinquery_updates(const char *query,
                               size_t query_length,
                               const struct pinquery_template *tmpl,
                               struct pinquery_update *updates,
                               size_t capacity,
                               size_t *count,
                               struct pinquery_error *error);

/// Parses a value for a pin from text that is not percent-encoded: an MQTT payload, a field of a CSV
/// or JSON file, or a stored value.
///
/// `+` and `%` are ordinary characters. The other rules are the same as in a query. A location is
/// `lon,lat`.
///
/// Returns `PINQUERY_ACCEPTED` and writes the update to `*update`. Otherwise returns
/// `PINQUERY_UNKNOWN_PIN`, whose span is empty, or `PINQUERY_INVALID_VALUE`, whose span is the whole
/// text, and writes the error to `*error` unless that is NULL. Invalid UTF-8 takes precedence over
/// other reasons. The update need not be freed. Its string, if any, points into `text`, lives as long
/// as it does, and is never `escaped`.
///
/// Returns `PINQUERY_BAD_CALL` if `tmpl` or `update` is NULL, or `text` is NULL and its length is not
/// 0. Thread-safe.
///
/// # Safety
///
/// `tmpl` is NULL or is not freed during the call; `length` bytes are readable at `text`; `*update`
/// and `*error` are writable.
pinquery_kind pinquery_parse_value(const struct pinquery_template *tmpl,
                                   uint8_t pin,
                                   const char *text,
                                   size_t length,
                                   struct pinquery_update *update,
                                   struct pinquery_error *error);

/// Decodes a string into `buffer`, NUL-terminated. A string that is not `escaped` is copied. Like
/// `snprintf`, returns the length without the NUL. If that is not less than `capacity`, writes an
/// empty string; call again with a larger buffer. The decoded string is UTF-8, contains no NUL, and
/// is never longer than `text->length`.
///
/// Returns `PINQUERY_MALFORMED` if `text` is NULL or this library did not write it.
///
/// # Safety
///
/// `text` is NULL or readable, and so are its bytes; `capacity` bytes are writable at `buffer` and
/// overlap neither.
size_t pinquery_decode(const struct pinquery_text *text, char *buffer, size_t capacity);

/// Returns the name of a reason for logs and metrics, such as `not_an_integer`; empty for
/// `PINQUERY_NO_REASON`, `other` for an unknown number. The string is static and NUL-terminated.
const char *pinquery_reason_name(pinquery_reason reason);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PINQUERY_H */
