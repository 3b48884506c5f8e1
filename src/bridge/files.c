/*
 * The clients' files, read from a folder with the parts
 *     backoffice/   at /
 *     landing/      at /landing/, and wherever a page says
 *     js/           at /js/, where the back office has no such file
 * A path is walked part by part from the folder's descriptor, following no symbolic link, and each
 * part is looked at after decoding: neither "..", nor a slash or backslash, nor a leading dot gets
 * through.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "bridge/internal.h"

/* Larger files go from the file to the socket. */
#define READ_BYTES (64u * 1024)

struct bridge_files {
    int dir_fd;
};

enum bs_code bridge_files_open(const char *dir, struct bridge_files **ret_files,
                               struct bs_error *error)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s: no folder of web files to read: %m",
                            dir);
    *ret_files = bs_calloc(1, sizeof(**ret_files));
    (*ret_files)->dir_fd = fd;
    return BS_OK;
}

void bridge_files_free(struct bridge_files *files)
{
    if (!files)
        return;
    close(files->dir_fd);
    free(files);
}

static const char *content_type(struct bs_str file)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".woff", "font/woff"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(types); i++) {
        if (bs_str_ends_with(file, bs_str_from(types[i].ending)))
            return types[i].type;
    }
    return "application/octet-stream";
}

/* What lies beside the clients' files for building them only. */
static bool is_for_building(struct bs_str name)
{
    static const char *const names[] = {"node_modules", "package.json", "package-lock.json"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        if (bs_str_equals(name, names[i]))
            return true;
    }
    return false;
}

static bool is_plain_name(struct bs_str name)
{
    return !is_for_building(name) && name.len > 0 && name.len < 256 && name.ptr[0] != '.' &&
           bs_str_find_byte(name, '/') < 0 && bs_str_find_byte(name, '\\') < 0 &&
           bs_str_find_byte(name, '\0') < 0;
}

/* Opens a file at a path of plain names; -1: there is none. */
static int open_below(int dir_fd, struct bs_str path)
{
    struct bs_str rest = path, part;
    int at = dir_fd;
    while (bs_str_split(&rest, '/', &part)) {
        char name[256];
        int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (rest.ptr ? O_DIRECTORY : 0);
        int next = -1;
        if (is_plain_name(part)) {
            memcpy(name, part.ptr, part.len);
            name[part.len] = '\0';
            next = openat(at, name, flags);
        }
        if (at != dir_fd)
            close(at);
        if (next < 0)
            return -1;
        at = next;
    }
    return at == dir_fd ? -1 : at;
}

static bool read_all(int fd, size_t size, struct bs_buf *out)
{
    char *bytes = bs_buf_reserve(out, size);
    size_t len = 0;
    while (bytes && len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
    }
    out->len += len;
    return bytes != NULL;
}

/* Scripts and styles of our own only; AngularJS runs in its mode for pages without eval. */
static const char page_policy[] =
    "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

static void add_page_fields(struct bridge_reply *reply)
{
    bridge_reply_add(reply, "Content-Security-Policy", bs_str_from(page_policy));
    bridge_reply_add(reply, "X-Frame-Options", BS_STR("DENY"));
    bridge_reply_add(reply, "Referrer-Policy", BS_STR("same-origin"));
    bridge_reply_add(reply, "Cross-Origin-Opener-Policy", BS_STR("same-origin"));
}

static bool is_known(struct bridge_exchange *exchange, struct bridge_reply *reply,
                     const struct stat *status)
{
    char date[HTTP_DATE_SIZE];
    struct bs_str etag =
        bs_arena_printf(exchange->arena, "\"%llx-%llx\"",
                        (unsigned long long)status->st_mtim.tv_sec * 1000000000ull +
                            (unsigned long long)status->st_mtim.tv_nsec,
                        (unsigned long long)status->st_size);
    http_date_format(status->st_mtim.tv_sec, date);
    struct bs_str modified = bs_arena_dup(exchange->arena, bs_str_from(date));
    bridge_reply_add(reply, "Last-Modified", modified);
    if (bridge_reply_not_modified(exchange, reply, etag))
        return true;
    if (exchange->if_none_match.value.ptr || !bs_str_equal(exchange->if_modified_since, modified))
        return false;
    reply->status = 304;
    reply->content_type = NULL;
    return true;
}

struct found {
    struct bs_str file; /* below the folder */
    int fd;
    struct stat status;
};

/* Takes the found file's descriptor. */
static void answer_file(struct bridge_exchange *exchange, const struct found *found)
{
    struct bs_str file = found->file;
    const struct stat *status = &found->status;
    int fd = found->fd;
    struct bridge_reply reply = {.status = 200, .content_type = content_type(file)};
    bridge_reply_add(&reply, "Cache-Control", BS_STR("no-cache"));
    if (bs_str_ends_with(file, BS_STR(".html")))
        add_page_fields(&reply);
    if (is_known(exchange, &reply, status)) {
        close(fd);
    } else if ((size_t)status->st_size > READ_BYTES) {
        exchange->file_fd = fd;
        exchange->file_bytes = (uint64_t)status->st_size;
    } else {
        bool whole = read_all(fd, (size_t)status->st_size, &exchange->content);
        close(fd);
        if (!whole) {
            bridge_exchange_refuse(exchange, 503, BS_REASON_HTTP_NO_ROUTE,
                                   "%.*s changed while it was read", BS_STR_ARGS(file));
            return;
        }
    }
    bridge_exchange_reply(exchange, &reply);
}

static bool find(const struct bridge_files *files, struct bs_str file, struct found *ret_found)
{
    *ret_found = (struct found){.file = file, .fd = open_below(files->dir_fd, file)};
    if (ret_found->fd < 0)
        return false;
    if (fstat(ret_found->fd, &ret_found->status) == 0 && S_ISREG(ret_found->status.st_mode))
        return true;
    close(ret_found->fd);
    return false;
}

bool bridge_files_send(struct bridge_exchange *exchange, struct bs_str file)
{
    struct found found;
    if (!exchange->bridge->files || !find(exchange->bridge->files, file, &found))
        return false;
    answer_file(exchange, &found);
    return true;
}

/* The path without escapes; false when a part is none that a file of ours can have. */
static bool decode_path(struct bridge_exchange *exchange, struct bs_buf *out)
{
    struct bs_str rest = bs_str_from_offset(exchange->path, 1), raw, part;
    while (bs_str_split(&rest, '/', &raw)) {
        if (raw.len == 0 && !rest.ptr) {
            bs_buf_append_cstr(out, "index.html");
            break;
        }
        if (http_segment_decode(raw, "the path", exchange->arena, &part, NULL) != BS_OK ||
            !is_plain_name(part))
            return false;
        bs_buf_append_str(out, part);
        if (rest.ptr)
            bs_buf_append_byte(out, '/');
    }
    return true;
}

static bool find_in(struct bridge_exchange *exchange, const char *part, struct bs_str path,
                    struct found *ret_found)
{
    struct bs_str file = bs_arena_printf(exchange->arena, "%s%.*s", part, BS_STR_ARGS(path));
    return find(exchange->bridge->files, file, ret_found);
}

static bool find_asked(struct bridge_exchange *exchange, struct found *ret_found)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(BS_LIMIT_HTTP_TARGET_BYTES);
    if (!decode_path(exchange, &path))
        return false;
    struct bs_str text = bs_buf_str(&path);
    if (bs_str_starts_with(text, BS_STR("landing/")))
        return find_in(exchange, "", text, ret_found);
    return find_in(exchange, "backoffice/", text, ret_found) ||
           (bs_str_starts_with(text, BS_STR("js/")) && find_in(exchange, "", text, ret_found));
}

void bridge_files_answer(struct bridge_exchange *exchange)
{
    struct found found;
    if (!find_asked(exchange, &found)) {
        bridge_exchange_refuse(exchange, 404, BS_REASON_HTTP_NO_ROUTE, "no such path: %s %.*s",
                               http_method_name(exchange->method), BS_STR_ARGS(exchange->path));
    } else if (exchange->method == HTTP_GET || exchange->method == HTTP_HEAD) {
        answer_file(exchange, &found);
    } else {
        close(found.fd);
        bridge_exchange_allow(exchange, 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_OPTIONS);
    }
}
