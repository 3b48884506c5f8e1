/* Growable buffers; base/buf.h has the rules. One byte beyond `len` is always there for the NUL. */

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define FIRST_CAPACITY 64u

void bs_buf_init(struct bs_buf *buf, size_t max_bytes)
{
    *buf = (struct bs_buf)BS_BUF_INIT(max_bytes);
}

void bs_buf_fini(struct bs_buf *buf)
{
    free(buf->ptr);
    buf->ptr = NULL;
    buf->len = 0;
    buf->capacity = 0;
}

void bs_buf_reset(struct bs_buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

static void grow(struct bs_buf *buf, size_t needed)
{
    size_t capacity = BS_MAX(buf->capacity, FIRST_CAPACITY);
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    buf->ptr = bs_realloc_array(buf->ptr, capacity, 1);
    buf->capacity = capacity;
}

char *bs_buf_reserve_more(struct bs_buf *buf, size_t size)
{
    if (buf->overflowed || buf->len > buf->max_bytes || size > buf->max_bytes - buf->len) {
        buf->overflowed = true;
        return NULL;
    }
    size_t needed = buf->len + size;
    BS_ASSERT(needed < SIZE_MAX);
    if (needed + 1 > buf->capacity)
        grow(buf, needed + 1);
    return buf->ptr + buf->len;
}

void bs_buf_append(struct bs_buf *buf, const void *bytes, size_t size)
{
    char *end = bs_buf_reserve(buf, size);
    if (!end)
        return;
    if (size > 0)
        memcpy(end, bytes, size);
    end[size] = '\0';
    buf->len += size;
}

void bs_buf_append_str(struct bs_buf *buf, struct bs_str s)
{
    bs_buf_append(buf, s.ptr, s.len);
}

void bs_buf_append_cstr(struct bs_buf *buf, const char *text)
{
    bs_buf_append(buf, text, strlen(text));
}

void bs_buf_append_byte(struct bs_buf *buf, char byte)
{
    bs_buf_append(buf, &byte, 1);
}

void bs_buf_printf(struct bs_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bs_buf_vprintf(buf, format, args);
    va_end(args);
}

void bs_buf_vprintf(struct bs_buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = buf->capacity - buf->len;
    int len = vsnprintf(room > 0 ? buf->ptr + buf->len : NULL, room, format, again);
    va_end(again);
    BS_ASSERT(len >= 0);
    char *end = bs_buf_reserve(buf, (size_t)len);
    if (!end) {
        if (buf->ptr)
            buf->ptr[buf->len] = '\0';
        return;
    }
    if ((size_t)len >= room)
        vsnprintf(end, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
}

void bs_buf_consume(struct bs_buf *buf, size_t size)
{
    BS_ASSERT(size <= buf->len);
    if (size == 0)
        return;
    buf->len -= size;
    memmove(buf->ptr, buf->ptr + size, buf->len);
    buf->ptr[buf->len] = '\0';
}

struct bs_str bs_buf_str(const struct bs_buf *buf)
{
    return bs_str_make(buf->ptr ? buf->ptr : "", buf->len);
}

const char *bs_buf_cstr(struct bs_buf *buf)
{
    if (!buf->ptr)
        return "";
    buf->ptr[buf->len] = '\0';
    return buf->ptr;
}

char *bs_buf_take(struct bs_buf *buf, size_t *ret_len)
{
    if (!buf->ptr)
        grow(buf, 1);
    buf->ptr[buf->len] = '\0';
    char *bytes = buf->ptr;
    if (ret_len)
        *ret_len = buf->len;
    buf->ptr = NULL;
    buf->len = 0;
    buf->capacity = 0;
    buf->overflowed = false;
    return bytes;
}

void bs_buf_append_u16(struct bs_buf *buf, uint16_t value)
{
    uint8_t bytes[sizeof(value)];
    bs_store_u16(bytes, value);
    bs_buf_append(buf, bytes, sizeof(bytes));
}

void bs_buf_append_u32(struct bs_buf *buf, uint32_t value)
{
    uint8_t bytes[sizeof(value)];
    bs_store_u32(bytes, value);
    bs_buf_append(buf, bytes, sizeof(bytes));
}

void bs_buf_append_u64(struct bs_buf *buf, uint64_t value)
{
    char *end = bs_buf_reserve(buf, sizeof(value));
    if (!end)
        return;
    bs_store_u64(end, value);
    end[sizeof(value)] = '\0';
    buf->len += sizeof(value);
}
