/* See fixture.h. */

#include "procedures/fixture.h"

#include <jansson.h>

static struct test_world the_world;

static void must(enum bs_code code, const struct bs_error *error)
{
    if (code != BS_OK)
        fail_msg("%s: %s", bs_code_name(code), error->message);
}

struct test_world *test_world(void)
{
    return &the_world;
}

int test_world_setup(void **state)
{
    struct test_world *world = &the_world;
    struct bs_error error = BS_ERROR_INIT;
    world->clock.now_ms = TEST_NOW_MS;
    world->arena = bs_arena_new(0);
    const struct datom_options options = {.clock = bs_clock_of_fixed(&world->clock)};
    world->conn = datom_conn_new_memory(&options);
    const struct universe_options made = {
        .conn = world->conn,
        .clock = bs_clock_of_fixed(&world->clock),
        .public_url = BS_STR("https://bandstand.example"),
        .has_seed = true,
        .seed = 42,
    };
    must(universe_new(&made, &world->universe, &error), &error);
    must(procedures_install_demo(world->universe, &error), &error);
    const struct rpc_dispatcher_options small = {.workers = 2};
    world->dispatcher = rpc_dispatcher_new(&small);
    must(procedures_register(world->dispatcher, world->universe, &error), &error);
    must(rpc_dispatcher_start(world->dispatcher, &error), &error);
    world->channel = rpc_direct_channel_new(world->dispatcher);
    *state = world;
    return 0;
}

int test_world_teardown(void **state)
{
    struct test_world *world = *state;
    rpc_channel_close(world->channel);
    rpc_dispatcher_free(world->dispatcher);
    bs_arena_free(world->arena);
    universe_free(world->universe);
    datom_conn_unref(world->conn);
    return 0;
}

struct universe *test_fork(const struct universe *parent)
{
    struct bs_error error = BS_ERROR_INIT;
    struct universe *fork = NULL;
    must(universe_fork(parent, &fork, &error), &error);
    return fork;
}

static void sign_in(struct universe *call, const char *user)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    if (!user)
        return;
    must(universe_find(call->db, "user/email", edn_string(bs_str_from(user)), &call->caller.user,
                       &error),
         &error);
    assert_true(call->caller.user != DATOM_NO_ID);
    must(universe_get_text(call->db, call->arena, call->caller.user, "user/id",
                           &call->caller.user_id, &error),
         &error);
    must(universe_get(call->db, call->arena, call->caller.user, "user/operator?", &value, &error),
         &error);
    call->caller.is_operator = edn_is_truthy(value);
    call->caller.is_signed_in = true;
}

static void add_metadata(struct rpc_metadata *metadata, const char *lines)
{
    struct bs_str rest = bs_str_from(lines);
    struct bs_str line, key;
    while (bs_str_split(&rest, '\n', &line)) {
        struct bs_error error = BS_ERROR_INIT;
        if (line.len == 0 || !bs_str_split(&line, ':', &key))
            continue;
        must(rpc_metadata_add(metadata, key, line, &error), &error);
    }
}

/* What both kinds of call share. `context` NULL: the dispatcher makes one. */
static struct test_result run(struct universe *context, const char *metadata_lines,
                              const char *name, const char *request_json)
{
    struct test_world *world = &the_world;
    struct test_result result = {.error = BS_ERROR_INIT, .basis_t = -1};
    struct bs_buf json = BS_BUF_INIT(0);
    struct rpc_metadata metadata, trailing;
    ProtobufCMessage *request, *response = NULL;
    const struct rpc_method *method = rpc_dispatcher_find(world->dispatcher, bs_str_from(name));
    if (!method)
        fail_msg("no method %s", name);
    rpc_metadata_init(&metadata, world->arena);
    rpc_metadata_init(&trailing, world->arena);
    add_metadata(&metadata, metadata_lines ? metadata_lines : "");
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    options.metadata = &metadata;
    options.ret_trailing = &trailing;
    options.context = context;
    result.code = rpc_json_parse(method->request, bs_str_from(request_json), 0, world->arena,
                                 &request, &result.error);
    if (result.code == BS_OK)
        result.code = rpc_channel_call(world->channel, method, &options, request, world->arena,
                                       &response, &result.error);
    if (result.code == BS_OK) {
        must(rpc_json_print(method->response, response, RPC_JSON_ZEROS, &json, &result.error),
             &result.error);
        result.json = bs_arena_dup(world->arena, bs_str_make(json.ptr, json.len));
    }
    bs_buf_fini(&json);
    struct bs_str basis_t = rpc_metadata_get(&trailing, BS_STR("basis-t"));
    if (basis_t.ptr)
        assert_true(bs_str_parse_i64(basis_t, &result.basis_t));
    return result;
}

struct test_result test_call(const struct universe *universe, const char *user, const char *method,
                             const char *request_json)
{
    return test_call_within(universe, the_world.arena, user, method, request_json);
}

struct test_result test_call_within(const struct universe *universe, struct bs_arena *arena,
                                    const char *user, const char *method, const char *request_json)
{
    struct universe call;
    universe_begin(universe, arena, &call);
    sign_in(&call, user);
    struct test_result result = run(&call, NULL, method, request_json);
    universe_end(&call);
    return result;
}

struct test_result test_call_with(const struct universe *universe, const char *metadata,
                                  const char *method, const char *request_json)
{
    struct universe call;
    if (!universe)
        return run(NULL, metadata, method, request_json);
    universe_begin(universe, the_world.arena, &call);
    struct test_result result = run(&call, metadata, method, request_json);
    universe_end(&call);
    return result;
}

struct bs_str test_ok(const struct universe *universe, const char *user, const char *method,
                      const char *request_json)
{
    struct test_result result = test_call(universe, user, method, request_json);
    if (result.code != BS_OK)
        fail_msg("%s %s: %s: %s", method, request_json, bs_code_name(result.code),
                 result.error.message);
    return result.json;
}

void test_fails(const struct universe *universe, const char *user, const char *method,
                const char *request_json, enum bs_reason reason)
{
    struct test_result result = test_call(universe, user, method, request_json);
    if (result.code == BS_OK || result.error.reason != reason)
        fail_msg("%s %s: expected %s, got %s: %s", method, request_json, bs_reason_name(reason),
                 result.code == BS_OK ? "OK" : bs_error_reason_name(&result.error),
                 result.error.message);
}

/* ---- JSON ---- */

static const char *misses(const json_t *actual, const json_t *expected, const char *path,
                          struct bs_arena *arena)
{
    const char *name;
    json_t *member;
    if (json_is_object(expected)) {
        json_object_foreach((json_t *)(uintptr_t)expected, name, member)
        {
            const char *inside = bs_arena_printf(arena, "%s.%s", path, name).ptr;
            const char *why = misses(json_object_get(actual, name), member, inside, arena);
            if (why)
                return why;
        }
        return json_is_object(actual) ? NULL : bs_arena_printf(arena, "%s: no object", path).ptr;
    }
    if (json_is_array(expected)) {
        if (json_array_size(actual) != json_array_size(expected))
            return bs_arena_printf(arena, "%s: %zu items, expected %zu", path,
                                   json_array_size(actual), json_array_size(expected))
                .ptr;
        for (size_t i = 0; i < json_array_size(expected); i++) {
            const char *inside = bs_arena_printf(arena, "%s[%zu]", path, i).ptr;
            const char *why =
                misses(json_array_get(actual, i), json_array_get(expected, i), inside, arena);
            if (why)
                return why;
        }
        return NULL;
    }
    if (actual && json_equal(actual, expected))
        return NULL;
    char *is = actual ? json_dumps(actual, JSON_ENCODE_ANY) : NULL;
    char *should = json_dumps(expected, JSON_ENCODE_ANY);
    const char *why =
        bs_arena_printf(arena, "%s: is %s, expected %s", path, is ? is : "missing", should).ptr;
    free(is);
    free(should);
    return why;
}

const char *test_json_misses(struct bs_str json, const char *expected, struct bs_arena *arena)
{
    json_error_t parse_error;
    json_t *wanted = json_loads(expected, 0, &parse_error);
    if (!wanted)
        fail_msg("the expectation is no JSON: %s: %s", parse_error.text, expected);
    json_t *actual = json_loadb(json.ptr ? json.ptr : "", json.len, 0, &parse_error);
    const char *why = actual ? misses(actual, wanted, "$", arena) : "no JSON";
    json_decref(wanted);
    json_decref(actual);
    return why;
}

void test_json_has(struct bs_str json, const char *expected)
{
    const char *why = test_json_misses(json, expected, the_world.arena);
    if (why)
        fail_msg("%s in %.*s", why, BS_STR_ARGS(json));
}

static json_t *walk(struct bs_str json, const char *path, json_t **ret_root)
{
    json_error_t parse_error;
    struct bs_str rest = bs_str_from(path);
    struct bs_str name;
    *ret_root = json_loadb(json.ptr, json.len, 0, &parse_error);
    json_t *at = *ret_root;
    while (at && bs_str_split(&rest, '.', &name)) {
        uint64_t idx;
        at = bs_str_parse_u64(name, &idx)
                 ? json_array_get(at, idx)
                 : json_object_get(at, bs_arena_dup_cstr(the_world.arena, name));
    }
    return at;
}

struct bs_str test_json_text(struct bs_str json, const char *path)
{
    json_t *root;
    const char *text = json_string_value(walk(json, path, &root));
    struct bs_str copy = bs_arena_dup(the_world.arena, bs_str_from(text));
    json_decref(root);
    return copy;
}

size_t test_json_count(struct bs_str json, const char *path)
{
    json_t *root;
    size_t count = json_array_size(walk(json, path, &root));
    json_decref(root);
    return count;
}

size_t test_mails(const struct universe *universe)
{
    struct bs_error error = BS_ERROR_INIT;
    must(universe_deliver_due(universe, NULL, &error), &error);
    return services_mail_double_count(universe_mail_double(universe));
}
