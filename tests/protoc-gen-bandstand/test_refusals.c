/* Protos that the generator refuses: what it says, and of which line. */

#include "support.h"

#include "protoc.h"

/* Before each row's text, which therefore begins at line 4. */
#define HEAD                                                                                       \
    "syntax = \"proto3\"; package bad.v1;\n"                                                       \
    "import \"rpc/v1/options.proto\"; import \"google/protobuf/timestamp.proto\";\n"               \
    "import \"google/protobuf/struct.proto\"; import \"google/protobuf/descriptor.proto\";\n"

/* A request, and a service whose one method has these options at line 10. */
#define METHOD(options)                                                                            \
    "message Q {\n"                                                                                \
    "  string id = 1; Inner inner = 2; repeated string tags = 3; Inner other = 4;\n"               \
    "  google.protobuf.Timestamp at = 5; int32 n = 6;\n"                                           \
    "}\n"                                                                                          \
    "message Inner { string id = 1; }  message R { string id = 1; }\n"                             \
    "service S {  rpc Get(Q) returns (R) {\n" options "\n"                                         \
    "} }\n"
#define PUBLIC "option (rpc.v1.access) = { public: true };"
#define HTTP(rule) METHOD(PUBLIC " option (rpc.v1.http) = { " rule " };")
#define RULE(type, rules) "message M {\n  " type " f = 1 [(rpc.v1.rules) = { " rules " }];\n}\n"

static const struct {
    const char *name, *text, *says;
} rows[] = {
    {"no access rule", METHOD(""),
     "bad.proto:9: bad.v1.S/Get: has no access rule; expected option (access) = "},
    {"two access rules",
     METHOD("option (rpc.v1.access).public = true; option (rpc.v1.access).signed_in = true;"),
     "bad.proto:10: bad.v1.S/Get: its access rule says several of public, signed_in, resource"},
    {"an end of a range that is no number", RULE("double", "number_le: inf"),
     "bad.proto:5: bad.v1.M.f: an end of its range is no finite number"},
    {"empty access rule", METHOD("option (rpc.v1.access) = {};"),
     "bad.proto:10: bad.v1.S/Get: its access rule says none of public, signed_in, resource"},
    {"access rule that says false", METHOD("option (rpc.v1.access) = { public: false };"),
     "bad.proto:10: bad.v1.S/Get: its access rule says false"},
    {"access by an unknown field",
     METHOD("option (rpc.v1.access) = { resource: { kind: \"org\" field: \"inner.idd\" } };"),
     "bad.proto:10: bad.v1.S/Get: path \"inner.idd\": bad.v1.Inner has no field \"idd\"; did you "
     "mean \"id\"?"},
    {"access by a number",
     METHOD("option (rpc.v1.access) = { resource: { kind: \"org\" field: \"n\" } };"),
     "bad.proto:10: bad.v1.S/Get: its access rule names bad.v1.Q.n, which is no single string"},
    {"access by a list",
     METHOD("option (rpc.v1.access) = { resource: { kind: \"org\" field: \"tags\" } };"),
     "names bad.v1.Q.tags, which is no single string"},
    {"access into a list",
     METHOD("option (rpc.v1.access) = { resource: { kind: \"org\" field: \"tags.id\" } };"),
     "path \"tags.id\": bad.v1.Q.tags is no single message"},
    {"access by a field of requests that stream",
     "message Q { string id = 1; }\nservice S {\n  rpc Put(stream Q) returns (Q) {\n"
     "    option (rpc.v1.access) = { resource: { kind: \"org\" field: \"id\" } };\n  }\n}\n",
     "bad.proto:7: bad.v1.S/Put: its access rule names a field of the request, but requests "
     "stream"},
    {"http rule without a path", HTTP("body: \"*\""),
     "bad.proto:10: bad.v1.S/Get: its http rule has no path"},
    {"template without a slash", HTTP("get: \"api\""),
     "bad.proto:10: bad.v1.S/Get: template \"api\": expected \"/\" at byte 1"},
    {"template with a trailing slash", HTTP("post: \"/api/\" body: \"*\""), "ends in a slash"},
    {"variable inside a variable", HTTP("post: \"/{id={n}}\" body: \"*\""),
     "variables do not nest"},
    {"something after two stars", HTTP("post: \"/{id=**}/x\" body: \"*\""),
     "nothing but a verb may follow \"**\""},
    {"path binds an unknown field", HTTP("post: \"/{idd}\" body: \"*\""),
     "bad.proto:10: bad.v1.S/Get: path \"idd\": bad.v1.Q has no field \"idd\"; did you mean"},
    {"path binds a list", HTTP("post: \"/{tags}\" body: \"*\""),
     "binds bad.v1.Q.tags, which is no single scalar"},
    {"path binds a message", HTTP("post: \"/{inner}\" body: \"*\""), "is no single scalar"},
    {"path binds a timestamp", HTTP("post: \"/{at}\" body: \"*\""), "is no single scalar"},
    {"path enters a timestamp", HTTP("post: \"/{at.seconds}\" body: \"*\""),
     "bad.v1.Q.at is no single message"},
    {"path binds a field twice", HTTP("post: \"/{id}/{id}\" body: \"*\""),
     "binds bad.v1.Q.id twice"},
    {"path binds a nested field twice", HTTP("post: \"/{inner.id}/{inner.id}\" body: \"*\""),
     "binds bad.v1.Inner.id twice"},
    {"GET with a body", HTTP("get: \"/x\" body: \"*\""), "GET has no body"},
    {"DELETE with a body", HTTP("delete: \"/x\" body: \"inner\""), "DELETE has no body"},
    {"body that is no field", HTTP("post: \"/x\" body: \"nothing\""),
     "body \"nothing\": bad.v1.Q has no such field"},
    {"body that the path binds", HTTP("post: \"/{inner.id}\" body: \"inner\""),
     "body names bad.v1.Q.inner, which the path binds"},
    {"response_body that is no field", HTTP("get: \"/x\" response_body: \"n\""),
     "response_body \"n\": bad.v1.R has no such field"},
    {"bindings inside bindings",
     HTTP("get: \"/x\" additional_bindings: { get: \"/y\" additional_bindings: { get: \"/z\" } }"),
     "additional_bindings inside additional_bindings"},
    {"the same route twice", HTTP("get: \"/x/{id}\" additional_bindings: { get: \"/x/{n}\" }"),
     "bad.proto:10: bad.v1.S/Get: GET \"/x/{n}\" matches what \"/x/{id}\" of bad.v1.S/Get "
     "(bad.proto:10) matches"},
    {"requests that stream over HTTP",
     "message Q {}\nservice S {\n  rpc Put(stream Q) returns (Q) {\n    " PUBLIC
     "\n    option (rpc.v1.http) = { post: \"/x\" body: \"*\" };\n  }\n}\n",
     "bad.proto:8: bad.v1.S/Put: requests that stream have no HTTP form"},
    {"a map in the query",
     "message Q { map<string, string> m = 1; }\nservice S {\n  rpc Get(Q) returns (Q) {\n   "
     " " PUBLIC "\n    option (rpc.v1.http) = { get: \"/x\" };\n  }\n}\n",
     "bad.proto:8: bad.v1.S/Get: bad.v1.Q.m can't come from the query (a map)"},
    {"a list of messages in the query",
     "message Q { repeated Q2 m = 1; } message Q2 {}\nservice S {\n  rpc Get(Q) returns (Q) {\n"
     "    " PUBLIC "\n    option (rpc.v1.http) = { get: \"/x\" };\n  }\n}\n",
     "can't come from the query (a list of messages)"},
    {"a Struct in the query",
     "message Q { google.protobuf.Struct m = 1; }\nservice S {\n  rpc Get(Q) returns (Q) {\n"
     "    " PUBLIC "\n    option (rpc.v1.http) = { get: \"/x\" };\n  }\n}\n",
     "can't come from the query (google.protobuf.Struct)"},
    {"min_len of a number", RULE("int32", "min_len: 1"),
     "bad.proto:5: bad.v1.M.f: rule min_len does not fit its type; expected a string"},
    {"ge of a string", RULE("string", "ge: 1"),
     "bad.proto:5: bad.v1.M.f: rule ge does not fit its type; expected an integer"},
    {"ge of a double", RULE("double", "ge: 1"), "expected an integer"},
    {"number_ge of an integer", RULE("int64", "number_ge: 1"), "expected a float or double"},
    {"items of a single field", RULE("string", "min_items: 1"), "expected a list or map"},
    {"a format of bytes", RULE("bytes", "format: FORMAT_SLUG"), "expected a string"},
    {"in of a bool", RULE("bool", "in: \"x\""), "expected a string"},
    {"defined_only of a string", RULE("string", "defined_only: true"), "expected an enum"},
    {"rules of a map's value", RULE("map<string, int32>", "max_len: 1"), "expected a string"},
    {"a bad pattern", RULE("string", "pattern: \"(\""),
     "bad.proto:5: bad.v1.M.f: pattern \"(\" is no POSIX extended regular expression"},
    {"a format that is none", RULE("string", "format: FORMAT_UNSPECIFIED"), "format 0 is none"},
    {"an empty range", RULE("int32", "ge: 3 le: 2"), "the least is above the greatest"},
    {"two lower ends", RULE("int32", "ge: 3 gt: 2"), "two rules for one end of a range"},
    {"a rule set part by part", "message M {\n  int32 f = 1 [(rpc.v1.rules).max_len = 3];\n}\n",
     "bad.proto:5: bad.v1.M.f: rule max_len"},
    {"a rule in a nested message",
     "message A {\n  message B {\n    int32 f = 1 [(rpc.v1.rules) = { max_len: 3 }];\n  }\n}\n",
     "bad.proto:6: bad.v1.A.B.f: rule max_len"},
    {"a message in itself", "message M {\n  string a = 1;\n  M m = 2;\n}\n",
     "bad.proto:6: bad.v1.M.m: makes bad.v1.M recursive"},
    {"a message in itself by a list and a map",
     "message A { repeated B b = 1; }\nmessage B {\n  map<string, A> a = 1;\n}\n",
     "bad.proto:6: bad.v1.B.a: makes bad.v1.B recursive"},
    {"optional", "message M {\n  optional string a = 1;\n}\n",
     "bad.proto:5: bad.v1.M.a: proto3 \"optional\" is not to be had with protobuf-c"},
    {"a proto2 message", "message M {\n  rpc.v1.Access a = 1;\n}\n",
     "bad.proto:5: bad.v1.M.a: rpc.v1.Access is a proto2 message"},
    {"an unknown method option",
     "extend google.protobuf.MethodOptions { string mine = 50001; }\nmessage Q {}\n"
     "service S { rpc Get(Q) returns (Q) {\n    " PUBLIC "\n    option (mine) = \"x\";\n } }\n",
     "bad.proto:8: bad.v1.S/Get: unknown option, number 50001"},
    {"an unknown field option",
     "extend google.protobuf.FieldOptions { string mine = 50001; }\n"
     "message Q {\n  string a = 1 [(mine) = \"x\"];\n}\n",
     "bad.proto:6: bad.v1.Q.a: unknown option, number 50001"},
    {"an unknown file option",
     "extend google.protobuf.FileOptions { string mine = 50001; }\noption (mine) = \"x\";\n",
     "bad.proto:5: bad.proto: unknown option, number 50001"},
    {"an unknown option of an enum's value",
     "extend google.protobuf.EnumValueOptions { string mine = 50001; }\nenum E {\n"
     "  E_A = 0 [(mine) = \"x\"];\n}\n",
     "bad.proto:6: bad.v1.E: unknown option, number 50001"},
    {"JSON names that meet",
     "message M {\n  string a = 1;\n  string b = 2 [json_name = \"a\"];\n}\n",
     "bad.proto:6: bad.v1.M.b: its JSON name \"a\" meets a name of field a"},
    {"a method that is a keyword",
     "message Q {}\nservice S {\n  rpc Register(Q) returns (Q) { " PUBLIC " }\n}\n",
     "bad.proto:6: bad.v1.S/Register: \"register\" can't be a name in C"},
    {"a method whose stub another method is",
     "message Q {}\nservice S {\n  rpc Get(Q) returns (Q) { " PUBLIC " }\n"
     "  rpc CallGet(Q) returns (Q) { " PUBLIC " }\n}\n",
     "bad.proto:7: bad.v1.S/CallGet: its C name \"call_get\" meets one of Get"},
    {"a context that is no type",
     "option (rpc.v1.context) = \"universe\";\nmessage Q {}\nservice S {\n}\n",
     "bad.proto:6: bad.v1.S: takes context \"universe\"; expected \"struct NAME\""},
};

static void test_generator__refuses_and_names_the_line(void **state)
{
    struct protoc protoc;
    (void)state;
    protoc_init(&protoc);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_buf text = BS_BUF_INIT(0);
        int status;
        bs_buf_append_cstr(&text, HEAD);
        bs_buf_append_cstr(&text, rows[i].text);
        protoc_write(&protoc, "bad.proto", bs_buf_cstr(&text));
        status = protoc_run(&protoc, "c", "bad.proto");
        test_row(rows[i].name, status == 1, "exit %d", status);
        test_row(rows[i].name,
                 bs_str_find(bs_buf_str(&protoc.says), bs_str_from(rows[i].says)) >= 0, "says: %s",
                 bs_buf_cstr(&protoc.says));
        bs_buf_fini(&text);
    }
    protoc_fini(&protoc);
    test_rows_end();
}

static void test_generator__tells_all_that_is_wrong_at_once(void **state)
{
    struct protoc protoc;
    (void)state;
    protoc_init(&protoc);
    protoc_write(&protoc, "bad.proto",
                 HEAD "message M {\n  M m = 1;\n  optional string a = 2;\n}\n"
                      "service S {\n  rpc Get(M) returns (M);\n}\n");
    assert_int_equal(protoc_run(&protoc, "c", "bad.proto"), 1);
    assert_true(bs_str_find(bs_buf_str(&protoc.says), BS_STR("bad.proto:5: bad.v1.M.m")) >= 0);
    assert_true(bs_str_find(bs_buf_str(&protoc.says), BS_STR("bad.proto:6: bad.v1.M.a")) >= 0);
    assert_true(bs_str_find(bs_buf_str(&protoc.says), BS_STR("bad.proto:9: bad.v1.S/Get")) >= 0);
    protoc_fini(&protoc);
}

static void test_generator__refuses_the_same_route_in_two_files(void **state)
{
    struct protoc protoc;
    (void)state;
    protoc_init(&protoc);
    protoc_write(&protoc, "one.proto", HEAD HTTP("get: \"/x/{id}\""));
    protoc_write(&protoc, "two.proto",
                 "syntax = \"proto3\"; package other.v1;\nimport \"rpc/v1/options.proto\";\n"
                 "message Q { string a = 1; }\nservice T {\n  rpc Get(Q) returns (Q) {\n    " PUBLIC
                 "\n    option (rpc.v1.http) = { get: \"/x/{a}\" };\n  }\n}\n");
    assert_int_equal(protoc_run(&protoc, "c", "one.proto two.proto"), 1);
    assert_true(bs_str_find(bs_buf_str(&protoc.says),
                            BS_STR("two.proto:7: other.v1.T/Get: GET \"/x/{a}\" matches what "
                                   "\"/x/{id}\" of bad.v1.S/Get (one.proto:10) matches")) >= 0);
    protoc_fini(&protoc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator__refuses_and_names_the_line),
        cmocka_unit_test(test_generator__tells_all_that_is_wrong_at_once),
        cmocka_unit_test(test_generator__refuses_the_same_route_in_two_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
