/* Base64, hex, UUIDs. */

#include "support.h"

#include "base/encoding.h"
#include "base/random.h"

#define STRICT BS_BASE64_STRICT
#define URL BS_BASE64_URL
#define PAD BS_BASE64_OPTIONAL_PAD

static void test_base64_decode__obeys_its_flags(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
        const char *bytes; /* NULL: refused */
    } rows[] = {
        {"", STRICT, ""},
        {"Zg==", STRICT, "f"},
        {"Zm8=", STRICT, "fo"},
        {"Zm9v", STRICT, "foo"},
        {"Zm9vYmFy", STRICT, "foobar"},
        {"Zg", STRICT, NULL},
        {"Zg=", STRICT, NULL},
        {"Zg", PAD, "f"},
        {"Zm8", PAD, "fo"},
        {"Zg==", PAD, "f"},
        {"Zg=", PAD, NULL},
        {"Zm8==", PAD, NULL},
        {"Zm9v=", PAD, NULL},
        {"Zm9v====", PAD, NULL},
        {"=", PAD, NULL},
        {"==", PAD, NULL},
        {"====", PAD, NULL},
        {"====", STRICT, NULL},
        {"Z", PAD, NULL},
        {"Zm9vY", PAD, NULL},
        {"Z===", STRICT, NULL},
        {"Zg==Zg==", STRICT, NULL},
        {"Z=g=", STRICT, NULL},
        {"Zm 9v", STRICT, NULL},
        {"Zm9v\n", STRICT, NULL},
        {" Zm9v", PAD, NULL},
        {"Zm9\x80", STRICT, NULL},
        {"Zh==", STRICT, NULL}, /* bits left over */
        {"Zm9=", STRICT, NULL},
        {"Zh==", PAD, "f"},
        {"Zh", PAD, "f"},
        {"+/+/", STRICT, "\xfb\xff\xbf"},
        {"-_-_", STRICT, NULL},
        {"-_-_", URL, "\xfb\xff\xbf"},
        {"+_-/", URL, "\xfb\xff\xbf"},
        {"-_", URL | PAD, "\xfb"},
        {"-_", URL, NULL},
    };
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        bs_buf_reset(&out);
        bs_buf_append_cstr(&out, "^");
        bool ok = bs_base64_decode(bs_str_from(rows[i].text), rows[i].flags, &out);
        test_row(rows[i].text, ok == (rows[i].bytes != NULL), "flags %u: %d", rows[i].flags, ok);
        struct bs_str bytes = bs_str_from_offset(bs_buf_str(&out), 1);
        test_row(rows[i].text, bs_str_equals(bytes, rows[i].bytes), "flags %u: %.*s", rows[i].flags,
                 BS_STR_ARGS(bytes));
    }
    test_rows_end();
}

static void test_base64__reads_back_any_bytes(void **state)
{
    (void)state;
    struct bs_random random;
    bs_random_seed(&random, 2);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf again = BS_BUF_INIT(0);
    for (size_t size = 0; size < 200; size++) {
        char bytes[200];
        bs_random_fill(&random, bytes, size);
        bs_buf_reset(&text);
        bs_buf_reset(&again);
        bs_base64_encode(&text, bytes, size);
        assert_int_equal(text.len, (size + 2) / 3 * 4);
        assert_true(bs_base64_decode(bs_buf_str(&text), STRICT, &again));
        bs_buf_reset(&text);
        bs_base64url_encode(&text, bytes, size);
        assert_int_equal(bs_str_find_byte(bs_buf_str(&text), '='), -1);
        assert_true(bs_base64_decode(bs_buf_str(&text), URL | PAD, &again));
        assert_int_equal(again.len, size * 2);
        assert_memory_equal(again.ptr, bytes, size);
        assert_memory_equal(again.ptr + size, bytes, size);
    }
}

static void test_base64__overflow_is_told_by_the_buffer(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(2);
    assert_true(bs_base64_decode(BS_STR("Zm9v"), STRICT, &out));
    assert_true(out.overflowed);
    assert_int_equal(out.len, 0);
    bs_buf_reset(&out);
    bs_base64_encode(&out, "a", 1);
    assert_true(out.overflowed);
    assert_int_equal(out.len, 0);
    bs_buf_reset(&out);
    bs_hex_encode(&out, "ab", 2);
    assert_true(out.overflowed);
}

static void test_hex_encode__is_lower_case(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    bs_hex_encode(&out, "\x00\x9f\xff", 3);
    assert_string_equal(bs_buf_cstr(&out), "009fff");
}

static void test_uuid__takes_one_form(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"01234567-89ab-cdef-0123-456789abcdef", true},
        {"01234567-89AB-CDEF-0123-456789abcdef", true},
        {"0123456789abcdef0123456789abcdef", false},
        {"{01234567-89ab-cdef-0123-456789abcdef}", false},
        {"01234567-89ab-cdef-0123-456789abcde", false},
        {"01234567-89ab-cdef-0123-456789abcdef0", false},
        {"01234567-89ab-cdef-0123-456789abcdeg", false},
        {"0123456-789ab-cdef-0123-456789abcdef", false},
        {"01234567_89ab-cdef-0123-456789abcdef", false},
        {"01234567-89ab-cdef-0123-456789abcd f", false},
        {"01234567-89ab-cdef-0123-456789abcd`f", false},
        {"01234567-89ab-cdef-0123-456789abcd@f", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        uint8_t bytes[16];
        bool ok = bs_uuid_parse(bs_str_from(rows[i].text), bytes);
        test_row(rows[i].text, ok == rows[i].ok, "ok %d", ok);
        char text[BS_UUID_TEXT_SIZE];
        if (!ok)
            continue;
        bs_uuid_format(bytes, text);
        test_row(rows[i].text, bs_str_equals(bs_str_from(text), rows[0].text), "%s", text);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_decode__obeys_its_flags),
        cmocka_unit_test(test_base64__reads_back_any_bytes),
        cmocka_unit_test(test_base64__overflow_is_told_by_the_buffer),
        cmocka_unit_test(test_hex_encode__is_lower_case),
        cmocka_unit_test(test_uuid__takes_one_form),
    };
    return cmocka_run_group_tests_name("base/encoding", tests, NULL, NULL);
}
