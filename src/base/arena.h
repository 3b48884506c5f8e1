#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Memory of one call, query or transaction: allocated piece by piece, freed at once. An arena has a
 * cap; an allocation beyond it returns NULL (a quota is an ordinary RESOURCE_EXHAUSTED), while
 * heap exhaustion aborts. Other resources attach by a callback and go with it, last in first out.
 * Built with -DBS_DEBUG_ARENA every allocation is a malloc of its own, so that sanitizers see
 * overruns. The caller serializes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct bs_arena;

/* A new arena that hands out at most `max_bytes` (0: no cap). Never NULL. bs_arena_free takes NULL.
 */
BS_API struct bs_arena *bs_arena_new(size_t max_bytes);
BS_API void bs_arena_free(struct bs_arena *arena);
/* For BS_CLEANUP: frees *arena. */
BS_API void bs_arena_freep(struct bs_arena **arena);
/* Frees everything given out, runs the callbacks, keeps one block for what comes. */
BS_API void bs_arena_reset(struct bs_arena *arena);
/* Bytes given out since the last reset, with the padding of alignment; clean-ups don't count. */
BS_API size_t bs_arena_used_bytes(const struct bs_arena *arena);
BS_API size_t bs_arena_max_bytes(const struct bs_arena *arena);

/* Uninitialized memory aligned to 16; NULL when the cap would be passed. size 0 gives a valid
 * pointer. */
BS_API void *bs_arena_try_alloc(struct bs_arena *arena, size_t size);

/*
 * The same, but passing the cap does not return: for arenas whose owner checks sizes before, or
 * that have no cap. Aborts as on heap exhaustion.
 */
BS_API void *bs_arena_alloc(struct bs_arena *arena, size_t size);
BS_API void *bs_arena_zalloc(struct bs_arena *arena, size_t size);
/* count * size with overflow checked. */
BS_API void *bs_arena_alloc_array(struct bs_arena *arena, size_t count, size_t size);
#define bs_arena_new_array(arena, count, type)                                                     \
    ((type *)bs_arena_alloc_array((arena), (count), sizeof(type)))
#define bs_arena_new_item(arena, type) ((type *)bs_arena_zalloc((arena), sizeof(type)))

/* Copies; the copy has a NUL after it that is not counted. */
BS_API struct bs_str bs_arena_dup(struct bs_arena *arena, struct bs_str s);
BS_API char *bs_arena_dup_cstr(struct bs_arena *arena, struct bs_str s);
BS_API struct bs_str bs_arena_printf(struct bs_arena *arena, const char *format, ...)
    BS_PRINTF(2, 3);
BS_API struct bs_str bs_arena_vprintf(struct bs_arena *arena, const char *format, va_list args)
    BS_PRINTF(2, 0);

/* Calls function(data) when the arena is reset or freed; the last added first. */
BS_API void bs_arena_add_cleanup(struct bs_arena *arena, void (*function)(void *data), void *data);

/* Fails with BS_REASON_LIMIT, naming `what`, when `size` more bytes would pass the cap. */
BS_API BS_MUST_CHECK enum bs_code bs_arena_check(const struct bs_arena *arena, size_t size,
                                                 const char *what, struct bs_error *error);

#endif
