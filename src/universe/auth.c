/*
 * Credentials to callers: a Bearer token is looked up (by its hash) in the newest database. Whether
 * anybody has to be signed in is the access rules' business: a token that is no good makes the
 * caller nobody, and is told where somebody is asked for.
 */

#include "universe/internal.h"

/* What stands on a call once auth has run. */
struct finding {
    struct universe_caller caller;
    bool has_bad_token;
};

static const char caller_key;

static struct bs_str find_token(const struct rpc_call *call)
{
    const struct rpc_metadata *metadata = rpc_call_metadata(call);
    struct bs_str header = rpc_metadata_get(metadata, BS_STR("authorization"));
    struct bs_str bearer = BS_STR("Bearer ");
    if (header.len > bearer.len &&
        bs_str_equal_ignoring_case(bs_str_slice(header, 0, bearer.len), bearer))
        return bs_str_trim(bs_str_from_offset(header, bearer.len));
    return header; /* no scheme of ours: no good, but not nothing */
}

static enum bs_code find_session(const struct universe *universe, struct datom_db *db,
                                 struct bs_str token, struct bs_arena *arena,
                                 struct universe_caller *ret_caller, struct bs_error *error)
{
    datom_id session, user;
    struct edn value;
    BS_TRY(universe_find(db, "session/token-hash", edn_string(universe_hash_token(arena, token)),
                         &session, error));
    if (session == DATOM_NO_ID)
        return BS_OK;
    BS_TRY(universe_get(db, arena, session, "session/expires-at", &value, error));
    if (value.type != EDN_INSTANT || value.as.integer <= universe_now_ms(universe))
        return BS_OK;
    BS_TRY(universe_get(db, arena, session, "session/user", &value, error));
    if (value.type != EDN_LONG)
        return BS_OK;
    user = (datom_id)value.as.integer;
    BS_TRY(universe_get_text(db, arena, user, "user/id", &ret_caller->user_id, error));
    BS_TRY(universe_get(db, arena, user, "user/operator?", &value, error));
    ret_caller->user = user;
    ret_caller->session = session;
    ret_caller->is_operator = edn_is_truthy(value);
    ret_caller->is_signed_in = true;
    return BS_OK;
}

const struct universe *universe_of_call(const struct universe *universe,
                                        const struct rpc_call *call)
{
    const struct universe *brought = rpc_call_context(call);
    return brought ? brought : universe;
}

const struct universe_caller *universe_caller_of(const struct rpc_call *call)
{
    static const struct universe_caller nobody = {.session = DATOM_NO_ID};
    const struct finding *finding = rpc_call_attachment(call, &caller_key);
    return finding ? &finding->caller : &nobody;
}

enum bs_code universe_auth_before(void *self, struct rpc_call *call, struct bs_error *error)
{
    const struct universe_gate *gate = self;
    const struct universe *universe = universe_of_call(gate->universe, call);
    struct bs_arena *arena = rpc_call_arena(call);
    struct finding *finding = bs_arena_new_item(arena, struct finding);
    finding->caller.session = DATOM_NO_ID;
    rpc_call_attach(call, &caller_key, finding);
    if (universe->caller.is_signed_in) {
        finding->caller = universe->caller;
        return BS_OK;
    }
    struct bs_str token = find_token(call);
    if (token.len == 0)
        return BS_OK;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(universe->conn);
    BS_TRY(find_session(universe, db, token, arena, &finding->caller, error));
    finding->has_bad_token = !finding->caller.is_signed_in;
    return BS_OK;
}

enum bs_code universe_require_caller(const struct rpc_call *call, struct bs_error *error)
{
    const struct finding *finding = rpc_call_attachment(call, &caller_key);
    const char *method = rpc_call_method(call)->full_name;
    if (finding && finding->caller.is_signed_in)
        return BS_OK;
    if (finding && finding->has_bad_token)
        return bs_error_set(error, BS_REASON_AUTH_BAD_TOKEN,
                            "%s: the token opens no session, or no longer: expected one of "
                            "bandstand.v1.AuthService/SignIn",
                            method);
    return bs_error_set(error, BS_REASON_AUTH_NOT_SIGNED_IN,
                        "%s: expected credentials, as \"authorization: Bearer TOKEN\" or the "
                        "session's cookie",
                        method);
}

void universe_set_session(struct universe *call, struct bs_str token, int64_t expires_ms)
{
    /* a dry run's session is none */
    if (!call->call || call->is_dry ||
        !bs_str_equals(bs_str_from(rpc_call_transport(call->call)), "http"))
        return;
    /* the bridge makes cookies of it: the seconds to keep the token, 0 to forget it */
    int64_t seconds = token.len > 0 ? BS_MAX(0, (expires_ms - call->now_ms) / 1000) : 0;
    rpc_metadata_set(rpc_call_initial_metadata(call->call), BS_STR("set-session"),
                     seconds > 0 ? bs_arena_printf(call->arena, "%lld %.*s", (long long)seconds,
                                                   BS_STR_ARGS(token))
                                 : BS_STR("0"));
}
