/* Signing in and out, tokens, and what stands before procedures. */

#include "procedures/fixture.h"

#define SIGN_IN "bandstand.v1.AuthService/SignIn"
#define SIGN_OUT "bandstand.v1.AuthService/SignOut"
#define WHO_AM_I "bandstand.v1.AuthService/WhoAmI"
#define LIST "bandstand.v1.CampaignService/ListCampaigns"
#define SEARCH "bandstand.v1.ArtistService/SearchArtists"

static const char good[] =
    "{\"email\": \"Owner@Bandstand.example\", \"password\": \"" PROCEDURES_DEMO_PASSWORD "\"}";

static const char *bearer(struct bs_str signed_in)
{
    return bs_arena_printf(test_world()->arena, "authorization: Bearer %.*s",
                           BS_STR_ARGS(test_json_text(signed_in, "token")))
        .ptr;
}

static void test_sign_in__gives_a_token_that_calls_can_show(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_str signed_in = test_ok(fork, NOBODY, SIGN_IN, good);
        test_json_has(signed_in, "{\"expiresAt\": \"2026-05-15T12:00:00Z\","
                                 "\"user\": {\"name\": \"Olive Owner\"},"
                                 "\"memberships\": [{\"orgId\": \"" PROCEDURES_DEMO_ORG
                                 "\", \"roles\": [\"owner\"]}]}");
        assert_int_equal(test_json_text(signed_in, "token").len, 43);
        struct test_result result = test_call_with(fork, bearer(signed_in), WHO_AM_I, "{}");
        assert_int_equal(result.code, BS_OK);
        test_json_has(result.json, "{\"user\": {\"email\": \"owner@bandstand.example\"}}");
        /* a token of a branch means nothing beside it */
        BRANCH(sibling, world->universe)
        {
            result = test_call_with(sibling, bearer(signed_in), WHO_AM_I, "{}");
            assert_int_equal(result.error.reason, BS_REASON_AUTH_BAD_TOKEN);
        }
    }
}

static void test_sign_in__fails_in_one_way(void **state)
{
    static const char *const rows[] = {
        "{\"email\": \"owner@bandstand.example\", \"password\": \"wrong\"}",
        "{\"email\": \"nobody@bandstand.example\", \"password\": \"bandstand\"}",
        "{\"email\": \"owner@bandstand.example\", \"password\": \"bandstand \"}",
    };
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
            struct test_result result = test_call(fork, NOBODY, SIGN_IN, rows[i]);
            test_row(rows[i], result.error.reason == BS_REASON_AUTH_BAD_CREDENTIALS, "%s",
                     result.error.message);
            test_row(rows[i],
                     strcmp(result.error.message, "the address or the password is wrong") == 0,
                     "%s", result.error.message);
        }
    }
    test_rows_end();
}

static void test_sign_out__ends_the_session_that_it_came_with(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        const char *first = bearer(test_ok(fork, NOBODY, SIGN_IN, good));
        const char *second = bearer(test_ok(fork, NOBODY, SIGN_IN, good));
        assert_int_equal(test_call_with(fork, first, SIGN_OUT, "{}").code, BS_OK);
        assert_int_equal(test_call_with(fork, first, WHO_AM_I, "{}").error.reason,
                         BS_REASON_AUTH_BAD_TOKEN);
        assert_int_equal(test_call_with(fork, second, WHO_AM_I, "{}").code, BS_OK);
    }
}

static void test_session__ends_by_the_universes_time(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        const char *token = bearer(test_ok(fork, NOBODY, SIGN_IN, good));
        universe_set_now_ms(fork, TEST_NOW_MS + 14 * TEST_DAY_MS - 1);
        assert_int_equal(test_call_with(fork, token, WHO_AM_I, "{}").code, BS_OK);
        universe_set_now_ms(fork, TEST_NOW_MS + 14 * TEST_DAY_MS);
        assert_int_equal(test_call_with(fork, token, WHO_AM_I, "{}").error.reason,
                         BS_REASON_AUTH_BAD_TOKEN);
        /* public methods do not mind, and signing in again sweeps up */
        assert_int_equal(test_call_with(fork, token, SEARCH, "{\"query\": \"air\"}").code, BS_OK);
        test_ok(fork, NOBODY, SIGN_IN, good);
        struct universe call;
        struct universe_ids sessions = {.arena = world->arena};
        struct bs_error error = BS_ERROR_INIT;
        datom_id user;
        universe_begin(fork, world->arena, &call);
        assert_int_equal(universe_find(call.db, "user/email", EDN_STRING_LIT(OWNER), &user, &error),
                         BS_OK);
        assert_int_equal(universe_find_referring(call.db, "session/user", user, &sessions, &error),
                         BS_OK);
        universe_end(&call);
        assert_int_equal(sessions.count, 1);
    }
}

static void test_tokens_and_passwords__are_stored_only_hashed(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        struct bs_str token = test_json_text(test_ok(fork, NOBODY, SIGN_IN, good), "token");
        struct bs_str password = BS_STR(PROCEDURES_DEMO_PASSWORD);
        struct datom_db *db = datom_conn_db(fork->conn);
        struct datom_cursor *cursor;
        const struct datom *datoms;
        size_t count, seen = 0;
        const struct datom_range all = {.index = DATOM_EAVT};
        assert_int_equal(datom_cursor_open(db, &all, &cursor, &error), BS_OK);
        do {
            assert_int_equal(datom_cursor_next(cursor, &datoms, &count, &error), BS_OK);
            for (size_t i = 0; i < count; i++) {
                if (datoms[i].v.type != EDN_STRING)
                    continue;
                seen++;
                assert_true(bs_str_find(edn_text_of(datoms[i].v), token) < 0);
                assert_false(bs_str_equal(edn_text_of(datoms[i].v), password));
            }
        } while (count > 0);
        assert_true(seen > 50);
        datom_cursor_free(cursor);
        datom_db_unref(db);
    }
}

static void test_password__hashes_have_a_salt_and_are_checked_whole(void **state)
{
    struct test_world *world = *state;
    struct universe call;
    universe_begin(world->universe, world->arena, &call);
    struct bs_str a = universe_hash_password(&call, BS_STR("secret"));
    struct bs_str b = universe_hash_password(&call, BS_STR("secret"));
    assert_false(bs_str_equal(a, b));
    assert_true(bs_str_starts_with(a, BS_STR("scrypt$14$8$5$")));
    assert_true(universe_check_password(a, BS_STR("secret")));
    assert_true(universe_check_password(b, BS_STR("secret")));
    assert_false(universe_check_password(a, BS_STR("secreT")));
    assert_false(universe_check_password(BS_STR(""), BS_STR("")));
    assert_false(universe_check_password(BS_STR("scrypt$14$8$5$AAAA"), BS_STR("secret")));
    assert_false(universe_check_password(BS_STR("scrypt$63$8$5$AAAA$AAAA"), BS_STR("secret")));
    universe_end(&call);
}

static void test_access__follows_the_newest_memberships(void **state)
{
    struct test_world *world = *state;
    static const char org[] = "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\"}";
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        test_ok(fork, EDITOR, LIST, org);
        test_fails(fork, STRANGER, LIST, org, BS_REASON_ACCESS_DENIED);
        test_fails(fork, EDITOR, LIST, "{\"orgId\": \"ffffffffffffffffffffffff\"}",
                   BS_REASON_ORG_NOT_FOUND);
        BRANCH(dismissed, fork)
        {
            assert_int_equal(datom_transact_text(
                                 dismissed->conn,
                                 BS_STR("[[:db/retractEntity [:membership/key "
                                        "\"55e48200702d070300d32a02|" PROCEDURES_DEMO_ORG "\"]]]"),
                                 NULL, NULL, &error),
                             BS_OK);
            test_fails(dismissed, EDITOR, LIST, org, BS_REASON_ACCESS_DENIED);
        }
        BRANCH(analyst, fork)
        {
            assert_int_equal(
                datom_transact_text(analyst->conn,
                                    BS_STR("[[:db/retract [:membership/key "
                                           "\"55e48200702d070300d32a02|" PROCEDURES_DEMO_ORG
                                           "\"] :membership/roles :editor]"
                                           "[:db/add [:membership/key "
                                           "\"55e48200702d070300d32a02|" PROCEDURES_DEMO_ORG
                                           "\"] :membership/roles :analyst]]"),
                                    NULL, NULL, &error),
                BS_OK);
            test_ok(analyst, EDITOR, LIST, org);
            test_fails(analyst, EDITOR, "bandstand.v1.CampaignService/PublishCampaign",
                       "{\"campaignId\": \"" PROCEDURES_DEMO_DRAFT "\"}", BS_REASON_ACCESS_DENIED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_in__gives_a_token_that_calls_can_show),
        cmocka_unit_test(test_sign_in__fails_in_one_way),
        cmocka_unit_test(test_sign_out__ends_the_session_that_it_came_with),
        cmocka_unit_test(test_session__ends_by_the_universes_time),
        cmocka_unit_test(test_tokens_and_passwords__are_stored_only_hashed),
        cmocka_unit_test(test_password__hashes_have_a_salt_and_are_checked_whole),
        cmocka_unit_test(test_access__follows_the_newest_memberships),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
