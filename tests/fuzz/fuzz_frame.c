/*
 * Bytes as a connection's: the first is the step by which they are fed. Whatever the step, the same
 * frames come out and the same fault ends them; what comes out keeps the limits, and heads and
 * metadata can be read.
 */

#include "rpc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PAYLOAD (16u * 1024)

static void read_heads(const struct rpc_frame *frame)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct rpc_metadata metadata;
    struct rpc_open_head open;
    struct rpc_status_head status;
    rpc_metadata_init(&metadata, arena);
    if (frame->type == RPC_FRAME_OPEN && rpc_open_head_read(frame, &open, NULL) == BS_OK)
        (void)!rpc_frame_read_metadata(open.metadata, &metadata, NULL);
    if (frame->type == RPC_FRAME_STATUS && rpc_status_head_read(frame, &status, NULL) == BS_OK)
        (void)!rpc_frame_read_metadata(status.metadata, &metadata, NULL);
    if (frame->type == RPC_FRAME_INITIAL && rpc_frame_check_metadata(frame->head, NULL) == BS_OK)
        (void)!rpc_frame_read_metadata(frame->head, &metadata, NULL);
    if (frame->type == RPC_FRAME_GOAWAY)
        BS_ASSERT(rpc_goaway_read(frame).text.len <= RPC_GOAWAY_TEXT_MAX);
    bs_arena_free(arena);
}

/* Writes down what comes out; returns how it ended. */
static enum rpc_decoded decode(struct bs_str bytes, size_t step, struct bs_buf *out)
{
    struct rpc_decoder decoder;
    struct rpc_frame frame;
    struct rpc_hello hello;
    enum rpc_decoded decoded = RPC_DECODED_MORE;
    rpc_decoder_init(&decoder, MAX_PAYLOAD);
    for (size_t used = 0; used < bytes.len && decoded == RPC_DECODED_MORE;) {
        size_t room;
        char *to = rpc_decoder_room(&decoder, &room);
        size_t count = BS_MIN(BS_MIN(step, room), bytes.len - used);
        memcpy(to, bytes.ptr + used, count);
        used += count;
        rpc_decoder_fed(&decoder, count);
        while ((decoded = rpc_decoder_next(&decoder, &frame, NULL)) != RPC_DECODED_MORE) {
            if (decoded == RPC_DECODED_FAULT)
                break;
            if (decoded == RPC_DECODED_HELLO) {
                bs_buf_append_str(out, frame.body);
                (void)!rpc_hello_read(frame.body, &hello, NULL);
                continue;
            }
            BS_ASSERT(frame.head.len + frame.body.len <= MAX_PAYLOAD);
            rpc_frame_write(&frame, out);
            read_heads(&frame);
        }
    }
    rpc_decoder_fini(&decoder);
    return decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_buf whole = BS_BUF_INIT(0);
    struct bs_buf parts = BS_BUF_INIT(0);
    if (size < 1)
        return 0;
    struct bs_str bytes = bs_str_make((const char *)data + 1, size - 1);
    enum rpc_decoded end = decode(bytes, SIZE_MAX, &whole);
    BS_ASSERT(decode(bytes, 1 + data[0] % 64, &parts) == end);
    BS_ASSERT(bs_str_equal(bs_buf_str(&whole), bs_buf_str(&parts)));
    (void)rpc_stranger_of(bytes);
    bs_buf_fini(&whole);
    bs_buf_fini(&parts);
    return 0;
}
