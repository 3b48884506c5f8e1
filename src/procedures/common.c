/* See internal.h: what procedures share that belongs to none of them. */

#include "procedures/internal.h"

#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01 */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59 */

char *cl_text(struct bs_arena *arena, struct bs_str text)
{
    return bs_arena_dup_cstr(arena, text);
}

enum bs_code cl_fact(struct datom_db *db, struct bs_arena *arena, datom_id e, const char *attribute,
                     char **ret_text, struct bs_error *error)
{
    struct bs_str text;
    BS_TRY(universe_get_text(db, arena, e, attribute, &text, error));
    *ret_text = cl_text(arena, text);
    return BS_OK;
}

Google__Protobuf__Timestamp *cl_time(struct bs_arena *arena, int64_t ms)
{
    Google__Protobuf__Timestamp *time = bs_arena_new_item(arena, Google__Protobuf__Timestamp);
    int64_t rest = ms % 1000;
    google__protobuf__timestamp__init(time);
    rest += rest < 0 ? 1000 : 0;
    time->seconds = (ms - rest) / 1000;
    time->nanos = (int32_t)(rest * 1000000);
    return time;
}

enum bs_code cl_time_fact(struct datom_db *db, struct bs_arena *arena, datom_id e,
                          const char *attribute, Google__Protobuf__Timestamp **ret,
                          struct bs_error *error)
{
    int64_t ms;
    bool found;
    BS_TRY(universe_get_long(db, e, attribute, &ms, &found, error));
    *ret = found ? cl_time(arena, ms) : NULL;
    return BS_OK;
}

enum bs_code cl_int_fact(struct datom_db *db, datom_id e, const char *attribute, int32_t *ret_int,
                         struct bs_error *error)
{
    int64_t integer;
    bool found;
    BS_TRY(universe_get_long(db, e, attribute, &integer, &found, error));
    *ret_int = found && integer >= INT32_MIN && integer <= INT32_MAX ? (int32_t)integer : 0;
    return BS_OK;
}

enum bs_code refuse_field(struct universe *u, const char *field, const char *rule,
                          const char *expected, struct bs_error *error)
{
    if (u->call) {
        struct rpc_violations *violations = rpc_call_violations(u->call);
        rpc_violations_add(violations, bs_str_from(field), bs_str_from(rule), "%s", expected);
        return rpc_violations_check(violations, error);
    }
    return bs_error_set(error, BS_REASON_RPC_VALIDATION, "%s: %s", field, expected);
}

enum bs_code read_time(struct universe *u, const char *field,
                       const Google__Protobuf__Timestamp *time, int64_t *ret_ms,
                       struct bs_error *error)
{
    if (!time)
        return refuse_field(u, field, "required", "expected a time", error);
    if (time->seconds < FIRST_SECOND || time->seconds > LAST_SECOND || time->nanos < 0 ||
        time->nanos > 999999999)
        return refuse_field(u, field, "time", "expected a time of the years 0001 to 9999", error);
    *ret_ms = time->seconds * 1000 + time->nanos / 1000000;
    return BS_OK;
}

struct bs_str id_or_new(struct universe *u, const char *id)
{
    return *id ? bs_str_from(id) : universe_new_id(u);
}

struct bs_str normal_email(struct bs_arena *arena, const char *email)
{
    struct bs_str trimmed = bs_str_trim(bs_str_from(email));
    char *text = bs_arena_dup_cstr(arena, trimmed);
    for (char *c = text; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return bs_str_make(text, trimmed.len);
}

bool is_taken(enum bs_code code, const struct bs_error *failure, const char *attribute)
{
    if (code == BS_OK || failure->reason != BS_REASON_DB_UNIQUE_CONFLICT)
        return false;
    const struct bs_error_field *field = bs_error_find(failure, "attribute");
    return field && field->is_text && bs_str_equals(bs_str_from(field->text), attribute);
}

enum bs_code pass_on(const struct bs_error *failure, struct bs_error *error)
{
    if (error)
        *error = *failure;
    return failure->code;
}

enum bs_code count_referring(struct datom_db *db, const char *attribute, datom_id target,
                             int64_t *ret_count, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct universe_ids ids = {.arena = arena};
    BS_TRY(universe_find_referring(db, attribute, target, &ids, error));
    *ret_count = (int64_t)ids.count;
    return BS_OK;
}

static enum bs_code find_by_id(struct datom_db *db, const char *attribute, const char *id,
                               enum bs_reason not_found, const char *what, datom_id *ret_id,
                               struct bs_error *error)
{
    BS_TRY(universe_find(db, attribute, edn_string(bs_str_from(id)), ret_id, error));
    if (*ret_id == DATOM_NO_ID)
        return bs_error_set(error, not_found, "no %s has the id \"%s\"", what, id);
    return BS_OK;
}

enum bs_code find_org(struct datom_db *db, const char *org_id, datom_id *ret_org,
                      struct bs_error *error)
{
    return find_by_id(db, "org/id", org_id, BS_REASON_ORG_NOT_FOUND, "org", ret_org, error);
}

enum bs_code find_campaign(struct datom_db *db, const char *campaign_id, datom_id *ret_campaign,
                           struct bs_error *error)
{
    return find_by_id(db, "campaign/id", campaign_id, BS_REASON_CAMPAIGN_NOT_FOUND, "campaign",
                      ret_campaign, error);
}
