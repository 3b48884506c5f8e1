/*
 * What the dispatcher is given: interceptors, and the hooks by which each call gets a universe. The
 * metadata keys that choose the value a call works on are ours: min-basis-t waits, as-of looks
 * back, dry-run forks.
 */

#include "base/limits.h"
#include "universe/internal.h"

static const char *const auth_claims[] = {"authorization", NULL};
static const char *const time_claims[] = {"min-basis-t", NULL};
static const char *const hook_claims[] = {"as-of", "dry-run", NULL};

static enum bs_code parse_t(const char *key, struct bs_str text, uint64_t *ret_t,
                            struct bs_error *error)
{
    if (bs_str_parse_u64(text, ret_t) && *ret_t <= DATOM_T_MAX)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_METADATA, "%s: expected a t, a number, got \"%.*s\"",
                        key, BS_STR_ARGS(text));
}

/* Each call that waits holds a thread, and anybody may ask: so only so many may. */
static enum bs_code wait_for_basis(struct universe_gate *gate, struct datom_conn *conn, uint64_t t,
                                   struct rpc_call *call, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    enum bs_code code;
    if (atomic_fetch_add(&gate->basis_waiters, 1) < BS_LIMIT_BASIS_WAITERS) {
        rpc_call_wait_begin(call);
        code = datom_conn_sync(conn, t, rpc_call_interrupt(call), &db, error);
        rpc_call_wait_end(call);
    } else {
        code = bs_error_set(error, BS_REASON_RPC_OVERLOADED,
                            "min-basis-t: expected at most %d calls that wait, and so many do",
                            BS_LIMIT_BASIS_WAITERS);
    }
    atomic_fetch_sub(&gate->basis_waiters, 1);
    return code;
}

/* min-basis-t: waits until the database has come so far. */
static enum bs_code time_before(void *self, struct rpc_call *call, struct bs_error *error)
{
    struct universe_gate *gate = self;
    struct bs_str text = rpc_metadata_get(rpc_call_metadata(call), BS_STR("min-basis-t"));
    uint64_t t;
    if (!text.ptr)
        return BS_OK;
    BS_TRY(parse_t("min-basis-t", text, &t, error));
    struct datom_conn *conn = universe_of_call(gate->universe, call)->conn;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    return datom_db_basis_t(db) >= t ? BS_OK : wait_for_basis(gate, conn, t, call, error);
}

/*
 * A call that brings its universe: for as long as it runs, that one knows of the call what others
 * learn from open_context. Procedures may call others with their own universe, so what it knew
 * before comes back.
 */
static const char before_key;

static enum bs_code adopt_before(void *self, struct rpc_call *call, struct bs_error *error)
{
    struct universe *brought = rpc_call_context(call);
    (void)self;
    (void)error;
    if (!brought)
        return BS_OK;
    struct universe *before = bs_arena_new_item(rpc_call_arena(call), struct universe);
    *before = *brought;
    rpc_call_attach(call, &before_key, before);
    brought->caller = *universe_caller_of(call);
    brought->procedure = bs_str_from(rpc_call_method(call)->full_name);
    brought->interrupt = rpc_call_interrupt(call);
    brought->call = call;
    return BS_OK;
}

static void adopt_after(void *self, struct rpc_call *call, enum bs_code code,
                        struct bs_error *error)
{
    struct universe *brought = rpc_call_context(call);
    const struct universe *before = rpc_call_attachment(call, &before_key);
    (void)self;
    (void)code;
    (void)error;
    if (!before) /* the universe is one that open_context made */
        return;
    rpc_call_set_basis_t(call, (int64_t)brought->basis_t);
    brought->caller = before->caller;
    brought->procedure = before->procedure;
    brought->interrupt = before->interrupt;
    brought->call = before->call;
}

static enum bs_code look_back(struct universe *universe, struct rpc_call *call, struct bs_str text,
                              struct bs_error *error)
{
    const struct rpc_method *method = rpc_call_method(call);
    uint64_t t;
    BS_TRY(parse_t("as-of", text, &t, error));
    if (method->idempotency != RPC_NO_SIDE_EFFECTS)
        return bs_error_set(error, BS_REASON_RPC_METADATA,
                            "as-of: %s writes, and the past can't be written: expected a reading "
                            "method",
                            method->full_name);
    if (t > datom_db_basis_t(universe->db))
        return bs_error_set(
            error, BS_REASON_RPC_METADATA, "as-of: %llu has not come yet: expected at most %llu",
            (unsigned long long)t, (unsigned long long)datom_db_basis_t(universe->db));
    struct datom_db *past = datom_db_as_of(universe->db, t);
    datom_db_unref(universe->db);
    universe->db = past;
    return BS_OK;
}

static enum bs_code is_dry_run(const struct rpc_call *call, bool *ret_dry, struct bs_error *error)
{
    struct bs_str text = rpc_metadata_get(rpc_call_metadata(call), BS_STR("dry-run"));
    *ret_dry = bs_str_equals(text, "true");
    if (!text.ptr || *ret_dry || bs_str_equals(text, "false"))
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_METADATA,
                        "dry-run: expected true or false, got \"%.*s\"", BS_STR_ARGS(text));
}

/* What a call's universe stands on, when it is a fork that goes with the call. */
struct opened {
    struct universe universe; /* first: what handlers get */
    struct universe *fork;    /* NULL but for dry runs */
};

static void close_context(void *self, struct rpc_call *call, void *context)
{
    struct opened *opened = context;
    (void)self;
    /* a dry run's ts mean nothing outside of its fork */
    if (!opened->fork)
        rpc_call_set_basis_t(call, (int64_t)opened->universe.basis_t);
    universe_end(&opened->universe);
    /* what it transacted is kept by the call's arena, and may outlive the fork */
    universe_free(opened->fork);
}

static enum bs_code open_context(void *self, struct rpc_call *call, void **ret_context,
                                 struct bs_error *error)
{
    const struct universe_gate *gate = self;
    const struct universe *world = gate->universe;
    struct bs_arena *arena = rpc_call_arena(call);
    struct bs_str as_of = rpc_metadata_get(rpc_call_metadata(call), BS_STR("as-of"));
    struct opened *opened = bs_arena_new_item(arena, struct opened);
    bool is_dry;
    BS_TRY(is_dry_run(call, &is_dry, error));
    if (is_dry) {
        BS_TRY(universe_fork(world, &opened->fork, error));
        world = opened->fork;
    }
    struct universe *universe = &opened->universe;
    universe_begin(world, arena, universe);
    universe->interrupt = rpc_call_interrupt(call);
    universe->call = call;
    universe->procedure = bs_str_from(rpc_call_method(call)->full_name);
    universe->caller = *universe_caller_of(call);
    universe->is_dry = is_dry;
    rpc_call_set_basis_t(call, (int64_t)universe->basis_t);
    enum bs_code code = as_of.ptr ? look_back(universe, call, as_of, error) : BS_OK;
    if (code != BS_OK) {
        close_context(self, call, opened);
        return code;
    }
    *ret_context = opened;
    return BS_OK;
}

void universe_register(struct universe *universe, struct rpc_dispatcher *dispatcher,
                       const struct universe_resource *resources, size_t resources_count)
{
    struct universe_gate *gate = bs_calloc(1, sizeof(*gate));
    *gate = (struct universe_gate){
        .next = universe->shared->gates,
        .universe = universe,
        .resources = resources,
        .resources_count = resources_count,
    };
    universe->shared->gates = gate;
    const struct rpc_interceptor interceptors[] = {
        {.name = "auth",
         .stage = RPC_STAGE_AUTH,
         .before = universe_auth_before,
         .claims = auth_claims,
         .self = gate},
        {.name = "access",
         .stage = RPC_STAGE_ACCESS,
         .before = universe_access_before,
         .self = gate},
        {.name = "time",
         .stage = RPC_STAGE_TIME,
         .before = time_before,
         .claims = time_claims,
         .self = gate},
        {.name = "brought-universe",
         .stage = RPC_STAGE_TIME,
         .before = adopt_before,
         .after = adopt_after,
         .self = gate},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(interceptors); i++)
        rpc_dispatcher_add_interceptor(dispatcher, &interceptors[i]);
    const struct rpc_context_hooks hooks = {
        .type = "struct universe",
        .open = open_context,
        .close = close_context,
        .claims = hook_claims,
        .self = gate,
    };
    rpc_dispatcher_set_context(dispatcher, &hooks);
}
