/* Artists, on the demo's few and on the sample of MusicBrainz in tests/data. */

#include "procedures/fixture.h"

#define SEARCH "bandstand.v1.ArtistService/SearchArtists"
#define GET "bandstand.v1.ArtistService/GetArtist"

static void test_search__finds_by_the_beginnings_of_words(void **state)
{
    static const struct {
        const char *name, *request, *expected;
    } rows[] = {
        {"a beginning", "{\"query\": \"beatl\"}",
         "{\"artists\": [{\"id\": \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\","
         "\"name\": \"The Beatles\", \"sortName\": \"Beatles, The\", \"type\": \"group\","
         "\"country\": \"United Kingdom\", \"countryCode\": \"GB\", \"startYear\": 1957,"
         "\"endYear\": 1970}], \"more\": false}"},
        {"case", "{\"query\": \"BEATL\"}", "{\"artists\": [{\"name\": \"The Beatles\"}]}"},
        {"two words, any order", "{\"query\": \"cav ni\"}",
         "{\"artists\": [{\"name\": \"Nick Cave & The Bad Seeds\"}]}"},
        {"not inside a word", "{\"query\": \"eatles\"}", "{\"artists\": []}"},
        {"accents", "{\"query\": \"bjork\"}", "{\"artists\": [{\"name\": \"Bj\xc3\xb6rk\"}]}"},
        {"accents asked for", "{\"query\": \"BJ\xc3\x96RK\"}",
         "{\"artists\": [{\"name\": \"Bj\xc3\xb6rk\"}]}"},
        {"country by code", "{\"country\": \"fr\"}",
         "{\"artists\": [{\"name\": \"Air\"}, {\"name\": \"MA2X\"}]}"},
        {"country by name", "{\"query\": \"a\", \"country\": \"France\"}",
         "{\"artists\": [{\"name\": \"Air\"}]}"},
        {"no such country", "{\"country\": \"Atlantis\"}", "{\"artists\": []}"},
        {"active in or after", "{\"fromYear\": 1980, \"query\": \"the\"}",
         "{\"artists\": [{\"name\": \"Nick Cave & The Bad Seeds\"}]}"},
        {"active in or before", "{\"toYear\": 1960}",
         "{\"artists\": [{\"name\": \"The Beatles\"}]}"},
        {"limit", "{\"limit\": 1}", "{\"artists\": [{\"name\": \"Air\"}], \"more\": true}"},
        {"nothing but marks", "{\"query\": \"!?\", \"limit\": 2}",
         "{\"artists\": [{\"name\": \"Air\"}, {}], \"more\": true}"},
    };
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
            struct bs_str json = test_ok(fork, NOBODY, SEARCH, rows[i].request);
            const char *why = test_json_misses(json, rows[i].expected, world->arena);
            test_row(rows[i].name, !why, "%s", why);
        }
    }
    test_rows_end();
}

static void test_get__has_releases_with_labels(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        test_json_has(
            test_ok(fork, NOBODY, GET, "{\"artistId\": \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\"}"),
            "{\"artist\": {\"name\": \"The Beatles\"}, \"releases\": [{"
            "\"name\": \"Yellow Submarine\", \"year\": 1969, \"month\": 1, \"day\": 17,"
            "\"country\": \"United Kingdom\", \"status\": \"Official\","
            "\"labels\": [{\"name\": \"Parlophone\"}]}], \"moreReleases\": false}");
        test_fails(fork, NOBODY, GET, "{\"artistId\": \"00000000-0000-0000-0000-000000000000\"}",
                   BS_REASON_ARTIST_NOT_FOUND);
        test_fails(fork, NOBODY, GET, "{\"artistId\": \"beatles\"}", BS_REASON_RPC_VALIDATION);
    }
}

static void test_store_without_artists__answers_nothing(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    struct universe *empty;
    (void)state;
    assert_int_equal(universe_new(&(struct universe_options){.conn = conn}, &empty, &error), BS_OK);
    test_json_has(test_ok(empty, NOBODY, SEARCH, "{\"query\": \"a\", \"country\": \"FR\"}"),
                  "{\"artists\": []}");
    test_fails(empty, NOBODY, GET, "{\"artistId\": \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\"}",
               BS_REASON_ARTIST_NOT_FOUND);
    test_fails(empty, NOBODY, "bandstand.v1.CampaignService/GetPublicCampaign",
               "{\"slug\": \"ma2x\"}", BS_REASON_CAMPAIGN_NOT_FOUND);
    universe_free(empty);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search__finds_by_the_beginnings_of_words),
        cmocka_unit_test(test_get__has_releases_with_labels),
        cmocka_unit_test(test_store_without_artists__answers_nothing),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
