/* Uses two Rust libraries. */
#include <pinquery.h>
#include <stdio.h>
#include <string.h>

size_t other_words(void);

int main(void) {
    const char *json = "{\"t\":{\"v1\":{\"type\":\"integer\",\"max\":100}}}", *query = "token=t&v1=133";
    pinquery_devices *devices = pinquery_devices_from_json(json, strlen(json), NULL, 0);
    pinquery_update update = {0};
    size_t count, words = other_words();
    pinquery_kind kind =
        pinquery_parse(query, strlen(query), pinquery_devices_lookup, devices, &update, 1, &count, NULL);
    int correct = kind == PINQUERY_ACCEPTED && update.value.integer == 100 && words == 2;
    pinquery_devices_free(devices);
    if (!correct) fprintf(stderr, "kind %d, value %d, words %zu\n", kind, (int)update.value.integer, words);
    return !correct;
}
