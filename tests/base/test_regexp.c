/* Regular expressions: what is found, what is refused and why. */

#include "support.h"

#include "base/base.h"
#include "base/regexp.h"

struct search_row {
    const char *name;
    const char *pattern;
    const char *text;
    bool whole;
    const char *spans; /* "0-3 1-2"; NULL: no match */
};

static bool search(const struct bs_regexp *regexp, struct bs_str text, struct bs_regexp_span *spans)
{
    bool found = false;
    assert_int_equal(bs_regexp_search(regexp, text, NULL, &found, spans, NULL), BS_OK);
    return found;
}

static const struct search_row search_rows[] = {
    {"the leftmost longest match", "a|ab", "xab", false, "1-3"},
    {"the whole text", "a|ab", "ab", true, "0-2"},
    {"not the whole text", "a|ab", "abc", true, NULL},
    {"nothing", "z", "abc", false, NULL},
    {"an empty text", "a*", "", true, "0-0"},
    {"groups", "(a)(?:b)(c)", "abc", false, "0-3 0-1 2-3"},
    {"a group that takes no part", "(a)|(b)", "b", false, "0-1 -1--1 0-1"},
    {"digits", "\\d+", "a12b", false, "1-3"},
    {"no digits in brackets", "[^\\d]+", "12ab", false, "2-4"},
    {"any case", "(?i)abc", "xABC", false, "1-4"},
    {"a character of several bytes is one", "^.$", "\xc3\xa9", true, "0-2"},
    {"counted", "^a{2,3}$", "aaa", true, "0-3"},
    {"the whole text, of alternatives", "a|b|cd", "cd", true, "0-2"},
    {"not the whole text, of alternatives", "a|b|cd", "ab", true, NULL},
    {"groups of the whole text", "(a)(?:b)(c)|(d)", "abc", true, "0-3 0-1 2-3 -1--1"},
    {"the whole text in any case", "(?i)abc", "ABC", true, "0-3"},
    {"a whole text with a line's end", "a.b", "a\nb", true, "0-3"},
    {"a parenthesis as it is", "\\)\\(|[)]", ")(", true, "0-2"},
    {"an empty pattern", "", "a", true, NULL},
};

static void print_spans(const struct bs_regexp *regexp, const struct bs_regexp_span *spans,
                        struct bs_buf *out)
{
    for (size_t i = 0; i <= bs_regexp_groups_count(regexp); i++)
        bs_buf_printf(out, "%s%td-%td", i > 0 ? " " : "", spans[i].begin, spans[i].end);
}

static void test_regexp__finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(search_rows); i++) {
        const struct search_row *row = &search_rows[i];
        struct bs_error error = BS_ERROR_INIT;
        struct bs_regexp *regexp = NULL;
        struct bs_regexp_span spans[BS_REGEXP_GROUPS_MAX + 1];
        enum bs_code code = bs_regexp_new(bs_str_from(row->pattern), row->whole, &regexp, &error);
        test_row(row->name, code == BS_OK, "%s", error.message);
        if (code != BS_OK)
            continue;
        bool found = search(regexp, bs_str_from(row->text), spans);
        test_row(row->name, found == (row->spans != NULL), "found: %d", found);
        if (found && row->spans) {
            BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
            print_spans(regexp, spans, &out);
            test_row(row->name, strcmp(bs_buf_cstr(&out), row->spans) == 0, "is %s expected %s",
                     bs_buf_cstr(&out), row->spans);
        }
        bs_regexp_free(regexp);
    }
    test_rows_end();
}

struct refused_row {
    const char *name;
    const char *pattern;
    enum bs_reason reason;
    const char *message;
};

static const struct refused_row refused_rows[] = {
    {"an open group", "(a", BS_REASON_Q_INVALID_ARGUMENT, "\"(a\": Unmatched"},
    {"a group that is not open", "a)(b", BS_REASON_Q_INVALID_ARGUMENT, "at 1: unmatched )"},
    {"an open bracket", "[ab", BS_REASON_Q_INVALID_ARGUMENT, "unmatched ["},
    {"an open bracket with a class in it", "[[:alpha:]", BS_REASON_Q_INVALID_ARGUMENT,
     "unmatched ["},
    {"look-ahead", "(?=a)", BS_REASON_Q_UNSUPPORTED, "only (?:...)"},
    {"reluctant", "a*?", BS_REASON_Q_UNSUPPORTED, "reluctant"},
    {"an unknown escape", "\\p", BS_REASON_Q_UNSUPPORTED, "this escape"},
    {"a backslash at the end", "a\\", BS_REASON_Q_UNSUPPORTED, "at the end"},
    {"too many repetitions", "a{500}{3}", BS_REASON_Q_UNSUPPORTED, "1000 counted"},
};

static void test_regexp__refuses_what_it_can_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(refused_rows); i++) {
        const struct refused_row *row = &refused_rows[i];
        struct bs_error error = BS_ERROR_INIT;
        struct bs_regexp *regexp = NULL;
        enum bs_code code = bs_regexp_new(bs_str_from(row->pattern), true, &regexp, &error);
        test_row(row->name, code != BS_OK && error.reason == row->reason, "%s",
                 bs_reason_name(error.reason));
        test_row(row->name, strstr(error.message, row->message) != NULL, "%s", error.message);
        bs_regexp_free(regexp);
    }
    test_rows_end();
}

static void test_regexp__a_pattern_has_a_limit(void **state)
{
    (void)state;
    char text[BS_REGEXP_PATTERN_BYTES_MAX + 1];
    struct bs_regexp *regexp = NULL;
    memset(text, 'a', sizeof(text));
    assert_int_equal(bs_regexp_new(bs_str_make(text, sizeof(text) - 1), false, &regexp, NULL),
                     BS_OK);
    bs_regexp_free(regexp);
    assert_int_equal(bs_regexp_new(bs_str_make(text, sizeof(text)), false, &regexp, NULL),
                     BS_UNIMPLEMENTED);
}

static void test_regexp__has_as_many_groups_with_whole_as_without(void **state)
{
    (void)state;
    for (int groups = BS_REGEXP_GROUPS_MAX; groups <= BS_REGEXP_GROUPS_MAX + 1; groups++) {
        for (int whole = 0; whole <= 1; whole++) {
            struct bs_regexp *regexp = NULL;
            struct bs_regexp_span spans[BS_REGEXP_GROUPS_MAX + 1];
            BS_CLEANUP(bs_buf_fini) struct bs_buf pattern = BS_BUF_INIT(0);
            BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
            for (int i = 0; i < groups; i++) {
                bs_buf_append_cstr(&pattern, "(a)");
                bs_buf_append_cstr(&text, "a");
            }
            enum bs_code code = bs_regexp_new(bs_buf_str(&pattern), whole, &regexp, NULL);
            assert_int_equal(code, groups > BS_REGEXP_GROUPS_MAX ? BS_UNIMPLEMENTED : BS_OK);
            if (code != BS_OK)
                continue;
            assert_true(search(regexp, bs_buf_str(&text), spans));
            assert_int_equal(spans[groups].begin, groups - 1);
            assert_int_equal(spans[groups].end, groups);
            bs_regexp_free(regexp);
        }
    }
}

/* Of a text that lets the matcher begin anywhere and never end: quadratic would be hours. */
static void test_regexp__a_whole_text_takes_one_pass(void **state)
{
    (void)state;
    size_t size = 1000000;
    struct bs_regexp *regexp = NULL;
    BS_CLEANUP(bs_freep) char *text = bs_calloc(size + 1, 1); /* the sanitizer looks for a NUL */
    memset(text, 'a', size);
    assert_int_equal(bs_regexp_new(BS_STR("[^@ ]+@[^@ ]+"), true, &regexp, NULL), BS_OK);
    assert_false(search(regexp, bs_str_make(text, size), NULL));
    bs_regexp_free(regexp);
}

static void test_search__that_tries_every_place_finds_the_first_and_can_be_stopped(void **state)
{
    (void)state;
    static const size_t size = 300000; /* many slices: at most 3 places each */
    struct bs_regexp *regexp = NULL;
    struct bs_regexp_span spans[BS_REGEXP_GROUPS_MAX + 1];
    struct bs_interrupt past = {.deadline = bs_deadline_after_ns(0)};
    struct bs_error error = BS_ERROR_INIT;
    bool found = false;
    BS_CLEANUP(bs_freep) char *text = bs_calloc(size + 1, 1);
    memset(text, ' ', size);
    memcpy(text + size - 7, "ab12 c3", 7);
    assert_int_equal(bs_regexp_new(BS_STR("\\b([a-z]+)[0-9]+"), false, &regexp, NULL), BS_OK);
    assert_true(search(regexp, bs_str_make(text, size), spans));
    assert_int_equal(spans[0].begin, size - 7);
    assert_int_equal(spans[0].end, size - 3);
    assert_int_equal(spans[1].begin, size - 7);
    assert_int_equal(spans[1].end, size - 5);
    assert_int_equal(
        bs_regexp_search(regexp, bs_str_make(text, size), &past, &found, spans, &error),
        BS_DEADLINE_EXCEEDED);
    bs_regexp_free(regexp);
    assert_int_equal(bs_regexp_new(BS_STR("^c|$"), false, &regexp, NULL), BS_OK);
    assert_true(search(regexp, bs_str_make(text, size), spans)); /* no line begins at a slice */
    assert_int_equal(spans[0].begin, size);
    bs_regexp_free(regexp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search__that_tries_every_place_finds_the_first_and_can_be_stopped),
        cmocka_unit_test(test_regexp__finds),
        cmocka_unit_test(test_regexp__refuses_what_it_can_not_read),
        cmocka_unit_test(test_regexp__a_pattern_has_a_limit),
        cmocka_unit_test(test_regexp__has_as_many_groups_with_whole_as_without),
        cmocka_unit_test(test_regexp__a_whole_text_takes_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
