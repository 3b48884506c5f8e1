/* See cases.h. */

#include "procedures/cases.h"

#define AUTH "bandstand.v1.AuthService/"
#define ARTIST "bandstand.v1.ArtistService/"
#define CAMPAIGN "bandstand.v1.CampaignService/"
#define CONCERT "bandstand.v1.ConcertService/"
#define FAN "bandstand.v1.FanService/"
#define ORG "bandstand.v1.OrgService/"
#define DATABASE "datom.v1.DatabaseService/"

#define IN_CAMPAIGN "\"campaignId\": \"" PROCEDURES_DEMO_CAMPAIGN "\""
#define IN_DRAFT "\"campaignId\": \"" PROCEDURES_DEMO_DRAFT "\""
#define IN_ORG "\"orgId\": \"" PROCEDURES_DEMO_ORG "\""
#define A_TIME "\"time\": \"2026-05-02T20:00:00Z\""

const struct test_case test_cases[] = {
    /* accounts */
    {.name = "sign in with a wrong password",
     .method = AUTH "SignIn",
     .request = "{\"email\": \"" OWNER "\", \"password\": \"wrong\"}",
     .code = BS_UNAUTHENTICATED,
     .reason = BS_REASON_AUTH_BAD_CREDENTIALS,
     .message = "the address or the password is wrong"},
    {.name = "sign in with something else than an address",
     .method = AUTH "SignIn",
     .request = "{\"email\": \"owner\", \"password\": \"x\"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "email"},
    {.name = "sign in without a password",
     .method = AUTH "SignIn",
     .request = "{\"email\": \"" OWNER "\"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "password"},
    {.name = "who am I",
     .method = AUTH "WhoAmI",
     .user = EDITOR,
     .request = "{}",
     .expected = "{\"user\": {\"name\": \"Eddie Editor\", \"email\": \"" EDITOR "\"},"
                 "\"memberships\": [{" IN_ORG ", \"orgName\": \"Bandstand Records\","
                 "\"roles\": [\"editor\"]}]}"},
    {.name = "who is nobody",
     .method = AUTH "WhoAmI",
     .request = "{}",
     .code = BS_UNAUTHENTICATED,
     .reason = BS_REASON_AUTH_NOT_SIGNED_IN},

    /* artists */
    {.name = "artists by the beginning of a word",
     .method = ARTIST "SearchArtists",
     .request = "{\"query\": \"beatl\"}",
     .expected = "{\"artists\": [{\"id\": \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\","
                 "\"name\": \"The Beatles\", \"countryCode\": \"GB\", \"startYear\": 1957}],"
                 "\"more\": false}"},
    {.name = "artists that are not there",
     .method = ARTIST "SearchArtists",
     .request = "{\"query\": \"zzz\"}",
     .expected = "{\"artists\": [], \"more\": false}"},
    {.name = "artists beyond a limit that is too high",
     .method = ARTIST "SearchArtists",
     .request = "{\"limit\": 101}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "limit"},
    {.name = "an artist with releases and labels",
     .method = ARTIST "GetArtist",
     .request = "{\"artistId\": \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\"}",
     .expected = "{\"artist\": {\"sortName\": \"Beatles, The\"}, \"releases\": [{"
                 "\"name\": \"Yellow Submarine\", \"labels\": [{\"name\": \"Parlophone\"}]}]}"},
    {.name = "an artist that is not there",
     .method = ARTIST "GetArtist",
     .request = "{\"artistId\": \"00000000-0000-0000-0000-000000000000\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_ARTIST_NOT_FOUND,
     .message = "no artist has the id \"00000000-0000-0000-0000-000000000000\""},

    /* campaigns */
    {.name = "an organisation's first page",
     .method = ORG "GetOrgHome",
     .user = EDITOR,
     .request = "{" IN_ORG "}",
     .expected = "{\"org\": {\"name\": \"Bandstand Records\"}, \"fansCount\": \"3\","
                 "\"campaigns\": [{\"slug\": \"ma2x-1\"}, {\"slug\": \"ma2x\"}],"
                 "\"nextConcerts\": [{\"venueName\": \"Le Transbordeur, Lyon\"}, {}]}"},
    {.name = "campaigns of an organisation",
     .method = CAMPAIGN "ListCampaigns",
     .user = OWNER,
     .request = "{" IN_ORG "}",
     .expected = "{\"campaigns\": [{\"status\": \"CAMPAIGN_STATUS_DRAFT\"},"
                 "{\"status\": \"CAMPAIGN_STATUS_LIVE\", \"fansCount\": \"3\","
                 "\"confirmedFansCount\": \"2\", \"concertsCount\": \"4\"}]}"},
    {.name = "campaigns of somebody else's organisation",
     .method = CAMPAIGN "ListCampaigns",
     .user = STRANGER,
     .request = "{" IN_ORG "}",
     .code = BS_PERMISSION_DENIED,
     .reason = BS_REASON_ACCESS_DENIED},
    {.name = "campaigns of no organisation",
     .method = CAMPAIGN "ListCampaigns",
     .user = OWNER,
     .request = "{\"orgId\": \"ffffffffffffffffffffffff\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_ORG_NOT_FOUND},
    {.name = "a campaign that is made",
     .method = CAMPAIGN "CreateCampaign",
     .user = EDITOR,
     .request = "{" IN_ORG ", \"id\": \"aaaaaaaaaaaaaaaaaaaaaa01\", \"name\": \"MA2X\","
                "\"artistId\": \"0d2f1f4e-8a5b-4c3a-9d3e-2f6a4b7c8d90\"}",
     .expected = "{\"campaign\": {\"id\": \"aaaaaaaaaaaaaaaaaaaaaa01\", \"slug\": \"ma2x-2\","
                 "\"artist\": {\"name\": \"MA2X\"}, \"createdAt\": \"2026-05-01T12:00:00Z\"}}"},
    {.name = "a campaign id that is taken",
     .method = CAMPAIGN "CreateCampaign",
     .user = STRANGER,
     .request = "{\"orgId\": \"" PROCEDURES_DEMO_OTHER_ORG
                "\", \"id\": \"aaaaaaaaaaaaaaaaaaaaaa01\", \"name\": \"Mine\"}",
     .code = BS_ALREADY_EXISTS,
     .reason = BS_REASON_CAMPAIGN_ID_TAKEN,
     .message = "the campaign id \"aaaaaaaaaaaaaaaaaaaaaa01\" is taken: expected one of your own"},
    {.name = "a campaign without a name",
     .method = CAMPAIGN "CreateCampaign",
     .user = OWNER,
     .request = "{" IN_ORG ", \"name\": \"  \"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "name"},
    {.name = "a draft is not public",
     .method = CAMPAIGN "GetPublicCampaign",
     .request = "{\"slug\": \"ma2x-1\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_CAMPAIGN_NOT_FOUND},
    {.name = "publishing somebody else's campaign",
     .method = CAMPAIGN "PublishCampaign",
     .user = STRANGER,
     .request = "{" IN_DRAFT "}",
     .code = BS_PERMISSION_DENIED,
     .reason = BS_REASON_ACCESS_DENIED},
    {.name = "publishing",
     .method = CAMPAIGN "PublishCampaign",
     .user = EDITOR,
     .request = "{" IN_DRAFT "}",
     .expected = "{\"campaign\": {\"status\": \"CAMPAIGN_STATUS_LIVE\","
                 "\"publishedAt\": \"2026-05-01T12:00:00Z\"}}"},
    {.name = "publishing again",
     .method = CAMPAIGN "PublishCampaign",
     .user = EDITOR,
     .request = "{" IN_DRAFT "}",
     .expected = "{\"campaign\": {\"status\": \"CAMPAIGN_STATUS_LIVE\"}}"},
    {.name = "a published campaign is public",
     .method = CAMPAIGN "GetPublicCampaign",
     .request = "{\"slug\": \"ma2x-1\"}",
     .expected = "{\"campaign\": {\"name\": \"MA2X, the film\", \"concerts\": []}}"},

    /* concerts */
    {.name = "past concerts",
     .method = CONCERT "ListPastConcerts",
     .user = OWNER,
     .request = "{" IN_CAMPAIGN "}",
     .expected = "{\"concerts\": [{\"venueName\": \"La Cigale, Paris\"},"
                 "{\"venueName\": \"Le Bikini, Toulouse\"}]}"},
    {.name = "a concert that is added",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request = "{" IN_CAMPAIGN ", " A_TIME
                ", \"id\": \"cccccccccccccccccccccc01\", \"venueName\": \"Le Trianon, Paris\"}",
     .expected = "{\"concert\": {\"id\": \"cccccccccccccccccccccc01\", " IN_CAMPAIGN ", " A_TIME
                 ", \"venueName\": \"Le Trianon, Paris\"}}"},
    {.name = "a concert id that is taken",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request = "{" IN_CAMPAIGN ", " A_TIME
                ", \"id\": \"cccccccccccccccccccccc01\", \"venueName\": \"Le Trianon, Paris\"}",
     .code = BS_ALREADY_EXISTS,
     .reason = BS_REASON_CONCERT_ID_TAKEN,
     .message = "the concert id \"cccccccccccccccccccccc01\" is taken: expected one of your own"},
    {.name = "a concert id that somebody else has taken",
     .method = CONCERT "AddConcertToCampaign",
     .user = STRANGER,
     .request = "{\"campaignId\": \"" PROCEDURES_DEMO_OTHER_CAMPAIGN "\", " A_TIME
                ", \"id\": \"cccccccccccccccccccccc01\", \"venueName\": \"Mine\"}",
     .code = BS_ALREADY_EXISTS,
     .reason = BS_REASON_CONCERT_ID_TAKEN},
    {.name = "a concert without place and time",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request = "{" IN_CAMPAIGN "}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "venueName"},
    {.name = "a concert without time",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request = "{" IN_CAMPAIGN ", \"venueName\": \"Somewhere\"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "time"},
    {.name = "a concert with an id of another shape",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request = "{" IN_CAMPAIGN ", " A_TIME ", \"id\": \"1\", \"venueName\": \"Somewhere\"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "id"},
    {.name = "a concert of nobody",
     .method = CONCERT "AddConcertToCampaign",
     .request = "{" IN_CAMPAIGN ", " A_TIME ", \"venueName\": \"Somewhere\"}",
     .code = BS_UNAUTHENTICATED,
     .reason = BS_REASON_AUTH_NOT_SIGNED_IN},
    {.name = "a concert of a stranger",
     .method = CONCERT "AddConcertToCampaign",
     .user = STRANGER,
     .request = "{" IN_CAMPAIGN ", " A_TIME ", \"venueName\": \"Somewhere\"}",
     .code = BS_PERMISSION_DENIED,
     .reason = BS_REASON_ACCESS_DENIED,
     .message = "bandstand.v1.ConcertService/AddConcertToCampaign: you may not on campaign "
                "\"" PROCEDURES_DEMO_CAMPAIGN
                "\": expected a member with the role owner or admin or editor"},
    {.name = "a concert of no campaign",
     .method = CONCERT "AddConcertToCampaign",
     .user = EDITOR,
     .request =
         "{\"campaignId\": \"ffffffffffffffffffffffff\", " A_TIME ", \"venueName\": \"Somewhere\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_CAMPAIGN_NOT_FOUND,
     .message = "no campaign has the id \"ffffffffffffffffffffffff\""},
    {.name = "upcoming concerts",
     .method = CONCERT "ListUpcomingConcerts",
     .user = OWNER,
     .request = "{" IN_CAMPAIGN "}",
     .expected = "{\"concerts\": [{\"id\": \"cccccccccccccccccccccc01\"},"
                 "{\"venueName\": \"Le Transbordeur, Lyon\"},"
                 "{\"venueName\": \"L'Olympia, Paris\"}]}"},

    /* fans */
    {.name = "subscribing",
     .method = FAN "Subscribe",
     .request = "{\"slug\": \"ma2x\", \"email\": \"Zoe@Fans.example\", \"name\": \"Zoe\"}",
     .expected = "{\"email\": \"zoe@fans.example\", \"campaignName\": \"MA2X, the tour\"}"},
    {.name = "subscribing again is answered the same",
     .method = FAN "Subscribe",
     .request = "{\"slug\": \"ma2x\", \"email\": \"zoe@fans.example\"}",
     .expected = "{\"email\": \"zoe@fans.example\", \"campaignName\": \"MA2X, the tour\"}"},
    {.name = "a fan is counted once",
     .method = CAMPAIGN "GetCampaign",
     .user = OWNER,
     .request = "{" IN_CAMPAIGN "}",
     .expected = "{\"campaign\": {\"fansCount\": \"4\", \"confirmedFansCount\": \"2\"}}"},
    {.name = "subscribing to what is not published",
     .method = FAN "Subscribe",
     .request = "{\"slug\": \"ma2x-2\", \"email\": \"zoe@fans.example\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_CAMPAIGN_NOT_FOUND,
     .message = "no campaign with the slug \"ma2x-2\" is published"},
    {.name = "subscribing something else than an address",
     .method = FAN "Subscribe",
     .request = "{\"slug\": \"ma2x\", \"email\": \"zoe\"}",
     .code = BS_INVALID_ARGUMENT,
     .reason = BS_REASON_RPC_VALIDATION,
     .field = "email"},
    {.name = "confirming with a token that is none",
     .method = FAN "ConfirmSubscription",
     .request = "{\"token\": \"guessed\"}",
     .code = BS_NOT_FOUND,
     .reason = BS_REASON_SUBSCRIPTION_NOT_FOUND},
};

const size_t test_cases_count = BS_ARRAY_COUNT(test_cases);

/* ---- running ---- */

static const char *sign_in(test_transport transport, void *self, const char *user)
{
    struct test_answer answer = {.code = BS_UNKNOWN};
    const char *request =
        bs_arena_printf(test_world()->arena,
                        "{\"email\": \"%s\", \"password\": \"" PROCEDURES_DEMO_PASSWORD "\"}", user)
            .ptr;
    transport(self, AUTH "SignIn", NULL, request, &answer);
    if (answer.code != BS_OK)
        fail_msg("%s can't sign in: %.*s", user, BS_STR_ARGS(answer.message));
    return bs_arena_dup_cstr(test_world()->arena, test_json_text(answer.json, "token"));
}

static void check(const struct test_case *row, const struct test_answer *answer)
{
    const char *why;
    test_row(row->name, answer->code == row->code, "got %s: %.*s", bs_code_name(answer->code),
             BS_STR_ARGS(answer->message));
    if (answer->code != row->code)
        return;
    if (row->code == BS_OK) {
        why = test_json_misses(answer->json, row->expected, test_world()->arena);
        test_row(row->name, !why, "%s in %.*s", why, BS_STR_ARGS(answer->json));
        return;
    }
    test_row(row->name, bs_str_equals(answer->reason, bs_reason_name(row->reason)),
             "got reason %.*s", BS_STR_ARGS(answer->reason));
    test_row(row->name, !row->message || bs_str_equals(answer->message, row->message),
             "got message \"%.*s\"", BS_STR_ARGS(answer->message));
    test_row(row->name, !row->field || bs_str_equals(answer->field, row->field),
             "got field \"%.*s\"", BS_STR_ARGS(answer->field));
}

void test_cases_run(test_transport transport, void *self)
{
    static const char *const users[] = {OWNER, EDITOR, STRANGER};
    const char *tokens[BS_ARRAY_COUNT(users)];
    for (size_t i = 0; i < BS_ARRAY_COUNT(users); i++)
        tokens[i] = sign_in(transport, self, users[i]);
    for (size_t i = 0; i < test_cases_count; i++) {
        const struct test_case *row = &test_cases[i];
        struct test_answer answer = {.code = BS_UNKNOWN};
        const char *token = NULL;
        for (size_t k = 0; row->user && k < BS_ARRAY_COUNT(users); k++) {
            if (strcmp(row->user, users[k]) == 0)
                token = tokens[k];
        }
        transport(self, row->method, token, row->request, &answer);
        check(row, &answer);
    }
    test_rows_end();
}

/* ---- transports that are channels ---- */

static enum bs_code call_channel(struct rpc_channel *channel, const char *name, const char *token,
                                 const char *request_json, struct rpc_violations *violations,
                                 struct bs_str *ret_json, struct bs_error *error)
{
    struct bs_arena *arena = test_world()->arena;
    const struct rpc_method *method =
        rpc_dispatcher_find(test_world()->dispatcher, bs_str_from(name));
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct bs_buf json = BS_BUF_INIT(0);
    struct rpc_metadata metadata;
    ProtobufCMessage *request, *response;
    rpc_metadata_init(&metadata, arena);
    options.metadata = &metadata;
    options.ret_violations = violations;
    if (token)
        BS_TRY(rpc_metadata_add(&metadata, BS_STR("authorization"),
                                bs_arena_printf(arena, "Bearer %s", token), error));
    BS_TRY(rpc_json_parse(method->request, bs_str_from(request_json), 0, arena, &request, error));
    BS_TRY(rpc_channel_call(channel, method, &options, request, arena, &response, error));
    enum bs_code code = rpc_json_print(method->response, response, RPC_JSON_ZEROS, &json, error);
    *ret_json = bs_arena_dup(arena, bs_str_make(json.ptr, json.len));
    bs_buf_fini(&json);
    return code;
}

void test_transport_channel(void *channel, const char *method, const char *token,
                            const char *request_json, struct test_answer *ret_answer)
{
    struct bs_arena *arena = test_world()->arena;
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_violations violations;
    rpc_violations_init(&violations, arena);
    *ret_answer = (struct test_answer){0};
    ret_answer->code = call_channel((struct rpc_channel *)channel, method, token, request_json,
                                    &violations, &ret_answer->json, &error);
    if (ret_answer->code == BS_OK)
        return;
    ret_answer->reason = bs_arena_dup(arena, bs_str_from(bs_error_reason_name(&error)));
    ret_answer->message = bs_arena_dup(arena, bs_str_from(error.message));
    if (violations.count > 0)
        ret_answer->field = violations.items[0].field;
}

void test_transport_direct(void *self, const char *method, const char *token,
                           const char *request_json, struct test_answer *ret_answer)
{
    (void)self;
    test_transport_channel(test_world()->channel, method, token, request_json, ret_answer);
}
