#ifndef PROCEDURES_PROCEDURES_H
#define PROCEDURES_PROCEDURES_H

/*
 * The application: one struct of functions for each service of proto/, all of one shape (see
 * docs/procedures.md). They can be called on any universe, from anywhere; access rules and
 * validation stand before them only on a dispatcher. Any thread.
 */

#include "bandstand/v1/artist.rpc.h"
#include "bandstand/v1/auth.rpc.h"
#include "bandstand/v1/campaign.rpc.h"
#include "bandstand/v1/concert.rpc.h"
#include "bandstand/v1/fan.rpc.h"
#include "bandstand/v1/org.rpc.h"
#include "datom/v1/database.rpc.h"
#include "universe/universe.h"

extern const struct bandstand__v1__auth_service__server procedures_auth;
extern const struct bandstand__v1__artist_service__server procedures_artist;
extern const struct bandstand__v1__campaign_service__server procedures_campaign;
extern const struct bandstand__v1__concert_service__server procedures_concert;
extern const struct bandstand__v1__fan_service__server procedures_fan;
extern const struct bandstand__v1__org_service__server procedures_org;
extern const struct datom__v1__database_service__server procedures_database;

/* Puts the application's schema into a store, where missing. */
BS_MUST_CHECK enum bs_code procedures_install_schema(struct datom_conn *conn,
                                                     struct bs_error *error);

/*
 * Adds the demo's accounts, artists, campaigns, concerts and fans that are missing; times are
 * relative to the universe's now. Installs the schema too. The accounts all have the password
 * PROCEDURES_DEMO_PASSWORD.
 */
BS_MUST_CHECK enum bs_code procedures_install_demo(const struct universe *universe,
                                                   struct bs_error *error);
#define PROCEDURES_DEMO_PASSWORD "bandstand"
#define PROCEDURES_DEMO_OWNER "owner@bandstand.example"           /* owner, and operator */
#define PROCEDURES_DEMO_EDITOR "editor@bandstand.example"         /* of the same organisation */
#define PROCEDURES_DEMO_STRANGER "owner@elsewhere.example"        /* owner of another one */
#define PROCEDURES_DEMO_ORG "55e481bf702d070300d32976"            /* of the owner and the editor */
#define PROCEDURES_DEMO_OTHER_ORG "55e481bf702d070300d32977"      /* of the stranger */
#define PROCEDURES_DEMO_CAMPAIGN "570a1c30702d070300d30001"       /* live, slug "ma2x" */
#define PROCEDURES_DEMO_DRAFT "570a1c30702d070300d30002"          /* a draft, slug "ma2x-1" */
#define PROCEDURES_DEMO_OTHER_CAMPAIGN "570a1c30702d070300d30003" /* live, of the other one */

/*
 * Registers all services, and what stands around them, on a dispatcher that is not started. The
 * universe outlives it.
 */
BS_MUST_CHECK enum bs_code procedures_register(struct rpc_dispatcher *dispatcher,
                                               struct universe *universe, struct bs_error *error);

#endif
