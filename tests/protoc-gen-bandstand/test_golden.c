/* What the generator writes for tests/protoc-gen-bandstand/good, byte by byte. Golden files end in
 * .txt, so that nothing takes them for code of ours. */

#include "support.h"

#include "protoc.h"
#include "support/golden.h"

static int setup(void **state)
{
    static struct protoc protoc;
    protoc_init(&protoc);
    *state = &protoc;
    return 0;
}

static int teardown(void **state)
{
    protoc_fini((struct protoc *)*state);
    return 0;
}

static void check(struct protoc *protoc, const char *parameter, const char *const *names)
{
    int status = protoc_run(protoc, parameter,
                            "example_venue.proto example_concert.proto rpc/v1/status.proto");
    if (status != 0)
        fail_msg("protoc exits %d: %s", status, bs_buf_cstr(&protoc->says));
    for (size_t i = 0; names[i]; i++) {
        struct bs_buf text = BS_BUF_INIT(0);
        char golden[128];
        protoc_read(protoc, names[i], &text);
        snprintf(golden, sizeof(golden), "generator/%s.txt", names[i]);
        golden_check(golden, bs_buf_str(&text));
        bs_buf_fini(&text);
    }
}

static void test_generator__writes_tables_servers_and_stubs(void **state)
{
    check((struct protoc *)*state, "c",
          (const char *const[]){"example_concert.rpc.h", "example_concert.rpc.c",
                                "example_venue.rpc.h", "example_venue.rpc.c", NULL});
}

static void test_generator__writes_a_javascript_client_for_a_package(void **state)
{
    check((struct protoc *)*state, "js", (const char *const[]){"example.v1.js", NULL});
}

static void test_generator__writes_one_openapi_document_and_its_bytes(void **state)
{
    check((struct protoc *)*state, "openapi",
          (const char *const[]){"openapi.json", "openapi.h", NULL});
}

static void test_generator__refuses_an_unknown_parameter(void **state)
{
    struct protoc *protoc = (struct protoc *)*state;
    assert_int_equal(protoc_run(protoc, "cobol", "example_venue.proto"), 1);
    assert_true(bs_str_find(bs_buf_str(&protoc->says),
                            BS_STR("unknown parameter \"cobol\"; expected c, js or openapi")) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_generator__writes_tables_servers_and_stubs, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_generator__writes_a_javascript_client_for_a_package,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_generator__writes_one_openapi_document_and_its_bytes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_generator__refuses_an_unknown_parameter, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
