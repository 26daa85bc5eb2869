/* Tests every function of pinquery.h. Also run under the sanitizers and valgrind, so every buffer that a call reads or
 * writes is allocated to the exact byte. */
#include <math.h>

#include "test.h"

int checks, failures;

#define CONTRACT                                                                       \
    "{\"v1\":{\"type\":\"integer\",\"min\":0,\"max\":100},\"v2\":{\"type\":\"double\"}," \
    "\"v3\":{\"type\":\"string\",\"max_len\":64},"                                     \
    "\"v4\":{\"type\":\"enumerable\",\"values\":[0,20,130],\"fallback\":0},"           \
    "\"v5\":{\"type\":\"location\"},\"v6\":{\"type\":\"boolean\"},"                    \
    "\"v7\":{\"type\":\"enumerable\",\"values\":[1]}}"

char *exact_copy(const char *bytes, size_t length) {
    if (length == 0) return NULL;
    char *copy = malloc(length);
    if (copy == NULL) abort();
    memcpy(copy, bytes, length);
    return copy;
}

pinquery_template *parse_template(const char *json, char *reason, size_t capacity) {
    char *copy = exact_copy(json, strlen(json));
    pinquery_template *parsed = pinquery_template_from_json(copy, strlen(json), reason, capacity);
    free(copy);
    return parsed;
}

/* A server with one device, whose token is "T". Counts its lookups. */
struct server {
    pinquery_template *device;
    int lookups;
    char token[64];
};

static const pinquery_template *lookup(void *context, const char *token, size_t length) {
    struct server *server = context;
    server->lookups++;
    if (length < sizeof server->token) {
        memcpy(server->token, token, length);
        server->token[length] = 0;
    }
    return length == 1 && *token == 'T' ? server->device : NULL;
}

/* A query and the outcome of parsing it in one call. Owns the query, which the updates point into. */
struct parsed {
    char *query;
    size_t length;
    pinquery_update *updates;
    size_t count;
    pinquery_kind kind;
    pinquery_error error;
};

static int same_error(const pinquery_error *a, const pinquery_error *b) {
    return a->kind == b->kind && a->reason == b->reason && a->pin == b->pin && a->status == b->status &&
           a->start == b->start && a->end == b->end && a->body == b->body && a->body_length == b->body_length;
}

/* Two-step parsing must have the same outcome. */
static void check_two_steps(const struct parsed *parsed, const struct server *server) {
    pinquery_text token = {0};
    pinquery_error error = {0};
    size_t count = 99;
    pinquery_kind kind = pinquery_token(parsed->query, parsed->length, &token, &error);
    if (kind == PINQUERY_ACCEPTED) {
        char decoded[64];
        size_t length = pinquery_decode(&token, decoded, sizeof decoded);
        CHECK(length <= token.length);
        CHECK(strcmp(decoded, server->token) == 0);
        CHECK(token.escaped == (memcmp(decoded, token.bytes, length) != 0 || length != token.length));
        const pinquery_template *device = strcmp(decoded, "T") == 0 ? server->device : NULL;
        pinquery_update updates[PINQUERY_MAX_UPDATES];
        kind = pinquery_updates(parsed->query, parsed->length, device, updates, PINQUERY_MAX_UPDATES, &count, &error);
        CHECK(count == parsed->count);
    }
    CHECK(kind == parsed->kind);
    CHECK(kind == PINQUERY_ACCEPTED || same_error(&error, &parsed->error));
}

static struct parsed parse_bytes(struct server *server, const char *query, size_t length) {
    struct parsed parsed = {0};
    parsed.query = exact_copy(query, length);
    parsed.length = length;
    parsed.updates = malloc(PINQUERY_MAX_UPDATES * sizeof *parsed.updates);
    parsed.count = 99;
    server->lookups = 0;
    parsed.kind = pinquery_parse(parsed.query, length, lookup, server, parsed.updates, PINQUERY_MAX_UPDATES,
                                 &parsed.count, &parsed.error);
    CHECK(parsed.kind == PINQUERY_ACCEPTED || parsed.kind == parsed.error.kind);
    CHECK((parsed.kind == PINQUERY_ACCEPTED) == (parsed.count != 0));
    CHECK(server->lookups == (parsed.kind != PINQUERY_MISSING_TOKEN && parsed.kind != PINQUERY_INVALID_TOKEN));
    check_two_steps(&parsed, server);
    return parsed;
}

static struct parsed parse(struct server *server, const char *query) {
    return parse_bytes(server, query, strlen(query));
}

static void free_parsed(struct parsed *parsed) {
    free(parsed->query);
    free(parsed->updates);
}

static void check_rejected(struct server *server, const char *query, pinquery_kind kind, pinquery_reason reason,
                          int pin, size_t start, size_t end, const char *message) {
    struct parsed parsed = parse(server, query);
    char body[128];
    CHECK(parsed.kind == kind);
    CHECK(parsed.error.reason == reason);
    CHECK(parsed.error.pin == pin);
    CHECK(parsed.error.status == 400);
    CHECK(parsed.error.start == start && parsed.error.end == end);
    snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", message);
    CHECK(parsed.error.body_length == strlen(body));
    CHECK(parsed.error.body != NULL && memcmp(parsed.error.body, body, strlen(body)) == 0);
    free_parsed(&parsed);
}

static void test_every_kind(struct server *server) {
    const char *token = "Invalid token.", *pin = "Wrong pin format.";
    const char *unknown = "No datastream setup for that pin.";
    check_rejected(server, "", PINQUERY_MISSING_TOKEN, 0, -1, 0, 0, token);
    check_rejected(server, "v1=33", PINQUERY_MISSING_TOKEN, 0, -1, 5, 5, token);
    check_rejected(server, "token=&v1=33", PINQUERY_INVALID_TOKEN, 0, -1, 6, 6, token);
    check_rejected(server, "token=a%20b&v1=33", PINQUERY_INVALID_TOKEN, 0, -1, 6, 11, token);
    check_rejected(server, "v1=1&token=other", PINQUERY_UNKNOWN_TOKEN, 0, -1, 11, 16, token);
    check_rejected(server, "token=T&token=T", PINQUERY_DUPLICATE_TOKEN, 0, -1, 8, 13, token);
    check_rejected(server, "token=T&v256=1", PINQUERY_INVALID_PIN, 0, -1, 8, 12, pin);
    check_rejected(server, "token=T&v255=1", PINQUERY_UNKNOWN_PIN, 0, 255, 8, 12, unknown);
    check_rejected(server, "token=T&v0=1", PINQUERY_UNKNOWN_PIN, 0, 0, 8, 10, unknown);
    check_rejected(server, "token=T&v1=1&V1=1", PINQUERY_DUPLICATE_PIN, 0, 1, 13, 15, pin);
    check_rejected(server, "token=T&", PINQUERY_NO_PINS, 0, -1, 8, 8, pin);
}

static void test_every_reason(struct server *server) {
    const struct {
        const char *query;
        pinquery_reason reason;
        int pin;
    } rows[] = {
        {"token=T&v1=%4", PINQUERY_MALFORMED_ESCAPE, 1},
        {"token=T&v3=%FF", PINQUERY_INVALID_UTF8, 3},
        {"token=T&v3=a%00", PINQUERY_NUL, 3},
        {"token=T&v3=1234567890123456789012345678901234567890123456789012345678901234x", PINQUERY_TOO_LONG, 3},
        {"token=T&v1=1.5", PINQUERY_NOT_AN_INTEGER, 1},
        {"token=T&v2=nan", PINQUERY_NOT_A_DOUBLE, 2},
        {"token=T&v6=yes", PINQUERY_NOT_A_BOOLEAN, 6},
        {"token=T&v7=2", PINQUERY_NOT_A_VALUE, 7},
        {"token=T&v5=200,0", PINQUERY_OUT_OF_RANGE, 5},
        {"token=T&v5=12", PINQUERY_NO_LATITUDE, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_rejected(server, rows[i].query, PINQUERY_INVALID_VALUE, rows[i].reason, rows[i].pin, 11,
                      strlen(rows[i].query), "Value doesn't match the Datastream data type");
    }
}

static int is_inside(const struct parsed *parsed, const pinquery_text *text) {
    return text->bytes >= parsed->query && text->bytes + text->length <= parsed->query + parsed->length;
}

static void test_every_type(struct server *server) {
    struct parsed parsed =
        parse(server, "token=T&v1=133&v2=-1.5&v3=water+low&v4=5&v5=8.5,47.25&v6=TRUE&v7=1");
    const pinquery_update *updates = parsed.updates;
    CHECK(parsed.kind == PINQUERY_ACCEPTED && parsed.count == 7);
    for (size_t i = 0; i < parsed.count; i++) CHECK(updates[i].pin == i + 1);
    CHECK(updates[0].type == PINQUERY_INTEGER && updates[0].value.integer == 100);
    CHECK(updates[0].adjusted == PINQUERY_LOWERED_TO_MAX);
    CHECK(updates[1].type == PINQUERY_DOUBLE && updates[1].value.number == -1.5);
    CHECK(updates[1].adjusted == PINQUERY_AS_SENT);
    CHECK(updates[2].type == PINQUERY_STRING && updates[2].value.text.escaped == 1);
    CHECK(is_inside(&parsed, &updates[2].value.text));
    CHECK(updates[3].type == PINQUERY_ENUMERABLE && updates[3].value.integer == 0);
    CHECK(updates[3].adjusted == PINQUERY_REPLACED_BY_FALLBACK);
    CHECK(updates[4].type == PINQUERY_LOCATION);
    CHECK(updates[4].value.location.longitude == 8.5 && updates[4].value.location.latitude == 47.25);
    CHECK(updates[5].type == PINQUERY_BOOLEAN && updates[5].value.boolean == 1);
    CHECK(updates[6].type == PINQUERY_ENUMERABLE && updates[6].adjusted == PINQUERY_AS_SENT);
    free_parsed(&parsed);
}

static void test_raw_and_escaped_bytes(struct server *server) {
    struct parsed parsed = parse(server, "token=%54&v1=-1&v3=plain&v6=0&&");
    CHECK(parsed.count == 3 && strcmp(server->token, "T") == 0);
    CHECK(parsed.updates[0].value.integer == 0 && parsed.updates[0].adjusted == PINQUERY_RAISED_TO_MIN);
    CHECK(parsed.updates[1].value.text.escaped == 0 && parsed.updates[1].value.text.length == 5);
    CHECK(memcmp(parsed.updates[1].value.text.bytes, "plain", 5) == 0);
    CHECK(parsed.updates[2].value.boolean == 0);
    free_parsed(&parsed);

    parsed = parse_bytes(server, "token=T&v3=a\0b", 14);
    CHECK(parsed.kind == PINQUERY_INVALID_VALUE && parsed.error.reason == PINQUERY_NUL);
    free_parsed(&parsed);
}

static void check_decoded(struct server *server, const char *query, const char *expected) {
    struct parsed parsed = parse(server, query);
    size_t length = strlen(expected);
    CHECK(parsed.kind == PINQUERY_ACCEPTED);
    const pinquery_text *text = &parsed.updates[0].value.text;
    CHECK(pinquery_decode(text, NULL, 0) == length);
    for (size_t capacity = 1; capacity < length + 3; capacity++) {
        char *buffer = malloc(capacity);
        memset(buffer, 'x', capacity);
        CHECK(pinquery_decode(text, buffer, capacity) == length);
        CHECK(strcmp(buffer, capacity > length ? expected : "") == 0);
        free(buffer);
    }
    free_parsed(&parsed);
}

static void test_decode(struct server *server) {
    check_decoded(server, "token=T&v3=", "");
    check_decoded(server, "token=T&v3=plain", "plain");
    check_decoded(server, "token=T&v3=water+low%21", "water low!");
    check_decoded(server, "token=T&v3=a=b==%3D=", "a=b====");
    check_decoded(server, "token=T&v3==", "=");
    check_decoded(server, "token=T&v3=%26%2541", "&%41");
    check_decoded(server, "token=T&v3=caf%C3%A9+\xF0\x9F\x98%80", "caf\xC3\xA9 \xF0\x9F\x98\x80");

    char buffer[8] = "before";
    const char *malformed[] = {"%4", "\xFF", "a&b", "a=%", "&"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        pinquery_text text = {malformed[i], strlen(malformed[i]), 1};
        CHECK(pinquery_decode(&text, buffer, sizeof buffer) == PINQUERY_MALFORMED);
        CHECK(buffer[0] == 0);
    }
    pinquery_text nul[] = {{"a\0b", 3, 0}, {"a\0b", 3, 1}, {"a%00b", 5, 1}, {"a=%00", 5, 1}};
    for (size_t i = 0; i < sizeof nul / sizeof *nul; i++) {
        CHECK(pinquery_decode(&nul[i], buffer, sizeof buffer) == PINQUERY_MALFORMED);
    }
    pinquery_text null = {NULL, 3, 0}, empty = {NULL, 0, 0};
    CHECK(pinquery_decode(&null, buffer, sizeof buffer) == PINQUERY_MALFORMED);
    CHECK(pinquery_decode(NULL, buffer, sizeof buffer) == PINQUERY_MALFORMED);
    CHECK(pinquery_decode(&empty, buffer, sizeof buffer) == 0);
    CHECK(pinquery_decode(&empty, NULL, 8) == 0);
}

static void test_json(struct server *server) {
    struct parsed parsed = parse(server, "token=T&v1=133&v2=1&v3=%22%0D%0A%7F%C3%A9=%F0%9F%98%80&v4=20&v5=1,2&v6=1");
    const char *expected =
        "[{\"pin\":1,\"value\":100,\"adjusted\":\"max\"},{\"pin\":2,\"value\":1.0,\"adjusted\":null},"
        "{\"pin\":3,\"value\":\"\\\"\\r\\n\\u007f\\u00e9=\\ud83d\\ude00\",\"adjusted\":null},"
        "{\"pin\":4,\"value\":20,\"adjusted\":null},{\"pin\":5,\"value\":[1.0,2.0],\"adjusted\":null},"
        "{\"pin\":6,\"value\":true,\"adjusted\":null}]";
    size_t length = pinquery_updates_json(parsed.updates, parsed.count, NULL, 0);
    CHECK(length == strlen(expected));
    char *buffer = malloc(length + 1);
    CHECK(pinquery_updates_json(parsed.updates, parsed.count, buffer, length + 1) == length);
    CHECK(strcmp(buffer, expected) == 0);
    CHECK(pinquery_updates_json(parsed.updates, parsed.count, buffer, length) == length && buffer[0] == 0);
    CHECK(pinquery_updates_json(NULL, 0, buffer, length) == 2 && strcmp(buffer, "[]") == 0);
    CHECK(pinquery_updates_json(NULL, 1, buffer, length) == PINQUERY_MALFORMED && buffer[0] == 0);
    pinquery_update update = parsed.updates[0];
    update.type = 99;
    CHECK(pinquery_updates_json(&update, 1, buffer, length) == PINQUERY_MALFORMED);
    update = parsed.updates[0];
    update.adjusted = 99;
    CHECK(pinquery_updates_json(&update, 1, buffer, length) == PINQUERY_MALFORMED);
    pinquery_value infinite[] = {{.number = HUGE_VAL}, {.location = {HUGE_VAL, 0}}, {.location = {0, HUGE_VAL}}};
    for (size_t i = 0; i < sizeof infinite / sizeof *infinite; i++) {
        update = (pinquery_update){.type = i == 0 ? PINQUERY_DOUBLE : PINQUERY_LOCATION, .value = infinite[i]};
        CHECK(pinquery_updates_json(&update, 1, buffer, length) == PINQUERY_MALFORMED);
    }
    free(buffer);
    free_parsed(&parsed);
}

/* Checks the error of an incorrect call, then clears it for the next one. The body is empty but not NULL, so it can be passed
 * to `memcpy` and the like. */
void check_caller_error(pinquery_kind kind, pinquery_kind expected, pinquery_error *error) {
    CHECK(kind == expected && error->kind == kind);
    CHECK(error->reason == PINQUERY_NO_REASON && error->pin == -1 && error->status == 500);
    CHECK(error->start == 0 && error->end == 0);
    CHECK(error->body != NULL && error->body_length == 0);
    memset(error, 0, sizeof *error);
}

static void test_small_arrays(struct server *server) {
    const char *query = "token=T&v1=1&v2=2&v6=1";
    for (size_t capacity = 0; capacity < 5; capacity++) {
        pinquery_update *updates = capacity ? calloc(capacity, sizeof *updates) : NULL;
        pinquery_error error = {0};
        size_t count = 99;
        pinquery_kind kind =
            pinquery_parse(query, strlen(query), lookup, server, updates, capacity, &count, &error);
        CHECK(count == 3);
        CHECK(kind == (capacity < 3 ? PINQUERY_BUFFER_TOO_SMALL : PINQUERY_ACCEPTED));
        if (kind == PINQUERY_BUFFER_TOO_SMALL) {
            check_caller_error(kind, PINQUERY_BUFFER_TOO_SMALL, &error);
            for (size_t i = 0; i < capacity; i++) CHECK(updates[i].type == 0);
        }
        kind = pinquery_updates(query, strlen(query), server->device, updates, capacity, &count, NULL);
        CHECK(count == 3 && kind == (capacity < 3 ? PINQUERY_BUFFER_TOO_SMALL : PINQUERY_ACCEPTED));
        free(updates);
    }
}

static void test_bad_calls(struct server *server) {
    const char *query = "token=T&v1=1";
    size_t length = strlen(query), count = 99, huge = (size_t)-1;
    pinquery_update updates[4];
    pinquery_error error = {0};
    pinquery_text token;
#define CHECK_BAD_CALL(call) check_caller_error(call, PINQUERY_BAD_CALL, &error)
    CHECK_BAD_CALL(pinquery_parse(query, length, NULL, NULL, updates, 4, &count, &error));
    CHECK(count == 0);
    CHECK_BAD_CALL(pinquery_parse(NULL, length, lookup, server, updates, 4, &count, &error));
    CHECK_BAD_CALL(pinquery_parse(query, huge, lookup, server, updates, 4, &count, &error));
    CHECK_BAD_CALL(pinquery_parse(query, length, lookup, server, NULL, 4, &count, &error));
    CHECK_BAD_CALL(pinquery_parse(query, length, lookup, server, updates, 4, NULL, &error));
    CHECK_BAD_CALL(pinquery_updates(NULL, length, server->device, updates, 4, &count, &error));
    CHECK_BAD_CALL(pinquery_updates(query, length, server->device, updates, 4, NULL, &error));
    CHECK_BAD_CALL(pinquery_token(query, length, NULL, &error));
    CHECK_BAD_CALL(pinquery_token(NULL, length, &token, &error));
    CHECK(pinquery_parse(query, length, lookup, server, updates, 4, NULL, NULL) == PINQUERY_BAD_CALL);
    CHECK(pinquery_token(NULL, length, &token, NULL) == PINQUERY_BAD_CALL);
    CHECK(pinquery_updates(query, length, NULL, updates, 4, &count, NULL) == PINQUERY_UNKNOWN_TOKEN);
    CHECK(pinquery_updates(NULL, 0, NULL, NULL, 0, &count, &error) == PINQUERY_MISSING_TOKEN);
    CHECK(pinquery_token(NULL, 0, &token, &error) == PINQUERY_MISSING_TOKEN);
    CHECK(pinquery_parse(query, length, lookup, server, updates, huge, &count, NULL) == PINQUERY_ACCEPTED);
}

static void test_names(void) {
    CHECK(strcmp(pinquery_kind_name(PINQUERY_ACCEPTED), "accepted") == 0);
    CHECK(strcmp(pinquery_kind_name(PINQUERY_NO_PINS), "no_pins") == 0);
    CHECK(strcmp(pinquery_reason_name(PINQUERY_NO_REASON), "") == 0);
    CHECK(strcmp(pinquery_reason_name(PINQUERY_NO_LATITUDE), "no_latitude") == 0);
    for (int number = 0; number < 256; number++) {
        int is_kind = number <= PINQUERY_NO_PINS || number == PINQUERY_BUFFER_TOO_SMALL || number == PINQUERY_BAD_CALL;
        CHECK((strcmp(pinquery_kind_name((pinquery_kind)number), "other") != 0) == is_kind);
        int is_reason = number <= PINQUERY_NO_LATITUDE;
        CHECK((strcmp(pinquery_reason_name((pinquery_reason)number), "other") != 0) == is_reason);
    }
    CHECK(strcmp(pinquery_version(), VERSION) == 0);
}

/* All 256 pins exceed the library's inline buffer. */
static void test_all_pins(void) {
    static char json[8192], query[8192];
    char *j = json, *q = query;
    q += sprintf(q, "token=T");
    for (int pin = 0; pin < 256; pin++) {
        j += sprintf(j, "%c\"v%d\":{\"type\":\"integer\"}", pin ? ',' : '{', pin);
        q += sprintf(q, "&v%d=%d", pin, pin);
    }
    sprintf(j, "}");
    struct server server = {parse_template(json, NULL, 0), 0, ""};
    struct parsed parsed = parse(&server, query);
    CHECK(parsed.count == PINQUERY_MAX_UPDATES);
    CHECK(parsed.updates[255].pin == 255 && parsed.updates[255].value.integer == 255);
    free_parsed(&parsed);
    pinquery_template_free(server.device);
}

static void *parse_repeatedly(void *device) {
    size_t wrong = 0, count;
    for (int i = 0; i < 2000; i++) {
        char query[64];
        pinquery_update update;
        int length = snprintf(query, sizeof query, "token=T&v1=%d", i % 101);
        pinquery_kind kind = pinquery_updates(query, (size_t)length, device, &update, 1, &count, NULL);
        wrong += kind != PINQUERY_ACCEPTED || update.value.integer != i % 101;
    }
    return wrong ? device : NULL;
}

static void test_concurrent_parsing(struct server *server) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, parse_repeatedly, server->device) == 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        CHECK(pthread_join(threads[i], &wrong) == 0 && wrong == NULL);
    }
}

int main(void) {
    struct server server = {parse_template(CONTRACT, NULL, 0), 0, ""};
    CHECK(server.device != NULL);
    test_every_kind(&server);
    test_every_reason(&server);
    test_every_type(&server);
    test_raw_and_escaped_bytes(&server);
    test_decode(&server);
    test_escaped();
    test_json(&server);
    test_small_arrays(&server);
    test_bad_calls(&server);
    test_concurrent_parsing(&server);
    pinquery_template_free(server.device);
    test_templates();
    test_devices();
    test_invalid_devices();
    test_names();
    test_all_pins();
    test_values();
    test_invalid_values();
    test_unescaped_strings();
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
