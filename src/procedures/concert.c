/* bandstand.v1.ConcertService */

#include "procedures/internal.h"

/* ---- finding ---- */

/* By time, then by entity, so that the order is always the same. */
static int compare_concerts(const void *a, const void *b)
{
    const struct concert *x = a;
    const struct concert *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return (x->e > y->e) - (x->e < y->e);
}

static int compare_concerts_back(const void *a, const void *b)
{
    return compare_concerts(b, a);
}

enum bs_code find_concerts(struct universe *u, const struct universe_ids *campaigns,
                           enum concert_range range, struct concert **ret_concerts,
                           size_t *ret_count, struct bs_error *error)
{
    struct universe_ids ids = {.arena = u->arena};
    for (size_t i = 0; i < campaigns->count; i++)
        BS_TRY(universe_find_referring(u->db, "concert/campaign", campaigns->ids[i], &ids, error));
    struct concert *concerts = bs_arena_new_array(u->arena, ids.count, struct concert);
    size_t count = 0;
    for (size_t i = 0; i < ids.count; i++) {
        struct concert concert = {.e = ids.ids[i]};
        bool found;
        BS_TRY(
            universe_get_long(u->db, concert.e, "concert/time", &concert.time_ms, &found, error));
        if (found && (concert.time_ms < u->now_ms) == (range == CONCERTS_PAST))
            concerts[count++] = concert;
    }
    qsort(concerts, count, sizeof(*concerts),
          range == CONCERTS_PAST ? compare_concerts_back : compare_concerts);
    *ret_concerts = concerts;
    *ret_count = count;
    return BS_OK;
}

/* ---- for clients ---- */

enum bs_code cl_concert(struct datom_db *db, struct bs_arena *arena, datom_id concert,
                        Bandstand__V1__Concert **ret, struct bs_error *error)
{
    Bandstand__V1__Concert *message = bs_arena_new_item(arena, Bandstand__V1__Concert);
    datom_id campaign;
    bandstand__v1__concert__init(message);
    BS_TRY(universe_get_ref(db, concert, "concert/campaign", &campaign, error));
    BS_TRY(cl_fact(db, arena, concert, "concert/id", &message->id, error));
    BS_TRY(cl_fact(db, arena, campaign, "campaign/id", &message->campaign_id, error));
    BS_TRY(cl_fact(db, arena, concert, "concert/venue-name", &message->venue_name, error));
    BS_TRY(cl_time_fact(db, arena, concert, "concert/time", &message->time, error));
    *ret = message;
    return BS_OK;
}

enum bs_code cl_concerts(struct universe *u, const struct concert *concerts, size_t count,
                         Bandstand__V1__Concert ***ret, struct bs_error *error)
{
    *ret = bs_arena_new_array(u->arena, count, Bandstand__V1__Concert *);
    for (size_t i = 0; i < count; i++)
        BS_TRY(cl_concert(u->db, u->arena, concerts[i].e, &(*ret)[i], error));
    return BS_OK;
}

/* ---- tx-data ---- */

static void tx_concert(struct universe_tx *tx, struct universe *u, datom_id campaign,
                       struct bs_str id, struct bs_str venue_name, int64_t time_ms)
{
    const struct edn concert = universe_tempid("concert");
    universe_tx_add(tx, concert, "concert/id", edn_string(id));
    universe_tx_add(tx, concert, "concert/campaign", universe_entity(campaign));
    universe_tx_add(tx, concert, "concert/venue-name", edn_string(venue_name));
    universe_tx_add(tx, concert, "concert/time", edn_instant(time_ms));
    universe_tx_add(tx, concert, "concert/created-at", edn_instant(u->now_ms));
}

/* ---- procedures ---- */

static enum bs_code add_concert_to_campaign(
    struct universe *u, const Bandstand__V1__AddConcertToCampaignRequest *request,
    Bandstand__V1__AddConcertToCampaignResponse *response, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct universe_tx tx;
    struct datom_db *db_after;
    datom_id campaign, concert;
    int64_t time_ms;
    struct bs_str id = id_or_new(u, request->id);
    BS_TRY(find_campaign(u->db, request->campaign_id, &campaign, error));
    BS_TRY(read_time(u, "time", request->time, &time_ms, error));
    universe_tx_init(&tx, u);
    tx_concert(&tx, u, campaign, id, bs_str_trim(bs_str_from(request->venue_name)), time_ms);
    enum bs_code code = universe_transact(u, &tx, &db_after, &failure);
    if (is_taken(code, &failure, "concert/id"))
        return bs_error_set(error, BS_REASON_CONCERT_ID_TAKEN,
                            "the concert id \"%.*s\" is taken: expected one of your own",
                            BS_STR_ARGS(id));
    if (code != BS_OK)
        return pass_on(&failure, error);
    BS_TRY(universe_find(db_after, "concert/id", edn_string(id), &concert, error));
    return cl_concert(db_after, u->arena, concert, &response->concert, error);
}

static enum bs_code list(struct universe *u, const char *campaign_id, enum concert_range range,
                         Bandstand__V1__Concert ***ret_concerts, size_t *ret_count,
                         struct bs_error *error)
{
    struct universe_ids campaigns = {.arena = u->arena};
    struct concert *concerts;
    datom_id campaign;
    BS_TRY(find_campaign(u->db, campaign_id, &campaign, error));
    universe_ids_add(&campaigns, campaign);
    BS_TRY(find_concerts(u, &campaigns, range, &concerts, ret_count, error));
    return cl_concerts(u, concerts, *ret_count, ret_concerts, error);
}

static enum bs_code list_past_concerts(struct universe *u,
                                       const Bandstand__V1__ListPastConcertsRequest *request,
                                       Bandstand__V1__ListPastConcertsResponse *response,
                                       struct bs_error *error)
{
    return list(u, request->campaign_id, CONCERTS_PAST, &response->concerts, &response->n_concerts,
                error);
}

static enum bs_code list_upcoming_concerts(
    struct universe *u, const Bandstand__V1__ListUpcomingConcertsRequest *request,
    Bandstand__V1__ListUpcomingConcertsResponse *response, struct bs_error *error)
{
    return list(u, request->campaign_id, CONCERTS_UPCOMING, &response->concerts,
                &response->n_concerts, error);
}

const struct bandstand__v1__concert_service__server procedures_concert = {
    .add_concert_to_campaign = add_concert_to_campaign,
    .list_past_concerts = list_past_concerts,
    .list_upcoming_concerts = list_upcoming_concerts,
};
