#include "edn/edn_support.h"

/* What is read: a table of literals with the type and the form in which they print. */

struct read_row {
    const char *text;
    enum edn_type type;
    const char *printed; /* NULL: as the text */
};

static void check_rows(struct bs_arena *arena, const struct read_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct read_row *row = &rows[i];
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        enum bs_code code = edn_read(bs_str_from(row->text), arena, &value, &error);
        test_row(row->text, code == BS_OK, "%s", error.message);
        if (code != BS_OK)
            continue;
        test_row(row->text, value.type == row->type, "is a %s",
                 edn_type_name((enum edn_type)value.type));
        const char *printed = test_printed(arena, value);
        const char *expected = row->printed ? row->printed : row->text;
        test_row(row->text, strcmp(printed, expected) == 0, "prints as %s, not %s", printed,
                 expected);
        struct edn again = test_read(arena, printed);
        test_row(row->text, edn_equal(value, again), "%s reads back as something else", printed);
    }
    test_rows_end();
}

#define CHECK_ROWS(state, rows)                                                                    \
    check_rows((struct bs_arena *)*(state), (rows), BS_ARRAY_COUNT(rows))

static void test_read__numbers(void **state)
{
    static const struct read_row rows[] = {
        {"0", EDN_LONG, NULL},
        {"-0", EDN_LONG, "0"},
        {"+7", EDN_LONG, "7"},
        {"-12", EDN_LONG, NULL},
        {"123456789012345678", EDN_LONG, NULL},
        {"9223372036854775807", EDN_LONG, NULL},
        {"-9223372036854775808", EDN_LONG, NULL},
        {"9223372036854775808", EDN_BIGINT, "9223372036854775808N"},
        {"-9223372036854775809", EDN_BIGINT, "-9223372036854775809N"},
        {"1N", EDN_BIGINT, NULL},
        {"-1N", EDN_BIGINT, NULL},
        {"0N", EDN_BIGINT, NULL},
        {"-0N", EDN_BIGINT, "0N"},
        {"123456789012345678901234567890N", EDN_BIGINT, NULL},
        {"0x1f", EDN_LONG, "31"},
        {"-0XFF", EDN_LONG, "-255"},
        {"0x1e3", EDN_LONG, "483"},
        {"0x7fffffffffffffff", EDN_LONG, "9223372036854775807"},
        {"0xffffffffffffffff", EDN_BIGINT, "18446744073709551615N"},
        {"0x10N", EDN_BIGINT, "16N"},
        {"017", EDN_LONG, "15"},
        {"00", EDN_LONG, "0"},
        {"-017N", EDN_BIGINT, "-15N"},
        {"8r17", EDN_LONG, "15"},
        {"2r1010", EDN_LONG, "10"},
        {"36rZZ", EDN_LONG, "1295"},
        {"16Rff", EDN_LONG, "255"},
        {"1.5", EDN_DOUBLE, NULL},
        {"-1.5", EDN_DOUBLE, NULL},
        {"+1.5", EDN_DOUBLE, "1.5"},
        {"1.", EDN_DOUBLE, "1.0"},
        {"0.0", EDN_DOUBLE, NULL},
        {"-0.0", EDN_DOUBLE, NULL},
        {"01.5", EDN_DOUBLE, "1.5"},
        {"1e3", EDN_DOUBLE, "1000.0"},
        {"1E-3", EDN_DOUBLE, "0.001"},
        {"1.5e+3", EDN_DOUBLE, "1500.0"},
        {"1e300", EDN_DOUBLE, "1e+300"},
        {"5e-324", EDN_DOUBLE, NULL},
        {"0.1", EDN_DOUBLE, NULL},
        {"##Inf", EDN_DOUBLE, NULL},
        {"##-Inf", EDN_DOUBLE, NULL},
        {"##NaN", EDN_DOUBLE, NULL},
        {"1.5M", EDN_BIGDEC, NULL},
        {"1M", EDN_BIGDEC, NULL},
        {"-1.50M", EDN_BIGDEC, NULL},
        {"0M", EDN_BIGDEC, NULL},
        {"0.00M", EDN_BIGDEC, NULL},
        {"1.M", EDN_BIGDEC, "1M"},
        {"1e3M", EDN_BIGDEC, "1E+3M"},
        {"1.5e3M", EDN_BIGDEC, "1.5E+3M"},
        {"1500e-3M", EDN_BIGDEC, "1.500M"},
        {"0.000001M", EDN_BIGDEC, NULL},
        {"0.0000001M", EDN_BIGDEC, "1E-7M"},
        {"123456789012345678901234567890.123456789M", EDN_BIGDEC, NULL},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__names(void **state)
{
    static const struct read_row rows[] = {
        {"nil", EDN_NIL, NULL},
        {"true", EDN_BOOLEAN, NULL},
        {"false", EDN_BOOLEAN, NULL},
        {"nils", EDN_SYMBOL, NULL},
        {"a", EDN_SYMBOL, NULL},
        {"a/b", EDN_SYMBOL, NULL},
        {"clojure.string/starts-with?", EDN_SYMBOL, NULL},
        {"/", EDN_SYMBOL, NULL},
        {"clojure.core//", EDN_SYMBOL, NULL},
        {"+", EDN_SYMBOL, NULL},
        {"-", EDN_SYMBOL, NULL},
        {"->x", EDN_SYMBOL, NULL},
        {"-a", EDN_SYMBOL, NULL},
        {"...", EDN_SYMBOL, NULL},
        {".x", EDN_SYMBOL, NULL},
        {"?e", EDN_SYMBOL, NULL},
        {"$", EDN_SYMBOL, NULL},
        {"%", EDN_SYMBOL, NULL},
        {"!=", EDN_SYMBOL, NULL},
        {"<=", EDN_SYMBOL, NULL},
        {"_", EDN_SYMBOL, NULL},
        {"*1", EDN_SYMBOL, NULL},
        {"a'", EDN_SYMBOL, NULL},
        {"a#", EDN_SYMBOL, NULL},
        {"a:b", EDN_SYMBOL, NULL},
        {"&", EDN_SYMBOL, NULL},
        {"t->tx", EDN_SYMBOL, NULL},
        {"\xc3\xa9t\xc3\xa9", EDN_SYMBOL, NULL},
        {":a", EDN_KEYWORD, NULL},
        {":db/ident", EDN_KEYWORD, NULL},
        {":a.b.c/d-e", EDN_KEYWORD, NULL},
        {":a/_b", EDN_KEYWORD, NULL},
        {":1", EDN_KEYWORD, NULL},
        {":a/1", EDN_KEYWORD, NULL},
        {":find", EDN_KEYWORD, NULL},
        {":nil", EDN_KEYWORD, NULL},
        {":a:b", EDN_KEYWORD, NULL},
        {":\xce\xbb", EDN_KEYWORD, NULL},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__characters(void **state)
{
    static const struct read_row rows[] = {
        {"\\a", EDN_CHAR, NULL},
        {"\\newline", EDN_CHAR, NULL},
        {"\\space", EDN_CHAR, NULL},
        {"\\tab", EDN_CHAR, NULL},
        {"\\return", EDN_CHAR, NULL},
        {"\\backspace", EDN_CHAR, NULL},
        {"\\formfeed", EDN_CHAR, NULL},
        {"\\u03bb", EDN_CHAR, "\\\xce\xbb"},
        {"\\u0041", EDN_CHAR, "\\A"},
        {"\\u000a", EDN_CHAR, "\\newline"},
        {"\\u0000", EDN_CHAR, NULL},
        {"\\u00a0", EDN_CHAR, NULL},
        {"\\o101", EDN_CHAR, "\\A"},
        {"\\o0", EDN_CHAR, "\\u0000"},
        {"\\o377", EDN_CHAR, "\\\xc3\xbf"},
        {"\\u", EDN_CHAR, NULL},
        {"\\o", EDN_CHAR, NULL},
        {"\\(", EDN_CHAR, NULL},
        {"\\]", EDN_CHAR, NULL},
        {"\\\\", EDN_CHAR, NULL},
        {"\\\"", EDN_CHAR, NULL},
        {"\\,", EDN_CHAR, NULL},
        {"\\;", EDN_CHAR, NULL},
        {"\\#", EDN_CHAR, NULL},
        {"\\'", EDN_CHAR, NULL},
        {"\\\xf0\x9f\x8e\xb8", EDN_CHAR, NULL},
        {"[\\a\\b \\c]", EDN_VECTOR, "[\\a \\b \\c]"},
        {"[\\(]", EDN_VECTOR, NULL},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__strings(void **state)
{
    static const struct read_row rows[] = {
        {"\"\"", EDN_STRING, NULL},
        {"\"a\"", EDN_STRING, NULL},
        {"\"exactly8\"", EDN_STRING, NULL},
        {"\"a longer text of more than sixteen bytes\"", EDN_STRING, NULL},
        {"\"a;b (c #{\"", EDN_STRING, NULL},
        {"\"\\n\\t\\r\\b\\f\\\"\\\\\"", EDN_STRING, NULL},
        {"\"a\nb\"", EDN_STRING, "\"a\\nb\""},
        {"\"\\u03bb\"", EDN_STRING, "\"\xce\xbb\""},
        {"\"\\ud83c\\udfb8\"", EDN_STRING, "\"\xf0\x9f\x8e\xb8\""},
        {"\"\\101\\0\\377\"", EDN_STRING, "\"A\\u0000\xc3\xbf\""},
        {"\"\\1012\"", EDN_STRING, "\"A2\""},
        {"\"\\u0007\x7f\"", EDN_STRING, "\"\\u0007\\u007f\""},
        {"\"\xc3\xa9 and a lot of other text\"", EDN_STRING, NULL},
        {"\"12345678\\\\\"", EDN_STRING, NULL},
        {"\"1234567\\\"8\"", EDN_STRING, NULL},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__tagged(void **state)
{
    static const struct read_row rows[] = {
        {"#inst \"2020\"", EDN_INSTANT, "#inst \"2020-01-01T00:00:00.000-00:00\""},
        {"#inst \"2020-03\"", EDN_INSTANT, "#inst \"2020-03-01T00:00:00.000-00:00\""},
        {"#inst \"2020-03-04\"", EDN_INSTANT, "#inst \"2020-03-04T00:00:00.000-00:00\""},
        {"#inst \"2020-03-04T05\"", EDN_INSTANT, "#inst \"2020-03-04T05:00:00.000-00:00\""},
        {"#inst \"2020-03-04T05:06\"", EDN_INSTANT, "#inst \"2020-03-04T05:06:00.000-00:00\""},
        {"#inst \"2020-03-04T05:06:07\"", EDN_INSTANT, "#inst \"2020-03-04T05:06:07.000-00:00\""},
        {"#inst \"2020-03-04T05:06:07.8\"", EDN_INSTANT, "#inst \"2020-03-04T05:06:07.800-00:00\""},
        {"#inst \"2020-03-04T05:06:07.123999\"", EDN_INSTANT,
         "#inst \"2020-03-04T05:06:07.123-00:00\""},
        {"#inst \"2020-03-04T05:06:07Z\"", EDN_INSTANT, "#inst \"2020-03-04T05:06:07.000-00:00\""},
        {"#inst \"2020-03-04T05:06:07+02:00\"", EDN_INSTANT,
         "#inst \"2020-03-04T03:06:07.000-00:00\""},
        {"#inst \"2020-01-01T00:00:00.000-00:30\"", EDN_INSTANT,
         "#inst \"2020-01-01T00:30:00.000-00:00\""},
        {"#inst \"2020-03-04+02:00\"", EDN_INSTANT, "#inst \"2020-03-03T22:00:00.000-00:00\""},
        {"#inst \"2020-08:00\"", EDN_INSTANT, "#inst \"2020-01-01T08:00:00.000-00:00\""},
        {"#inst \"2020-02-08:00\"", EDN_INSTANT, "#inst \"2020-02-01T08:00:00.000-00:00\""},
        {"#inst \"2020-02Z\"", EDN_INSTANT, "#inst \"2020-02-01T00:00:00.000-00:00\""},
        {"#inst \"2016-12-31T23:59:60Z\"", EDN_INSTANT, "#inst \"2017-01-01T00:00:00.000-00:00\""},
        {"#inst \"2000-02-29\"", EDN_INSTANT, "#inst \"2000-02-29T00:00:00.000-00:00\""},
        {"#inst \"0001-01-01T00:00:00.000-00:00\"", EDN_INSTANT, NULL},
        {"#inst \"1969-12-31T23:59:59.999-00:00\"", EDN_INSTANT, NULL},
        {"#inst \"-0044-03-15T00:00:00.000-00:00\"", EDN_INSTANT, NULL},
        {"#inst \"+12345-01-01T00:00:00.000-00:00\"", EDN_INSTANT, NULL},
        {"#inst \"+292278994-08-17T07:12:55.807-00:00\"", EDN_INSTANT, NULL},
        {"#inst \"-292275055-05-16T16:47:04.192-00:00\"", EDN_INSTANT, NULL},
        {"#uuid \"97ff8689-725a-4340-bd13-b65ab23eed8b\"", EDN_UUID, NULL},
        {"#uuid \"97FF8689-725A-4340-BD13-B65AB23EED8B\"", EDN_UUID,
         "#uuid \"97ff8689-725a-4340-bd13-b65ab23eed8b\""},
        {"#uri \"https://example.org/a?b=c\"", EDN_URI, NULL},
        {"#base64 \"\"", EDN_BYTES, NULL},
        {"#base64 \"AAEC/w==\"", EDN_BYTES, NULL},
        {"#foo 1", EDN_TAGGED, NULL},
        {"#foo/bar [1 2]", EDN_TAGGED, NULL},
        {"#a #b c", EDN_TAGGED, NULL},
        {"#a{}", EDN_TAGGED, "#a {}"},
        {"#db {:basis-t 7}", EDN_TAGGED, NULL},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__collections_and_marks(void **state)
{
    static const struct read_row rows[] = {
        {"()", EDN_LIST, NULL},
        {"[]", EDN_VECTOR, NULL},
        {"#{}", EDN_SET, NULL},
        {"{}", EDN_MAP, NULL},
        {"(1 2)", EDN_LIST, NULL},
        {"[1 [2 [3]]]", EDN_VECTOR, NULL},
        {"#{1 :a \"b\"}", EDN_SET, NULL},
        {"{:a 1, :b 2}", EDN_MAP, NULL},
        {"{:a 1 :b 2}", EDN_MAP, "{:a 1, :b 2}"},
        {"{[1] {2 3}, nil nil}", EDN_MAP, NULL},
        {"[1,2,,3]", EDN_VECTOR, "[1 2 3]"},
        {"\xef\xbb\xbf 1", EDN_LONG, "1"},
        {" \t\r\n\f\v,1, ", EDN_LONG, "1"},
        {"; a comment\n1 ; another", EDN_LONG, "1"},
        {"[1;2]\n3]", EDN_VECTOR, "[1 3]"},
        {"[1 #_2 3]", EDN_VECTOR, "[1 3]"},
        {"[#_#_1 2 3]", EDN_VECTOR, "[3]"},
        {"[#_ #_ 1 2]", EDN_VECTOR, "[]"},
        {"#_ 1 2", EDN_LONG, "2"},
        {"1 #_ 2", EDN_LONG, "1"},
        {"#_[1 {:a #inst \"2020\"}] 2", EDN_LONG, "2"},
        {"#_#foo 1 2", EDN_LONG, "2"},
        {"{:a #_b c}", EDN_MAP, "{:a c}"},
        {"^:dynamic a", EDN_SYMBOL, "a"},
        {"^{:doc \"x\"} [1]", EDN_VECTOR, "[1]"},
        {"^String ^:b x", EDN_SYMBOL, "x"},
        {"#^{:a 1} x", EDN_SYMBOL, "x"},
        {"[^:a b #_c]", EDN_VECTOR, "[b]"},
        {"'a", EDN_SYMBOL, "a"},
        {"'[:find ?e]", EDN_VECTOR, "[:find ?e]"},
        {"('a ''b)", EDN_LIST, "(a b)"},
        {"#:a{:b 1, :c/d 2, :_/e 3, f 4, _/g 5, \"h\" 6}", EDN_MAP,
         "{:a/b 1, :c/d 2, :e 3, a/f 4, g 5, \"h\" 6}"},
        {"#:a {:b 1}", EDN_MAP, "{:a/b 1}"},
        {"#:a.b{:c #:d{:e 1, :f {:g 2}}}", EDN_MAP, "{:a.b/c {:d/e 1, :d/f {:g 2}}}"},
        {"#:a{}", EDN_MAP, "{}"},
        {"#:a{:_b 1}", EDN_MAP, "{:a/_b 1}"},
        {"[\"a\"\"b\":c\"d\"1]", EDN_VECTOR, "[\"a\" \"b\" :c \"d\" 1]"},
        {"[a(b)c[d]e{f g}]", EDN_VECTOR, "[a (b) c [d] e {f g}]"},
    };
    CHECK_ROWS(state, rows);
}

static void test_read__unquotes_names_when_allowed(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn_reader reader;
    edn_reader_init(&reader, BS_STR("[[:db/add ~e :a/b ~*1]]"));
    reader.allow_unquote = true;
    struct edn value;
    bool found;
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
    assert_string_equal(test_printed(arena, value),
                        "[[:db/add (edn/unquote e) :a/b (edn/unquote *1)]]");
}

static void test_read_next__walks_over_the_forms_of_a_text(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    static const struct {
        const char *printed;
        uint32_t line, column; /* behind it */
    } expected[] = {{"1", 1, 2}, {"(a b)", 3, 4}, {":\xce\xbb", 3, 6}, {"\"\n\"", 4, 2}};
    struct edn_reader reader;
    edn_reader_init(&reader, BS_STR("1 ; c\n(a\n b):\xce\xbb\"\n\" #_ x ; end\n "));
    struct edn value;
    bool found;
    for (size_t i = 0; i < BS_ARRAY_COUNT(expected); i++) {
        assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
        assert_true(found);
        if (value.type != EDN_STRING)
            assert_string_equal(test_printed(arena, value), expected[i].printed);
        assert_int_equal(reader.line, expected[i].line);
        assert_int_equal(reader.column, expected[i].column);
    }
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
    assert_false(found);
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
    assert_false(found);
}

static void test_reader_skip_line__goes_on_after_an_error(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn_reader reader;
    edn_reader_init(&reader, BS_STR("[1 } 2\n:ok\n(def x\n:next\n"));
    struct edn value;
    bool found;
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_INVALID_ARGUMENT);
    assert_false(reader.incomplete);
    assert_true(edn_reader_skip_line(&reader));
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
    assert_true(edn_is_keyword(value, "ok"));
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_INVALID_ARGUMENT);
    assert_true(reader.incomplete);
    assert_int_equal(reader.line, 3);
    assert_true(edn_reader_skip_line(&reader));
    assert_int_equal(edn_read_next(&reader, arena, &value, &found, NULL), BS_OK);
    assert_true(edn_is_keyword(value, "next"));
    assert_false(edn_reader_skip_line(&reader));
}

static void test_read__points_into_the_text_where_it_can(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    const char *text = "\"plain\"";
    struct edn value = test_read(arena, text);
    assert_ptr_equal(value.as.text, text + 1);
    text = ":a/b";
    assert_ptr_equal(test_read(arena, text).as.text, text + 1);
}

/* Names that a program may make: readable exactly when reading what they print as gives them. */
static void test_names__are_readable_when_they_read_as_themselves(void **state)
{
    static const char *const names[] = {
        "",      "a",      "a/b",  "/",        "a//",  "a/b/c",     "/a",           "a/",
        ":a",    "a:",     "a:b",  "a::b",     "a/:b", "a:/b",      "1a",           "a/1",
        "-1",    "-a",     ".5",   ".a",       "nil",  "true",      "a b",          "a,b",
        "a\nb",  "a(b",    "a\"b", "a;b",      "a#b",  "#a",        "'a",           "a'",
        "a@",    "\\a",    "a{",   "\xc3\xa9", "\xff", "a\xc2\xa0", "\xe2\x80\xa8", "+",
        "false", "falsey", "_",    "a.b/c.d",  "$",    "%",         "&&",           "a|b",
        "<=",    "a/.5",
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        const struct edn made[] = {edn_keyword(bs_str_from(names[i])),
                                   edn_symbol(bs_str_from(names[i]))};
        for (size_t j = 0; j < BS_ARRAY_COUNT(made); j++) {
            BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
            struct edn read = edn_nil();
            bs_buf_printf(&text, "%s%s", j == 0 ? ":" : "", names[i]);
            bool is_read = edn_read(bs_buf_str(&text), arena, &read, NULL) == BS_OK &&
                           edn_equal(read, made[j]);
            test_row(names[i], edn_is_readable_name(made[j]) == is_read, "a %s: read %d",
                     edn_type_name((enum edn_type)made[j].type), is_read);
        }
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_read__numbers),
        test_with_arena(test_read__names),
        test_with_arena(test_read__characters),
        test_with_arena(test_read__strings),
        test_with_arena(test_read__tagged),
        test_with_arena(test_read__collections_and_marks),
        test_with_arena(test_read__unquotes_names_when_allowed),
        test_with_arena(test_read_next__walks_over_the_forms_of_a_text),
        test_with_arena(test_reader_skip_line__goes_on_after_an_error),
        test_with_arena(test_read__points_into_the_text_where_it_can),
        test_with_arena(test_names__are_readable_when_they_read_as_themselves),
    };
    return cmocka_run_group_tests_name("edn/read", tests, NULL, NULL);
}
