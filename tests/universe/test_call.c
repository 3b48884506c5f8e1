/* What a call sees of its universe, and the metadata that chooses what it works on. */

#include "procedures/fixture.h"

#include <pthread.h>

#define ADD "bandstand.v1.ConcertService/AddConcertToCampaign"
#define UPCOMING "bandstand.v1.ConcertService/ListUpcomingConcerts"
#define CREATE "bandstand.v1.CampaignService/CreateCampaign"
#define SUBSCRIBE "bandstand.v1.FanService/Subscribe"
#define SIGN_IN "bandstand.v1.AuthService/SignIn"
#define SEARCH "bandstand.v1.ArtistService/SearchArtists"
#define OF_CAMPAIGN "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\"}"
#define A_CONCERT                                                                                  \
    "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\", \"venueName\": \"Here\","                  \
    " \"time\": \"2026-06-01T18:00:00Z\"}"

/* A world of its own, as these tests write to the dispatcher's own universe. */
static uint64_t basis_of(const struct universe *universe)
{
    struct datom_db *db = datom_conn_db(universe->conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    return t;
}

static const char *token_metadata(const char *more)
{
    struct bs_str signed_in =
        test_call_with(NULL, NULL, SIGN_IN,
                       "{\"email\": \"" OWNER "\", \"password\": \"" PROCEDURES_DEMO_PASSWORD "\"}")
            .json;
    return bs_arena_printf(test_world()->arena, "authorization: Bearer %.*s\n%s",
                           BS_STR_ARGS(test_json_text(signed_in, "token")), more)
        .ptr;
}

/* U-1 */
static void test_db_of_a_call__does_not_see_what_the_call_writes(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        struct universe call;
        struct universe_tx tx;
        struct datom_db *after;
        datom_id e;
        universe_begin(fork, world->arena, &call);
        universe_tx_init(&tx, &call);
        universe_tx_add(&tx, universe_tempid("o"), "org/id", EDN_STRING_LIT("eeee"));
        assert_int_equal(universe_transact(&call, &tx, &after, &error), BS_OK);
        assert_int_equal(universe_find(call.db, "org/id", EDN_STRING_LIT("eeee"), &e, &error),
                         BS_OK);
        assert_true(e == DATOM_NO_ID);
        assert_int_equal(universe_find(after, "org/id", EDN_STRING_LIT("eeee"), &e, &error), BS_OK);
        assert_true(e != DATOM_NO_ID);
        assert_int_equal(call.basis_t, datom_db_basis_t(after));
        universe_end(&call);
    }
}

static void test_transactions__say_who_and_what_and_when(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        struct bs_str procedure;
        struct test_result result = test_call(fork, EDITOR, ADD, A_CONCERT);
        struct datom_db *db = datom_conn_db(fork->conn);
        datom_id tx = datom_t_to_tx((uint64_t)result.basis_t);
        datom_id by;
        int64_t now_ms, seed;
        bool found;
        assert_int_equal(result.basis_t, datom_db_basis_t(db));
        assert_int_equal(universe_get_ref(db, tx, "tx/by", &by, &error), BS_OK);
        assert_int_equal(
            universe_get_text(db, world->arena, tx, "tx/procedure", &procedure, &error), BS_OK);
        assert_str_equals(procedure, ADD);
        assert_int_equal(universe_get_text(db, world->arena, by, "user/email", &procedure, &error),
                         BS_OK);
        assert_str_equals(procedure, EDITOR);
        assert_int_equal(universe_get_long(db, tx, "tx/now", &now_ms, &found, &error), BS_OK);
        assert_int_equal(now_ms, TEST_NOW_MS);
        assert_int_equal(universe_get_long(db, tx, "tx/seed", &seed, &found, &error), BS_OK);
        assert_true(found);
        datom_db_unref(db);
    }
}

static void test_answers__carry_the_basis(void **state)
{
    struct test_world *world = *state;
    const char *metadata = token_metadata("");
    uint64_t before = basis_of(world->universe);
    assert_int_equal(test_call_with(NULL, metadata, UPCOMING, OF_CAMPAIGN).basis_t, before);
    int64_t written = test_call_with(NULL, metadata, ADD, A_CONCERT).basis_t;
    assert_true(written > (int64_t)before);
    assert_int_equal(written, basis_of(world->universe));
}

static void test_dry_run__answers_and_keeps_nothing(void **state)
{
    struct test_world *world = *state;
    const char *metadata = token_metadata("dry-run: true");
    uint64_t before = basis_of(world->universe);
    struct test_result result = test_call_with(NULL, metadata, ADD, A_CONCERT);
    assert_int_equal(result.code, BS_OK);
    test_json_has(result.json, "{\"concert\": {\"venueName\": \"Here\"}}");
    assert_int_equal(result.basis_t, before);
    result = test_call_with(NULL, "dry-run: true", SUBSCRIBE,
                            "{\"slug\": \"ma2x\", \"email\": \"dry@fans.example\"}");
    assert_int_equal(result.code, BS_OK);
    assert_int_equal(basis_of(world->universe), before);
    assert_int_equal(test_mails(world->universe), 0);
    /* the same errors too */
    result = test_call_with(NULL, "dry-run: true", ADD, A_CONCERT);
    assert_int_equal(result.error.reason, BS_REASON_AUTH_NOT_SIGNED_IN);
    result = test_call_with(NULL, "dry-run: perhaps", SEARCH, "{}");
    assert_int_equal(result.error.reason, BS_REASON_RPC_METADATA);
}

static void test_as_of__reads_the_past_but_writes_nothing(void **state)
{
    struct test_world *world = *state;
    uint64_t before = basis_of(world->universe);
    const char *token = token_metadata("");
    size_t count =
        test_json_count(test_call_with(NULL, token, UPCOMING, OF_CAMPAIGN).json, "concerts");
    assert_int_equal(test_call_with(NULL, token, ADD, A_CONCERT).code, BS_OK);
    const char *then =
        bs_arena_printf(world->arena, "%sas-of: %llu", token, (unsigned long long)before).ptr;
    assert_int_equal(
        test_json_count(test_call_with(NULL, token, UPCOMING, OF_CAMPAIGN).json, "concerts"),
        count + 1);
    /* the session is newer than what is asked for: who may ask is decided now */
    assert_int_equal(
        test_json_count(test_call_with(NULL, then, UPCOMING, OF_CAMPAIGN).json, "concerts"), count);
    assert_int_equal(test_call_with(NULL, then, ADD, A_CONCERT).error.reason,
                     BS_REASON_RPC_METADATA);
    assert_int_equal(test_call_with(NULL, "as-of: 999999999", SEARCH, "{}").error.reason,
                     BS_REASON_RPC_METADATA);
}

static void test_min_basis_t__waits_until_the_deadline(void **state)
{
    struct test_world *world = *state;
    const char *reached = bs_arena_printf(world->arena, "min-basis-t: %llu",
                                          (unsigned long long)basis_of(world->universe))
                              .ptr;
    assert_int_equal(test_call_with(NULL, reached, SEARCH, "{}").code, BS_OK);
    assert_int_equal(test_call_with(NULL, "min-basis-t: soon", SEARCH, "{}").error.reason,
                     BS_REASON_RPC_METADATA);
    assert_int_equal(
        test_call_with(NULL, "min-basis-t: 99999999\ndeadline: 20m", SEARCH, "{}").code,
        BS_DEADLINE_EXCEEDED);
}

static void test_metadata_not_built_yet__is_never_ignored(void **state)
{
    (void)state;
    assert_int_equal(test_call_with(NULL, "idempotency-key: a", SEARCH, "{}").code,
                     BS_UNIMPLEMENTED);
}

/* U-2, U-4: the store decides, not what was looked up before. */
struct racer {
    const struct universe *universe;
    const char *method;
    const char *request;
    unsigned ok, refused, other;
};

static void *race(void *self)
{
    struct racer *racer = self;
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    for (size_t i = 0; i < 8; i++) {
        struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
        const struct rpc_method *method =
            rpc_dispatcher_find(test_world()->dispatcher, bs_str_from(racer->method));
        ProtobufCMessage *request, *response;
        struct universe call;
        universe_begin(racer->universe, arena, &call);
        call.caller = (struct universe_caller){
            .is_signed_in = true,
            .session = DATOM_NO_ID,
            .user_id = BS_STR("55e48200702d070300d32a01"),
        };
        options.context = &call;
        enum bs_code code = universe_find(call.db, "user/id", edn_string(call.caller.user_id),
                                          &call.caller.user, &error);
        if (code == BS_OK)
            code = rpc_json_parse(method->request, bs_str_from(racer->request), 0, arena, &request,
                                  &error);
        if (code == BS_OK)
            code = rpc_channel_call(test_world()->channel, method, &options, request, arena,
                                    &response, &error);
        racer->ok += code == BS_OK;
        racer->refused += code == BS_ALREADY_EXISTS;
        racer->other += code != BS_OK && code != BS_ALREADY_EXISTS;
        universe_end(&call);
    }
    bs_arena_free(arena);
    return NULL;
}

#define RACERS 4

static void run_race(const struct universe *universe, const char *method, const char *request,
                     struct racer racers[RACERS])
{
    pthread_t threads[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.universe = universe, .method = method, .request = request};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 1; i < RACERS; i++) {
        racers[0].ok += racers[i].ok;
        racers[0].refused += racers[i].refused;
        racers[0].other += racers[i].other;
    }
}

static void test_races__are_decided_by_the_store(void **state)
{
    struct test_world *world = *state;
    struct racer racers[RACERS];
    BRANCH(fork, world->universe)
    {
        run_race(fork, ADD,
                 "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\", \"venueName\": \"Here\","
                 "\"time\": \"2026-06-01T18:00:00Z\", \"id\": \"abababababababababababab\"}",
                 racers);
        assert_int_equal(racers[0].ok, 1);
        assert_int_equal(racers[0].refused, RACERS * 8 - 1);
        run_race(fork, SUBSCRIBE, "{\"slug\": \"ma2x\", \"email\": \"race@fans.example\"}", racers);
        assert_int_equal(racers[0].ok, RACERS * 8);
        assert_int_equal(test_mails(fork), 1);
        run_race(fork, CREATE,
                 "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\", \"name\": \"R\", \"slug\": \"race\"}",
                 racers);
        assert_int_equal(racers[0].ok, RACERS * 8);
        test_json_has(test_ok(fork, OWNER, CREATE,
                              "{\"orgId\": \"" PROCEDURES_DEMO_ORG
                              "\", \"name\": \"R\", \"slug\": \"race\"}"),
                      "{\"campaign\": {\"slug\": \"race-32\"}}");
    }
}

static void test_demo_and_schema__add_nothing_the_second_time(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        uint64_t before = basis_of(fork);
        universe_set_now_ms(fork, TEST_NOW_MS + 5 * TEST_DAY_MS);
        assert_int_equal(procedures_install_demo(fork, &error), BS_OK);
        assert_int_equal(basis_of(fork), before);
        assert_int_equal(
            datom_transact_text(
                fork->conn,
                BS_STR("[[:db/retractEntity [:concert/id \"570a1d00702d070300d31004\"]]]"), NULL,
                NULL, &error),
            BS_OK);
        assert_int_equal(procedures_install_demo(fork, &error), BS_OK);
        test_json_has(test_ok(fork, OWNER, UPCOMING, OF_CAMPAIGN),
                      "{\"concerts\": [{\"venueName\": \"Le Transbordeur, Lyon\"},"
                      "{\"venueName\": \"L'Olympia, Paris\"}]}");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_db_of_a_call__does_not_see_what_the_call_writes),
        cmocka_unit_test(test_transactions__say_who_and_what_and_when),
        cmocka_unit_test(test_races__are_decided_by_the_store),
        cmocka_unit_test(test_demo_and_schema__add_nothing_the_second_time),
        cmocka_unit_test(test_answers__carry_the_basis),
        cmocka_unit_test(test_dry_run__answers_and_keeps_nothing),
        cmocka_unit_test(test_as_of__reads_the_past_but_writes_nothing),
        cmocka_unit_test(test_min_basis_t__waits_until_the_deadline),
        cmocka_unit_test(test_metadata_not_built_yet__is_never_ignored),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
