/*
 * bandstand serve: a store, the universe around it, the procedures, and the listeners before them.
 * The main thread only waits for signals.
 */

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "commands.h"
#include "database.h"
#include "health.h"
#include "openapi.h"
#include "procedures/procedures.h"
#include "rpc/rpc.h"
#include "universe/universe.h"

#define DRAIN_MS 30000
#define DRAIN_LOOK_MS 100

struct serve {
    const struct cli_command *command;
    /* options */
    struct database_args database;
    struct cli_texts rpc_urls;
    const char *http;
    const char *web;
    const char *public_url;
    const char *log;
    bool demo;
    bool secure_cookies;
    /* parts, in the order of their making */
    struct datom_conn *conn;
    struct health_watch *health;
    struct universe *universe;
    struct rpc_dispatcher *dispatcher;
    struct bridge *bridge;
    struct rpc_server *servers[CLI_TEXTS_MAX];
    size_t servers_count;
    struct universe_deliverer *deliverer;
};

static const struct bridge_page pages[] = {{
    .path = "/campaign/{slug}/landing",
    .file = "landing/index.html",
    .method = "bandstand.v1.CampaignService/GetPublicCampaign",
    .field = "slug",
    .short_path = "/c/{slug}",
}};

/* ---- the clients' files ---- */

static bool is_web_dir(const char *path)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf index = BS_BUF_INIT(0);
    bs_buf_printf(&index, "%s/backoffice/index.html", path);
    return access(bs_buf_cstr(&index), R_OK) == 0;
}

/* Beside the program where it is installed, or in the sources that it was built in. */
static bool find_web_dir(char ret_path[PATH_MAX])
{
    static const char *const places[] = {"../share/bandstand/web", "../../../clients"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0)
        return false;
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < BS_ARRAY_COUNT(places); i++) {
        int written = snprintf(ret_path, PATH_MAX, "%s/%s", program, places[i]);
        if (written < PATH_MAX && is_web_dir(ret_path))
            return true;
    }
    return false;
}

/* ---- the log ---- */

static void log_failure(void *self, const struct rpc_call *call, enum bs_code code,
                        const struct bs_error *error)
{
    bool is_fault = code == BS_INTERNAL || code == BS_UNKNOWN || code == BS_DATA_LOSS;
    (void)self;
    if (code == BS_OK)
        return;
    bs_log(is_fault ? BS_LOG_ERROR : BS_LOG_INFO, "call failed",
           {"request", rpc_call_request_id(call)}, {"method", rpc_call_method_name(call)},
           {"code", bs_str_from(bs_code_name(code))},
           {"reason", bs_str_from(bs_error_reason_name(error))},
           {"transport", bs_str_from(rpc_call_transport(call))}, {"peer", rpc_call_peer(call)},
           {"error", bs_str_from(error->message)});
}

static bool set_log_level(const char *text)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], text) == 0) {
            bs_log_set_level((enum bs_log_level)i);
            return true;
        }
    }
    return false;
}

static void say_ready(const char *what, const char *url)
{
    fprintf(stderr, "ready %s %s\n", what, url);
    fflush(stderr);
}

/* ---- opening ---- */

static enum bs_code open_universe(struct serve *serve, struct bs_error *error)
{
    const struct universe_options options = {.conn = serve->conn};
    BS_TRY(procedures_install_schema(serve->conn, error));
    BS_TRY(universe_new(&options, &serve->universe, error));
    if (serve->demo)
        BS_TRY(procedures_install_demo(serve->universe, error));
    serve->dispatcher = rpc_dispatcher_new(NULL);
    rpc_dispatcher_set_observer(serve->dispatcher, log_failure, NULL);
    return procedures_register(serve->dispatcher, serve->universe, error);
}

static bool is_store_ready(void *self, struct bs_buf *ret_why)
{
    const struct serve *serve = self;
    return health_watch_is_ready(serve->health, ret_why);
}

static void write_metrics(void *self, struct bs_buf *out)
{
    const struct serve *serve = self;
    health_watch_write_metrics(serve->health, out);
    for (size_t i = 0; i < serve->servers_count; i++)
        rpc_server_write_metrics(serve->servers[i], out);
}

static enum bs_code open_bridge(struct serve *serve, struct bs_error *error)
{
    char found[PATH_MAX];
    const char *web = serve->web ? serve->web : find_web_dir(found) ? found : NULL;
    if (!web)
        bs_log(BS_LOG_WARN, "no web files are served; name their folder by --web",
               {"id", BS_STR("web-files-missing")});
    const struct bridge_options options = {
        .dispatcher = serve->dispatcher,
        .address = serve->http,
        .web_dir = web,
        .openapi = bs_str_make((const char *)gen_openapi_json, gen_openapi_json_size),
        .pages = pages,
        .pages_count = BS_ARRAY_COUNT(pages),
        .secure_cookies = serve->secure_cookies,
        .is_ready = is_store_ready,
        .ready_self = serve,
        .write_metrics = write_metrics,
        .metrics_self = serve,
    };
    BS_TRY(bridge_open(&options, &serve->bridge, error));
    serve->universe->public_url =
        bs_str_from(serve->public_url ? serve->public_url : bridge_url(serve->bridge));
    return BS_OK;
}

static enum bs_code open_listeners(struct serve *serve, struct bs_error *error)
{
    BS_TRY(rpc_dispatcher_start(serve->dispatcher, error));
    BS_TRY(health_watch_start(serve->conn, serve->dispatcher, &serve->health, error));
    /* before anybody can call: mails are to know the address */
    BS_TRY(open_bridge(serve, error));
    BS_TRY(universe_deliverer_start(serve->universe, &serve->deliverer, error));
    for (size_t i = 0; i < serve->rpc_urls.count; i++) {
        BS_TRY(rpc_server_open(serve->dispatcher, serve->rpc_urls.items[i], NULL,
                               &serve->servers[serve->servers_count], error));
        serve->servers_count++;
    }
    bridge_start(serve->bridge);
    for (size_t i = 0; i < serve->servers_count; i++)
        say_ready("rpc", rpc_server_url(serve->servers[i]));
    say_ready("http", bridge_url(serve->bridge));
    return BS_OK;
}

/* ---- the end ---- */

/* New calls are refused, those under way may end; a second signal, or the time, cuts them off. */
static void drain(struct serve *serve, const sigset_t *signals)
{
    const struct timespec at_once = {.tv_sec = 0};
    rpc_dispatcher_drain(serve->dispatcher);
    for (size_t i = 0; i < serve->servers_count; i++)
        rpc_server_drain(serve->servers[i]);
    bridge_drain(serve->bridge);
    for (int waited_ms = 0; waited_ms < DRAIN_MS; waited_ms += DRAIN_LOOK_MS) {
        if (rpc_dispatcher_wait(serve->dispatcher, DRAIN_LOOK_MS) ||
            sigtimedwait(signals, NULL, &at_once) > 0)
            return;
    }
}

/* Takes apart what there is; also after a failure half-way. */
static void close_all(struct serve *serve)
{
    if (serve->dispatcher)
        rpc_dispatcher_stop(serve->dispatcher, 0);
    bridge_close(serve->bridge);
    for (size_t i = 0; i < serve->servers_count; i++)
        rpc_server_close(serve->servers[i]);
    universe_deliverer_stop(serve->deliverer);
    health_watch_stop(serve->health);
    rpc_dispatcher_free(serve->dispatcher);
    universe_free(serve->universe);
    datom_conn_unref(serve->conn);
}

static int serve_until_signal(struct serve *serve, const sigset_t *signals)
{
    struct bs_error error = BS_ERROR_INIT;
    int which = 0;
    enum bs_code code = open_universe(serve, &error);
    if (code == BS_OK)
        code = open_listeners(serve, &error);
    if (code == BS_OK) {
        while (sigwait(signals, &which) != 0) {
        }
        bs_log(BS_LOG_INFO, "draining",
               {"signal", which == SIGINT ? BS_STR("SIGINT") : BS_STR("SIGTERM")});
        drain(serve, signals);
    }
    close_all(serve);
    return code == BS_OK ? CLI_OK : cli_failed(serve->command, &error);
}

/* What can be said of the addresses before a store is made. */
static enum bs_code check_addresses(const struct serve *serve, struct bs_error *error)
{
    for (size_t i = 0; i < serve->rpc_urls.count; i++)
        BS_TRY(rpc_server_check_url(serve->rpc_urls.items[i], error));
    return bridge_check_address(serve->http, error);
}

static int run_serve(const struct cli_command *command, int argc, char **argv)
{
    struct serve serve = {.command = command, .http = "127.0.0.1:7480", .log = "info"};
    const struct cli_option options[] = {
        {"db", CLI_TEXT, &serve.database.dir, "DIR", "a store on disk, made when missing"},
        {"memory", CLI_FLAG, &serve.database.memory, NULL, "a store in memory, gone at the end"},
        {"rpc", CLI_TEXTS, &serve.rpc_urls, "URL",
         "where RPC listens; may be repeated (tcp://127.0.0.1:7400)"},
        {"http", CLI_TEXT, &serve.http, "HOST:PORT", "where HTTP listens (127.0.0.1:7480)"},
        {"demo", CLI_FLAG, &serve.demo, NULL, "adds the demo's accounts and data, where missing"},
        {"web", CLI_TEXT, &serve.web, "DIR", "the clients' files: backoffice/, landing/, js/"},
        {"public-url", CLI_TEXT, &serve.public_url, "URL",
         "how the public reaches HTTP, for links in mails (the address of --http)"},
        {"secure-cookies", CLI_FLAG, &serve.secure_cookies, NULL,
         "browsers send the session over https only"},
        {"log", CLI_TEXT, &serve.log, "LEVEL", "debug, info, warn or error (info)"},
    };
    struct bs_error error = BS_ERROR_INIT;
    int count;
    char **arguments;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count > 0)
        return cli_wrong(command, "unexpected argument %s", arguments[0]);
    if (!set_log_level(serve.log))
        return cli_wrong(command, "--log %s: expected debug, info, warn or error", serve.log);
    if (serve.rpc_urls.count == 0)
        serve.rpc_urls.items[serve.rpc_urls.count++] = "tcp://127.0.0.1:7400";
    if (check_addresses(&serve, &error) != BS_OK)
        return cli_failed(command, &error);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    /* before the first thread, so that all have it */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!database_open(command, &serve.database, DATABASE_WRITE, &serve.conn, &status))
        return status;
    return serve_until_signal(&serve, &signals);
}

const struct cli_command serve_command = {
    .name = "serve",
    .arguments = "",
    .summary = "runs the server: RPC, HTTP, the clients' pages",
    .description =
        "Serves the application and the database. The application's schema is put into the store\n"
        "where it is missing. When a listener takes calls, a line on standard error says so:\n"
        "\n"
        "    ready rpc tcp://127.0.0.1:7400\n"
        "    ready http http://127.0.0.1:7480\n"
        "\n"
        "Port 0 takes a free one, which the line tells. SIGTERM and SIGINT drain: new calls are\n"
        "refused, those under way have 30 seconds, then the status is 0; a second signal does not\n"
        "wait.\n"
        "\n"
        "    bandstand serve --memory --demo\n"
        "    bandstand serve --db music --rpc ipc:///run/bandstand.sock --http 127.0.0.1:8080",
    .run = run_serve,
};
