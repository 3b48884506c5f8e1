/* Path templates: what the grammar takes, what it makes of it, and what it says of the rest. */

#include "support.h"

#include "base/base.h"
#include "rpc/http_template.h"

static void test_template__reads_segments_variables_and_verb(void **state)
{
    static const struct {
        const char *text, *shape;
        size_t segments;
        const char *variables; /* "path:first+count", by blanks */
    } rows[] = {
        {"/a", "/a", 1, ""},
        {"/api/campaigns/{campaign_id}/concerts", "/api/campaigns/*/concerts", 4,
         "campaign_id:2+1"},
        {"/a/{b}/{c.d}", "/a/*/*", 3, "b:1+1 c.d:2+1"},
        {"/v1/{name=shelves/*/books/*}", "/v1/shelves/*/books/*", 5, "name:1+4"},
        {"/v1/{name=shelves/*}/{x}:publish", "/v1/shelves/*/*:publish", 4, "name:1+2 x:3+1"},
        {"/files/{path=**}", "/files/**", 2, "path:1+1"},
        {"/files/{path=a/**}:get", "/files/a/**:get", 3, "path:1+2"},
        {"/*/x/**", "/*/x/**", 3, ""},
        {"/a-b_c.d~e/$&'()+,;@!", "/a-b_c.d~e/$&'()+,;@!", 2, ""},
        {"/a:b", "/a:b", 1, ""},
        {"/.../a..", "/.../a..", 2, ""},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_buf shape = BS_BUF_INIT(0), variables = BS_BUF_INIT(0);
        struct rpc_http_template template = {0};
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            rpc_http_template_parse(bs_str_from(rows[i].text), arena, &template, &error);
        test_row(rows[i].text, code == BS_OK, "%s", error.message);
        rpc_http_template_shape(&template, &shape);
        for (size_t v = 0; v < template.variables_count; v++)
            bs_buf_printf(&variables, "%s%.*s:%zu+%zu", v > 0 ? " " : "",
                          BS_STR_ARGS(template.variables[v].path), template.variables[v].first,
                          template.variables[v].count);
        test_row(rows[i].text, strcmp(bs_buf_cstr(&shape), rows[i].shape) == 0, "%s",
                 bs_buf_cstr(&shape));
        test_row(rows[i].text, template.segments_count == rows[i].segments, "%zu",
                 template.segments_count);
        test_row(rows[i].text, strcmp(bs_buf_cstr(&variables), rows[i].variables) == 0, "%s",
                 bs_buf_cstr(&variables));
        bs_buf_fini(&shape);
        bs_buf_fini(&variables);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_template__refuses_and_names_the_byte(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "expected \"/\" at its end"},
        {"a", "expected \"/\" at byte 1"},
        {"/", "ends in a slash"},
        {"/a/", "ends in a slash"},
        {"/a//b", "or a literal at byte 4"},
        {"/a b", "expected \"/\", \":\" or the end at byte 3"},
        {"/a%20b", "at byte 3"},
        {"/a?b", "at byte 3"},
        {"/a*", "at byte 3"},
        {"/***", "at byte 4"},
        {"/*a", "at byte 3"},
        {"/\xc3\xa9", "at byte 2"},
        {"/./a", "can never be matched"},
        {"/a/..", "can never be matched"},
        {"/{", "expected a field's name at its end"},
        {"/{}", "expected a field's name at byte 3"},
        {"/{1a}", "expected a field's name at byte 3"},
        {"/{a.}", "expected a field's name at byte 5"},
        {"/{a", "expected \"}\" at its end"},
        {"/{a=}", "or a literal at byte 5"},
        {"/{a=/b}", "or a literal at byte 5"},
        {"/{a=b/}", "or a literal at byte 7"},
        {"/{a={b}}", "variables do not nest"},
        {"/{a}b", "at byte 5"},
        {"/a}", "at byte 3"},
        {"/**/a", "nothing but a verb may follow"},
        {"/**/*", "nothing but a verb may follow"},
        {"/**/{a}", "nothing but a verb may follow"},
        {"/{a=**/b}", "nothing but a verb may follow"},
        {"/{a=**}/{b}", "nothing but a verb may follow"},
        {"/a:", "expected a verb at its end"},
        {"/a:b:c", "at byte 5"},
        {"/a:b/c", "at byte 5"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct rpc_http_template template = {0};
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            rpc_http_template_parse(bs_str_from(rows[i].text), arena, &template, &error);
        test_row(rows[i].text, code == BS_INVALID_ARGUMENT, "%d", (int)code);
        test_row(rows[i].text, strstr(error.message, rows[i].says) != NULL, "%s", error.message);
        test_row(rows[i].text, template.segments == NULL, "written on failure");
        bs_arena_free(arena);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template__reads_segments_variables_and_verb),
        cmocka_unit_test(test_template__refuses_and_names_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
