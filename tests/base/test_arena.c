/* Arenas: the cap to the byte, alignment, clean-ups, and the helpers of base/memory.h. */

#include <stdlib.h>

#include "support.h"

#include "base/arena.h"
#include "base/memory.h"

static void test_try_alloc__gives_up_to_the_cap_and_then_null(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(100);
    assert_int_equal(bs_arena_max_bytes(arena), 100);
    assert_null(bs_arena_try_alloc(arena, 101));
    assert_int_equal(bs_arena_used_bytes(arena), 0);
    assert_non_null(bs_arena_try_alloc(arena, 60));
    /* 60 is filled up to 64 for alignment */
    assert_null(bs_arena_try_alloc(arena, 37));
    assert_non_null(bs_arena_try_alloc(arena, 36));
    assert_int_equal(bs_arena_used_bytes(arena), 100);
    assert_null(bs_arena_try_alloc(arena, 1));
    assert_null(bs_arena_try_alloc(arena, SIZE_MAX));
    bs_arena_reset(arena);
    assert_int_equal(bs_arena_used_bytes(arena), 0);
    assert_non_null(bs_arena_try_alloc(arena, 100));
}

static void test_check__names_what_would_pass_the_cap(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(100);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(bs_arena_check(arena, 100, "the rows", &error), BS_OK);
    assert_int_equal(bs_arena_check(arena, 101, "the rows", &error), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_LIMIT);
    assert_non_null(strstr(error.message, "the rows"));
    assert_non_null(strstr(error.message, "100"));
    assert_int_equal(bs_arena_check(arena, SIZE_MAX, "the rows", NULL), BS_RESOURCE_EXHAUSTED);
}

static void test_alloc__is_aligned_and_does_not_overlap(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    enum { COUNT = 3000 };
    static unsigned char *pieces[COUNT];
    static size_t sizes[COUNT];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            /* now and then one that is larger than a block */
            sizes[i] = i % 500 == 499 ? 300000 : i * 7 % 100;
            pieces[i] = bs_arena_alloc(arena, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)(i % 251), sizes[i]);
            if (i % 3 == 0)
                (void)bs_arena_dup(arena, BS_STR("odd"));
        }
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t j = 0; j < sizes[i]; j++)
                assert_true(pieces[i][j] == i % 251);
        }
        bs_arena_reset(arena);
    }
}

static void test_zalloc_and_arrays__are_zero_and_sized(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    memset(bs_arena_alloc(arena, 1000), 0xff, 1000);
    bs_arena_reset(arena);
    char *zero = bs_arena_zalloc(arena, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(zero[i], 0);
    uint64_t *numbers = bs_arena_new_array(arena, 10, uint64_t);
    numbers[9] = 1;
    assert_int_equal(bs_arena_used_bytes(arena), 1008 + 80);
}

static void test_dup_and_printf__end_in_a_nul(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_str copy = bs_arena_dup(arena, bs_str_make("a\0bc", 3));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b\0", 4);
    assert_string_equal(bs_arena_dup_cstr(arena, bs_str_make("abc", 2)), "ab");
    assert_string_equal(bs_arena_dup_cstr(arena, (struct bs_str){0}), "");
    struct bs_str text = bs_arena_printf(arena, "%d-%s", 7, "x");
    assert_str_equals(text, "7-x");
    assert_int_equal(text.ptr[text.len], 0);
}

static char marks[] = "0123456";
static char order[16];
static struct bs_arena *nested;

static void note(void *data)
{
    order[strlen(order)] = *(const char *)data;
}

static void note_and_add(void *data)
{
    note(data);
    bs_arena_add_cleanup(nested, note, &marks[4]);
}

static void test_cleanups__run_once_last_in_first_out(void **state)
{
    (void)state;
    struct bs_arena *arena = bs_arena_new(16);
    memset(order, 0, sizeof(order));
    bs_arena_add_cleanup(arena, note, &marks[1]);
    assert_non_null(bs_arena_try_alloc(arena, 16)); /* clean-ups don't count */
    bs_arena_add_cleanup(arena, note, &marks[2]);
    bs_arena_add_cleanup(arena, note, &marks[3]);
    assert_string_equal(order, "");
    bs_arena_reset(arena);
    assert_string_equal(order, "321");
    bs_arena_reset(arena);
    assert_string_equal(order, "321");
    nested = arena;
    bs_arena_add_cleanup(arena, note, &marks[5]);
    bs_arena_add_cleanup(arena, note_and_add, &marks[6]);
    bs_arena_freep(&arena);
    assert_string_equal(order, "321645");
    assert_null(arena);
    bs_arena_free(NULL);
}

static void test_grow__doubles_when_full(void **state)
{
    (void)state;
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 100; i++) {
        bs_grow(&numbers, i, &capacity, sizeof(*numbers));
        assert_true(capacity > i);
        numbers[i] = (int)i;
    }
    assert_int_equal(capacity, 128);
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], i);
    free(numbers);
}

static void test_memory__gives_even_nothing_an_address(void **state)
{
    (void)state;
    BS_CLEANUP(bs_freep) void *a = bs_malloc(0);
    BS_CLEANUP(bs_freep) void *b = bs_calloc(0, 8);
    BS_CLEANUP(bs_freep) void *c = bs_memdup(NULL, 0);
    BS_CLEANUP(bs_freep) char *d = bs_strdup("text");
    assert_true(a && b && c);
    assert_string_equal(d, "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_try_alloc__gives_up_to_the_cap_and_then_null),
        cmocka_unit_test(test_check__names_what_would_pass_the_cap),
        cmocka_unit_test(test_alloc__is_aligned_and_does_not_overlap),
        cmocka_unit_test(test_zalloc_and_arrays__are_zero_and_sized),
        cmocka_unit_test(test_dup_and_printf__end_in_a_nul),
        cmocka_unit_test(test_cleanups__run_once_last_in_first_out),
        cmocka_unit_test(test_grow__doubles_when_full),
        cmocka_unit_test(test_memory__gives_even_nothing_an_address),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
