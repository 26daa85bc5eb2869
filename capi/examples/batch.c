/* A batch update in C: cc batch.c $(pkg-config --cflags --libs pinquery) */
#include <inttypes.h>
#include <pinquery.h>
#include <stdio.h>
#include <string.h>

static void show(const pinquery_update *update) {
    char text[1025];
    switch (update->type) {
    case PINQUERY_INTEGER:
    case PINQUERY_ENUMERABLE: printf("v%d = %" PRId64 "\n", update->pin, update->value.integer); break;
    case PINQUERY_DOUBLE: printf("v%d = %g\n", update->pin, update->value.number); break;
    case PINQUERY_BOOLEAN: printf("v%d = %s\n", update->pin, update->value.boolean ? "true" : "false"); break;
    case PINQUERY_LOCATION:
        printf("v%d = %g, %g\n", update->pin, update->value.location.longitude, update->value.location.latitude);
        break;
    case PINQUERY_STRING:
        pinquery_decode(&update->value.text, text, sizeof text);
        printf("v%d = \"%s\"\n", update->pin, text);
        break;
    default: printf("v%d has a type that this program does not know\n", update->pin);
    }
}

int main(void) {
    const char *json = "{\"t\":{\"v1\":{\"type\":\"integer\",\"min\":0,\"max\":100},\"v3\":{\"type\":\"string\"}}}";
    const char *query = "token=t&v1=133&v3=water+low";

    char reason[256];
    pinquery_devices *devices = pinquery_devices_from_json(json, strlen(json), reason, sizeof reason);
    if (devices == NULL) {
        fprintf(stderr, "devices: %s\n", reason);
        return 1;
    }

    pinquery_update updates[PINQUERY_MAX_UPDATES];
    pinquery_error error;
    size_t count;
    pinquery_kind kind = pinquery_parse(query, strlen(query), pinquery_devices_lookup, devices, updates,
                                        PINQUERY_MAX_UPDATES, &count, &error);
    if (kind == PINQUERY_ACCEPTED) {
        for (size_t i = 0; i < count; i++) show(&updates[i]);
    } else {
        printf("%d %.*s\n", error.status, (int)error.body_length, error.body);
    }
    pinquery_devices_free(devices);
    return kind != PINQUERY_ACCEPTED;
}
