/* Log lines: one a record, whatever is in it. */

#include <stdlib.h>

#include "support.h"

#include "base/log.h"

/* What is written by `level`, without the time at its front; free it. */
static char *written(enum bs_log_level level, const char *message, struct bs_str value)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    bs_log_set_output(file);
    bs_log(level, message, {"key", value});
    bs_log_set_output(NULL);
    fclose(file);
    static const char time[] = "time=2024-05-01T12:00:00.123Z ";
    char *blank = strchr(text, ' ');
    if (!blank)
        return text;
    assert_int_equal(strncmp(text, time, 5), 0);
    memmove(text, blank + 1, strlen(blank));
    return text;
}

static void test_write__quotes_and_escapes(void **state)
{
    static const struct {
        struct bs_str value;
        const char *text;
    } rows[] = {
        {{"plain", 5}, "plain"},
        {{"tcp://127.0.0.1:7400", 20}, "tcp://127.0.0.1:7400"},
        {{"", 0}, "\"\""},
        {{"a b", 3}, "\"a b\""},
        {{"a=b", 3}, "\"a=b\""},
        {{"a\"b", 3}, "\"a\\\"b\""},
        {{"a\\b", 3}, "\"a\\\\b\""},
        {{"a\nb\r\t", 5}, "\"a\\nb\\r\\t\""},
        {{"a\0b", 3}, "\"a\\x00b\""},
        {{"\033[31m", 5}, "\"\\x1b[31m\""},
        {{"\177", 1}, "\"\\x7f\""},
        {{"\xc3\xa9", 2}, "\xc3\xa9"},
        {{"\xc3\xa9 \xf0\x9f\x8e\xb8", 7}, "\"\xc3\xa9 \xf0\x9f\x8e\xb8\""},
        {{"\xc2\x9b x", 4}, "\"\\xc2\\x9b x\""},
        {{"\xff\xc3", 2}, "\"\\xff\\xc3\""},
        {{"a\xe2\x82", 3}, "\"a\\xe2\\x82\""},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char *line = written(BS_LOG_WARN, "it \"is\"\n", rows[i].value);
        char expected[200];
        snprintf(expected, sizeof(expected), "level=warn msg=\"it \\\"is\\\"\\n\" key=%s\n",
                 rows[i].text);
        test_row(rows[i].text, strcmp(line, expected) == 0, "got %s", line);
        free(line);
    }
    test_rows_end();
}

static void test_write__cuts_long_values_and_says_so(void **state)
{
    (void)state;
    char value[10000];
    memset(value, 'x', sizeof(value));
    char *line = written(BS_LOG_ERROR, "m", bs_str_make(value, sizeof(value)));
    assert_non_null(strstr(line, "xxx cut_bytes=1808\n"));
    free(line);
}

static void test_write__is_quiet_below_the_level(void **state)
{
    (void)state;
    char *line = written(BS_LOG_DEBUG, "m", BS_STR("v"));
    assert_string_equal(line, "");
    free(line);
    bs_log_set_level(BS_LOG_ERROR);
    line = written(BS_LOG_WARN, "m", BS_STR("v"));
    assert_string_equal(line, "");
    free(line);
    bs_log_set_level(BS_LOG_INFO);
    line = written(BS_LOG_INFO, "m", BS_STR("v"));
    assert_string_equal(line, "level=info msg=\"m\" key=v\n");
    free(line);
}

static void test_write__takes_no_fields(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    bs_log_set_output(file);
    bs_log_write(BS_LOG_INFO, "m", NULL, 0);
    bs_log_set_output(NULL);
    fclose(file);
    assert_non_null(strstr(text, "Z level=info msg=\"m\"\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__quotes_and_escapes),
        cmocka_unit_test(test_write__cuts_long_values_and_says_so),
        cmocka_unit_test(test_write__is_quiet_below_the_level),
        cmocka_unit_test(test_write__takes_no_fields),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
