/* The clients' files and pages. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "support.h"

static struct test_bridge test;
static char folder[] = "/tmp/bridge-files-XXXXXX";
static const char *const made[] = {
    "secret", "web", "web/backoffice", "web/backoffice/js", "web/landing", "web/js",
};

static void write_file(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const struct {
    const char *name;
    const char *text;
} files[] = {
    {"secret/key", "secret"},
    {"web/backoffice/package.json", "{}"},
    {"web/backoffice/index.html", "<title>office</title>"},
    {"web/backoffice/js/own.js", "own"},
    {"web/backoffice/.hidden", "hidden"},
    {"web/backoffice/empty.css", ""},
    {"web/backoffice/a b.txt", "blank"},
    {"web/landing/index.html", "<title>landing</title>"},
    {"web/landing/style.css", "css"},
    {"web/js/client.js", "client"},
    {"web/outside.txt", "outside"},
};

static int set_up(void **state)
{
    char path[300], target[300];
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < BS_ARRAY_COUNT(made); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, made[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(files); i++)
        write_file(files[i].name, files[i].text);
    snprintf(path, sizeof(path), "%s/web/backoffice/link", folder);
    snprintf(target, sizeof(target), "%s/secret", folder);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof(path), "%s/web/backoffice/big.bin", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 3000000), 0);
    close(fd);
    snprintf(path, sizeof(path), "%s/web", folder);
    test_bridge_init(&test, &(struct bridge_options){.loops = 1, .web_dir = path});
    return 0;
}

static int tear_down(void **state)
{
    char path[300];
    (void)state;
    test_bridge_fini(&test);
    for (size_t i = 0; i < BS_ARRAY_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/web/backoffice/link", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/web/backoffice/big.bin", folder);
    unlink(path);
    for (size_t i = BS_ARRAY_COUNT(made); i-- > 0;) {
        snprintf(path, sizeof(path), "%s/%s", folder, made[i]);
        rmdir(path);
    }
    return rmdir(folder);
}

#define GET(target) TEST_HEAD("GET " target, "Accept: text/html\r\nConnection: close\r\n")

static void test_files__are_found_and_nothing_else_is(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *type;
        const char *body;
    } rows[] = {
        {GET("/"), 200, "text/html; charset=utf-8", "<title>office</title>"},
        {GET("/?a=b"), 200, "text/html; charset=utf-8", "<title>office</title>"},
        {GET("/index.html"), 200, "text/html; charset=utf-8", "<title>office</title>"},
        {GET("/js/own.js"), 200, "text/javascript; charset=utf-8", "own"},
        {GET("/js/client.js"), 200, "text/javascript; charset=utf-8", "client"},
        {GET("/landing/style.css"), 200, "text/css; charset=utf-8", "css"},
        {GET("/empty.css"), 200, "text/css; charset=utf-8", ""},
        {GET("/a%20b.txt"), 200, "text/plain; charset=utf-8", "blank"},
        {GET("/campaign/ma2x/landing"), 200, "text/html; charset=utf-8", "<title>landing</title>"},
        {GET("/campaign/missing/landing"), 404, "application/json", "no campaign"},
        {GET("/js"), 404, "application/json", "no-route"},
        {GET("/package.json"), 404, "application/json", "no-route"},
        {GET("/nothing"), 404, "application/json", "no-route"},
        {GET("/.hidden"), 404, "application/json", "no-route"},
        {GET("/link/key"), 404, "application/json", "no-route"},
        {GET("/outside.txt"), 404, "application/json", "no-route"},
        {GET("/backoffice/index.html"), 404, "application/json", "no-route"},
        {GET("/../secret/key"), 400, "application/json", "bad-request"},
        {GET("/js/../../secret/key"), 400, "application/json", "bad-request"},
        {GET("/%2e%2e/secret/key"), 400, "application/json", "bad-request"},
        {GET("/..%2fsecret%2fkey"), 404, "application/json", "no-route"},
        {GET("/js%2fown.js"), 404, "application/json", "no-route"},
        {GET("/..%5csecret"), 404, "application/json", "no-route"},
        {GET("/index.html%00.js"), 400, "application/json", "bad-request"},
        {GET("//index.html"), 404, "application/json", "no-route"},
        {GET("/index.html/"), 404, "application/json", "no-route"},
        {GET("/api/index.html"), 404, "application/json", "no-route"},
        {TEST_HEAD("POST /index.html", "Connection: close\r\nContent-Length: 0\r\n"), 405,
         "application/json", "expected one of GET"},
        {TEST_HEAD("POST /none.html", "Connection: close\r\nContent-Length: 0\r\n"), 404,
         "application/json", "no-route"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct test_answer answer;
        test_do(&test, rows[i].request, &answer);
        const char *type = test_answer_field(&answer, "Content-Type");
        test_row(rows[i].request, answer.response.status == rows[i].status, "%d",
                 answer.response.status);
        test_row(rows[i].request, strcmp(type, rows[i].type) == 0, "%s", type);
        test_row(rows[i].request, bs_str_find(answer.body, bs_str_from(rows[i].body)) >= 0, "%.*s",
                 BS_STR_ARGS(answer.body));
        test_row(rows[i].request,
                 strcmp(test_answer_field(&answer, "X-Content-Type-Options"), "nosniff") == 0,
                 "sniffed");
        test_answer_fini(&answer);
    }
    test_rows_end();
}

static void test_pages__say_what_a_browser_may_do(void **state)
{
    struct test_answer answer;
    (void)state;
    test_do(&test, GET("/"), &answer);
    assert_non_null(
        strstr(test_answer_field(&answer, "Content-Security-Policy"), "default-src 'self'"));
    assert_string_equal(test_answer_field(&answer, "X-Frame-Options"), "DENY");
    assert_string_equal(test_answer_field(&answer, "Cache-Control"), "no-cache");
    test_answer_fini(&answer);
    test_do(&test, GET("/c/ma%202x?utm_source=a"), &answer);
    assert_int_equal(answer.response.status, 302);
    assert_string_equal(test_answer_field(&answer, "Location"),
                        "/campaign/ma%202x/landing?utm_source=a");
    test_answer_fini(&answer);
}

static void test_files__are_known_by_tag_and_date(void **state)
{
    struct test_answer answer;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    (void)state;
    test_do(&test, GET("/js/own.js"), &answer);
    bs_buf_printf(&text,
                  "GET /js/own.js HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                  "If-None-Match: %s\r\n\r\n",
                  test_answer_field(&answer, "ETag"));
    assert_int_equal(test_status(&test, bs_buf_cstr(&text)), 304);
    bs_buf_reset(&text);
    bs_buf_printf(&text,
                  "GET /js/own.js HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                  "If-Modified-Since: %s\r\n\r\n",
                  test_answer_field(&answer, "Last-Modified"));
    assert_int_equal(test_status(&test, bs_buf_cstr(&text)), 304);
    test_answer_fini(&answer);
    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "GET /js/own.js HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                              "If-None-Match: \"x\"\r\n\r\n");
    assert_int_equal(test_status(&test, bs_buf_cstr(&text)), 200);
}

static void test_large_files__come_whole_and_by_head_not_at_all(void **state)
{
    struct test_answer answer;
    (void)state;
    test_do(&test, GET("/big.bin"), &answer);
    assert_int_equal(answer.response.status, 200);
    assert_int_equal(answer.body.len, 3000000);
    test_answer_fini(&answer);
    test_do(&test, TEST_HEAD("HEAD /big.bin", "Connection: close\r\n"), &answer);
    assert_string_equal(test_answer_field(&answer, "Content-Length"), "3000000");
    assert_int_equal(answer.body.len, 0);
    test_answer_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files__are_found_and_nothing_else_is),
        cmocka_unit_test(test_pages__say_what_a_browser_may_do),
        cmocka_unit_test(test_files__are_known_by_tag_and_date),
        cmocka_unit_test(test_large_files__come_whole_and_by_head_not_at_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
