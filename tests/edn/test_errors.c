#include "edn/edn_support.h"

/* What is refused, with which words, and where. */

struct error_row {
    const char *text;
    int64_t line;
    int64_t column;
    const char *message; /* without the place */
};

static void check_row(struct bs_arena *arena, const struct error_row *row)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = edn_long(42);
    enum bs_code code = edn_read(bs_str_from(row->text), arena, &value, &error);
    test_row(row->text, code != BS_OK, "reads as %s", test_printed(arena, value));
    if (code == BS_OK)
        return;
    test_row(row->text, value.type == EDN_LONG, "the result was written");
    test_row(row->text, error.reason == BS_REASON_EDN_SYNTAX, "reason %s",
             bs_error_reason_name(&error));
    char expected[600];
    snprintf(expected, sizeof(expected), "line %d, column %d: %s", (int)row->line, (int)row->column,
             row->message);
    test_row(row->text, strcmp(error.message, expected) == 0, "\n  is  %s\n  not %s", error.message,
             expected);
    const struct bs_error_field *line = bs_error_find(&error, "line");
    const struct bs_error_field *column = bs_error_find(&error, "column");
    test_row(row->text,
             line && column && line->integer == row->line && column->integer == row->column,
             "the fields differ from the message");
}

static void check_rows(void **state, const struct error_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row((struct bs_arena *)*state, &rows[i]);
    test_rows_end();
}

#define CHECK_ROWS(state, rows) check_rows((state), (rows), BS_ARRAY_COUNT(rows))

static void test_errors__of_numbers(void **state)
{
    static const struct error_row rows[] = {
        {"1/2", 1, 1, "1/2: ratios are not read; write a decimal, such as 0.5 or 0.5M"},
        {"-1/2", 1, 1, "-1/2: ratios are not read; write a decimal, such as 0.5 or 0.5M"},
        {"1a", 1, 1, "1a is no number"},
        {"[1 2x]", 1, 4, "2x is no number"},
        {"+1x", 1, 1, "+1x is no number"},
        {"1.5.2", 1, 1, "1.5.2 is no number"},
        {"1e", 1, 1, "1e is no number"},
        {"1e+", 1, 1, "1e+ is no number"},
        {"1.5N", 1, 1, "1.5N is no number"},
        {"1NN", 1, 1, "1NN is no number"},
        {"1MM", 1, 1, "1MM is no number"},
        {"0x", 1, 1, "0x is no number"},
        {"0xN", 1, 1, "0xN is no number"},
        {"0xg", 1, 1, "0xg is no number"},
        {"0x1M", 1, 1, "0x1M is no number"},
        {"1-2", 1, 1, "1-2 is no number"},
        {"08", 1, 1, "08: a leading 0 makes a number octal, whose digits end at 7"},
        {"8r8", 1, 1, "8r8 is no number"},
        {"2r", 1, 1, "2r is no number"},
        {"1r0", 1, 1, "1r0: the base of a number is from 2 to 36"},
        {"37r0", 1, 1, "37r0: the base of a number is from 2 to 36"},
        {"1e400", 1, 1, "1e400 is beyond the range of a double"},
        {"1\xc3\xa9", 1, 1, "1\xc3\xa9 is no number"},
        {"##inf", 1, 1, "##inf is unknown: expected ##Inf, ##-Inf or ##NaN"},
        {"##", 1, 1, "## is unknown: expected ##Inf, ##-Inf or ##NaN"},
        {".5", 1, 1, ".5: a number has a digit before its point"},
    };
    CHECK_ROWS(state, rows);
}

static void test_errors__of_names(void **state)
{
    static const struct error_row rows[] = {
        {":", 1, 1, "a colon without a name after it"},
        {"[: a]", 1, 2, "a colon without a name after it"},
        {"::a", 1, 1, "::a: EDN has no aliases to resolve a double colon with; write :ns/name"},
        {":a:", 1, 1, ":a:: colons stand alone and inside a name, not at its ends"},
        {"a:", 1, 1, "a:: colons stand alone and inside a name, not at its ends"},
        {":a::b", 1, 1, ":a::b: colons stand alone and inside a name, not at its ends"},
        {":a/", 1, 1, ":a/: a slash stands once, between a namespace and a name"},
        {"/a", 1, 1, "/a: a slash stands once, between a namespace and a name"},
        {"a/b/c", 1, 1, "a/b/c: a slash stands once, between a namespace and a name"},
        {"a/1", 1, 1, "a/1: the name of a symbol begins with no digit"},
        {"a\xc2\xa0"
         "b",
         1, 2, "U+00A0 is no blank of EDN and can't stand in a name"},
        {"[\xe2\x80\xa8]", 1, 2, "U+2028 is no blank of EDN and can't stand in a name"},
        {"@a", 1, 1, "@ begins nothing in EDN"},
        {"`a", 1, 1, "` begins nothing in EDN"},
        {"a@b", 1, 2, "@ begins nothing in EDN"},
        {"~a", 1, 1, "~ stands before a name in the shell only"},
        {"[\x01]", 1, 2, "the control character U+0001 is no blank of EDN"},
    };
    CHECK_ROWS(state, rows);
}

#define CHARACTER_EXPECTED                                                                         \
    " is no character: expected one character, a name as \\newline, \\uXXXX (no surrogate) or "    \
    "\\oNNN (up to 377)"
#define ESCAPE_EXPECTED                                                                            \
    " is no escape in a string: expected \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX or octal digits "   \
    "up to \\377"

static void test_errors__of_characters_and_strings(void **state)
{
    static const struct error_row rows[] = {
        {"\\", 1, 1,
         "the text ends inside a character that begins here: expected character after the \\"},
        {"\\ ", 1, 1, "a blank after a \\: write \\space, \\newline, \\tab or \\uXXXX"},
        {"\\\n", 1, 1, "a blank after a \\: write \\space, \\newline, \\tab or \\uXXXX"},
        {"\\abc", 1, 1, "\\abc" CHARACTER_EXPECTED},
        {"\\Newline", 1, 1, "\\Newline" CHARACTER_EXPECTED},
        {"\\u12", 1, 1, "\\u12" CHARACTER_EXPECTED},
        {"\\u12345", 1, 1, "\\u12345" CHARACTER_EXPECTED},
        {"\\ud800", 1, 1, "\\ud800" CHARACTER_EXPECTED},
        {"\\u12g4", 1, 1, "\\u12g4" CHARACTER_EXPECTED},
        {"\\o400", 1, 1, "\\o400" CHARACTER_EXPECTED},
        {"\\o8", 1, 1, "\\o8" CHARACTER_EXPECTED},
        {"\"abc", 1, 1, "the text ends inside a string that begins here: expected \""},
        {"[\n \"abc\\\"", 2, 2, "the text ends inside a string that begins here: expected \""},
        {"\"abc\\", 1, 1, "the text ends inside a string that begins here: expected \""},
        {"\"a\\x41\"", 1, 3, "\\x41" ESCAPE_EXPECTED},
        {"\"\\u12\"", 1, 2, "\\u12" ESCAPE_EXPECTED},
        {"\"\\400\"", 1, 2, "\\400" ESCAPE_EXPECTED},
        {"\"\\8\"", 1, 2, "\\8" ESCAPE_EXPECTED},
        {"\"\n\\z\"", 2, 1, "\\z" ESCAPE_EXPECTED},
        {"\"\\ud83c\"", 1, 2, "\\ud83c is half a surrogate pair: expected both halves"},
        {"\"\\ud83cx\"", 1, 2, "\\ud83c is half a surrogate pair: expected both halves"},
        {"\"\\ud83c\\u0041\"", 1, 2, "\\ud83c is half a surrogate pair: expected both halves"},
        {"\"\\udfb8\\ud83c\"", 1, 2, "\\udfb8 is half a surrogate pair: expected both halves"},
    };
    CHECK_ROWS(state, rows);
}

static void test_errors__of_collections(void **state)
{
    static const struct error_row rows[] = {
        {"", 1, 1, "no form: expected one"},
        {" ; nothing\n #_ x ", 2, 7, "no form: expected one"},
        {"1 2", 1, 3, "more than one form: expected nothing after the first"},
        {"1 ]", 1, 3, "] closes nothing"},
        {")", 1, 1, ") closes nothing"},
        {"(1\n 2]", 2, 3, "] closes a list: expected )"},
        {"#{1)", 1, 4, ") closes a set: expected }"},
        {"(1 [2 3", 1, 4, "the text ends inside a vector that begins here: expected ]"},
        {"(def x\n", 1, 1, "the text ends inside a list that begins here: expected )"},
        {"{:a 1 :b}", 1, 9, "the key :b has no value: a map holds pairs"},
        {"{:a}", 1, 4, "the key :a has no value: a map holds pairs"},
        {"{:a 1\n :b 2 :a 3}", 2, 7, "the key :a stands twice in this map"},
        {"{:a 1, 1 2, 1N 3}", 1, 13, "the key 1N stands twice in this map"},
        {"{[1] 1 #_x (1) 2}", 1, 12, "the key (1) stands twice in this map"},
        {"#:a ; {\n {:b 1 :a/b 2}", 2, 8, "the key :a/b stands twice in this map"},
        {"#:a{:b 1 :a/b 2}", 1, 10, "the key :a/b stands twice in this map"},
        {"#{1 #{2 3} #{3 2}}", 1, 12, "#{3 2} stands twice in this set"},
        {"#{0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 7 3}", 1, 41, "7 stands twice in this set"},
        {"#{\"a\" \"\\141\"}", 1, 7, "\"a\" stands twice in this set"},
        {"#{0.0 -0.0}", 1, 7, "-0.0 stands twice in this set"},
        {"#{##NaN ##NaN}", 1, 9, "##NaN stands twice in this set"},
        {"#{1.0M 1.00M}", 1, 8, "1.00M stands twice in this set"},
    };
    CHECK_ROWS(state, rows);
}

static void test_errors__of_marks_and_tags(void **state)
{
    static const struct error_row rows[] = {
        {"#", 1, 1, "the text ends inside a form that begins here: expected something after the #"},
        {"#_", 1, 1, "the text ends inside a discard that begins here: expected form to discard"},
        {"[1 #_]", 1, 6, "] after #_: expected a form to discard"},
        {"[1 ']", 1, 5, "] after ': expected a form"},
        {"'", 1, 1, "the text ends inside a quote that begins here: expected form"},
        {"[^:a]", 1, 5, "] after ^: expected a form"},
        {"^1 x", 1, 1, "metadata is a keyword, symbol, string, vector or map, not 1"},
        {"^:a", 1, 1, "the text ends inside metadata that begins here: expected form"},
        {"#foo", 1, 1, "the text ends inside a tag that begins here: expected tagged value"},
        {"[#foo]", 1, 6, "] after #: expected a tagged value"},
        {"#(+ 1 2)", 1, 1,
         "#( is not EDN: expected #{, #_, ##, #:name{ or a tag that begins with a letter"},
        {"#\"a\"", 1, 1,
         "#\" is not EDN: expected #{, #_, ##, #:name{ or a tag that begins with a letter"},
        {"#?(:clj 1)", 1, 1,
         "#? is not EDN: expected #{, #_, ##, #:name{ or a tag that begins with a letter"},
        {"#'a", 1, 1,
         "#' is not EDN: expected #{, #_, ##, #:name{ or a tag that begins with a letter"},
        {"# a", 1, 1,
         "#  is not EDN: expected #{, #_, ##, #:name{ or a tag that begins with a letter"},
        {"#a/b/c 1", 1, 2, "a/b/c: a slash stands once, between a namespace and a name"},
        {"#inst 1", 1, 1,
         "#inst expects a time as \"2020-01-02T03:04:05.678Z\" or its beginning, found the long 1"},
        {"[#inst \"2020-02-30\"]", 1, 2,
         "#inst expects a time as \"2020-01-02T03:04:05.678Z\" or its beginning, found the string "
         "\"2020-02-30\""},
        {"#uuid \"97ff8689\"", 1, 1,
         "#uuid expects 8-4-4-4-12 hex digits in a string, found the string \"97ff8689\""},
        {"#uri :a", 1, 1, "#uri expects a string, found the keyword :a"},
        {"#base64 \"AA\"", 1, 1,
         "#base64 expects a string of base64 with its padding, found the string \"AA\""},
        {"#:a{_/nil 1}", 1, 5, "_/nil: without its namespace this is no symbol"},
        {"#:a{_/-1 1}", 1, 5, "_/-1: without its namespace this is no symbol"},
        {"#:a{_/'b 1}", 1, 5, "_/'b: without its namespace this is no symbol"},
        {"#:#{f 1}", 1, 1, "#:#: expected the namespace of a map, without a slash"},
        {"#:-1{f 1}", 1, 1, "#:-1: expected the namespace of a map, without a slash"},
        {"#:a[1]", 1, 1, "#:a is not followed by a map"},
        {"#:a 1", 1, 1, "#:a is not followed by a map"},
        {"#:a", 1, 1, "the text ends inside a namespaced map that begins here: expected {"},
        {"#:{:a 1}", 1, 1, "#:: expected the namespace of a map, without a slash"},
        {"#:a/b{:a 1}", 1, 1, "#:a/b: expected the namespace of a map, without a slash"},
        {"#::a{:a 1}", 1, 1, "#::a: EDN has no aliases to resolve a double colon with"},
        {"#::{:a 1}", 1, 1, "#::: EDN has no aliases to resolve a double colon with"},
    };
    CHECK_ROWS(state, rows);
}

static void test_errors__of_bytes_that_are_not_utf8(void **state)
{
    static const struct error_row rows[] = {
        {"\"a\xff\"", 1, 3, "the byte 0xff is not UTF-8 here"},
        {"\"\xce\xbb\xc3\"", 1, 3, "the byte 0xc3 is not UTF-8 here"},
        {"\"\xed\xa0\x80\"", 1, 2, "the byte 0xed is not UTF-8 here"},
        {"\"\xc0\x80\"", 1, 2, "the byte 0xc0 is not UTF-8 here"},
        {"\"\\n\xf5\"", 1, 4, "the byte 0xf5 is not UTF-8 here"},
        {"a\xff", 1, 2, "the byte 0xff is not UTF-8 here"},
        {":\xff", 1, 2, "the byte 0xff is not UTF-8 here"},
        {"\\\xff", 1, 2, "the byte 0xff is not UTF-8 here"},
        {"1\xff", 1, 2, "the byte 0xff is not UTF-8 here"},
        {"#\xff 1", 1, 2, "the byte 0xff is not UTF-8 here"},
        {"#:a\xff{}", 1, 4, "the byte 0xff is not UTF-8 here"},
        {"##\xff", 1, 3, "the byte 0xff is not UTF-8 here"},
        {"; \xff\n1", 1, 3, "the byte 0xff is not UTF-8 here"},
    };
    CHECK_ROWS(state, rows);
}

static void test_errors__of_instants(void **state)
{
    static const char *const texts[] = {
        "",
        "20",
        "202",
        "20200",
        "2020-",
        "2020-1",
        "2020-00",
        "2020-13",
        "2020-01-",
        "2020-01-00",
        "2020-01-32",
        "2021-02-29",
        "1900-02-29",
        "2020-01-01T",
        "2020-01-01T1",
        "2020-01-01T24",
        "2020-01-01T00:",
        "2020-01-01T00:60",
        "2020-01-01T00:00:60",
        "2020-01-01T00:59:61",
        "2020-01-01T00:00:00.",
        "2020-01-01T00:00:00.1234x",
        "2020-01-01t00:00:00",
        "2020-01-01 00:00:00",
        "2020-01-01T00:00:00z",
        "2020-01-01T00:00:00+24:00",
        "2020-01-01T00:00:00+00:60",
        "2020-01-01T00:00:00+0000",
        "2020-01-01T00:00:00ZZ",
        " 2020",
        "2020 ",
        "+123-01-01",
        "+1234567890-01-01",
        "+292278994-08-17T07:12:55.808Z",
        "-292275055-05-16T16:47:04.191Z",
        "+999999999",
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        int64_t ms = 0;
        test_row(texts[i], !edn_instant_parse(bs_str_from(texts[i]), &ms), "reads as %lld",
                 (long long)ms);
    }
    test_rows_end();
}

static void test_errors__are_optional(void **state)
{
    struct edn value;
    assert_int_equal(edn_read(BS_STR("[1"), (struct bs_arena *)*state, &value, NULL),
                     BS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_errors__of_numbers),
        test_with_arena(test_errors__of_names),
        test_with_arena(test_errors__of_characters_and_strings),
        test_with_arena(test_errors__of_collections),
        test_with_arena(test_errors__of_marks_and_tags),
        test_with_arena(test_errors__of_bytes_that_are_not_utf8),
        test_with_arena(test_errors__of_instants),
        test_with_arena(test_errors__are_optional),
    };
    return cmocka_run_group_tests_name("edn/errors", tests, NULL, NULL);
}
