/* bandstand call: one RPC, or a look at what a server has to offer. */

#include "bandstand/v1/artist.rpc.h"
#include "bandstand/v1/auth.rpc.h"
#include "bandstand/v1/campaign.rpc.h"
#include "bandstand/v1/concert.rpc.h"
#include "bandstand/v1/fan.rpc.h"
#include "bandstand/v1/org.rpc.h"
#include "call_describe.h"
#include "commands.h"
#include "datom/v1/database.rpc.h"
#include "rpc/rpc.h"
#include "rpc/v1/health.rpc.h"
#include "rpc/v1/reflection.rpc.h"
#include "rpc/v1/status.rpc.h"

#define DEFAULT_URL "tcp://127.0.0.1:7400"

/* Whose messages this program can turn from and into JSON. */
static const struct rpc_service *const services[] = {
    &bandstand__v1__artist_service__table,   &bandstand__v1__auth_service__table,
    &bandstand__v1__campaign_service__table, &bandstand__v1__concert_service__table,
    &bandstand__v1__fan_service__table,      &bandstand__v1__org_service__table,
    &datom__v1__database_service__table,     &rpc__v1__health_service__table,
    &rpc__v1__reflection_service__table,
};

struct call {
    const struct cli_command *command;
    const char *url;
    const char *method;
    const char *json;
    struct cli_texts metadata_texts;
    const char *deadline;
    const char *as_of;
    bool dry_run;
    bool list;
    bool describe;
    struct bs_arena *arena;
    struct rpc_channel *channel;
    struct rpc_metadata metadata;
    struct rpc_client_options options;
    /* of a failure, beside the error */
    struct rpc_violations violations;
    int64_t retry_after_ms;
};

/* ---- what stands on the command line ---- */

static enum bs_code find_method(const char *name, const struct rpc_method **ret_method,
                                struct bs_error *error)
{
    struct bs_str wanted = bs_str_from(name[0] == '/' ? name + 1 : name);
    const char *nearest = NULL;
    size_t least = 20;
    for (size_t i = 0; i < BS_ARRAY_COUNT(services); i++) {
        for (size_t m = 0; m < services[i]->methods_count; m++) {
            const struct rpc_method *method = &services[i]->methods[m];
            if (bs_str_equals(wanted, method->full_name)) {
                *ret_method = method;
                return BS_OK;
            }
            size_t distance = bs_str_distance(wanted, bs_str_from(method->full_name));
            if (distance < least) {
                least = distance;
                nearest = method->full_name;
            }
        }
    }
    return bs_error_set(error, BS_REASON_RPC_UNKNOWN_METHOD, "unknown method %s%s%s%s", name,
                        nearest ? "; did you mean " : " (see 'bandstand call --list')",
                        nearest ? nearest : "", nearest ? "?" : "");
}

static enum bs_code add_metadata(struct call *call, struct bs_error *error)
{
    rpc_metadata_init(&call->metadata, call->arena);
    for (size_t i = 0; i < call->metadata_texts.count; i++) {
        struct bs_str value = bs_str_from(call->metadata_texts.items[i]), key;
        if (!bs_str_split(&value, '=', &key) || !value.ptr)
            return bs_error_set(error, BS_REASON_CLI_USAGE, "--metadata %s: expected KEY=VALUE",
                                call->metadata_texts.items[i]);
        BS_TRY(rpc_metadata_add_text(&call->metadata, key, value, error));
    }
    if (call->dry_run)
        BS_TRY(rpc_metadata_add(&call->metadata, BS_STR("dry-run"), BS_STR("true"), error));
    if (call->as_of)
        BS_TRY(rpc_metadata_add(&call->metadata, BS_STR("as-of"), bs_str_from(call->as_of), error));
    return BS_OK;
}

static enum bs_code prepare(struct call *call, struct bs_error *error)
{
    int64_t left_ns;
    rpc_violations_init(&call->violations, call->arena);
    BS_TRY(add_metadata(call, error));
    call->options = (struct rpc_client_options){
        .metadata = &call->metadata,
        .deadline = BS_DEADLINE_NONE,
        .ret_violations = &call->violations,
        .ret_retry_after_ms = &call->retry_after_ms,
    };
    if (call->deadline) {
        if (rpc_deadline_parse(bs_str_from(call->deadline), &left_ns, NULL) != BS_OK)
            return bs_error_set(error, BS_REASON_CLI_USAGE,
                                "--deadline %s: expected a number and a unit, as 500ms, 5s or 2M "
                                "(minutes)",
                                call->deadline);
        call->options.deadline = bs_deadline_after_ns(left_ns);
    }
    return rpc_stream_channel_open(call->url, NULL, &call->channel, error);
}

/* ---- the call ---- */

static unsigned print_flags(bool is_terminal)
{
    return RPC_JSON_ZEROS | (is_terminal ? RPC_JSON_PRETTY : 0);
}

static enum bs_code print_message(const struct rpc_message *table, const ProtobufCMessage *message,
                                  struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    BS_TRY(rpc_json_print(table, message, print_flags(cli_stdout_is_terminal()), &out, error));
    cli_print(bs_buf_str(&out));
    return BS_OK;
}

static enum bs_code receive_all(const struct rpc_method *method, struct rpc_client_stream *stream,
                                const ProtobufCMessage *request, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_TRY(rpc_client_stream_send(stream, request, error));
    BS_TRY(rpc_client_stream_half_close(stream, error));
    for (;;) {
        ProtobufCMessage *message = NULL;
        BS_TRY(rpc_client_stream_receive(stream, arena, &message, error));
        if (!message)
            return BS_OK;
        BS_TRY(print_message(method->response, message, error));
        bs_arena_reset(arena);
    }
}

static enum bs_code run_stream(struct call *call, const struct rpc_method *method,
                               const ProtobufCMessage *request, struct bs_error *error)
{
    struct rpc_client_stream *stream = NULL;
    if (method->kind & RPC_CLIENT_STREAM)
        return bs_error_set(error, BS_REASON_RPC_UNKNOWN_METHOD,
                            "%s takes a stream of requests: expected a method that takes one",
                            method->full_name);
    BS_TRY(rpc_channel_open_stream(call->channel, method, &call->options, &stream, error));
    enum bs_code code = receive_all(method, stream, request, error);
    rpc_client_stream_close(stream);
    return code;
}

static enum bs_code run_method(struct call *call, struct bs_error *error)
{
    const struct rpc_method *method = NULL;
    ProtobufCMessage *request = NULL, *response = NULL;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    BS_TRY(find_method(call->method, &method, error));
    if (strcmp(call->json, "-") == 0)
        BS_TRY(cli_read_file("-", &text, error));
    else
        bs_buf_append_cstr(&text, call->json);
    BS_TRY(rpc_json_parse(method->request, bs_buf_str(&text), RPC_JSON_DEFAULT, call->arena,
                          &request, error));
    if (method->kind != RPC_UNARY)
        return run_stream(call, method, request, error);
    BS_TRY(rpc_channel_call(call->channel, method, &call->options, request, call->arena, &response,
                            error));
    return print_message(method->response, response, error);
}

static enum bs_code run_any(struct call *call, struct bs_error *error)
{
    BS_TRY(prepare(call, error));
    if (call->list)
        return call_print_list(call->channel, &call->options, call->arena, error);
    if (call->describe)
        return call_print_description(call->channel, &call->options, call->method, call->arena,
                                      error);
    return run_method(call, error);
}

/* The error as other transports show it, on standard error. */
static void print_error(const struct call *call, const struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    const struct rpc_status_extra extra = {
        .violations = &call->violations,
        .retry_after_ms = call->retry_after_ms,
        .request_id = BS_STR_EMPTY,
    };
    Rpc__V1__Status *status = rpc_status_from_error(error, &extra, call->arena);
    if (rpc_json_print(&rpc__v1__status__table, &status->base, RPC_JSON_ZEROS, &out, NULL) == BS_OK)
        fprintf(stderr, "%s\n", bs_buf_cstr(&out));
}

/* [URL] METHOD [JSON]: a URL has "://", a method has not. */
static int take_arguments(struct call *call, int count, char **arguments)
{
    const char *url = getenv("BANDSTAND_URL");
    int at = 0;
    call->url = url && *url ? url : DEFAULT_URL;
    call->json = "{}";
    if (at < count && strstr(arguments[at], "://"))
        call->url = arguments[at++];
    if (call->list && call->describe)
        return cli_wrong(call->command, "expected one of --list, --describe");
    if (!call->list && at == count)
        return cli_wrong(call->command, call->describe ? "--describe what? expected a name"
                                                       : "which method? expected METHOD [JSON]");
    if (!call->list)
        call->method = arguments[at++];
    if (!call->list && !call->describe && at < count)
        call->json = arguments[at++];
    if (at < count)
        return cli_wrong(call->command, "unexpected argument %s", arguments[at]);
    return CLI_OK;
}

static int run_call(const struct cli_command *command, int argc, char **argv)
{
    struct call call = {.command = command};
    const struct cli_option options[] = {
        {"metadata", CLI_TEXTS, &call.metadata_texts, "K=V", "sent with the call; repeatable"},
        {"deadline", CLI_TEXT, &call.deadline, "TIME",
         "how long it may take: 500ms, 5s, 2M (minutes)"},
        {"dry-run", CLI_FLAG, &call.dry_run, NULL, "tries it: the same answer, nothing is kept"},
        {"as-of", CLI_TEXT, &call.as_of, "T", "a reading method answers from the past"},
        {"list", CLI_FLAG, &call.list, NULL, "the server's services and methods"},
        {"describe", CLI_FLAG, &call.describe, NULL, "a service, method, message or enum"},
    };
    struct bs_error error = BS_ERROR_INIT;
    int count;
    char **arguments;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    int status = take_arguments(&call, count, arguments);
    if (status != CLI_OK)
        return status;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    call.arena = arena;
    enum bs_code code = run_any(&call, &error);
    rpc_channel_close(call.channel);
    if (code == BS_OK)
        return CLI_OK;
    if (cli_is_usage(&error))
        return cli_failed(command, &error);
    print_error(&call, &error);
    return CLI_FAILED;
}

const struct cli_command call_command = {
    .name = "call",
    .arguments = "[URL] METHOD [JSON]",
    .summary = "one RPC to a running server",
    .description =
        "Calls METHOD with a request in JSON ({} when left out, - for standard input) and prints\n"
        "the response as JSON. An error is printed as JSON on standard error, with status 1. URL "
        "is\n"
        "$BANDSTAND_URL or " DEFAULT_URL " when left out.\n"
        "\n"
        "    bandstand call --list\n"
        "    bandstand call --describe bandstand.v1.ArtistService/SearchArtists\n"
        "    bandstand call bandstand.v1.ArtistService/SearchArtists '{\"query\":\"beatl\"}'\n"
        "    bandstand call tcp://127.0.0.1:7400 bandstand.v1.AuthService/WhoAmI \\\n"
        "        --metadata 'authorization=Bearer TOKEN'",
    .run = run_call,
};
