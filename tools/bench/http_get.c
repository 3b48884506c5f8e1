/*
 * http.get: GET of a published campaign from `bandstand serve --memory --demo`, a process of its
 * own: HTTP parsed, routed, through all interceptors, the campaign with its artist and concerts
 * read from the database, printed as JSON. The peer is nginx, as many workers as processors, which
 * returns a constant body of the same length from its configuration. wrk drives both over loopback,
 * one thread with 32 connections kept alive; it takes its share of the same processors.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "rows.h"

#define TARGET "/api/public/campaigns/ma2x"
#define CONNECT_TRIES 100

struct state {
    struct bench_context *context;
    struct child server;
    struct child nginx;
    char url[256];
    char nginx_url[256];
    char *nginx_dir;
};

/* ---- one request, to see the body ---- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool port_of(const char *url, uint16_t *ret_port)
{
    uint64_t port = 0;
    const char *colon = strrchr(url, ':');
    if (!colon || !bs_str_parse_u64(bs_str_from(colon + 1), &port) || port > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* The length of the body of a good answer. */
static enum bs_code get_length(const char *url, size_t *ret_len, struct bs_error *error)
{
    static const char request[] = "GET " TARGET " HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n";
    BS_CLEANUP(bs_buf_fini) struct bs_buf answer = BS_BUF_INIT(0);
    uint16_t port = 0;
    int fd = port_of(url, &port) ? connect_to(port) : -1;
    if (fd < 0)
        return bs_error_set(error, BS_REASON_RPC_CONNECTION, "%s can't be reached", url);
    ssize_t size = send(fd, request, strlen(request), MSG_NOSIGNAL);
    while (size > 0) {
        size = recv(fd, bs_buf_reserve(&answer, 4096), 4096, 0);
        answer.len += size > 0 ? (size_t)size : 0;
    }
    close(fd);
    struct bs_str text = bs_buf_str(&answer);
    ptrdiff_t head = bs_str_find(text, BS_STR("\r\n\r\n"));
    if (head < 0 || !bs_str_starts_with(text, BS_STR("HTTP/1.1 200 ")))
        return bs_error_set(error, BS_REASON_RPC_CONNECTION, "GET %s%s: %.*s", url, TARGET,
                            (int)BS_MIN(text.len, (size_t)200), text.ptr ? text.ptr : "");
    *ret_len = text.len - (size_t)head - 4;
    return BS_OK;
}

/* ---- nginx ---- */

/* One that is free now; somebody else may take it before nginx does, who then says so. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        address.sin_port = 0;
    close(fd);
    return ntohs(address.sin_port);
}

static enum bs_code write_config(const struct state *state, const char *path, uint16_t port,
                                 size_t body_len, struct bs_error *error)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be written", path);
    const char *dir = state->nginx_dir;
    fprintf(file,
            "daemon off;\nworker_processes auto;\npid %s/pid;\nerror_log %s/log;\n"
            "events { worker_connections 1024; }\n"
            "http {\n  access_log off;\n  keepalive_requests 1000000000;\n"
            "  client_body_temp_path %s/body;\n  proxy_temp_path %s/proxy;\n"
            "  fastcgi_temp_path %s/fastcgi;\n  uwsgi_temp_path %s/uwsgi;\n"
            "  scgi_temp_path %s/scgi;\n"
            "  server {\n    listen 127.0.0.1:%u;\n    default_type application/json;\n"
            "    location / { return 200 '",
            dir, dir, dir, dir, dir, dir, dir, (unsigned)port);
    for (size_t i = 0; i < body_len; i++)
        fputc('x', file);
    fprintf(file, "'; }\n  }\n}\n");
    if (fclose(file) != 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be written", path);
    return BS_OK;
}

static enum bs_code start_nginx(struct state *state, size_t body_len, struct bs_error *error)
{
    char program[4096], config[4200], log[4200];
    char option[] = "-c", log_option[] = "-e";
    uint16_t port = free_port();
    state->nginx_dir = bench_path(state->context, "nginx");
    if (mkdir(state->nginx_dir, 0700) != 0 || !child_find("nginx", program, sizeof(program)))
        return bs_error_set(error, BS_REASON_CLI_FILE, "nginx can't be run in %s",
                            state->nginx_dir);
    snprintf(config, sizeof(config), "%s/conf", state->nginx_dir);
    snprintf(log, sizeof(log), "%s/log", state->nginx_dir);
    snprintf(state->nginx_url, sizeof(state->nginx_url), "http://127.0.0.1:%u", (unsigned)port);
    BS_TRY(write_config(state, config, port, body_len, error));
    char *argv[] = {program, option, config, log_option, log, NULL};
    BS_TRY(child_start(argv, &state->nginx, error));
    for (int i = 0; i < CONNECT_TRIES; i++) {
        int fd = connect_to(port);
        if (fd >= 0) {
            close(fd);
            size_t len = 0;
            BS_TRY(get_length(state->nginx_url, &len, error));
            BS_ASSERT(len == body_len);
            return BS_OK;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return bs_error_set(error, BS_REASON_RPC_CONNECTION, "nginx does not answer at %s",
                        state->nginx_url);
}

static bool nginx_is_installed(void)
{
    char path[4096];
    return child_find("nginx", path, sizeof(path));
}

static bool wrk_is_installed(void)
{
    char path[4096];
    return child_find("wrk", path, sizeof(path));
}

static const struct bench_peer nginx = {
    .name = "nginx",
    .is_installed = nginx_is_installed,
    .install = "sudo apt-get install nginx",
};

static const struct bench_peer wrk = {
    .name = "wrk",
    .is_installed = wrk_is_installed,
    .install = "sudo apt-get install wrk",
};

/* ---- the row ---- */

static enum bs_code open_get(struct bench_context *context, const struct bench_row *row,
                             void **ret_state, struct bs_error *error)
{
    (void)row;
    size_t body_len = 0;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    BS_TRY(child_serve(&state->server, state->url, sizeof(state->url), error));
    BS_TRY(get_length(state->url, &body_len, error));
    return nginx_is_installed() ? start_nginx(state, body_len, error) : BS_OK;
}

static void close_get(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    (void)child_stop(&state->server);
    (void)child_stop(&state->nginx);
    if (state->nginx_dir)
        bench_remove(state->nginx_dir);
    free(state->nginx_dir);
    free(state);
}

static enum bs_code run_wrk(const struct state *state, const char *url, double *ret_figure,
                            struct bs_error *error)
{
    char program[4096], target[512], seconds[32];
    char threads[] = "-t1", connections[] = "-c32";
    double asked = bench_seconds(state->context, 2);
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    (void)child_find("wrk", program, sizeof(program));
    snprintf(target, sizeof(target), "%s" TARGET, url);
    snprintf(seconds, sizeof(seconds), "-d%us", asked < 1 ? 1 : (unsigned)asked);
    char *argv[] = {program, threads, connections, seconds, target, NULL};
    BS_TRY(child_output(argv, &out, error));
    struct bs_str text = bs_buf_str(&out);
    ptrdiff_t at = bs_str_find(text, BS_STR("Requests/sec:"));
    struct bs_str rest = bs_str_from_offset(text, at < 0 ? text.len : (size_t)at + 13);
    struct bs_str line = BS_STR_EMPTY;
    (void)bs_str_split(&rest, '\n', &line);
    if (bs_str_find(text, BS_STR("Non-2xx")) < 0 &&
        bs_str_parse_double(bs_str_trim(line), ret_figure))
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_CONNECTION,
                        "wrk on %s: expected good answers, got %.*s", target, BS_STR_ARGS(text));
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return run_wrk(state, state->url, ret_figure, error);
}

static enum bs_code theirs(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return run_wrk(state, state->nginx_url, ret_figure, error);
}

const struct bench_row http_get_row = {
    .name = "http.get",
    .unit = "requests/s",
    .peer_name = "nginx",
    .peer = &nginx,
    .tool = &wrk,
    .method = "wrk, 32 connections, GET of a published campaign from `serve`; the peer returns a "
              "constant of the same length",
    .open = open_get,
    .ours = ours,
    .theirs = theirs,
    .close = close_get,
};
