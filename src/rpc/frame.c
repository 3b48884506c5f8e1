/* Frames and their parts as bytes. Tables and rules: docs/wire.md. */

#include "rpc/frame.h"

#include "base/limits.h"

void rpc_hello_write(const struct rpc_hello *hello, struct bs_buf *out)
{
    bs_buf_append_u32(out, RPC_HELLO_MAGIC);
    bs_buf_append_u16(out, hello->version);
    bs_buf_append_u16(out, RPC_HELLO_SIZE);
    bs_buf_append_u32(out, hello->max_payload);
    bs_buf_append_u32(out, hello->initial_credit);
    bs_buf_append_u64(out, hello->max_message);
    bs_buf_append_u64(out, hello->features);
    bs_buf_append_u32(out, hello->max_calls);
    bs_buf_append_u32(out, hello->ping_min_ms);
}

enum bs_code rpc_hello_read(struct bs_str bytes, struct rpc_hello *ret_hello,
                            struct bs_error *error)
{
    BS_ASSERT(bytes.len >= RPC_HELLO_SIZE);
    const struct rpc_hello hello = {
        .version = bs_load_u16(bytes.ptr + 4),
        .max_payload = bs_load_u32(bytes.ptr + 8),
        .initial_credit = bs_load_u32(bytes.ptr + 12),
        .max_message = bs_load_u64(bytes.ptr + 16),
        .features = bs_load_u64(bytes.ptr + 24),
        .max_calls = bs_load_u32(bytes.ptr + 32),
        .ping_min_ms = bs_load_u32(bytes.ptr + 36),
    };
    if (hello.version != RPC_HELLO_VERSION)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "hello: expected version %d, got %u",
                            RPC_HELLO_VERSION, hello.version);
    if (hello.max_payload < RPC_FRAME_MIN_PAYLOAD)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "hello: expected frames of at least %u bytes, got %u",
                            RPC_FRAME_MIN_PAYLOAD, hello.max_payload);
    if (hello.initial_credit > RPC_CREDIT_MAX)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "hello: expected an initial credit of at most %u bytes, got %u",
                            RPC_CREDIT_MAX, hello.initial_credit);
    *ret_hello = hello;
    return BS_OK;
}

void rpc_frame_store_header(const struct rpc_frame *frame, char ret_bytes[RPC_FRAME_HEADER_SIZE])
{
    BS_ASSERT(frame->head.len <= UINT16_MAX && frame->body.len <= UINT32_MAX - UINT16_MAX);
    bs_store_u32(ret_bytes, (uint32_t)(frame->head.len + frame->body.len));
    ret_bytes[4] = (char)frame->type;
    ret_bytes[5] = (char)frame->flags;
    bs_store_u16(ret_bytes + 6, (uint16_t)frame->head.len);
    bs_store_u64(ret_bytes + 8, frame->stream);
}

void rpc_frame_write_header(const struct rpc_frame *frame, struct bs_buf *out)
{
    char *to = bs_buf_reserve(out, RPC_FRAME_HEADER_SIZE);
    BS_ASSERT(to);
    rpc_frame_store_header(frame, to);
    out->len += RPC_FRAME_HEADER_SIZE;
}

void rpc_frame_write(const struct rpc_frame *frame, struct bs_buf *out)
{
    rpc_frame_write_header(frame, out);
    bs_buf_append_str(out, frame->head);
    bs_buf_append_str(out, frame->body);
}

static void write_body(enum rpc_frame_type type, uint64_t stream, struct bs_str body,
                       struct bs_buf *out)
{
    rpc_frame_write(
        &(struct rpc_frame){
            .type = (uint8_t)type,
            .stream = stream,
            .head = BS_STR_EMPTY,
            .body = body,
        },
        out);
}

void rpc_frame_write_credit(uint64_t stream, uint32_t bytes, struct bs_buf *out)
{
    char body[4];
    bs_store_u32(body, bytes);
    write_body(RPC_FRAME_CREDIT, stream, bs_str_make(body, sizeof(body)), out);
}

void rpc_frame_write_cancel(uint64_t stream, struct bs_buf *out)
{
    write_body(RPC_FRAME_CANCEL, stream, BS_STR_EMPTY, out);
}

void rpc_frame_write_ping(enum rpc_frame_type type, uint64_t payload, struct bs_buf *out)
{
    char body[8];
    bs_store_u64(body, payload);
    write_body(type, 0, bs_str_make(body, sizeof(body)), out);
}

void rpc_frame_write_goaway(const struct rpc_goaway *goaway, struct bs_buf *out)
{
    char body[10 + RPC_GOAWAY_TEXT_MAX];
    size_t len = BS_MIN(goaway->text.len, RPC_GOAWAY_TEXT_MAX);
    bs_store_u64(body, goaway->last_stream);
    bs_store_u16(body + 8, goaway->code);
    if (len > 0)
        memcpy(body + 10, goaway->text.ptr, len);
    write_body(RPC_FRAME_GOAWAY, 0, bs_str_make(body, 10 + len), out);
}

size_t rpc_frame_metadata_size(const struct rpc_metadata *metadata)
{
    size_t size = 0;
    for (size_t i = 0; metadata && i < metadata->count; i++)
        size += 3 + metadata->entries[i].key.len + metadata->entries[i].value.len;
    return size;
}

void rpc_frame_write_metadata(const struct rpc_metadata *metadata, struct bs_buf *out)
{
    for (size_t i = 0; metadata && i < metadata->count; i++) {
        const struct rpc_metadata_entry *entry = &metadata->entries[i];
        BS_ASSERT(entry->key.len <= UINT8_MAX && entry->value.len <= UINT16_MAX);
        bs_buf_append_byte(out, (char)entry->key.len);
        bs_buf_append_u16(out, (uint16_t)entry->value.len);
        bs_buf_append_str(out, entry->key);
        bs_buf_append_str(out, entry->value);
    }
}

size_t rpc_open_head_size(struct bs_str method, int64_t timeout_ns,
                          const struct rpc_metadata *metadata)
{
    return (timeout_ns < 0 ? 0u : 8u) + 2 + method.len + rpc_frame_metadata_size(metadata);
}

void rpc_open_head_write(struct bs_str method, int64_t timeout_ns,
                         const struct rpc_metadata *metadata, struct bs_buf *out)
{
    BS_ASSERT(method.len <= UINT16_MAX);
    if (timeout_ns >= 0)
        bs_buf_append_u64(out, (uint64_t)timeout_ns);
    bs_buf_append_u16(out, (uint16_t)method.len);
    bs_buf_append_str(out, method);
    rpc_frame_write_metadata(metadata, out);
}

void rpc_status_head_write(uint16_t code, struct bs_str status, const struct rpc_metadata *trailing,
                           struct bs_buf *out)
{
    BS_ASSERT(status.len <= UINT16_MAX);
    bs_buf_append_u16(out, code);
    bs_buf_append_u16(out, (uint16_t)status.len);
    bs_buf_append_str(out, status);
    rpc_frame_write_metadata(trailing, out);
}

/* Cuts `size` bytes off the front; false when there are fewer. */
static bool cut(struct bs_str *rest, size_t size, struct bs_str *ret_part)
{
    if (!rest->ptr || rest->len < size)
        return false;
    *ret_part = bs_str_make(rest->ptr, size);
    *rest = bs_str_make(rest->ptr + size, rest->len - size);
    return true;
}

/* Cuts off what a 16-bit length announces. */
static bool cut_counted(struct bs_str *rest, struct bs_str *ret_part)
{
    struct bs_str length;
    return cut(rest, 2, &length) && cut(rest, bs_load_u16(length.ptr), ret_part);
}

static bool cut_entry(struct bs_str *rest, struct bs_str *ret_key, struct bs_str *ret_value)
{
    struct bs_str lengths;
    return cut(rest, 3, &lengths) && cut(rest, (uint8_t)lengths.ptr[0], ret_key) &&
           cut(rest, bs_load_u16(lengths.ptr + 1), ret_value);
}

enum bs_code rpc_frame_check_metadata(struct bs_str bytes, struct bs_error *error)
{
    struct bs_str key, value, rest = bytes;
    while (rest.len > 0) {
        if (!cut_entry(&rest, &key, &value))
            return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                                "metadata: the lengths of its entries go beyond its %zu bytes",
                                bytes.len);
    }
    return BS_OK;
}

enum bs_code rpc_frame_read_metadata(struct bs_str bytes, struct rpc_metadata *to,
                                     struct bs_error *error)
{
    struct bs_str key, value;
    while (bytes.len > 0 && cut_entry(&bytes, &key, &value))
        BS_TRY(rpc_metadata_add(to, key, value, error));
    return BS_OK;
}

enum bs_code rpc_open_head_read(const struct rpc_frame *frame, struct rpc_open_head *ret_head,
                                struct bs_error *error)
{
    struct rpc_open_head head = {.has_deadline = (frame->flags & RPC_FLAG_DEADLINE) != 0};
    struct bs_str rest = frame->head, timeout = BS_STR_EMPTY;
    bool fits = (!head.has_deadline || cut(&rest, 8, &timeout)) && cut_counted(&rest, &head.method);
    if (!fits)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "the head of OPEN: expected a method's name, got %zu bytes",
                            frame->head.len);
    if (head.has_deadline)
        head.timeout_ns = bs_load_u64(timeout.ptr);
    head.metadata = rest;
    BS_TRY(rpc_frame_check_metadata(rest, error));
    *ret_head = head;
    return BS_OK;
}

enum bs_code rpc_status_head_read(const struct rpc_frame *frame, struct rpc_status_head *ret_head,
                                  struct bs_error *error)
{
    struct rpc_status_head head = {.code = 0};
    struct bs_str rest = frame->head, code;
    if (!cut(&rest, 2, &code) || !cut_counted(&rest, &head.status))
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "the head of STATUS: expected a code and a status, got %zu bytes",
                            frame->head.len);
    head.code = bs_load_u16(code.ptr);
    head.metadata = rest;
    BS_TRY(rpc_frame_check_metadata(rest, error));
    *ret_head = head;
    return BS_OK;
}

uint32_t rpc_credit_read(const struct rpc_frame *frame)
{
    return bs_load_u32(frame->body.ptr);
}

uint64_t rpc_ping_read(const struct rpc_frame *frame)
{
    return bs_load_u64(frame->body.ptr);
}

struct rpc_goaway rpc_goaway_read(const struct rpc_frame *frame)
{
    return (struct rpc_goaway){
        .last_stream = bs_load_u64(frame->body.ptr),
        .code = bs_load_u16(frame->body.ptr + 8),
        .text = bs_str_from_offset(frame->body, 10),
    };
}
