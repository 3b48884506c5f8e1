/* All services of the application, and what their access rules' words mean. */

#include "procedures/internal.h"

static const struct universe_resource resources[] = {
    {.kind = "org", .id_attribute = "org/id", .not_found = BS_REASON_ORG_NOT_FOUND},
    {.kind = "campaign",
     .id_attribute = "campaign/id",
     .org_attribute = "campaign/org",
     .not_found = BS_REASON_CAMPAIGN_NOT_FOUND},
};

enum bs_code procedures_install_schema(struct datom_conn *conn, struct bs_error *error)
{
    return universe_install(conn, bs_str_from(procedures_schema_text), error);
}

enum bs_code procedures_register(struct rpc_dispatcher *dispatcher, struct universe *universe,
                                 struct bs_error *error)
{
    universe_register(universe, dispatcher, resources, BS_ARRAY_COUNT(resources));
    BS_TRY(bandstand__v1__auth_service__register(dispatcher, &procedures_auth, error));
    BS_TRY(bandstand__v1__artist_service__register(dispatcher, &procedures_artist, error));
    BS_TRY(bandstand__v1__campaign_service__register(dispatcher, &procedures_campaign, error));
    BS_TRY(bandstand__v1__concert_service__register(dispatcher, &procedures_concert, error));
    BS_TRY(bandstand__v1__fan_service__register(dispatcher, &procedures_fan, error));
    BS_TRY(bandstand__v1__org_service__register(dispatcher, &procedures_org, error));
    return datom__v1__database_service__register(dispatcher, &procedures_database, error);
}
