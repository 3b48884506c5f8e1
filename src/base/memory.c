/*
 * The heap, with one policy: exhaustion ends the process with a line that says so. A size that a
 * user controls is limited before it comes here (base/limits.h).
 */

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* glibc's malloc serves blocks up to here from a cache of the thread, its calloc never does. */
#define CACHED_BYTES_MAX 1032u

BS_NORETURN static void exhausted(size_t size)
{
    fprintf(stderr, "out of memory: can't get %zu bytes\n", size);
    abort();
}

void *bs_malloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);
    if (!ptr)
        exhausted(size);
    return ptr;
}

void *bs_calloc(size_t count, size_t size)
{
    size_t total;
    if (!__builtin_mul_overflow(count, size, &total) && total <= CACHED_BYTES_MAX)
        return memset(bs_malloc(total), 0, total);
    void *ptr = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (!ptr)
        exhausted(count);
    return ptr;
}

void *bs_realloc_array(void *ptr, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        exhausted(SIZE_MAX);
    void *moved = realloc(ptr, total > 0 ? total : 1);
    if (!moved)
        exhausted(total);
    return moved;
}

char *bs_strdup(const char *text)
{
    return bs_memdup(text, strlen(text) + 1);
}

void *bs_memdup(const void *bytes, size_t size)
{
    void *copy = bs_malloc(size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void bs_freep(void *pointer_to_pointer)
{
    void *ptr;
    memcpy(&ptr, pointer_to_pointer, sizeof(ptr));
    free(ptr);
}

void bs_grow(void *pointer_to_array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return;
    size_t wanted = 8;
    if (*capacity > 0 && __builtin_mul_overflow(*capacity, 2, &wanted))
        exhausted(SIZE_MAX);
    void *array;
    memcpy(&array, pointer_to_array, sizeof(array));
    array = bs_realloc_array(array, wanted, size);
    memcpy(pointer_to_array, &array, sizeof(array));
    *capacity = wanted;
}
