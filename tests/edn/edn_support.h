#ifndef TESTS_EDN_SUPPORT_H
#define TESTS_EDN_SUPPORT_H

/* What the tests of edn share. */

#include "support.h"

#include "edn/edn.h"

/* The one form in `text`; fails the test when there is none. */
static inline struct edn test_read(struct bs_arena *arena, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = edn_nil();
    if (edn_read(bs_str_from(text), arena, &value, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    return value;
}

/* Printed on one line, in the arena. */
static inline const char *test_printed(struct bs_arena *arena, struct edn value)
{
    return edn_print_short(arena, value, 0).ptr;
}

static inline int setup_arena(void **state)
{
    *state = bs_arena_new(0);
    return 0;
}

static inline int teardown_arena(void **state)
{
    bs_arena_free((struct bs_arena *)*state);
    return 0;
}

#define test_with_arena(function)                                                                  \
    cmocka_unit_test_setup_teardown(function, setup_arena, teardown_arena)

#endif
