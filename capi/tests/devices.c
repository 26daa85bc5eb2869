/* Tests that templates and devices in JSON are accepted or rejected, and that no error repeats a secret. */
#include "test.h"

void test_templates(void) {
    char reason[256];
    const struct {
        const char *json, *message;
    } rows[] = {
        {"", "EOF"},
        {"[]", "expected an object"},
        {"{\"v1\":{\"type\":\"integer\",\"min\":9,\"max\":1}}", "v1: min is above max"},
        {"{\"v1\":{\"type\":\"integer\"},\"v1\":{\"type\":\"boolean\"}}", "v1: duplicate pin"},
        {"{\"v7\":{\"type\":\"enumerable\",\"values\":[]}}", "v7: "},
        {"{\"v256\":{\"type\":\"integer\"}}", "not a pin"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(parse_template(rows[i].json, reason, sizeof reason) == NULL);
        CHECK(strstr(reason, rows[i].message) != NULL);
        size_t full = strlen(reason);
        CHECK(full < sizeof reason - 1);
        for (size_t capacity = 0; capacity <= full + 1; capacity++) {
            char *truncated = capacity ? malloc(capacity) : NULL;
            CHECK(parse_template(rows[i].json, truncated, capacity) == NULL);
            if (capacity) CHECK(strlen(truncated) == capacity - 1 && memcmp(truncated, reason, capacity - 1) == 0);
            free(truncated);
        }
    }
    CHECK(pinquery_template_from_json(NULL, 9, reason, sizeof reason) == NULL);
    CHECK(pinquery_template_from_json(NULL, 9, NULL, 9) == NULL);
    pinquery_template *marked = parse_template("\xEF\xBB\xBF{\"v1\":{\"type\":\"integer\"}}", reason, sizeof reason);
    CHECK(marked != NULL);
    pinquery_template_free(marked);
    pinquery_template *empty = parse_template("{}", reason, sizeof reason);
    CHECK(empty != NULL);
    pinquery_template_free(empty);
    pinquery_template_free(NULL);
}

static pinquery_devices *parse_devices(const char *json, char *reason, size_t capacity) {
    char *copy = exact_copy(json, strlen(json));
    pinquery_devices *parsed = pinquery_devices_from_json(copy, strlen(json), reason, capacity);
    free(copy);
    return parsed;
}

void test_devices(void) {
    pinquery_devices *devices =
        parse_devices("\xEF\xBB\xBF{\"one\":{\"v1\":{\"type\":\"integer\"}},"
                      "\"two\":{\"v1\":{\"type\":\"double\"},\"id\":\"roof\"}}", NULL, 0);
    CHECK(pinquery_devices_count(devices) == 2);
    const pinquery_template *one = pinquery_devices_lookup(devices, "one", 3);
    CHECK(one != NULL && one == pinquery_devices_lookup(devices, "one", 3));
    CHECK(one != pinquery_devices_lookup(devices, "two", 3));
    const char *unknown[] = {"", "on", "onee", "One", " one", "one ", "one_", "%6Fne", "\xFF"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        CHECK(pinquery_devices_lookup(devices, unknown[i], strlen(unknown[i])) == NULL);
    }
    CHECK(pinquery_devices_lookup(devices, "one", 4) == NULL);
    CHECK(pinquery_devices_lookup(devices, NULL, 0) == NULL);
    CHECK(pinquery_devices_lookup(devices, NULL, 3) == NULL);
    CHECK(pinquery_devices_lookup(NULL, "one", 3) == NULL);
    pinquery_update updates[1];
    size_t count;
    CHECK(pinquery_parse("token=two&v1=1.5", 16, pinquery_devices_lookup, devices, updates, 1, &count, NULL) ==
          PINQUERY_ACCEPTED);
    CHECK(pinquery_parse("token=one&v1=1.5", 16, pinquery_devices_lookup, devices, updates, 1, &count, NULL) ==
          PINQUERY_INVALID_VALUE);
    pinquery_devices_free(devices);
    pinquery_devices_free(NULL);
    CHECK(pinquery_devices_count(NULL) == 0);
}

void test_invalid_devices(void) {
    char reason[256];
    const struct {
        const char *json, *message;
    } rows[] = {
        {"{}", "no devices"},
        {"{\"a\":{\"v1\":{\"type\":\"boolean\"}},\"secret\":{\"v2\":{\"type\":\"integer\",\"min\":2,\"max\":1}}}",
         "device 2: v2: min is above max"},
        {"{\"a secret\":{\"v1\":{\"type\":\"boolean\"}}}", "device 1: token must be"},
        {"\"secret\"", "invalid type: string"},
        {"\xEF\xBB\xBF{}", "no devices"},
        {"{\"secret\xFF\":{}}", "invalid utf-8 sequence of 1 bytes from index 8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(parse_devices(rows[i].json, reason, sizeof reason) == NULL);
        CHECK(strstr(reason, rows[i].message) == reason);
        CHECK(strstr(reason, "secret") == NULL);
    }
}
