#ifndef PROCEDURES_INTERNAL_H
#define PROCEDURES_INTERNAL_H

/*
 * What procedures share. Names say what a function does: find_* goes from a database to an entity,
 * tx_* from entities and data to tx-data, cl_* ("for clients") from an entity to a message. Texts
 * in messages live in the call's arena.
 */

#include "procedures/procedures.h"

extern const char procedures_schema_text[];
extern const char procedures_demo_schema_text[];
extern const char procedures_demo_text[];

/* ---- messages and values ---- */

/* A text for a message's field. */
char *cl_text(struct bs_arena *arena, struct bs_str text);
/* A fact straight into a message's field; "" when there is none. */
BS_MUST_CHECK enum bs_code cl_fact(struct datom_db *db, struct bs_arena *arena, datom_id e,
                                   const char *attribute, char **ret_text, struct bs_error *error);
/* An instant's Timestamp; NULL when there is none. */
Google__Protobuf__Timestamp *cl_time(struct bs_arena *arena, int64_t ms);
BS_MUST_CHECK enum bs_code cl_time_fact(struct datom_db *db, struct bs_arena *arena, datom_id e,
                                        const char *attribute, Google__Protobuf__Timestamp **ret,
                                        struct bs_error *error);
/* A year, month or day: 0 when there is none. */
BS_MUST_CHECK enum bs_code cl_int_fact(struct datom_db *db, datom_id e, const char *attribute,
                                       int32_t *ret_int, struct bs_error *error);
/* A request's time, in ms; RPC_VALIDATION naming the field when it is unset or no time. */
BS_MUST_CHECK enum bs_code read_time(struct universe *u, const char *field,
                                     const Google__Protobuf__Timestamp *time, int64_t *ret_ms,
                                     struct bs_error *error);
/* Breaks a rule that no option can say; always returns INVALID_ARGUMENT. */
BS_MUST_CHECK enum bs_code refuse_field(struct universe *u, const char *field, const char *rule,
                                        const char *expected, struct bs_error *error);
/* The id that the client gives, or a new one. */
struct bs_str id_or_new(struct universe *u, const char *id);
/* Lower case (ASCII), without blanks around. */
struct bs_str normal_email(struct bs_arena *arena, const char *email);
/* Whether a transaction failed because a unique value of the attribute is taken. */
bool is_taken(enum bs_code code, const struct bs_error *failure, const char *attribute);
/* Passes a failure on. */
enum bs_code pass_on(const struct bs_error *failure, struct bs_error *error);
/* How many entities refer to one. */
BS_MUST_CHECK enum bs_code count_referring(struct datom_db *db, const char *attribute,
                                           datom_id target, int64_t *ret_count,
                                           struct bs_error *error);

/* ---- words (words.c) ---- */

/* For comparing: without case and accents. In the arena. */
struct bs_str fold_text(struct bs_arena *arena, struct bs_str text);
/* The next run of letters and digits of a folded text; false at the end. */
bool next_word(struct bs_str *rest, struct bs_str *ret_word);

/* ---- finding, shared by services ---- */

/* ORG_NOT_FOUND, CAMPAIGN_NOT_FOUND. */
BS_MUST_CHECK enum bs_code find_org(struct datom_db *db, const char *org_id, datom_id *ret_org,
                                    struct bs_error *error);
BS_MUST_CHECK enum bs_code find_campaign(struct datom_db *db, const char *campaign_id,
                                         datom_id *ret_campaign, struct bs_error *error);
/* Published ones only: CAMPAIGN_NOT_FOUND for drafts too. */
BS_MUST_CHECK enum bs_code find_live_campaign(struct datom_db *db, struct bs_arena *arena,
                                              const char *slug, datom_id *ret_campaign,
                                              struct bs_error *error);
/* ARTIST_NOT_FOUND; `artist_id` is a UUID's text. */
BS_MUST_CHECK enum bs_code find_artist(struct datom_db *db, const char *artist_id,
                                       datom_id *ret_artist, struct bs_error *error);

struct concert {
    datom_id e;
    int64_t time_ms;
};
enum concert_range {
    CONCERTS_PAST,     /* before now, the last first */
    CONCERTS_UPCOMING, /* from now on, the next first */
};
/* Concerts of some campaigns by the universe's now; in the arena. */
BS_MUST_CHECK enum bs_code find_concerts(struct universe *u, const struct universe_ids *campaigns,
                                         enum concert_range range, struct concert **ret_concerts,
                                         size_t *ret_count, struct bs_error *error);
/* The newest first. */
BS_MUST_CHECK enum bs_code find_campaigns_of_org(struct universe *u, datom_id org,
                                                 struct universe_ids *campaigns,
                                                 struct bs_error *error);

BS_MUST_CHECK enum bs_code cl_artist(struct datom_db *db, struct bs_arena *arena, datom_id artist,
                                     Bandstand__V1__Artist **ret, struct bs_error *error);
BS_MUST_CHECK enum bs_code cl_concert(struct datom_db *db, struct bs_arena *arena, datom_id concert,
                                      Bandstand__V1__Concert **ret, struct bs_error *error);
BS_MUST_CHECK enum bs_code cl_concerts(struct universe *u, const struct concert *concerts,
                                       size_t count, Bandstand__V1__Concert ***ret,
                                       struct bs_error *error);
BS_MUST_CHECK enum bs_code cl_campaign(struct datom_db *db, struct bs_arena *arena,
                                       datom_id campaign, Bandstand__V1__Campaign **ret,
                                       struct bs_error *error);
BS_MUST_CHECK enum bs_code cl_campaigns(struct datom_db *db, const struct universe_ids *campaigns,
                                        Bandstand__V1__Campaign ***ret, struct bs_error *error);

/* ---- slugs (slug.c) ---- */

/* "Ma2X, la tournée" -> "ma2x-la-tournee"; "campaign" when nothing is left. */
struct bs_str slug_of_name(struct bs_arena *arena, struct bs_str name);
/*
 * Gives a campaign the next slug of a base: "ma2x", "ma2x-1", "ma2x-2", ... Others who take one at
 * the same time get another.
 */
void tx_slug(struct universe_tx *tx, struct edn e, struct bs_str base);

#endif
