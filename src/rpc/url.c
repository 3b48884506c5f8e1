/* URLs: what schemes there are, and what nng would do wrong with a path. */

#include "rpc/url.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/str.h"

static const struct {
    const char *name;
    const char *prefix;
    enum rpc_scheme scheme;
} schemes[] = {
    {"tcp", "tcp://", RPC_SCHEME_TCP},
    {"ipc", "ipc://", RPC_SCHEME_IPC},
    {"ws", "ws://", RPC_SCHEME_WS},
    {"tls+tcp", "tls+tcp://", RPC_SCHEME_TLS},
};

static enum bs_code check_address(const struct rpc_url *url, struct bs_str address,
                                  struct bs_error *error)
{
    if (url->scheme == RPC_SCHEME_TLS)
        return bs_error_set_code(error, BS_UNIMPLEMENTED, BS_REASON_CLI_USAGE,
                                 "%s: TLS is not built into this version; tcp, ipc and ws are",
                                 url->text);
    size_t path_max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    if (url->scheme == RPC_SCHEME_IPC) {
        if (address.len == 0 || address.len > path_max)
            return bs_error_set(error, BS_REASON_CLI_USAGE,
                                "%s: expected a path of 1 to %zu bytes, got %zu", url->text,
                                path_max, address.len);
        return BS_OK;
    }
    ptrdiff_t slash = bs_str_find_byte(address, '/');
    struct bs_str host = slash < 0 ? address : bs_str_slice(address, 0, (size_t)slash);
    const char *colon = host.len == 0 ? NULL : (const char *)memrchr(host.ptr, ':', host.len);
    uint64_t port = 0;
    bool has_port =
        colon &&
        bs_str_parse_u64(bs_str_make(colon + 1, (size_t)(host.ptr + host.len - colon - 1)), &port);
    if (!has_port || port > 65535)
        return bs_error_set(error, BS_REASON_CLI_USAGE, "%s: expected %s://HOST:PORT", url->text,
                            url->name);
    return BS_OK;
}

enum bs_code rpc_url_parse(const char *text, struct rpc_url *ret_url, struct bs_error *error)
{
    struct rpc_url url = {.name = NULL};
    struct bs_str whole = bs_str_from(text);
    if (whole.len >= sizeof(url.text))
        return bs_error_set(error, BS_REASON_CLI_USAGE, "a URL of %zu bytes: expected at most %zu",
                            whole.len, sizeof(url.text) - 1);
    memcpy(url.text, whole.ptr, whole.len);
    for (size_t i = 0; i < BS_ARRAY_COUNT(schemes); i++) {
        struct bs_str prefix = bs_str_from(schemes[i].prefix);
        if (!bs_str_starts_with(whole, prefix))
            continue;
        url.scheme = schemes[i].scheme;
        url.name = schemes[i].name;
        BS_TRY(check_address(&url, bs_str_from_offset(whole, prefix.len), error));
        *ret_url = url;
        return BS_OK;
    }
    return bs_error_set(error, BS_REASON_CLI_USAGE,
                        "\"%s\": expected tcp://HOST:PORT, ipc://PATH, ws://HOST:PORT/PATH or "
                        "tls+tcp://HOST:PORT",
                        url.text);
}

enum bs_code rpc_url_check_listen(const struct rpc_url *url, struct bs_error *error)
{
    struct stat status;
    if (url->scheme != RPC_SCHEME_IPC)
        return BS_OK;
    const char *path = url->text + strlen("ipc://");
    if (lstat(path, &status) != 0) {
        if (errno == ENOENT)
            return BS_OK;
        return bs_error_set(error, BS_REASON_RPC_CONNECTION, "%s: %s", url->text,
                            strerrordesc_np(errno));
    }
    if (!S_ISSOCK(status.st_mode))
        return bs_error_set(error, BS_REASON_RPC_CONNECTION,
                            "%s: expected a socket or nothing at the path, found another file, "
                            "which is left alone",
                            url->text);
    return BS_OK;
}
