/* Tests `pinquery_parse_value`, and the functions that read its strings. */
#include "test.h"

static pinquery_template *parse_types(void) {
    return parse_template("{\"v0\":{\"type\":\"integer\",\"min\":0,\"max\":100},\"v1\":{\"type\":\"double\"},"
                          "\"v2\":{\"type\":\"string\",\"max_len\":8},\"v3\":{\"type\":\"enumerable\",\"values\":[1],"
                          "\"fallback\":1},\"v4\":{\"type\":\"location\"},\"v255\":{\"type\":\"boolean\"}}",
                          NULL, 0);
}

/* A text, and the outcome of parsing it as a value. Owns the text, which the update may point into. */
struct parsed_value {
    char *text;
    size_t length;
    pinquery_kind kind;
    pinquery_update update;
    pinquery_error error;
};

static struct parsed_value parse_bytes(const pinquery_template *device, uint8_t pin, const char *text, size_t length) {
    struct parsed_value parsed = {exact_copy(text, length), length, 0, {0}, {0}};
    pinquery_update untouched = {.pin = 99, .type = 99}, again = untouched;
    parsed.update = untouched;
    parsed.kind = pinquery_parse_value(device, pin, parsed.text, length, &parsed.update, &parsed.error);
    CHECK(pinquery_parse_value(device, pin, parsed.text, length, &again, NULL) == parsed.kind);
    if (parsed.kind == PINQUERY_ACCEPTED) {
        CHECK(parsed.update.pin == pin && again.pin == pin);
        CHECK(parsed.error.body == NULL);
    } else {
        CHECK(parsed.error.kind == parsed.kind);
        CHECK(parsed.update.pin == 99 && parsed.update.type == 99 && again.pin == 99);
    }
    return parsed;
}

static struct parsed_value parse_text(const pinquery_template *device, uint8_t pin, const char *text) {
    return parse_bytes(device, pin, text, strlen(text));
}

static void check_json(const pinquery_template *device, uint8_t pin, const char *text, pinquery_type type,
                       const char *expected) {
    struct parsed_value parsed = parse_text(device, pin, text);
    char json[128];
    CHECK(parsed.kind == PINQUERY_ACCEPTED && parsed.update.type == type);
    CHECK(pinquery_updates_json(&parsed.update, 1, json, sizeof json) == strlen(expected));
    CHECK(strcmp(json, expected) == 0);
    free(parsed.text);
}

void test_values(void) {
    pinquery_template *device = parse_types();
    check_json(device, 0, "33", PINQUERY_INTEGER, "[{\"pin\":0,\"value\":33,\"adjusted\":null}]");
    check_json(device, 0, " +133\r\n", PINQUERY_INTEGER, "[{\"pin\":0,\"value\":100,\"adjusted\":\"max\"}]");
    check_json(device, 0, "-1", PINQUERY_INTEGER, "[{\"pin\":0,\"value\":0,\"adjusted\":\"min\"}]");
    check_json(device, 1, "1e+2", PINQUERY_DOUBLE, "[{\"pin\":1,\"value\":100.0,\"adjusted\":null}]");
    check_json(device, 2, "", PINQUERY_STRING, "[{\"pin\":2,\"value\":\"\",\"adjusted\":null}]");
    check_json(device, 2, "100% a+b", PINQUERY_STRING, "[{\"pin\":2,\"value\":\"100% a+b\",\"adjusted\":null}]");
    check_json(device, 3, "2", PINQUERY_ENUMERABLE, "[{\"pin\":3,\"value\":1,\"adjusted\":\"fallback\"}]");
    check_json(device, 4, "8.5, 47.25", PINQUERY_LOCATION, "[{\"pin\":4,\"value\":[8.5,47.25],\"adjusted\":null}]");
    check_json(device, 255, "TRUE", PINQUERY_BOOLEAN, "[{\"pin\":255,\"value\":true,\"adjusted\":null}]");
    pinquery_template_free(device);
}

static void check_rejected(const struct parsed_value *parsed, pinquery_kind kind, pinquery_reason reason, int pin,
                           size_t end, const char *message) {
    char body[128];
    CHECK(parsed->kind == kind && parsed->error.reason == reason && parsed->error.pin == pin);
    CHECK(parsed->error.status == 400 && parsed->error.start == 0 && parsed->error.end == end);
    snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", message);
    CHECK(parsed->error.body_length == strlen(body));
    CHECK(parsed->error.body != NULL && memcmp(parsed->error.body, body, strlen(body)) == 0);
}

static void check_invalid(const pinquery_template *device, uint8_t pin, const char *text, size_t length,
                          pinquery_reason reason) {
    struct parsed_value parsed = parse_bytes(device, pin, text, length);
    check_rejected(&parsed, PINQUERY_INVALID_VALUE, reason, pin, length, "Value doesn't match the Datastream data type");
    free(parsed.text);
}

static void check_bad_calls(const pinquery_template *device) {
    pinquery_update update;
    pinquery_error error = {0};
    size_t huge = (size_t)-1;
#define CHECK_BAD_CALL(call) check_caller_error(call, PINQUERY_BAD_CALL, &error)
    CHECK_BAD_CALL(pinquery_parse_value(NULL, 0, "1", 1, &update, &error));
    CHECK_BAD_CALL(pinquery_parse_value(device, 0, NULL, 1, &update, &error));
    CHECK_BAD_CALL(pinquery_parse_value(device, 0, "1", huge, &update, &error));
    CHECK_BAD_CALL(pinquery_parse_value(device, 0, "1", 1, NULL, &error));
    CHECK(pinquery_parse_value(NULL, 0, NULL, 1, NULL, NULL) == PINQUERY_BAD_CALL);
}

void test_invalid_values(void) {
    pinquery_template *device = parse_types();
    static char digits[4098];
    memset(digits, '1', sizeof digits);
    digits[4097] = '\xFF';
    check_invalid(device, 0, "21.5", 4, PINQUERY_NOT_AN_INTEGER);
    check_invalid(device, 0, "", 0, PINQUERY_NOT_AN_INTEGER);
    check_invalid(device, 0, "%31", 3, PINQUERY_NOT_AN_INTEGER);
    check_invalid(device, 0, digits, 4097, PINQUERY_TOO_LONG);
    check_invalid(device, 0, digits, 4098, PINQUERY_INVALID_UTF8);
    check_invalid(device, 0, "1\xFF", 2, PINQUERY_INVALID_UTF8);
    check_invalid(device, 1, "nan", 3, PINQUERY_NOT_A_DOUBLE);
    check_invalid(device, 2, "caf\xC3", 4, PINQUERY_INVALID_UTF8);
    check_invalid(device, 2, "a\0b", 3, PINQUERY_NUL);
    check_invalid(device, 2, "123456789", 9, PINQUERY_TOO_LONG);
    check_invalid(device, 4, "24.94", 5, PINQUERY_NO_LATITUDE);
    check_invalid(device, 4, "200,0", 5, PINQUERY_OUT_OF_RANGE);
    check_invalid(device, 255, "yes", 3, PINQUERY_NOT_A_BOOLEAN);

    struct parsed_value parsed = parse_text(device, 254, "\xFF");
    check_rejected(&parsed, PINQUERY_UNKNOWN_PIN, PINQUERY_NO_REASON, 254, 0, "No datastream setup for that pin.");
    free(parsed.text);
    check_bad_calls(device);
    pinquery_template_free(device);
}

/* Strings that are not escaped are not decoded, even if they contain `%` or `+`. */
void test_unescaped_strings(void) {
    pinquery_template *device = parse_types();
    const char *strings[] = {"", "plain", "100% a+b", "%41", "%4", "a&b=c", "&", "=", "caf\xC3\xA9%", "+"};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        size_t length = strlen(strings[i]);
        struct parsed_value parsed = parse_text(device, 2, strings[i]);
        const pinquery_text *text = &parsed.update.value.text;
        CHECK(parsed.kind == PINQUERY_ACCEPTED && parsed.update.type == PINQUERY_STRING);
        CHECK(text->escaped == 0 && text->length == length && (length == 0 || text->bytes == parsed.text));
        char *buffer = malloc(length + 1);
        CHECK(pinquery_decode(text, buffer, length + 1) == length && strcmp(buffer, strings[i]) == 0);
        CHECK(pinquery_decode(text, buffer, length) == length && (length == 0 || buffer[0] == 0));
        free(buffer);
        free(parsed.text);
    }
    pinquery_template_free(device);

    char buffer[8] = "before";
    pinquery_text malformed = {"\xFF", 1, 0};
    pinquery_update update = {.pin = 2, .type = PINQUERY_STRING, .value = {.text = malformed}};
    CHECK(pinquery_decode(&malformed, buffer, sizeof buffer) == PINQUERY_MALFORMED && buffer[0] == 0);
    CHECK(pinquery_updates_json(&update, 1, buffer, sizeof buffer) == PINQUERY_MALFORMED);
}
