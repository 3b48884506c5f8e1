/*
 * An external merge sort. Pairs lie one after another in a buffer; what is sorted is an array of
 * items (sorter_order.h). A full buffer becomes a run: they stand one after another in a file
 * without a name, so that a sorter takes one descriptor whatever it holds. A walk merges the runs
 * and the last buffer through a heap. Keys that come in order, as often, are noticed and not
 * sorted. Walks read the file at places of their own, so nothing of a finished sorter changes.
 */

#include "datom/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "datom/sorter_order.h"

#define RUN_BUFFER_BYTES ((size_t)256 * 1024)
#define RUN_BUFFER_BYTES_MIN ((size_t)16 * 1024)
#define BUFFER_BYTES_MIN ((size_t)64 * 1024)
/* How far ahead pairs are asked for that lie anywhere in the buffer. */
#define AHEAD 8

/* Where it stands in the file. */
struct run {
    int64_t begin;
    int64_t end;
};

struct datom_sorter {
    char *folder;
    size_t memory_bytes;
    char *bytes;
    size_t bytes_count, bytes_capacity;
    struct datom_sorter_item *items;
    size_t items_count, items_capacity;
    bool is_sorted; /* so far, in the buffer */
    bool is_finished;
    int fd; /* of the file; -1: none is needed yet */
    struct run *runs;
    size_t runs_count, runs_capacity;
};

/* Where a walk is in a run. */
struct place {
    size_t run;   /* of the sorter's; as many as there are: the buffer */
    size_t taken; /* items of the buffer, bytes of the run that were read */
    char *bytes;  /* read from the file; NULL for the buffer */
    size_t start, count, capacity;
    struct bs_str key, record; /* that stand in front */
};

struct datom_sorter_walk {
    const struct datom_sorter *sorter;
    struct place *places;
    struct place **heap; /* of those that have a pair, the least in front */
    size_t heap_count;
    bool is_begun;
    struct place *given; /* whose pair the caller has */
};

struct datom_sorter *datom_sorter_new(const char *folder, size_t memory_bytes)
{
    struct datom_sorter *sorter = bs_calloc(1, sizeof(*sorter));
    sorter->folder = bs_strdup(folder);
    sorter->memory_bytes = BS_MAX(memory_bytes, BUFFER_BYTES_MIN);
    sorter->is_sorted = true;
    sorter->fd = -1;
    return sorter;
}

void datom_sorter_free(struct datom_sorter *sorter)
{
    if (!sorter)
        return;
    if (sorter->fd >= 0)
        close(sorter->fd);
    free(sorter->runs);
    free(sorter->items);
    free(sorter->bytes);
    free(sorter->folder);
    free(sorter);
}

static enum bs_code io_error(const struct datom_sorter *sorter, const char *verb,
                             struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_STORE_IO, "can't %s a temporary file in \"%s\": %s", verb,
                        sorter->folder, strerror(errno));
}

/* ---- adding ---- */

static void sort_buffer(struct datom_sorter *sorter)
{
    if (!sorter->is_sorted)
        datom_sorter_order(sorter->items, sorter->items_count, sorter->bytes);
    sorter->is_sorted = true;
}

static void append_pair(struct datom_sorter *sorter, struct bs_str key, struct bs_str record)
{
    struct datom_sorter_head head = {.key_len = (uint32_t)key.len,
                                     .record_len = (uint32_t)record.len};
    size_t size = sizeof(head) + key.len + record.len;
    size_t offset = sorter->bytes_count;
    if (offset + size > sorter->bytes_capacity) {
        sorter->bytes_capacity = BS_MAX(2 * sorter->bytes_capacity, offset + size);
        sorter->bytes_capacity = BS_MAX(sorter->bytes_capacity, BUFFER_BYTES_MIN);
        sorter->bytes = bs_realloc_array(sorter->bytes, sorter->bytes_capacity, 1);
    }
    char *at = sorter->bytes + offset;
    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), key.ptr, key.len);
    if (record.len > 0)
        memcpy(at + sizeof(head) + key.len, record.ptr, record.len);
    sorter->bytes_count += size;

    bs_grow(&sorter->items, sorter->items_count, &sorter->items_capacity, sizeof(*sorter->items));
    struct datom_sorter_item *item = &sorter->items[sorter->items_count];
    *item = datom_sorter_item_make(key, offset);
    if (sorter->items_count++ > 0 && sorter->is_sorted)
        sorter->is_sorted =
            bs_str_compare(datom_sorter_key_at(sorter->bytes + item[-1].offset), key) <= 0;
}

static enum bs_code open_file(struct datom_sorter *sorter, struct bs_error *error)
{
    if (sorter->fd >= 0)
        return BS_OK;
    struct bs_buf name = BS_BUF_INIT(0);
    bs_buf_printf(&name, "%s/sort-XXXXXX", sorter->folder);
    BS_CLEANUP(bs_freep) char *path = bs_buf_take(&name, NULL);
    sorter->fd = mkostemp(path, O_CLOEXEC);
    if (sorter->fd < 0)
        return io_error(sorter, "make", error);
    (void)unlink(path); /* the descriptor is all that is needed */
    return BS_OK;
}

static bool write_pairs(const struct datom_sorter *sorter, FILE *file)
{
    for (size_t i = 0; i < sorter->items_count; i++) {
        const char *pair = sorter->bytes + sorter->items[i].offset;
        size_t size = sizeof(struct datom_sorter_head) + datom_sorter_key_at(pair).len +
                      datom_sorter_record_at(pair).len;
        if (fwrite(pair, 1, size, file) != size)
            return false;
    }
    return fflush(file) == 0;
}

static void add_run(struct datom_sorter *sorter)
{
    bs_grow(&sorter->runs, sorter->runs_count, &sorter->runs_capacity, sizeof(*sorter->runs));
    struct run *run = &sorter->runs[sorter->runs_count];
    run->begin = sorter->runs_count > 0 ? run[-1].end : 0;
    run->end = run->begin + (int64_t)sorter->bytes_count;
    sorter->runs_count++;
}

/* Puts the buffer into a run of its own. */
static enum bs_code spill(struct datom_sorter *sorter, struct bs_error *error)
{
    sort_buffer(sorter);
    BS_TRY(open_file(sorter, error));
    /* that fclose closes; it writes on where the last one ended */
    int copy = fcntl(sorter->fd, F_DUPFD_CLOEXEC, 0);
    FILE *file = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (!file) {
        enum bs_code code = io_error(sorter, "make", error);
        if (copy >= 0)
            close(copy);
        return code;
    }
    /* given by us: without a buffer the C library ignores the size */
    BS_CLEANUP(bs_freep) char *buffer = bs_malloc(RUN_BUFFER_BYTES);
    setvbuf(file, buffer, _IOFBF, RUN_BUFFER_BYTES);
    enum bs_code code = write_pairs(sorter, file) ? BS_OK : io_error(sorter, "write", error);
    fclose(file);
    add_run(sorter);
    sorter->items_count = 0;
    sorter->bytes_count = 0;
    return code;
}

enum bs_code datom_sorter_add(struct datom_sorter *sorter, struct bs_str key, struct bs_str record,
                              struct bs_error *error)
{
    BS_ASSERT(!sorter->is_finished && key.len <= UINT32_MAX && record.len <= UINT32_MAX);
    size_t used = sorter->bytes_count + sorter->items_count * sizeof(*sorter->items);
    if (sorter->items_count > 0 && used + key.len + record.len > sorter->memory_bytes)
        BS_TRY(spill(sorter, error));
    append_pair(sorter, key, record);
    return BS_OK;
}

void datom_sorter_finish(struct datom_sorter *sorter)
{
    sort_buffer(sorter);
    sorter->is_finished = true;
}

/* ---- walking ---- */

struct datom_sorter_walk *datom_sorter_walk_new(const struct datom_sorter *sorter)
{
    BS_ASSERT(sorter->is_finished);
    struct datom_sorter_walk *walk = bs_calloc(1, sizeof(*walk));
    walk->sorter = sorter;
    walk->places = bs_calloc(sorter->runs_count + 1, sizeof(*walk->places));
    walk->heap = bs_calloc(sorter->runs_count + 1, sizeof(struct place *));
    for (size_t i = 0; i <= sorter->runs_count; i++)
        walk->places[i].run = i;
    return walk;
}

void datom_sorter_walk_free(struct datom_sorter_walk *walk)
{
    if (!walk)
        return;
    for (size_t i = 0; i <= walk->sorter->runs_count; i++)
        free(walk->places[i].bytes);
    free(walk->places);
    free(walk->heap);
    free(walk);
}

/* What is read at once: of many runs less each. */
static size_t run_buffer_bytes(const struct datom_sorter *sorter)
{
    size_t share = sorter->memory_bytes / (sorter->runs_count + 1);
    return BS_MIN(BS_MAX(share, RUN_BUFFER_BYTES_MIN), RUN_BUFFER_BYTES);
}

/* Has `size` bytes of the run stand at `start`, if it has so many; *ret_has says whether. */
static enum bs_code fill(const struct datom_sorter *sorter, struct place *place, size_t size,
                         bool *ret_has, struct bs_error *error)
{
    *ret_has = true;
    if (place->count - place->start >= size)
        return BS_OK;
    if (place->start > 0)
        memmove(place->bytes, place->bytes + place->start, place->count - place->start);
    place->count -= place->start;
    place->start = 0;
    if (size > place->capacity) {
        place->capacity = BS_MAX(2 * size, run_buffer_bytes(sorter));
        place->bytes = bs_realloc_array(place->bytes, place->capacity, 1);
    }
    int64_t at = sorter->runs[place->run].begin + (int64_t)place->taken;
    while (place->count < size) {
        size_t left = (size_t)(sorter->runs[place->run].end - at);
        ssize_t got = pread(sorter->fd, place->bytes + place->count,
                            BS_MIN(place->capacity - place->count, left), at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(sorter, "read", error);
        if (got == 0)
            break;
        place->count += (size_t)got;
        place->taken += (size_t)got;
        at += got;
    }
    *ret_has = place->count >= size;
    return BS_OK;
}

static void show(struct place *place, const char *pair)
{
    place->key = datom_sorter_key_at(pair);
    place->record = datom_sorter_record_at(pair);
}

/* The next pair of the buffer. */
static bool place_take(const struct datom_sorter *sorter, struct place *place)
{
    if (place->taken == sorter->items_count)
        return false;
    if (place->taken + AHEAD < sorter->items_count)
        __builtin_prefetch(sorter->bytes + sorter->items[place->taken + AHEAD].offset);
    show(place, sorter->bytes + sorter->items[place->taken++].offset);
    return true;
}

/* The next pair of a run to its front; *ret_found false at its end. */
static enum bs_code place_read(const struct datom_sorter *sorter, struct place *place,
                               bool *ret_found, struct bs_error *error)
{
    struct datom_sorter_head head;
    BS_TRY(fill(sorter, place, sizeof(head), ret_found, error));
    if (!*ret_found)
        return BS_OK;
    memcpy(&head, place->bytes + place->start, sizeof(head));
    size_t size = sizeof(head) + head.key_len + head.record_len;
    BS_TRY(fill(sorter, place, size, ret_found, error));
    if (!*ret_found)
        return bs_error_set(error, BS_REASON_STORE_IO,
                            "a temporary file in \"%s\" ends before its last pair", sorter->folder);
    show(place, place->bytes + place->start);
    place->start += size;
    return BS_OK;
}

static enum bs_code place_next(const struct datom_sorter *sorter, struct place *place,
                               bool *ret_found, struct bs_error *error)
{
    if (place->run < sorter->runs_count)
        return place_read(sorter, place, ret_found, error);
    *ret_found = place_take(sorter, place);
    return BS_OK;
}

/* Earlier runs hold what was given earlier. */
static bool is_before(const struct place *a, const struct place *b)
{
    int order = bs_str_compare(a->key, b->key);
    return order != 0 ? order < 0 : a->run < b->run;
}

static void sink(struct datom_sorter_walk *walk, size_t at)
{
    struct place **heap = walk->heap;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < walk->heap_count && is_before(heap[child], heap[least]))
                least = child;
        }
        if (least == at)
            return;
        struct place *moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static enum bs_code begin(struct datom_sorter_walk *walk, struct bs_error *error)
{
    walk->is_begun = true;
    for (size_t i = 0; i <= walk->sorter->runs_count; i++) {
        bool found;
        BS_TRY(place_next(walk->sorter, &walk->places[i], &found, error));
        if (found)
            walk->heap[walk->heap_count++] = &walk->places[i];
    }
    for (size_t i = walk->heap_count; i-- > 0;)
        sink(walk, i);
    return BS_OK;
}

enum bs_code datom_sorter_walk_next(struct datom_sorter_walk *walk, struct bs_str *ret_key,
                                    struct bs_str *ret_record, bool *ret_found,
                                    struct bs_error *error)
{
    if (!walk->is_begun)
        BS_TRY(begin(walk, error));
    if (walk->given) {
        bool found;
        BS_TRY(place_next(walk->sorter, walk->given, &found, error));
        if (!found)
            walk->heap[0] = walk->heap[--walk->heap_count];
        walk->given = NULL;
        sink(walk, 0);
    }
    *ret_found = walk->heap_count > 0;
    if (!*ret_found)
        return BS_OK;
    walk->given = walk->heap[0];
    *ret_key = walk->given->key;
    *ret_record = walk->given->record;
    return BS_OK;
}
