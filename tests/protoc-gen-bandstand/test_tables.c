/* The generated C at work: tables read as the .proto says, and a call from stub to handler. */

#include "support.h"

#include "base/base.h"
#include "example_concert.rpc.h"
#include "rpc/rpc.h"

static const struct rpc_method *method(const char *name)
{
    const struct rpc_method *found =
        rpc_service_find_method(&example__v1__concert_service__table, bs_str_from(name));
    assert_non_null(found);
    return found;
}

static const struct rpc_field *field(const struct rpc_message *table, const char *name)
{
    for (unsigned i = 0; i < table->descriptor->n_fields; i++) {
        if (strcmp(table->descriptor->fields[i].name, name) == 0)
            return &table->fields[i];
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void test_tables__stand_at_the_index_of_protobuf_c(void **state)
{
    static const struct {
        const char *name, *json_name;
        bool is_map, has_presence, has_message, has_rules;
    } rows[] = {
        {"title", "title", false, false, false, false},
        {"id", "id", false, false, false, false},
        {"state", "state", false, false, false, true},
        {"price_minor", "priceMinor", false, true, false, true},
        {"free", "free", false, true, false, false},
        {"venue", "venue", false, true, true, false},
        {"songs", "songs", true, false, true, true},
        {"subtitle", "subtitle", false, true, true, false},
        {"rating", "rating", false, false, false, true},
        {"tags", "tags", false, false, false, true},
        {"poster", "image", false, false, false, true},
    };
    const struct rpc_message *table = &example__v1__concert__table;
    (void)state;
    assert_int_equal(table->descriptor->n_fields, BS_ARRAY_COUNT(rows));
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const struct rpc_field *got = field(table, rows[i].name);
        test_row(rows[i].name, strcmp(got->json_name, rows[i].json_name) == 0, "%s",
                 got->json_name);
        test_row(rows[i].name, got->is_map == rows[i].is_map, "%d", got->is_map);
        test_row(rows[i].name, got->has_presence == rows[i].has_presence, "%d", got->has_presence);
        test_row(rows[i].name, (got->message != NULL) == rows[i].has_message, "message");
        test_row(rows[i].name, (got->rules != NULL) == rows[i].has_rules, "rules");
    }
    for (unsigned i = 1; i < table->descriptor->n_fields; i++)
        assert_true(strcmp(table->fields[table->fields_by_json_name[i - 1]].json_name,
                           table->fields[table->fields_by_json_name[i]].json_name) < 0);
    test_rows_end();
}

static void test_tables__hold_the_rules_exactly(void **state)
{
    const struct rpc_message *table = &example__v1__concert__table;
    const struct rpc_rules *price = field(table, "price_minor")->rules;
    const struct rpc_rules *rating = field(table, "rating")->rules;
    const struct rpc_rules *tags = field(table, "tags")->rules;
    const struct rpc_rules *seconds = field(&example__v1__concert__song__table, "seconds")->rules;
    const struct rpc_rules *id =
        field(&example__v1__add_concert_to_campaign_request__table, "id")->rules;
    (void)state;
    assert_int_equal(price->set, RPC_RULE_GE | RPC_RULE_LT);
    assert_true(price->ge == 0 && price->lt == 1000000);
    assert_true(rating->number_ge == 0.1 && rating->number_le == 5);
    assert_string_equal(tags->in[1], "pop");
    assert_null(tags->in[2]);
    assert_int_equal(tags->min_items, 1);
    assert_true(seconds->gt == INT64_MIN && seconds->le == INT64_MAX);
    assert_string_equal(id->pattern, "^[a-z]+\\?\"$");
    assert_int_equal(id->max_len, 80);
}

static void test_tables__know_where_rules_are_below(void **state)
{
    (void)state;
    assert_true(example__v1__publish_concert_request__table.has_rules); /* by its venue */
    assert_true(example__v1__list_concerts_response__table.has_rules);
    assert_false(example__v1__now_request__table.has_rules);
    assert_null(example__v1__now_request__table.fields);
}

static void test_methods__hold_kind_access_routes_and_limits(void **state)
{
    const struct rpc_method *add = method("AddConcertToCampaign"), *list = method("ListConcerts");
    (void)state;
    assert_string_equal(add->full_name, "example.v1.ConcertService/AddConcertToCampaign");
    assert_int_equal(add->kind, RPC_UNARY);
    assert_int_equal(add->idempotency, RPC_IDEMPOTENT);
    assert_int_equal(add->access.kind, RPC_ACCESS_RESOURCE);
    assert_string_equal(add->access.resource, "campaign");
    assert_string_equal(add->access.field, "campaign_id");
    assert_string_equal(add->access.roles[1], "editor");
    assert_null(add->access.roles[2]);
    assert_int_equal(add->deadline_ms, 2000);
    assert_int_equal(add->max_request_bytes, 65536);
    assert_int_equal(add->max_response_bytes, 0);
    assert_int_equal(list->http_count, 2);
    assert_string_equal(list->http[0].verb, "GET");
    assert_string_equal(list->http[0].response_body, "concerts");
    assert_string_equal(list->http[1].path, "/api/concerts");
    assert_int_equal(method("PublishConcert")->access.kind, RPC_ACCESS_SIGNED_IN);
    assert_int_equal(method("WatchConcerts")->kind, RPC_SERVER_STREAM);
    assert_int_equal(method("Upload")->kind, RPC_CLIENT_STREAM);
    assert_int_equal(method("Talk")->kind, RPC_BOTH_STREAM);
    assert_string_equal(example__v1__concert_service__table.context_type, "struct world");
    assert_string_equal(example__v1__time_service__table.context_type, "struct clockwork");
}

/* Positions and comments are left out of what protoc wrote, our options are not. */
static void test_files__hold_the_descriptor_with_options(void **state)
{
    const struct rpc_file *file = &example_concert_file;
    struct bs_str bytes = bs_str_make((const char *)file->descriptor, file->descriptor_size);
    (void)state;
    assert_string_equal(file->name, "example_concert.proto");
    assert_string_equal(file->package, "example.v1");
    assert_string_equal(file->dependencies[0]->name, "example_venue.proto");
    assert_ptr_equal(file->dependencies[3], &rpc_v1_options_file);
    assert_null(file->dependencies[4]);
    assert_ptr_equal(file->services[1], &example__v1__time_service__table);
    assert_true(bs_str_find(bytes, BS_STR("/api/{id=concerts/*}:publish")) >= 0);
    assert_true(bs_str_find(bytes, BS_STR("Adds a concert.")) < 0);
}

struct world {
    int calls;
};

static enum bs_code publish(struct world *world, const Example__V1__PublishConcertRequest *request,
                            Example__V1__Concert *response, struct bs_error *error)
{
    (void)error;
    world->calls++;
    response->id = request->id;
    response->free = true;
    response->price_case = EXAMPLE__V1__CONCERT__PRICE_FREE;
    return BS_OK;
}

static void test_adapters__call_the_handler_in_its_types(void **state)
{
    static const struct example__v1__concert_service__server server = {.publish_concert = publish};
    struct world world = {0};
    Example__V1__PublishConcertRequest request;
    Example__V1__Concert response;
    char id[] = "c1";
    (void)state;
    example__v1__publish_concert_request__init(&request);
    example__v1__concert__init(&response);
    request.id = id;
    assert_int_equal(method("PublishConcert")
                         ->invoke(&server, &world, &request.base, &response.base, NULL, NULL),
                     BS_OK);
    assert_int_equal(world.calls, 1);
    assert_string_equal(response.id, "c1");
    assert_true(response.free);
}

static void test_adapters__answer_unimplemented_for_an_empty_slot(void **state)
{
    static const struct example__v1__concert_service__server server = {.publish_concert = publish};
    (void)state;
    for (size_t i = 0; i < example__v1__concert_service__table.methods_count; i++) {
        const struct rpc_method *item = &example__v1__concert_service__table.methods[i];
        struct bs_error error = BS_ERROR_INIT;
        if (strcmp(item->name, "PublishConcert") == 0)
            continue;
        assert_int_equal(item->invoke(&server, NULL, NULL, NULL, NULL, &error), BS_UNIMPLEMENTED);
        assert_non_null(strstr(error.message, item->full_name));
    }
}

static enum bs_code now(struct clockwork *clockwork, const Example__V1__NowRequest *request,
                        Example__V1__NowResponse *response, struct bs_error *error)
{
    static Google__Protobuf__Timestamp instant = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    (void)request;
    (void)error;
    assert_non_null(clockwork);
    instant.seconds = 42;
    response->now = &instant;
    return BS_OK;
}

static void test_stubs__reach_the_handler_through_a_channel(void **state)
{
    static const struct example__v1__time_service__server server = {.now = now};
    Example__V1__NowRequest request = EXAMPLE__V1__NOW_REQUEST__INIT;
    Example__V1__NowResponse *response = NULL;
    int clockwork;
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_dispatcher *dispatcher = rpc_dispatcher_new(NULL);
    struct rpc_channel *channel = rpc_direct_channel_new(dispatcher);
    struct bs_arena *arena = bs_arena_new(0);
    const struct rpc_context_hooks hooks = {.type = "struct clockwork"};
    (void)state;
    rpc_dispatcher_set_context(dispatcher, &hooks);
    assert_int_equal(example__v1__time_service__register(dispatcher, &server, NULL), BS_OK);
    assert_int_equal(rpc_dispatcher_start(dispatcher, NULL), BS_OK);
    options.context = &clockwork;
    assert_int_equal(
        example__v1__time_service__call_now(channel, &options, &request, arena, &response, NULL),
        BS_OK);
    assert_int_equal(response->now->seconds, 42);
    rpc_channel_close(channel);
    bs_arena_free(arena);
    rpc_dispatcher_free(dispatcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables__stand_at_the_index_of_protobuf_c),
        cmocka_unit_test(test_tables__hold_the_rules_exactly),
        cmocka_unit_test(test_tables__know_where_rules_are_below),
        cmocka_unit_test(test_methods__hold_kind_access_routes_and_limits),
        cmocka_unit_test(test_files__hold_the_descriptor_with_options),
        cmocka_unit_test(test_adapters__call_the_handler_in_its_types),
        cmocka_unit_test(test_adapters__answer_unimplemented_for_an_empty_slot),
        cmocka_unit_test(test_stubs__reach_the_handler_through_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
