#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* malloc that aborts on heap exhaustion. Free with free(). Any thread. */

#include <stddef.h>

#include "base/attributes.h"

BS_API void *bs_malloc(size_t size);
BS_API void *bs_calloc(size_t count, size_t size);
/* count * size with overflow checked. */
BS_API void *bs_realloc_array(void *ptr, size_t count, size_t size);
BS_API char *bs_strdup(const char *text);
BS_API void *bs_memdup(const void *bytes, size_t size);
/* For BS_CLEANUP on any pointer. */
BS_API void bs_freep(void *pointer_to_pointer);

/*
 * Makes room for one more in an array owned by the caller: doubles *ptr of *capacity items of
 * `size` bytes when count == *capacity.
 */
BS_API void bs_grow(void *pointer_to_array, size_t count, size_t *capacity, size_t size);

#endif
