/* (call "pkg.Service/Method" MAP): a procedure, run by the dispatcher in this process. */

#include "shell/message.h"
#include "shell/session.h"
#include "universe/universe.h"

enum bs_code shell_open_procedures(struct shell *shell, struct bs_error *error)
{
    const struct shell_procedures *procedures = shell->procedures;
    if (!procedures || shell->dispatcher)
        return BS_OK;
    return procedures->open(procedures->self, shell->own.conn, &shell->own.universe,
                            &shell->dispatcher, error);
}

/* ---- which ---- */

static void consider(const struct rpc_method *method, struct bs_str name, size_t *least,
                     const struct rpc_method **nearest)
{
    /* the short name alone is how people mistake it; full names are longer than distances go */
    struct bs_str local = name;
    ptrdiff_t slash = bs_str_find_byte(name, '/');
    if (slash >= 0)
        local = bs_str_from_offset(name, (size_t)slash + 1);
    size_t distance = bs_str_distance(bs_str_from(method->name), local);
    if (distance < *least) {
        *least = distance;
        *nearest = method;
    }
}

static const struct rpc_method *nearest_method(const struct rpc_dispatcher *dispatcher,
                                               struct bs_str name)
{
    const struct rpc_method *nearest = NULL;
    size_t least = 4;
    for (size_t i = 0; i < rpc_dispatcher_services_count(dispatcher); i++) {
        const struct rpc_service *service = rpc_dispatcher_service_at(dispatcher, i);
        for (size_t j = 0; j < service->methods_count; j++)
            consider(&service->methods[j], name, &least, &nearest);
    }
    return nearest;
}

static enum bs_code find_method(struct shell *shell, struct edn name,
                                const struct rpc_method **ret_method, struct bs_error *error)
{
    if (name.type != EDN_STRING && name.type != EDN_SYMBOL)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "call: %s is no method: expected \"pkg.Service/Method\"",
                            shell_show(shell, name));
    BS_TRY(shell_open_procedures(shell, error));
    if (!shell->dispatcher)
        return bs_error_set(error, BS_REASON_RPC_UNKNOWN_METHOD,
                            "call: there are no procedures here");
    const struct rpc_method *method = rpc_dispatcher_find(shell->dispatcher, edn_text_of(name));
    if (!method) {
        const struct rpc_method *nearest = nearest_method(shell->dispatcher, edn_text_of(name));
        return bs_error_set(error, BS_REASON_RPC_UNKNOWN_METHOD, "there is no method %.*s%s%s%s",
                            BS_STR_ARGS(edn_text_of(name)), nearest ? "; did you mean " : "",
                            nearest ? nearest->full_name : "", nearest ? "?" : "");
    }
    if (method->kind != RPC_UNARY)
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            "%s streams: the shell calls unary methods only", method->full_name);
    *ret_method = method;
    return BS_OK;
}

/* ---- with what ---- */

static enum bs_code take_metadata(struct shell *shell, struct edn map,
                                  struct rpc_metadata *metadata, struct bs_error *error)
{
    rpc_metadata_init(metadata, shell->arena);
    if (edn_is_nil(map))
        return BS_OK;
    if (map.type != EDN_MAP)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "call: %s is no metadata: expected a map, as {:authorization \"Bearer "
                            "...\"}",
                            shell_show(shell, map));
    for (size_t i = 0; i < map.len; i++) {
        struct edn key = map.as.items[i * 2];
        struct edn value = map.as.items[i * 2 + 1];
        bool is_text = key.type == EDN_KEYWORD || key.type == EDN_STRING;
        struct bs_str name = is_text ? edn_text_of(key) : edn_print_short(shell->arena, key, 0);
        struct bs_str text =
            value.type == EDN_STRING ? edn_text_of(value) : edn_print_short(shell->arena, value, 0);
        BS_TRY(rpc_metadata_add_text(metadata, name, text, error));
    }
    return BS_OK;
}

static enum bs_code call_method(struct shell *shell, const struct rpc_method *method,
                                const struct rpc_metadata *metadata,
                                const ProtobufCMessage *request, struct edn *ret_value,
                                struct bs_error *error)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_channel *channel = rpc_direct_channel_new(shell->dispatcher);
    ProtobufCMessage *response = NULL;
    options.metadata = metadata;
    options.cancelled = &shell->cancelled;
    struct universe brought;
    bool brings = shell->world != &shell->own && method->service->context_type;
    if (brings) {
        universe_begin(shell->world->universe, shell->arena, &brought);
        options.context = &brought;
    }
    enum bs_code code =
        rpc_channel_call(channel, method, &options, request, shell->arena, &response, error);
    if (brings)
        universe_end(&brought);
    rpc_channel_close(channel);
    if (code != BS_OK)
        return code;
    return shell_message_to_edn(method->response, response, shell->arena, ret_value, error);
}

/* A call that only reads leaves the store as it is. */
static enum bs_code prepare_world(struct shell *shell, const struct rpc_method *method,
                                  struct bs_error *error)
{
    const struct shell_procedures *procedures = shell->procedures;
    struct shell_world *world = shell->world;
    bool may_write = method->service->context_type && method->idempotency != RPC_NO_SIDE_EFFECTS;
    if (!may_write || world->is_installed || !procedures->install)
        return BS_OK;
    BS_TRY(procedures->install(procedures->self, world->conn, error));
    world->is_installed = true;
    return BS_OK;
}

SHELL_FUNCTION(call)
{
    const struct rpc_method *method = NULL;
    struct rpc_metadata metadata;
    ProtobufCMessage *request;
    struct edn map = count > 1 ? arguments[1] : edn_collection(EDN_MAP, NULL, 0);
    BS_TRY(find_method(shell, arguments[0], &method, error));
    if (map.type != EDN_MAP)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "call: %s is no request: expected a map of fields of %s",
                            shell_show(shell, map), method->request->full_name);
    BS_TRY(take_metadata(shell, count > 2 ? arguments[2] : edn_nil(), &metadata, error));
    BS_TRY(shell_message_from_edn(method->request, map, shell->arena, &request, error));
    BS_TRY(prepare_world(shell, method, error));
    return call_method(shell, method, &metadata, request, ret_value, error);
}
