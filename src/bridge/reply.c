/* Heads of answers, and errors as answers: {"code":5,"status":"NOT_FOUND","message":...}. */

#include <time.h>
#include <unistd.h>

#include "bridge/internal.h"
#include "rpc/json.h"
#include "rpc/status.h"
#include "rpc/v1/status.pb-c.h"
#include "rpc/v1/status.rpc.h"

/* Of fields and their values; requests are held to 16 KiB, answers of ours are far below this. */
#define HEAD_MAX_BYTES (64u * 1024)

void bridge_reply_add(struct bridge_reply *reply, const char *name, struct bs_str value)
{
    if (reply->fields_count < BRIDGE_REPLY_FIELDS_MAX)
        reply->fields[reply->fields_count++] =
            (struct http_field){.name = bs_str_from(name), .value = value};
}

static bool has_content(const struct bridge_reply *reply)
{
    return reply->status != 204 && reply->status != 304;
}

static void write_head(struct bridge_exchange *exchange, const struct bridge_reply *reply,
                       uint64_t length)
{
    char date[HTTP_DATE_SIZE];
    struct bs_error error = BS_ERROR_INIT;
    http_date_format((int64_t)time(NULL), date);
    if (atomic_load_explicit(&exchange->bridge->draining, memory_order_relaxed))
        exchange->close = true;
    struct http_response_head head = {
        .status = reply->status,
        .date = bs_str_make(date, HTTP_DATE_SIZE - 1),
        .body = has_content(reply) ? HTTP_BODY_LENGTH : HTTP_BODY_NONE,
        .content_length = length,
        .close = exchange->close,
        .keep_alive = exchange->is_keep_alive_wanted,
        .fields = reply->fields,
        .fields_count = reply->fields_count,
    };
    bs_buf_reset(&exchange->head);
    if (http_response_write(&exchange->head, &head, &error) == BS_OK)
        return;
    /* some metadata can't stand in a head: the rest of the answer is worth nothing without it */
    exchange->status = 500;
    exchange->close = true;
    bs_buf_reset(&exchange->content);
    head = (struct http_response_head){.status = 500, .body = HTTP_BODY_NONE, .close = true};
    BS_ASSERT(http_response_write(&exchange->head, &head, NULL) == BS_OK);
}

void bridge_exchange_reply(struct bridge_exchange *exchange, struct bridge_reply *reply)
{
    uint64_t length = exchange->file_fd >= 0 ? exchange->file_bytes : exchange->content.len;
    if (reply->content_type)
        bridge_reply_add(reply, "Content-Type", bs_str_from(reply->content_type));
    bridge_reply_add(reply, "X-Content-Type-Options", BS_STR("nosniff"));
    exchange->status = reply->status;
    exchange->head.max_bytes = HEAD_MAX_BYTES;
    write_head(exchange, reply, length);
    if (exchange->method == HTTP_HEAD || !has_content(reply)) {
        bs_buf_reset(&exchange->content);
        if (exchange->file_fd >= 0)
            close(exchange->file_fd);
        exchange->file_fd = -1;
    }
}

void bridge_exchange_fail(struct bridge_exchange *exchange, struct bridge_reply *reply, int status,
                          const struct bs_error *error, const struct rpc_status_extra *extra)
{
    static const struct rpc_status_extra none = {.request_id = {.ptr = "", .len = 0}};
    if (!extra)
        extra = &none;
    bs_buf_reset(&exchange->content);
    Rpc__V1__Status *message = rpc_status_from_error(error, extra, exchange->arena);
    if (rpc_json_print(&rpc__v1__status__table, &message->base, RPC_JSON_ZEROS, &exchange->content,
                       NULL) != BS_OK)
        bs_buf_reset(&exchange->content);
    bs_buf_append_byte(&exchange->content, '\n');
    reply->status = status;
    reply->content_type = "application/json";
    bridge_reply_add(reply, "Cache-Control", BS_STR("no-store"));
    if (status == 401)
        bridge_reply_add(reply, "WWW-Authenticate", BS_STR("Bearer"));
    if (extra->retry_after_ms > 0)
        bridge_reply_add(reply, "Retry-After",
                         bs_arena_printf(exchange->arena, "%lld",
                                         (long long)((extra->retry_after_ms + 999) / 1000)));
    bridge_exchange_reply(exchange, reply);
}

void bridge_exchange_refuse(struct bridge_exchange *exchange, int status, enum bs_reason reason,
                            const char *format, ...)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bridge_reply reply = {.fields_count = 0};
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    va_list args;
    va_start(args, format);
    bs_buf_vprintf(&text, format, args);
    va_end(args);
    bs_error_set_code(&error, http_status_to_code(status), reason, "%s", bs_buf_cstr(&text));
    bridge_exchange_fail(exchange, &reply, status, &error, NULL);
}

bool bridge_reply_not_modified(const struct bridge_exchange *exchange, struct bridge_reply *reply,
                               struct bs_str etag)
{
    bridge_reply_add(reply, "ETag", etag);
    if (!exchange->if_none_match.value.ptr ||
        !http_etag_is_known(&exchange->if_none_match, 1, etag))
        return false;
    reply->status = 304;
    reply->content_type = NULL;
    return true;
}
