/* Tests that `escaped` is 1 if the raw bytes contain `%` or `+`, and otherwise 0. */
#include "test.h"

static void check_escaped(const pinquery_text *text, const char *raw) {
    CHECK(text->length == strlen(raw) && memcmp(text->bytes, raw, text->length) == 0);
    CHECK(text->escaped == (strpbrk(raw, "%+") != NULL));
}

static void check_string(const pinquery_template *device, const char *raw) {
    char query[64];
    pinquery_update update = {0};
    size_t count;
    int length = snprintf(query, sizeof query, "token=T&v1=%s", raw);
    CHECK(pinquery_updates(query, (size_t)length, device, &update, 1, &count, NULL) == PINQUERY_ACCEPTED);
    CHECK(update.type == PINQUERY_STRING);
    check_escaped(&update.value.text, raw);
}

static void check_token(const char *raw) {
    char query[64];
    pinquery_text token = {0};
    int length = snprintf(query, sizeof query, "token=%s", raw);
    CHECK(pinquery_token(query, (size_t)length, &token, NULL) == PINQUERY_ACCEPTED);
    check_escaped(&token, raw);
}

void test_escaped(void) {
    pinquery_template *device = parse_template("{\"v1\":{\"type\":\"string\"}}", NULL, 0);
    const char *strings[] = {"", "plain", "a+b", "+", "a%20b", "%41", "%2B", "a+%41+b", "=", "a=b+c", "a=b%3D",
                             "caf\xC3\xA9", "caf\xC3\xA9+", "caf%C3%A9"};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) check_string(device, strings[i]);
    const char *tokens[] = {"plain", "%54", "a%2Bb", "=", "a=%54"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) check_token(tokens[i]);
    for (int byte = 1; byte < 0x80; byte++) {
        char raw[] = {'a', (char)byte, '4', '1', 0};
        if (byte != '&') check_string(device, raw);
        if (byte > ' ' && byte < 0x7F && byte != '&' && byte != '+') check_token(raw);
    }
    pinquery_template_free(device);
}
