/* bandstand.v1.OrgService */

#include "procedures/internal.h"

#define NEXT_CONCERTS_MAX 10

static enum bs_code cl_org(struct datom_db *db, struct bs_arena *arena, datom_id org,
                           Bandstand__V1__Org **ret, struct bs_error *error)
{
    Bandstand__V1__Org *message = bs_arena_new_item(arena, Bandstand__V1__Org);
    bandstand__v1__org__init(message);
    BS_TRY(cl_fact(db, arena, org, "org/id", &message->id, error));
    BS_TRY(cl_fact(db, arena, org, "org/name", &message->name, error));
    *ret = message;
    return BS_OK;
}

static enum bs_code get_org_home(struct universe *u,
                                 const Bandstand__V1__GetOrgHomeRequest *request,
                                 Bandstand__V1__GetOrgHomeResponse *response,
                                 struct bs_error *error)
{
    struct universe_ids campaigns = {.arena = u->arena};
    struct concert *concerts;
    size_t count;
    datom_id org;
    BS_TRY(find_org(u->db, request->org_id, &org, error));
    BS_TRY(cl_org(u->db, u->arena, org, &response->org, error));
    BS_TRY(count_referring(u->db, "fan/org", org, &response->fans_count, error));
    BS_TRY(find_campaigns_of_org(u, org, &campaigns, error));
    BS_TRY(cl_campaigns(u->db, &campaigns, &response->campaigns, error));
    response->n_campaigns = campaigns.count;
    BS_TRY(find_concerts(u, &campaigns, CONCERTS_UPCOMING, &concerts, &count, error));
    count = BS_MIN(count, NEXT_CONCERTS_MAX);
    BS_TRY(cl_concerts(u, concerts, count, &response->next_concerts, error));
    response->n_next_concerts = count;
    return BS_OK;
}

const struct bandstand__v1__org_service__server procedures_org = {
    .get_org_home = get_org_home,
};
