/* bandstand.v1.CampaignService */

#include "procedures/internal.h"

#define PUBLIC_CONCERTS_MAX 100

/* ---- finding ---- */

enum bs_code find_live_campaign(struct datom_db *db, struct bs_arena *arena, const char *slug,
                                datom_id *ret_campaign, struct bs_error *error)
{
    struct bs_str status = BS_STR_EMPTY;
    BS_TRY(universe_find(db, "campaign/slug", edn_string(bs_str_from(slug)), ret_campaign, error));
    if (*ret_campaign != DATOM_NO_ID)
        BS_TRY(universe_get_text(db, arena, *ret_campaign, "campaign/status", &status, error));
    if (!bs_str_equals(status, "live"))
        return bs_error_set(error, BS_REASON_CAMPAIGN_NOT_FOUND,
                            "no campaign with the slug \"%s\" is published", slug);
    return BS_OK;
}

struct dated {
    datom_id e;
    int64_t ms;
};

static int compare_newest_first(const void *a, const void *b)
{
    const struct dated *x = a;
    const struct dated *y = b;
    if (x->ms != y->ms)
        return x->ms > y->ms ? -1 : 1;
    return (x->e < y->e) - (x->e > y->e);
}

enum bs_code find_campaigns_of_org(struct universe *u, datom_id org, struct universe_ids *campaigns,
                                   struct bs_error *error)
{
    struct universe_ids ids = {.arena = u->arena};
    BS_TRY(universe_find_referring(u->db, "campaign/org", org, &ids, error));
    struct dated *dated = bs_arena_new_array(u->arena, ids.count, struct dated);
    for (size_t i = 0; i < ids.count; i++) {
        bool found;
        dated[i].e = ids.ids[i];
        BS_TRY(universe_get_long(u->db, ids.ids[i], "campaign/created-at", &dated[i].ms, &found,
                                 error));
    }
    qsort(dated, ids.count, sizeof(*dated), compare_newest_first);
    for (size_t i = 0; i < ids.count; i++)
        universe_ids_add(campaigns, dated[i].e);
    return BS_OK;
}

/* ---- for clients ---- */

static enum bs_code cl_fans(struct datom_db *db, struct bs_arena *arena, datom_id campaign,
                            Bandstand__V1__Campaign *message, struct bs_error *error)
{
    struct universe_ids ids = {.arena = arena};
    BS_TRY(universe_find_referring(db, "subscription/campaign", campaign, &ids, error));
    message->fans_count = (int64_t)ids.count;
    for (size_t i = 0; i < ids.count; i++) {
        struct edn status;
        BS_TRY(universe_get(db, arena, ids.ids[i], "subscription/status", &status, error));
        message->confirmed_fans_count += edn_is_keyword(status, "confirmed");
    }
    return BS_OK;
}

static enum bs_code cl_artist_of(struct datom_db *db, struct bs_arena *arena, datom_id campaign,
                                 Bandstand__V1__Artist **ret, struct bs_error *error)
{
    datom_id artist;
    BS_TRY(universe_get_ref(db, campaign, "campaign/artist", &artist, error));
    return artist == DATOM_NO_ID ? BS_OK : cl_artist(db, arena, artist, ret, error);
}

static enum bs_code cl_status(struct datom_db *db, struct bs_arena *arena, datom_id campaign,
                              Bandstand__V1__CampaignStatus *ret, struct bs_error *error)
{
    struct edn status;
    BS_TRY(universe_get(db, arena, campaign, "campaign/status", &status, error));
    *ret = edn_is_keyword(status, "live") ? BANDSTAND__V1__CAMPAIGN_STATUS__CAMPAIGN_STATUS_LIVE
                                          : BANDSTAND__V1__CAMPAIGN_STATUS__CAMPAIGN_STATUS_DRAFT;
    return BS_OK;
}

enum bs_code cl_campaign(struct datom_db *db, struct bs_arena *arena, datom_id campaign,
                         Bandstand__V1__Campaign **ret, struct bs_error *error)
{
    Bandstand__V1__Campaign *message = bs_arena_new_item(arena, Bandstand__V1__Campaign);
    datom_id e = campaign;
    datom_id org;
    bandstand__v1__campaign__init(message);
    BS_TRY(universe_get_ref(db, e, "campaign/org", &org, error));
    BS_TRY(cl_fact(db, arena, e, "campaign/id", &message->id, error));
    BS_TRY(cl_fact(db, arena, org, "org/id", &message->org_id, error));
    BS_TRY(cl_fact(db, arena, e, "campaign/name", &message->name, error));
    BS_TRY(cl_fact(db, arena, e, "campaign/description", &message->description, error));
    BS_TRY(cl_fact(db, arena, e, "campaign/slug", &message->slug, error));
    BS_TRY(cl_status(db, arena, e, &message->status, error));
    BS_TRY(cl_artist_of(db, arena, e, &message->artist, error));
    BS_TRY(cl_time_fact(db, arena, e, "campaign/created-at", &message->created_at, error));
    BS_TRY(cl_time_fact(db, arena, e, "campaign/published-at", &message->published_at, error));
    BS_TRY(cl_fans(db, arena, e, message, error));
    BS_TRY(count_referring(db, "concert/campaign", e, &message->concerts_count, error));
    message->landing_path =
        cl_text(arena, bs_arena_printf(arena, "/campaign/%s/landing", message->slug));
    *ret = message;
    return BS_OK;
}

enum bs_code cl_campaigns(struct datom_db *db, const struct universe_ids *campaigns,
                          Bandstand__V1__Campaign ***ret, struct bs_error *error)
{
    *ret = bs_arena_new_array(campaigns->arena, campaigns->count, Bandstand__V1__Campaign *);
    for (size_t i = 0; i < campaigns->count; i++)
        BS_TRY(cl_campaign(db, campaigns->arena, campaigns->ids[i], &(*ret)[i], error));
    return BS_OK;
}

static enum bs_code cl_public_concerts(struct universe *u, datom_id campaign,
                                       Bandstand__V1__PublicCampaign *message,
                                       struct bs_error *error)
{
    struct universe_ids campaigns = {.arena = u->arena};
    struct concert *concerts;
    size_t count;
    universe_ids_add(&campaigns, campaign);
    BS_TRY(find_concerts(u, &campaigns, CONCERTS_UPCOMING, &concerts, &count, error));
    count = BS_MIN(count, PUBLIC_CONCERTS_MAX);
    message->concerts = bs_arena_new_array(u->arena, count, Bandstand__V1__PublicConcert *);
    for (size_t i = 0; i < count; i++) {
        Bandstand__V1__PublicConcert *concert =
            bs_arena_new_item(u->arena, Bandstand__V1__PublicConcert);
        bandstand__v1__public_concert__init(concert);
        BS_TRY(cl_fact(u->db, u->arena, concerts[i].e, "concert/venue-name", &concert->venue_name,
                       error));
        concert->time = cl_time(u->arena, concerts[i].time_ms);
        message->concerts[i] = concert;
    }
    message->n_concerts = count;
    return BS_OK;
}

static enum bs_code cl_public_campaign(struct universe *u, datom_id campaign,
                                       Bandstand__V1__PublicCampaign **ret, struct bs_error *error)
{
    struct bs_arena *arena = u->arena;
    Bandstand__V1__PublicCampaign *message =
        bs_arena_new_item(arena, Bandstand__V1__PublicCampaign);
    datom_id e = campaign;
    datom_id org;
    bandstand__v1__public_campaign__init(message);
    BS_TRY(universe_get_ref(u->db, e, "campaign/org", &org, error));
    BS_TRY(cl_fact(u->db, arena, e, "campaign/name", &message->name, error));
    BS_TRY(cl_fact(u->db, arena, e, "campaign/description", &message->description, error));
    BS_TRY(cl_fact(u->db, arena, e, "campaign/slug", &message->slug, error));
    BS_TRY(cl_fact(u->db, arena, org, "org/name", &message->org_name, error));
    BS_TRY(cl_artist_of(u->db, arena, e, &message->artist, error));
    *ret = message;
    return cl_public_concerts(u, e, message, error);
}

/* ---- tx-data ---- */

/* What is made, as the request says. */
struct draft {
    struct bs_str id, name, description, base;
    datom_id org;
    datom_id artist; /* DATOM_NO_ID: none */
};

static void tx_campaign(struct universe_tx *tx, struct universe *u, const struct draft *draft)
{
    const struct edn campaign = universe_tempid("campaign");
    universe_tx_add(tx, campaign, "campaign/id", edn_string(draft->id));
    universe_tx_add(tx, campaign, "campaign/org", universe_entity(draft->org));
    universe_tx_add(tx, campaign, "campaign/name", edn_string(draft->name));
    if (draft->description.len > 0)
        universe_tx_add(tx, campaign, "campaign/description", edn_string(draft->description));
    tx_slug(tx, campaign, draft->base);
    universe_tx_add(tx, campaign, "campaign/status", EDN_KEYWORD_LIT("draft"));
    if (draft->artist != DATOM_NO_ID)
        universe_tx_add(tx, campaign, "campaign/artist", universe_entity(draft->artist));
    universe_tx_add(tx, campaign, "campaign/created-at", edn_instant(u->now_ms));
}

static void tx_publish(struct universe_tx *tx, struct universe *u, datom_id campaign)
{
    const struct edn e = universe_entity(campaign);
    universe_tx_cas(tx, e, "campaign/status", EDN_KEYWORD_LIT("draft"), EDN_KEYWORD_LIT("live"));
    universe_tx_add(tx, e, "campaign/published-at", edn_instant(u->now_ms));
}

/* ---- procedures ---- */

static enum bs_code read_draft(struct universe *u,
                               const Bandstand__V1__CreateCampaignRequest *request,
                               struct draft *ret_draft, struct bs_error *error)
{
    *ret_draft = (struct draft){
        .id = id_or_new(u, request->id),
        .name = bs_str_trim(bs_str_from(request->name)),
        .description = bs_str_trim(bs_str_from(request->description)),
        .artist = DATOM_NO_ID,
    };
    ret_draft->base =
        *request->slug ? bs_str_from(request->slug) : slug_of_name(u->arena, ret_draft->name);
    BS_TRY(find_org(u->db, request->org_id, &ret_draft->org, error));
    return *request->artist_id ? find_artist(u->db, request->artist_id, &ret_draft->artist, error)
                               : BS_OK;
}

static enum bs_code create_campaign(struct universe *u,
                                    const Bandstand__V1__CreateCampaignRequest *request,
                                    Bandstand__V1__CreateCampaignResponse *response,
                                    struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_db *db_after = NULL;
    struct universe_tx tx;
    struct draft draft;
    datom_id campaign;
    BS_TRY(read_draft(u, request, &draft, error));
    universe_tx_init(&tx, u);
    tx_campaign(&tx, u, &draft);
    enum bs_code code = universe_transact(u, &tx, &db_after, &failure);
    if (is_taken(code, &failure, "campaign/id"))
        return bs_error_set(error, BS_REASON_CAMPAIGN_ID_TAKEN,
                            "the campaign id \"%.*s\" is taken: expected one of your own",
                            BS_STR_ARGS(draft.id));
    if (code != BS_OK)
        return pass_on(&failure, error);
    BS_TRY(universe_find(db_after, "campaign/id", edn_string(draft.id), &campaign, error));
    return cl_campaign(db_after, u->arena, campaign, &response->campaign, error);
}

static enum bs_code get_campaign(struct universe *u,
                                 const Bandstand__V1__GetCampaignRequest *request,
                                 Bandstand__V1__GetCampaignResponse *response,
                                 struct bs_error *error)
{
    datom_id campaign;
    BS_TRY(find_campaign(u->db, request->campaign_id, &campaign, error));
    return cl_campaign(u->db, u->arena, campaign, &response->campaign, error);
}

static enum bs_code list_campaigns(struct universe *u,
                                   const Bandstand__V1__ListCampaignsRequest *request,
                                   Bandstand__V1__ListCampaignsResponse *response,
                                   struct bs_error *error)
{
    struct universe_ids campaigns = {.arena = u->arena};
    datom_id org;
    BS_TRY(find_org(u->db, request->org_id, &org, error));
    BS_TRY(find_campaigns_of_org(u, org, &campaigns, error));
    BS_TRY(cl_campaigns(u->db, &campaigns, &response->campaigns, error));
    response->n_campaigns = campaigns.count;
    return BS_OK;
}

static enum bs_code publish_campaign(struct universe *u,
                                     const Bandstand__V1__PublishCampaignRequest *request,
                                     Bandstand__V1__PublishCampaignResponse *response,
                                     struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_db *db = u->db;
    struct universe_tx tx;
    datom_id campaign;
    BS_TRY(find_campaign(db, request->campaign_id, &campaign, error));
    universe_tx_init(&tx, u);
    tx_publish(&tx, u, campaign);
    enum bs_code code = universe_transact(u, &tx, &db, &failure);
    if (code != BS_OK && failure.reason == BS_REASON_DB_CAS_FAILED)
        db = universe_newest_db(u); /* it was published before: as it stands */
    else if (code != BS_OK)
        return pass_on(&failure, error);
    return cl_campaign(db, u->arena, campaign, &response->campaign, error);
}

static enum bs_code get_public_campaign(struct universe *u,
                                        const Bandstand__V1__GetPublicCampaignRequest *request,
                                        Bandstand__V1__GetPublicCampaignResponse *response,
                                        struct bs_error *error)
{
    datom_id campaign;
    BS_TRY(find_live_campaign(u->db, u->arena, request->slug, &campaign, error));
    return cl_public_campaign(u, campaign, &response->campaign, error);
}

const struct bandstand__v1__campaign_service__server procedures_campaign = {
    .create_campaign = create_campaign,
    .get_campaign = get_campaign,
    .list_campaigns = list_campaigns,
    .publish_campaign = publish_campaign,
    .get_public_campaign = get_public_campaign,
};
