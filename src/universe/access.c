/* The access rules of the .proto files, decided on the newest database. */

#include "universe/internal.h"

/* One decision. */
struct check {
    const struct rpc_method *method;
    const struct universe_caller *caller;
    struct datom_db *db;
    struct bs_arena *arena;
    struct bs_str id; /* what the request names */
};

static enum bs_code deny(const struct check *check, struct bs_error *error)
{
    const struct rpc_access *access = &check->method->access;
    BS_CLEANUP(bs_buf_fini) struct bs_buf roles = BS_BUF_INIT(200);
    for (const char *const *role = access->roles; role && *role; role++)
        bs_buf_printf(&roles, "%s%s", role == access->roles ? "" : " or ", *role);
    return bs_error_set(
        error, BS_REASON_ACCESS_DENIED, "%s: you may not on %s \"%.*s\": expected a member%s%.*s",
        check->method->full_name, access->resource, BS_STR_ARGS(check->id),
        roles.len > 0 ? " with the role " : "", (int)roles.len, roles.ptr ? roles.ptr : "");
}

static bool suffices(const struct rpc_access *access, struct edn role)
{
    if (!access->roles)
        return true;
    for (const char *const *wanted = access->roles; *wanted; wanted++) {
        if (edn_is_text(role, EDN_KEYWORD, bs_str_from(*wanted)))
            return true;
    }
    return false;
}

static enum bs_code check_member(const struct check *check, struct bs_str org_id,
                                 struct bs_error *error)
{
    struct edn_list roles;
    datom_id membership;
    struct bs_str key = bs_arena_printf(check->arena, "%.*s|%.*s",
                                        BS_STR_ARGS(check->caller->user_id), BS_STR_ARGS(org_id));
    edn_list_init(&roles, check->arena);
    BS_TRY(universe_find(check->db, "membership/key", edn_string(key), &membership, error));
    if (membership == DATOM_NO_ID)
        return deny(check, error);
    BS_TRY(universe_get_all(check->db, membership, "membership/roles", &roles, error));
    for (size_t i = 0; i < roles.count; i++) {
        if (suffices(&check->method->access, roles.items[i]))
            return BS_OK;
    }
    return deny(check, error);
}

static enum bs_code check_resource(const struct check *check,
                                   const struct universe_resource *resource, struct bs_error *error)
{
    datom_id entity;
    struct bs_str org_id = check->id;
    BS_TRY(universe_find(check->db, resource->id_attribute, edn_string(check->id), &entity, error));
    if (entity == DATOM_NO_ID)
        return bs_error_set(error, resource->not_found, "no %s has the id \"%.*s\"", resource->kind,
                            BS_STR_ARGS(check->id));
    if (resource->org_attribute) {
        datom_id org;
        BS_TRY(universe_get_ref(check->db, entity, resource->org_attribute, &org, error));
        BS_TRY(universe_get_text(check->db, check->arena, org, "org/id", &org_id, error));
    }
    return check_member(check, org_id, error);
}

static enum bs_code check_database(const struct check *check, struct bs_error *error)
{
    if (check->id.len > 0)
        return bs_error_set(error, BS_REASON_DATABASE_NOT_FOUND,
                            "no database is called \"%.*s\": expected an empty name, the server's "
                            "only one",
                            BS_STR_ARGS(check->id));
    return check->caller->is_operator ? BS_OK : deny(check, error);
}

enum bs_code universe_access_before(void *self, struct rpc_call *call, struct bs_error *error)
{
    const struct universe_gate *gate = self;
    const struct rpc_method *method = rpc_call_method(call);
    const struct rpc_access *access = &method->access;
    if (access->kind == RPC_ACCESS_PUBLIC)
        return BS_OK;
    BS_TRY(universe_require_caller(call, error));
    if (access->kind != RPC_ACCESS_RESOURCE)
        return BS_OK;
    BS_CLEANUP(datom_db_unrefp)
    struct datom_db *db = datom_conn_db(universe_of_call(gate->universe, call)->conn);
    const struct check check = {
        .method = method,
        .caller = universe_caller_of(call),
        .db = db,
        .arena = rpc_call_arena(call),
        .id = rpc_message_string_at(method->request, rpc_call_request(call), access->field),
    };
    if (bs_str_equals(bs_str_from(access->resource), "database"))
        return check_database(&check, error);
    for (size_t i = 0; i < gate->resources_count; i++) {
        if (bs_str_equals(bs_str_from(access->resource), gate->resources[i].kind))
            return check_resource(&check, &gate->resources[i], error);
    }
    return bs_error_set(error, BS_REASON_INTERNAL, "%s: nobody has said what a \"%s\" is",
                        method->full_name, access->resource);
}
