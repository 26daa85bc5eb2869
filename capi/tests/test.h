#ifndef TEST_H
#define TEST_H

#include "pinquery.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int checks, failures;

#define CHECK(condition)                                                         \
    do {                                                                         \
        checks++;                                                                \
        if (!(condition)) {                                                      \
            failures++;                                                          \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
        }                                                                        \
    } while (0)

/* Bytes on the heap with nothing behind them: who reads on is found out. NULL where there are none. */
char *exactly(const char *bytes, size_t length);

pinquery_template *template_of(const char *json, char *reason, size_t capacity);

/* devices.c */
void test_templates(void);
void test_devices(void);

#endif
