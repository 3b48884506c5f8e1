#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A growable byte buffer with a maximum. An append beyond the maximum appends nothing and sets
 * `overflowed`, which stays set until reset, and until then nothing more is appended, so that the
 * text has no holes: check once, at the end. The caller serializes.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

struct bs_buf {
    char *ptr; /* owned, NULL while nothing was appended; a NUL follows the last byte otherwise */
    size_t len;
    size_t capacity;
    size_t max_bytes; /* never 0 */
    bool overflowed;
};

/* A buffer that holds at most `max` bytes (0: SIZE_MAX / 4). */
#define BS_BUF_INIT(max)                                                                           \
    {                                                                                              \
        .max_bytes = (max) != 0 ? (max) : SIZE_MAX / 4                                             \
    }

BS_API void bs_buf_init(struct bs_buf *buf, size_t max_bytes);
BS_API void bs_buf_fini(struct bs_buf *buf); /* also for BS_CLEANUP */
/* Empties, keeps the memory. */
BS_API void bs_buf_reset(struct bs_buf *buf);
/* The slow half of the next. */
BS_API char *bs_buf_reserve_more(struct bs_buf *buf, size_t size);
/* Makes room for `size` more bytes and returns where they go (add to len yourself); NULL on
 * overflow. */
static inline char *bs_buf_reserve(struct bs_buf *buf, size_t size)
{
    bool has_room = !buf->overflowed && buf->len <= buf->max_bytes &&
                    size <= buf->max_bytes - buf->len && size < buf->capacity - buf->len;
    return __builtin_expect(has_room, 1) ? buf->ptr + buf->len : bs_buf_reserve_more(buf, size);
}
BS_API void bs_buf_append(struct bs_buf *buf, const void *bytes, size_t size);
BS_API void bs_buf_append_str(struct bs_buf *buf, struct bs_str s);
BS_API void bs_buf_append_cstr(struct bs_buf *buf, const char *text);
BS_API void bs_buf_append_byte(struct bs_buf *buf, char byte);
BS_API void bs_buf_printf(struct bs_buf *buf, const char *format, ...) BS_PRINTF(2, 3);
BS_API void bs_buf_vprintf(struct bs_buf *buf, const char *format, va_list args) BS_PRINTF(2, 0);
/* Drops `size` bytes at the front. */
BS_API void bs_buf_consume(struct bs_buf *buf, size_t size);
/* Borrowed until the next change. */
BS_API struct bs_str bs_buf_str(const struct bs_buf *buf);
/* NUL-terminated text; borrowed until the next change. Never NULL. */
BS_API const char *bs_buf_cstr(struct bs_buf *buf);
/* Moves the bytes out (free() them); the buffer is empty afterwards. Never NULL. */
BS_API char *bs_buf_take(struct bs_buf *buf, size_t *ret_len);

/* Big-endian integers, for keys and frames. */
BS_API void bs_buf_append_u16(struct bs_buf *buf, uint16_t value);
BS_API void bs_buf_append_u32(struct bs_buf *buf, uint32_t value);
BS_API void bs_buf_append_u64(struct bs_buf *buf, uint64_t value);

static inline uint16_t bs_load_u16(const void *bytes)
{
    const uint8_t *b = (const uint8_t *)bytes;
    return (uint16_t)((uint16_t)b[0] << 8 | b[1]);
}

static inline uint32_t bs_load_u32(const void *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap32(value);
}

static inline uint64_t bs_load_u64(const void *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap64(value);
}

static inline void bs_store_u16(void *bytes, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(bytes, &value, sizeof(value));
}

static inline void bs_store_u32(void *bytes, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof(value));
}

static inline void bs_store_u64(void *bytes, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof(value));
}

#endif
