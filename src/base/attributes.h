#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

/* Compiler attributes and assertions. Any thread. */

#include <stdio.h>
#include <stdlib.h>

#define BS_PRINTF(format_idx, first_idx) __attribute__((format(printf, format_idx, first_idx)))
#define BS_MUST_CHECK __attribute__((warn_unused_result))
#define BS_CLEANUP(function) __attribute__((cleanup(function)))
#define BS_UNUSED __attribute__((unused))
#define BS_NORETURN __attribute__((noreturn))
#define BS_API __attribute__((visibility("default")))
#define BS_ALIGNED(n) __attribute__((aligned(n)))

#define BS_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define BS_MAX(a, b) ((a) > (b) ? (a) : (b))

#define BS_STRINGIFY_(x) #x
#define BS_STRINGIFY(x) BS_STRINGIFY_(x)

/* Bugs are asserted, in release builds too; user input, disk and network never are. */
#define BS_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            fprintf(stderr, "bug: %s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define BS_UNREACHABLE()                                                                           \
    do {                                                                                           \
        fprintf(stderr, "bug: %s:%d: unreachable\n", __FILE__, __LINE__);                          \
        abort();                                                                                   \
    } while (0)

#endif
