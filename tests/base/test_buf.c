/* Buffers: what fits, what does not, what stays. */

#include <stdlib.h>

#include "support.h"

#include "base/buf.h"

static void test_append__beyond_the_maximum_appends_nothing_and_is_remembered(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(10);
    bs_buf_append_cstr(&buf, "0123456789");
    assert_false(buf.overflowed);
    assert_int_equal(buf.len, 10);
    bs_buf_append_byte(&buf, 'x');
    assert_true(buf.overflowed);
    assert_string_equal(bs_buf_cstr(&buf), "0123456789");
    bs_buf_consume(&buf, 5);
    bs_buf_append_byte(&buf, 'x'); /* a hole in the text would be worse than none */
    assert_true(buf.overflowed);
    assert_string_equal(bs_buf_cstr(&buf), "56789");
    bs_buf_reset(&buf);
    assert_false(buf.overflowed);
    bs_buf_append_byte(&buf, 'x');
    assert_string_equal(bs_buf_cstr(&buf), "x");
}

static void test_append__of_a_size_that_no_memory_has_is_an_overflow(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(0);
    bs_buf_append_byte(&buf, 'x');
    assert_null(bs_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.overflowed);
    assert_int_equal(buf.len, 1);
}

static void test_printf__fits_or_leaves_the_text_alone(void **state)
{
    (void)state;
    for (size_t max = 1; max < 300; max++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(max);
        bs_buf_append_byte(&buf, 'a');
        bs_buf_printf(&buf, "%s%0*d", "b", 98, 7);
        assert_int_equal(buf.len, max >= 100 ? 100 : 1);
        assert_int_equal(buf.overflowed, max < 100);
        assert_int_equal(strlen(bs_buf_cstr(&buf)), buf.len);
    }
}

static void test_buf__always_ends_in_a_nul(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(0);
    assert_string_equal(bs_buf_cstr(&buf), "");
    assert_str_equals(bs_buf_str(&buf), "");
    for (int i = 0; i < 1000; i++) {
        bs_buf_append_byte(&buf, 'x');
        assert_int_equal(buf.ptr[buf.len], 0);
    }
    char *end = bs_buf_reserve(&buf, 3);
    memcpy(end, "abc", 3);
    buf.len += 3;
    assert_int_equal(strlen(bs_buf_cstr(&buf)), 1003);
}

static void test_consume__drops_the_front(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(0);
    bs_buf_consume(&buf, 0);
    bs_buf_append_cstr(&buf, "hello");
    bs_buf_consume(&buf, 2);
    assert_string_equal(bs_buf_cstr(&buf), "llo");
    bs_buf_consume(&buf, 3);
    assert_string_equal(bs_buf_cstr(&buf), "");
}

static void test_take__moves_the_bytes_out(void **state)
{
    (void)state;
    struct bs_buf buf;
    bs_buf_init(&buf, 100);
    size_t len = 7;
    char *bytes = bs_buf_take(&buf, &len);
    assert_string_equal(bytes, "");
    assert_int_equal(len, 0);
    free(bytes);
    bs_buf_append_cstr(&buf, "abc");
    bytes = bs_buf_take(&buf, &len);
    assert_string_equal(bytes, "abc");
    assert_int_equal(len, 3);
    assert_null(buf.ptr);
    assert_int_equal(buf.max_bytes, 100);
    free(bytes);
    bs_buf_fini(&buf);
}

static void test_integers__are_big_endian_both_ways(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf buf = BS_BUF_INIT(0);
    bs_buf_append_u16(&buf, 0x0102);
    bs_buf_append_u32(&buf, 0x03040506);
    bs_buf_append_u64(&buf, 0x0708090a0b0c0d0e);
    assert_int_equal(buf.len, 14);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.ptr[i], i + 1);
    assert_int_equal(bs_load_u16(buf.ptr), 0x0102);
    assert_int_equal(bs_load_u32(buf.ptr + 2), 0x03040506);
    assert_int_equal(bs_load_u64(buf.ptr + 6), 0x0708090a0b0c0d0e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append__beyond_the_maximum_appends_nothing_and_is_remembered),
        cmocka_unit_test(test_append__of_a_size_that_no_memory_has_is_an_overflow),
        cmocka_unit_test(test_printf__fits_or_leaves_the_text_alone),
        cmocka_unit_test(test_buf__always_ends_in_a_nul),
        cmocka_unit_test(test_consume__drops_the_front),
        cmocka_unit_test(test_take__moves_the_bytes_out),
        cmocka_unit_test(test_integers__are_big_endian_both_ways),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
