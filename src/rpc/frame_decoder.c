/*
 * Bytes to frames, cut anywhere. The buffer is linear: frames come out as views of it, and what is
 * left of a frame under way moves to the front when room is made. It begins small, since most
 * connections are idle most of the time, grows to a frame's size or when reads fill it, and goes
 * back after a while of small reads.
 */

#include "base/memory.h"
#include "rpc/frame.h"

#define FIRST_CAPACITY 4096u
#define READ_MAX (128u * 1024)
#define QUIET_READS 32

/* What a type allows. */
struct rule {
    const char *name; /* NULL: there is no such type */
    uint8_t flags;
    bool on_connection; /* stream 0, else a stream's id */
    uint16_t head_min, head_max;
    uint32_t body_min, body_max;
};

static const struct rule rules[] = {
    [RPC_FRAME_OPEN] = {"OPEN", RPC_FLAG_MESSAGE | RPC_FLAG_MORE | RPC_FLAG_END | RPC_FLAG_DEADLINE,
                        false, 2, UINT16_MAX, 0, UINT32_MAX},
    [RPC_FRAME_MESSAGE] = {"MESSAGE", RPC_FLAG_MESSAGE | RPC_FLAG_MORE | RPC_FLAG_END, false, 0, 0,
                           0, UINT32_MAX},
    [RPC_FRAME_INITIAL] = {"INITIAL", 0, false, 0, UINT16_MAX, 0, 0},
    [RPC_FRAME_STATUS] = {"STATUS", RPC_FLAG_MESSAGE | RPC_FLAG_REFUSED, false, 4, UINT16_MAX, 0,
                          UINT32_MAX},
    [RPC_FRAME_CREDIT] = {"CREDIT", 0, false, 0, 0, 4, 4},
    [RPC_FRAME_CANCEL] = {"CANCEL", 0, false, 0, 0, 0, 0},
    [RPC_FRAME_PING] = {"PING", 0, true, 0, 0, 8, 8},
    [RPC_FRAME_PONG] = {"PONG", 0, true, 0, 0, 8, 8},
    [RPC_FRAME_GOAWAY] = {"GOAWAY", 0, true, 0, 0, 10, 10 + RPC_GOAWAY_TEXT_MAX},
};

static const struct rule *rule_of(uint8_t type)
{
    return type < BS_ARRAY_COUNT(rules) && rules[type].name ? &rules[type] : NULL;
}

void rpc_decoder_init(struct rpc_decoder *decoder, uint32_t max_payload)
{
    *decoder = (struct rpc_decoder){.max_payload = max_payload};
}

void rpc_decoder_fini(struct rpc_decoder *decoder)
{
    free(decoder->ptr);
    *decoder = (struct rpc_decoder){.is_broken = true};
}

static size_t held(const struct rpc_decoder *decoder)
{
    return decoder->end - decoder->start;
}

/* Bytes of the frame under way, as far as is known. */
static size_t wanted(const struct rpc_decoder *decoder)
{
    if (!decoder->had_hello || held(decoder) < RPC_FRAME_HEADER_SIZE)
        return RPC_FRAME_HEADER_SIZE;
    /* next() refuses lengths beyond the maximum */
    size_t payload = bs_load_u32(decoder->ptr + decoder->start);
    return RPC_FRAME_HEADER_SIZE + BS_MIN(payload, decoder->max_payload);
}

/* Moves what is held into a buffer of `capacity`, or to the front of this one. */
static void resettle(struct rpc_decoder *decoder, size_t capacity)
{
    size_t size = held(decoder);
    if (capacity != decoder->capacity) {
        char *ptr = bs_malloc(capacity);
        if (size > 0)
            memcpy(ptr, decoder->ptr + decoder->start, size);
        free(decoder->ptr);
        decoder->ptr = ptr;
        decoder->capacity = capacity;
    } else if (size > 0) {
        memmove(decoder->ptr, decoder->ptr + decoder->start, size);
    }
    decoder->start = 0;
    decoder->end = size;
}

char *rpc_decoder_room(struct rpc_decoder *decoder, size_t *ret_size)
{
    bool was_filled = decoder->capacity > 0 && decoder->end == decoder->capacity;
    size_t capacity = BS_MAX(decoder->capacity, FIRST_CAPACITY);
    if (was_filled && capacity < READ_MAX)
        capacity *= 2;
    while (capacity < wanted(decoder))
        capacity *= 2;
    if (held(decoder) == 0 && decoder->quiet_reads >= QUIET_READS)
        capacity = FIRST_CAPACITY;
    bool is_short = decoder->capacity - decoder->start < wanted(decoder) ||
                    decoder->capacity - decoder->end < decoder->capacity / 4;
    if (capacity != decoder->capacity || held(decoder) == 0 || is_short)
        resettle(decoder, capacity);
    *ret_size = decoder->capacity - decoder->end;
    BS_ASSERT(*ret_size > 0);
    return decoder->ptr + decoder->end;
}

void rpc_decoder_fed(struct rpc_decoder *decoder, size_t count)
{
    BS_ASSERT(count <= decoder->capacity - decoder->end);
    decoder->end += count;
    if (count >= FIRST_CAPACITY)
        decoder->quiet_reads = 0;
    else if (decoder->quiet_reads < QUIET_READS)
        decoder->quiet_reads++;
}

struct bs_str rpc_decoder_rest(const struct rpc_decoder *decoder)
{
    return held(decoder) == 0 ? BS_STR_EMPTY
                              : bs_str_make(decoder->ptr + decoder->start, held(decoder));
}

void rpc_decoder_discard(struct rpc_decoder *decoder)
{
    decoder->start = decoder->end;
}

static enum rpc_decoded fault(struct rpc_decoder *decoder)
{
    decoder->is_broken = true;
    return RPC_DECODED_FAULT;
}

static enum rpc_decoded next_hello(struct rpc_decoder *decoder, struct rpc_frame *ret_frame,
                                   struct bs_error *error)
{
    char magic[4];
    bs_store_u32(magic, RPC_HELLO_MAGIC);
    struct bs_str bytes = rpc_decoder_rest(decoder);
    if (bytes.len > 0 && memcmp(bytes.ptr, magic, BS_MIN(bytes.len, sizeof(magic))) != 0) {
        bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                     "expected a hello (b5 52 50 43), got a byte %02x first",
                     (unsigned)(uint8_t)bytes.ptr[0]);
        return fault(decoder);
    }
    if (bytes.len < 8)
        return RPC_DECODED_MORE;
    size_t size = bs_load_u16(bytes.ptr + 6);
    if (size < RPC_HELLO_SIZE || size > RPC_HELLO_MAX_SIZE) {
        bs_error_set(error, BS_REASON_RPC_PROTOCOL, "hello: expected %d to %d bytes, got %zu",
                     RPC_HELLO_SIZE, RPC_HELLO_MAX_SIZE, size);
        return fault(decoder);
    }
    if (bytes.len < size)
        return RPC_DECODED_MORE;
    *ret_frame = (struct rpc_frame){
        .head = BS_STR_EMPTY,
        .body = bs_str_slice(bytes, 0, size),
    };
    decoder->start += size;
    decoder->had_hello = true;
    return RPC_DECODED_HELLO;
}

/* What is wrong with flags that go together; NULL when nothing is. */
static const char *wrong_flags(const struct rpc_frame *frame)
{
    bool has_message = frame->flags & RPC_FLAG_MESSAGE;
    if ((frame->flags & RPC_FLAG_MORE) && (!has_message || frame->flags & RPC_FLAG_END))
        return "the flag MORE goes with MESSAGE and without END";
    if (frame->type == RPC_FRAME_MESSAGE && !(frame->flags & (RPC_FLAG_MESSAGE | RPC_FLAG_END)))
        return "expected the flag MESSAGE or END";
    bool carries = frame->type <= RPC_FRAME_MESSAGE || frame->type == RPC_FRAME_STATUS;
    if (carries && !has_message && frame->body.len > 0)
        return "a body without the flag MESSAGE";
    return NULL;
}

static enum bs_code check(const struct rpc_frame *frame, const struct rule *rule,
                          struct bs_error *error)
{
    if (frame->flags & ~rule->flags)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "frame %s: unknown flags %02x",
                            rule->name, frame->flags & (unsigned)~rule->flags);
    if (rule->on_connection != (frame->stream == 0) || frame->stream > RPC_STREAM_MAX)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "frame %s: expected %s, got stream %llu",
                            rule->name, rule->on_connection ? "stream 0" : "a stream's id",
                            (unsigned long long)frame->stream);
    if (frame->head.len < rule->head_min || frame->head.len > rule->head_max)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "frame %s: expected a head of %u to %u bytes, got %zu", rule->name,
                            rule->head_min, rule->head_max, frame->head.len);
    if (frame->body.len < rule->body_min || frame->body.len > rule->body_max)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "frame %s: expected a body of %u to %u bytes, got %zu", rule->name,
                            rule->body_min, rule->body_max, frame->body.len);
    const char *wrong = wrong_flags(frame);
    if (wrong)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "frame %s: %s", rule->name, wrong);
    return BS_OK;
}

/* The sizes, as soon as the header is there: so no memory is taken for what is refused. */
static enum bs_code check_header(const struct rpc_decoder *decoder, struct bs_error *error)
{
    const char *header = decoder->ptr + decoder->start;
    uint32_t payload = bs_load_u32(header);
    uint16_t head = bs_load_u16(header + 6);
    uint8_t type = (uint8_t)header[4];
    if (payload > decoder->max_payload)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame: expected at most %u bytes, got %u", decoder->max_payload,
                            payload);
    if (head > payload)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame: its head of %u bytes is longer than its %u bytes", head,
                            payload);
    if (!rule_of(type) && !(type & RPC_FRAME_OPTIONAL))
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "a frame of the unknown type %u", type);
    return BS_OK;
}

enum rpc_decoded rpc_decoder_next(struct rpc_decoder *decoder, struct rpc_frame *ret_frame,
                                  struct bs_error *error)
{
    if (decoder->is_broken) {
        bs_error_set(error, BS_REASON_RPC_PROTOCOL, "the connection is broken");
        return RPC_DECODED_FAULT;
    }
    if (!decoder->had_hello)
        return next_hello(decoder, ret_frame, error);
    for (;;) {
        if (held(decoder) < RPC_FRAME_HEADER_SIZE)
            return RPC_DECODED_MORE;
        if (check_header(decoder, error) != BS_OK)
            return fault(decoder);
        size_t size = wanted(decoder);
        if (held(decoder) < size)
            return RPC_DECODED_MORE;
        const char *at = decoder->ptr + decoder->start;
        size_t head = bs_load_u16(at + 6);
        const struct rpc_frame frame = {
            .type = (uint8_t)at[4],
            .flags = (uint8_t)at[5],
            .stream = bs_load_u64(at + 8),
            .head = bs_str_make(at + RPC_FRAME_HEADER_SIZE, head),
            .body =
                bs_str_make(at + RPC_FRAME_HEADER_SIZE + head, size - RPC_FRAME_HEADER_SIZE - head),
        };
        decoder->start += size;
        const struct rule *rule = rule_of(frame.type);
        if (!rule)
            continue;
        if (check(&frame, rule, error) != BS_OK)
            return fault(decoder);
        *ret_frame = frame;
        return RPC_DECODED_FRAME;
    }
}

enum rpc_stranger rpc_stranger_of(struct bs_str first_bytes)
{
    static const char *const verbs[] = {"GET ", "PUT ", "POST", "HEAD", "DELE",
                                        "PATC", "OPTI", "CONN", "TRAC", "PRI "};
    for (size_t i = 0; i < BS_ARRAY_COUNT(verbs); i++) {
        if (bs_str_starts_with(first_bytes, bs_str_from(verbs[i])))
            return RPC_STRANGER_HTTP;
    }
    if (bs_str_starts_with(first_bytes, bs_str_make("\0SP\0", 4)))
        return RPC_STRANGER_SP;
    if (bs_str_starts_with(first_bytes, bs_str_make("\x16\x03", 2)))
        return RPC_STRANGER_TLS;
    return RPC_STRANGER_UNKNOWN;
}
