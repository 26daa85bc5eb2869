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

/* Copies bytes to the heap, so that reading past their end is detected. NULL if the length is 0. */
char *exact_copy(const char *bytes, size_t length);

void check_caller_error(pinquery_kind kind, pinquery_kind expected, pinquery_error *error);

pinquery_template *parse_template(const char *json, char *reason, size_t capacity);

/* text.c */
void test_escaped(void);

/* value.c */
void test_values(void);
void test_invalid_values(void);
void test_unescaped_strings(void);

/* devices.c */
void test_templates(void);
void test_devices(void);
void test_invalid_devices(void);

#endif
