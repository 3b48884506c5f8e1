/*
 * Bytes as a chunked body. The first byte is the step by which they are fed: whatever it is, data
 * and end are the same as in one piece. Data that is accepted, written as chunks, reads back.
 */

#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_BYTES 4096u

static enum http_progress decode(struct bs_str bytes, size_t step, struct bs_buf *out,
                                 size_t *ret_used, int *ret_status)
{
    struct http_body body;
    http_body_init(&body, HTTP_BODY_CHUNKED, 0, MAX_BYTES);
    size_t there = BS_MIN(step, bytes.len);
    size_t used = 0;
    enum http_progress progress = HTTP_MORE;
    while (progress == HTTP_MORE) {
        struct bs_str part = bs_str_make(bytes.ptr + used, there - used);
        struct bs_str piece = BS_STR_EMPTY;
        size_t part_used = 0;
        progress = http_body_decode(&body, part, &piece, &part_used, NULL);
        if (progress == HTTP_REFUSED)
            break;
        BS_ASSERT(part_used <= part.len && (part.len == 0 || part_used > 0));
        bs_buf_append_str(out, piece);
        used += part_used;
        if (progress == HTTP_MORE && used == there) {
            if (there == bytes.len)
                break;
            there = BS_MIN(there + step, bytes.len);
        }
    }
    BS_ASSERT(http_body_is_complete_at_end(&body) == (progress == HTTP_DONE));
    *ret_used = used;
    *ret_status = body.status;
    return progress;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct bs_str bytes = bs_str_make((const char *)data + 1, size - 1);
    struct bs_buf whole = BS_BUF_INIT(0);
    struct bs_buf cut = BS_BUF_INIT(0);
    struct bs_buf chunks = BS_BUF_INIT(0);
    size_t used;
    size_t used_again;
    int status;
    int status_again;
    enum http_progress progress = decode(bytes, SIZE_MAX / 2, &whole, &used, &status);
    BS_ASSERT(decode(bytes, 1 + data[0] % 64, &cut, &used_again, &status_again) == progress);
    BS_ASSERT(status == status_again && whole.len <= MAX_BYTES);
    if (progress != HTTP_REFUSED) {
        BS_ASSERT(used == used_again && bs_str_equal(bs_buf_str(&whole), bs_buf_str(&cut)));
        struct bs_str half = bs_str_slice(bs_buf_str(&whole), 0, whole.len / 2);
        http_chunk_write(&chunks, half);
        http_chunk_write(&chunks, bs_str_from_offset(bs_buf_str(&whole), half.len));
        http_chunks_end(&chunks);
        bs_buf_reset(&cut);
        BS_ASSERT(decode(bs_buf_str(&chunks), 3, &cut, &used, &status) == HTTP_DONE);
        BS_ASSERT(bs_str_equal(bs_buf_str(&whole), bs_buf_str(&cut)));
    }
    bs_buf_fini(&whole);
    bs_buf_fini(&cut);
    bs_buf_fini(&chunks);
    return 0;
}
