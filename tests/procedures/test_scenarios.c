/* Trees of what may happen, from one starting universe. */

#include "procedures/fixture.h"

#define ADD "bandstand.v1.ConcertService/AddConcertToCampaign"
#define PAST "bandstand.v1.ConcertService/ListPastConcerts"
#define UPCOMING "bandstand.v1.ConcertService/ListUpcomingConcerts"
#define SUBSCRIBE "bandstand.v1.FanService/Subscribe"
#define CONFIRM "bandstand.v1.FanService/ConfirmSubscription"
#define GET_CAMPAIGN "bandstand.v1.CampaignService/GetCampaign"
#define CREATE "bandstand.v1.CampaignService/CreateCampaign"
#define PUBLISH "bandstand.v1.CampaignService/PublishCampaign"
#define PUBLIC "bandstand.v1.CampaignService/GetPublicCampaign"

#define OF_CAMPAIGN "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\"}"
#define ONE_CONCERT                                                                                \
    "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\", \"id\": \"aaaaaaaaaaaaaaaaaaaaaaaa\","     \
    " \"venueName\": \"Le Trianon, Paris\", \"time\": \"2026-05-03T18:00:00Z\"}"

static void test_concerts__are_past_or_upcoming_by_the_universes_now(void **state)
{
    struct test_world *world = *state;
    BRANCH(start, world->universe)
    {
        assert_int_equal(test_json_count(test_ok(start, OWNER, PAST, OF_CAMPAIGN), "concerts"), 2);
        BRANCH(added, start)
        {
            struct bs_str concert = test_ok(added, EDITOR, ADD, ONE_CONCERT);
            test_json_has(concert, "{\"concert\": {\"id\": \"aaaaaaaaaaaaaaaaaaaaaaaa\","
                                   "\"venueName\": \"Le Trianon, Paris\","
                                   "\"time\": \"2026-05-03T18:00:00Z\"}}");
            test_json_has(test_ok(added, OWNER, UPCOMING, OF_CAMPAIGN),
                          "{\"concerts\": [{\"venueName\": \"Le Trianon, Paris\"},"
                          "{\"venueName\": \"Le Transbordeur, Lyon\"},"
                          "{\"venueName\": \"L'Olympia, Paris\"}]}");
            BRANCH(later, added)
            {
                universe_set_now_ms(later, TEST_NOW_MS + 3 * TEST_DAY_MS);
                test_json_has(test_ok(later, OWNER, PAST, OF_CAMPAIGN),
                              "{\"concerts\": [{\"venueName\": \"Le Trianon, Paris\"},"
                              "{\"venueName\": \"La Cigale, Paris\"},"
                              "{\"venueName\": \"Le Bikini, Toulouse\"}]}");
                BRANCH(much_later, later)
                {
                    universe_set_now_ms(much_later, TEST_NOW_MS + 400 * TEST_DAY_MS);
                    assert_int_equal(
                        test_json_count(test_ok(much_later, OWNER, UPCOMING, OF_CAMPAIGN),
                                        "concerts"),
                        0);
                }
                assert_int_equal(
                    test_json_count(test_ok(later, OWNER, UPCOMING, OF_CAMPAIGN), "concerts"), 2);
            }
            assert_int_equal(test_json_count(test_ok(added, OWNER, PAST, OF_CAMPAIGN), "concerts"),
                             2);
        }
        assert_int_equal(test_json_count(test_ok(start, OWNER, UPCOMING, OF_CAMPAIGN), "concerts"),
                         2);
    }
}

static void test_add_concert__is_for_those_who_may(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        test_fails(fork, NOBODY, ADD, ONE_CONCERT, BS_REASON_AUTH_NOT_SIGNED_IN);
        test_fails(fork, STRANGER, ADD, ONE_CONCERT, BS_REASON_ACCESS_DENIED);
        test_fails(fork, STRANGER, UPCOMING, OF_CAMPAIGN, BS_REASON_ACCESS_DENIED);
        test_fails(fork, OWNER, UPCOMING, "{\"campaignId\": \"ffffffffffffffffffffffff\"}",
                   BS_REASON_CAMPAIGN_NOT_FOUND);
        test_ok(fork, EDITOR, ADD, ONE_CONCERT);
    }
}

static void test_add_concert__never_touches_an_id_that_is_taken(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        test_ok(fork, OWNER, ADD, ONE_CONCERT);
        test_fails(fork, OWNER, ADD, ONE_CONCERT, BS_REASON_CONCERT_ID_TAKEN);
        test_fails(fork, STRANGER, ADD,
                   "{\"campaignId\": \"" PROCEDURES_DEMO_OTHER_CAMPAIGN
                   "\", \"id\": \"aaaaaaaaaaaaaaaaaaaaaaaa\", \"venueName\": \"Mine\","
                   "\"time\": \"2026-06-01T18:00:00Z\"}",
                   BS_REASON_CONCERT_ID_TAKEN);
        test_json_has(test_ok(fork, OWNER, UPCOMING, OF_CAMPAIGN),
                      "{\"concerts\": [{\"id\": \"aaaaaaaaaaaaaaaaaaaaaaaa\","
                      "\"venueName\": \"Le Trianon, Paris\"}, {}, {}]}");
    }
}

static void test_add_concert__gives_an_id_where_the_client_has_none(void **state)
{
    struct test_world *world = *state;
    static const char request[] =
        "{\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\", \"venueName\": \" Somewhere \","
        "\"time\": \"2026-06-01T18:00:00.5Z\"}";
    struct bs_str first, second;
    BRANCH(fork, world->universe)
    {
        first = test_json_text(test_ok(fork, OWNER, ADD, request), "concert.id");
        second = test_json_text(test_ok(fork, OWNER, ADD, request), "concert.id");
        assert_int_equal(first.len, 24);
        assert_int_equal(second.len, 24);
        assert_false(bs_str_equal(first, second));
        test_json_has(test_ok(fork, OWNER, UPCOMING, OF_CAMPAIGN),
                      "{\"concerts\": [{}, {}, {\"venueName\": \"Somewhere\","
                      "\"time\": \"2026-06-01T18:00:00.500Z\"}, {}]}");
    }
}

static const char a_fan[] = "{\"slug\": \"ma2x\", \"email\": \" Zoe@Fans.Example\","
                            " \"name\": \"Zoe\"}";

static struct bs_str token_of_mail(const struct universe *universe, size_t idx)
{
    struct services_mail_record record;
    struct bs_str key = BS_STR("?confirm=");
    assert_true(
        services_mail_double_at(universe_mail_double(universe), idx, test_world()->arena, &record));
    ptrdiff_t at = bs_str_find(record.message.text, key);
    assert_true(at > 0);
    struct bs_str rest = bs_str_from_offset(record.message.text, (size_t)at + key.len);
    struct bs_str token;
    assert_true(bs_str_split(&rest, '\n', &token));
    return token;
}

static void test_subscribe__counts_a_fan_once_and_sends_one_mail(void **state)
{
    struct test_world *world = *state;
    BRANCH(start, world->universe)
    {
        BRANCH(signed_up, start)
        {
            test_json_has(
                test_ok(signed_up, NOBODY, SUBSCRIBE,
                        "{\"slug\": \"ma2x\", \"email\": \"Zoe@Fans.Example\"}"),
                "{\"email\": \"zoe@fans.example\", \"campaignName\": \"MA2X, the tour\"}");
            test_json_has(test_ok(signed_up, NOBODY, SUBSCRIBE,
                                  "{\"slug\": \"ma2x\", \"email\": \"zoe@fans.example\"}"),
                          "{\"email\": \"zoe@fans.example\"}");
            assert_int_equal(test_mails(signed_up), 1);
            test_json_has(test_ok(signed_up, OWNER, GET_CAMPAIGN, OF_CAMPAIGN),
                          "{\"campaign\": {\"fansCount\": \"4\", \"confirmedFansCount\": \"2\"}}");
            BRANCH(confirmed, signed_up)
            {
                struct bs_str token = token_of_mail(signed_up, 0);
                const char *request =
                    bs_arena_printf(world->arena, "{\"token\": \"%.*s\"}", BS_STR_ARGS(token)).ptr;
                test_json_has(test_ok(confirmed, NOBODY, CONFIRM, request), "{\"slug\": \"ma2x\"}");
                test_ok(confirmed, NOBODY, CONFIRM, request);
                test_json_has(test_ok(confirmed, OWNER, GET_CAMPAIGN, OF_CAMPAIGN),
                              "{\"campaign\": {\"fansCount\": \"4\","
                              "\"confirmedFansCount\": \"3\"}}");
            }
            test_fails(signed_up, NOBODY, CONFIRM, "{\"token\": \"guessed\"}",
                       BS_REASON_SUBSCRIPTION_NOT_FOUND);
        }
        BRANCH(other_campaign, start)
        {
            test_ok(other_campaign, NOBODY, SUBSCRIBE,
                    "{\"slug\": \"elsewhere\", \"email\": \"zoe@fans.example\"}");
            assert_int_equal(test_mails(other_campaign), 1);
        }
        test_fails(start, NOBODY, SUBSCRIBE,
                   "{\"slug\": \"ma2x-1\", \"email\": \"zoe@fans.example\"}",
                   BS_REASON_CAMPAIGN_NOT_FOUND);
        test_fails(start, NOBODY, SUBSCRIBE, a_fan, BS_REASON_RPC_VALIDATION);
        assert_int_equal(test_mails(start), 0);
        test_json_has(test_ok(start, OWNER, GET_CAMPAIGN, OF_CAMPAIGN),
                      "{\"campaign\": {\"fansCount\": \"3\"}}");
    }
}

static void test_campaigns__are_made_published_and_seen(void **state)
{
    struct test_world *world = *state;
    static const char request[] =
        "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\", \"name\": \"Ma2x, again\","
        "\"slug\": \"ma2x\", \"id\": \"bbbbbbbbbbbbbbbbbbbbbbbb\","
        "\"artistId\": \"0d2f1f4e-8a5b-4c3a-9d3e-2f6a4b7c8d90\"}";
    static const char id[] = "{\"campaignId\": \"bbbbbbbbbbbbbbbbbbbbbbbb\"}";
    BRANCH(fork, world->universe)
    {
        test_json_has(
            test_ok(fork, EDITOR, CREATE, request),
            "{\"campaign\": {\"slug\": \"ma2x-2\", \"status\": \"CAMPAIGN_STATUS_DRAFT\","
            "\"landingPath\": \"/campaign/ma2x-2/landing\","
            "\"artist\": {\"name\": \"MA2X\"}, \"createdAt\": \"2026-05-01T12:00:00Z\"}}");
        test_fails(fork, EDITOR, CREATE, request, BS_REASON_CAMPAIGN_ID_TAKEN);
        test_fails(fork, STRANGER, CREATE, request, BS_REASON_ACCESS_DENIED);
        test_fails(fork, NOBODY, PUBLIC, "{\"slug\": \"ma2x-2\"}", BS_REASON_CAMPAIGN_NOT_FOUND);
        BRANCH(published, fork)
        {
            universe_set_now_ms(published, TEST_NOW_MS + 1000);
            test_json_has(test_ok(published, OWNER, PUBLISH, id),
                          "{\"campaign\": {\"status\": \"CAMPAIGN_STATUS_LIVE\","
                          "\"publishedAt\": \"2026-05-01T12:00:01Z\"}}");
            universe_set_now_ms(published, TEST_NOW_MS + 2000);
            test_json_has(test_ok(published, OWNER, PUBLISH, id),
                          "{\"campaign\": {\"publishedAt\": \"2026-05-01T12:00:01Z\"}}");
            test_json_has(test_ok(published, NOBODY, PUBLIC, "{\"slug\": \"ma2x-2\"}"),
                          "{\"campaign\": {\"name\": \"Ma2x, again\","
                          "\"orgName\": \"Bandstand Records\", \"concerts\": []}}");
        }
        test_fails(fork, NOBODY, PUBLIC, "{\"slug\": \"ma2x-2\"}", BS_REASON_CAMPAIGN_NOT_FOUND);
    }
}

static void test_slugs__are_numbered_and_never_meet(void **state)
{
    static const struct {
        const char *name, *slug, *expected;
    } rows[] = {
        {"MA2X, la tourn\xc3\xa9"
         "e",
         "", "ma2x-la-tournee"},
        {"MA2X, la tourn\xc3\xa9"
         "e",
         "", "ma2x-la-tournee-1"},
        {"Third", "ma2x", "ma2x-2"},
        {"Looks numbered", "ma2x-1", "ma2x--1"},
        {"Looks numbered", "ma2x-1", "ma2x--1-1"},
        {"Tour 2026", "", "tour--2026"},
        {"1999", "", "1999"},
        {"!!!", "", "campaign"},
        {"\xe6\x9d\xb1\xe4\xba\xac", "", "campaign-1"},
    };
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
            const char *request = bs_arena_printf(world->arena,
                                                  "{\"orgId\": \"" PROCEDURES_DEMO_ORG
                                                  "\", \"name\": \"%s\", \"slug\": \"%s\"}",
                                                  rows[i].name, rows[i].slug)
                                      .ptr;
            struct bs_str slug =
                test_json_text(test_ok(fork, OWNER, CREATE, request), "campaign.slug");
            test_row(rows[i].name, bs_str_equals(slug, rows[i].expected), "got %.*s",
                     BS_STR_ARGS(slug));
        }
    }
    test_rows_end();
}

static void test_org_home__shows_what_comes_next(void **state)
{
    struct test_world *world = *state;
    static const char home[] = "bandstand.v1.OrgService/GetOrgHome";
    BRANCH(fork, world->universe)
    {
        test_json_has(test_ok(fork, EDITOR, home, "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\"}"),
                      "{\"org\": {\"name\": \"Bandstand Records\"}, \"fansCount\": \"3\","
                      "\"campaigns\": [{\"slug\": \"ma2x-1\"}, {\"slug\": \"ma2x\"}],"
                      "\"nextConcerts\": [{\"venueName\": \"Le Transbordeur, Lyon\","
                      "\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN
                      "\"}, {\"venueName\": \"L'Olympia, Paris\"}]}");
        test_fails(fork, STRANGER, home, "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\"}",
                   BS_REASON_ACCESS_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concerts__are_past_or_upcoming_by_the_universes_now),
        cmocka_unit_test(test_add_concert__is_for_those_who_may),
        cmocka_unit_test(test_add_concert__never_touches_an_id_that_is_taken),
        cmocka_unit_test(test_add_concert__gives_an_id_where_the_client_has_none),
        cmocka_unit_test(test_subscribe__counts_a_fan_once_and_sends_one_mail),
        cmocka_unit_test(test_campaigns__are_made_published_and_seen),
        cmocka_unit_test(test_slugs__are_numbered_and_never_meet),
        cmocka_unit_test(test_org_home__shows_what_comes_next),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
