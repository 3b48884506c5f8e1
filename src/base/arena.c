/*
 * Arenas. The cap counts what was asked for plus the padding of alignment, the same in both builds,
 * so that a call that fits in a release build fits under the sanitizers too. Blocks double up to a
 * maximum; what is large gets a block of its own behind the current one, which goes on being
 * filled. The nodes of clean-ups live in the blocks, but are not counted.
 */

#include "base/arena.h"

#include <string.h>

#include "base/memory.h"

#define ALIGNMENT 16u
/* With its head small enough for what glibc's malloc keeps ready for each thread. */
#define FIRST_BLOCK_BYTES 1008u
#define MAX_BLOCK_BYTES (256u * 1024)

struct block {
    struct block *next;
    size_t size; /* of bytes */
    BS_ALIGNED(ALIGNMENT) char bytes[];
};

struct cleanup {
    struct cleanup *next;
    void (*function)(void *data);
    void *data;
};

struct bs_arena {
    char *cursor; /* into the first block */
    char *end;
    struct block *blocks; /* the first is the one being filled */
    struct cleanup *cleanups;
    size_t used_bytes;
    size_t max_bytes;        /* SIZE_MAX: no cap */
    size_t next_block_bytes; /* of the next ordinary block */
};

struct bs_arena *bs_arena_new(size_t max_bytes)
{
    struct bs_arena *arena = bs_calloc(1, sizeof(*arena));
    arena->max_bytes = max_bytes > 0 ? max_bytes : SIZE_MAX;
    arena->next_block_bytes = FIRST_BLOCK_BYTES;
    return arena;
}

static void run_cleanups(struct bs_arena *arena)
{
    while (arena->cleanups) {
        struct cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->function(cleanup->data);
    }
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void bs_arena_free(struct bs_arena *arena)
{
    if (!arena)
        return;
    run_cleanups(arena);
    free_blocks(arena->blocks);
    free(arena);
}

void bs_arena_freep(struct bs_arena **arena)
{
    bs_arena_free(*arena);
    *arena = NULL;
}

#ifdef BS_DEBUG_ARENA

void bs_arena_reset(struct bs_arena *arena)
{
    run_cleanups(arena);
    free_blocks(arena->blocks);
    arena->blocks = NULL;
    arena->used_bytes = 0;
}

static void *take(struct bs_arena *arena, size_t size, size_t alignment)
{
    (void)alignment;
    size_t total;
    if (__builtin_add_overflow(sizeof(struct block), size, &total))
        total = SIZE_MAX;
    struct block *block = bs_malloc(total);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

#else

void bs_arena_reset(struct bs_arena *arena)
{
    run_cleanups(arena);
    arena->used_bytes = 0;
    if (!arena->blocks)
        return;
    struct block *kept = arena->blocks;
    free_blocks(kept->next);
    kept->next = NULL;
    arena->cursor = kept->bytes;
    arena->end = kept->bytes + kept->size;
}

static struct block *new_block(size_t size)
{
    size_t total;
    if (__builtin_add_overflow(sizeof(struct block), size, &total))
        total = SIZE_MAX;
    struct block *block = bs_malloc(total);
    block->size = size;
    block->next = NULL;
    return block;
}

static void *take_from_new_block(struct bs_arena *arena, size_t size)
{
    if (arena->blocks && size > arena->next_block_bytes / 4) {
        struct block *own = new_block(size);
        own->next = arena->blocks->next;
        arena->blocks->next = own;
        return own->bytes;
    }
    struct block *block = new_block(BS_MAX(size, arena->next_block_bytes));
    arena->next_block_bytes = BS_MIN(arena->next_block_bytes * 2, MAX_BLOCK_BYTES);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->cursor = block->bytes + size;
    arena->end = block->bytes + block->size;
    return block->bytes;
}

static void *take(struct bs_arena *arena, size_t size, size_t alignment)
{
    size_t padding = (size_t)(-(uintptr_t)arena->cursor & (alignment - 1));
    size_t room = (size_t)(arena->end - arena->cursor);
    if (__builtin_expect(room < padding || room - padding < size || !arena->cursor, 0))
        return take_from_new_block(arena, size);
    char *ptr = arena->cursor + padding;
    arena->cursor = ptr + size;
    return ptr;
}

#endif

size_t bs_arena_used_bytes(const struct bs_arena *arena)
{
    return arena->used_bytes;
}

size_t bs_arena_max_bytes(const struct bs_arena *arena)
{
    return arena->max_bytes;
}

/* What would be used after `size` more; SIZE_MAX when no number can say it. */
static size_t used_after(const struct bs_arena *arena, size_t size, size_t alignment)
{
    size_t used = (arena->used_bytes + alignment - 1) & ~(alignment - 1);
    return __builtin_add_overflow(used, size, &used) ? SIZE_MAX : used;
}

static void *try_take(struct bs_arena *arena, size_t size, size_t alignment)
{
    size_t used = used_after(arena, size, alignment);
    if (used > arena->max_bytes)
        return NULL;
    arena->used_bytes = used;
    return take(arena, size, alignment);
}

BS_NORETURN static void cap_passed(const struct bs_arena *arena, size_t size)
{
    fprintf(stderr, "bug: %zu bytes of an arena that has given out %zu of %zu\n", size,
            arena->used_bytes, arena->max_bytes);
    abort();
}

static void *must_take(struct bs_arena *arena, size_t size, size_t alignment)
{
    void *ptr = try_take(arena, size, alignment);
    if (!ptr)
        cap_passed(arena, size);
    return ptr;
}

void *bs_arena_try_alloc(struct bs_arena *arena, size_t size)
{
    return try_take(arena, size, ALIGNMENT);
}

void *bs_arena_alloc(struct bs_arena *arena, size_t size)
{
    return must_take(arena, size, ALIGNMENT);
}

void *bs_arena_zalloc(struct bs_arena *arena, size_t size)
{
    return memset(bs_arena_alloc(arena, size), 0, size);
}

void *bs_arena_alloc_array(struct bs_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        cap_passed(arena, SIZE_MAX);
    return bs_arena_alloc(arena, total);
}

char *bs_arena_dup_cstr(struct bs_arena *arena, struct bs_str s)
{
    BS_ASSERT(s.len < SIZE_MAX);
    char *copy = must_take(arena, s.len + 1, 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct bs_str bs_arena_dup(struct bs_arena *arena, struct bs_str s)
{
    return bs_str_make(bs_arena_dup_cstr(arena, s), s.len);
}

struct bs_str bs_arena_printf(struct bs_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct bs_str text = bs_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

struct bs_str bs_arena_vprintf(struct bs_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    BS_ASSERT(len >= 0);
    char *text = must_take(arena, (size_t)len + 1, 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return bs_str_make(text, (size_t)len);
}

void bs_arena_add_cleanup(struct bs_arena *arena, void (*function)(void *data), void *data)
{
    struct cleanup *cleanup = take(arena, sizeof(*cleanup), ALIGNMENT);
    cleanup->function = function;
    cleanup->data = data;
    cleanup->next = arena->cleanups;
    arena->cleanups = cleanup;
}

enum bs_code bs_arena_check(const struct bs_arena *arena, size_t size, const char *what,
                            struct bs_error *error)
{
    if (used_after(arena, size, ALIGNMENT) <= arena->max_bytes)
        return BS_OK;
    return bs_error_set(error, BS_REASON_LIMIT,
                        "%s: %zu bytes more than the %zu in use pass the limit of %zu bytes", what,
                        size, arena->used_bytes, arena->max_bytes);
}
