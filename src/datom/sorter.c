/*
 * An external merge sort. Pairs lie one after another in a buffer; what is sorted is an array of
 * items with the first 16 bytes of each key, so that most comparisons touch nothing else. A full
 * buffer becomes a run: a file without a name. At the end the runs and the last buffer are merged
 * through a heap. Keys that come in order, as often, are noticed and not sorted.
 */

#include "datom/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RUN_BUFFER_BYTES ((size_t)256 * 1024)
#define BUFFER_BYTES_MIN ((size_t)64 * 1024)

struct item {
    uint64_t head[2]; /* the key's first bytes, filled up with zeros */
    size_t offset;    /* in the buffer */
};

/* Before each pair, in the buffer and in runs. */
struct pair_head {
    uint32_t key_len;
    uint32_t record_len;
};

struct run {
    FILE *file;   /* NULL: the buffer */
    char *buffer; /* the file's, for as long as it is open */
    char *pair;   /* the pair that stands in front, its head first */
    size_t pair_capacity;
    struct bs_str key, record;
};

struct datom_sorter {
    char *folder;
    size_t memory_bytes;
    char *bytes;
    size_t bytes_count, bytes_capacity;
    struct item *items;
    size_t items_count, items_capacity;
    bool is_sorted; /* so far, in the buffer */
    size_t last_offset;
    bool is_taking;
    size_t taken; /* items given */
    struct run *runs;
    size_t runs_count, runs_capacity;
    struct run **heap; /* of those that have a pair, the least in front */
    size_t heap_count;
    struct run *given; /* whose pair the caller has */
};

struct datom_sorter *datom_sorter_new(const char *folder, size_t memory_bytes)
{
    struct datom_sorter *sorter = bs_calloc(1, sizeof(*sorter));
    sorter->folder = bs_strdup(folder);
    sorter->memory_bytes = BS_MAX(memory_bytes, BUFFER_BYTES_MIN);
    sorter->is_sorted = true;
    return sorter;
}

void datom_sorter_free(struct datom_sorter *sorter)
{
    if (!sorter)
        return;
    for (size_t i = 0; i < sorter->runs_count; i++) {
        if (sorter->runs[i].file)
            fclose(sorter->runs[i].file);
        free(sorter->runs[i].buffer);
        free(sorter->runs[i].pair);
    }
    free(sorter->runs);
    free(sorter->heap);
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

/* ---- the buffer ---- */

static struct bs_str key_at(const char *pair)
{
    struct pair_head head;
    memcpy(&head, pair, sizeof(head));
    return bs_str_make(pair + sizeof(head), head.key_len);
}

static struct bs_str record_at(const char *pair)
{
    struct pair_head head;
    memcpy(&head, pair, sizeof(head));
    return bs_str_make(pair + sizeof(head) + head.key_len, head.record_len);
}

static void head_of(struct bs_str key, uint64_t ret_head[2])
{
    uint8_t bytes[16] = {0};
    memcpy(bytes, key.ptr, BS_MIN(key.len, sizeof(bytes)));
    ret_head[0] = bs_load_u64(bytes);
    ret_head[1] = bs_load_u64(bytes + 8);
}

static int compare_items(const void *a, const void *b, void *data)
{
    const struct item *x = a;
    const struct item *y = b;
    const struct datom_sorter *sorter = data;
    if (x->head[0] != y->head[0])
        return x->head[0] < y->head[0] ? -1 : 1;
    if (x->head[1] != y->head[1])
        return x->head[1] < y->head[1] ? -1 : 1;
    int order =
        bs_str_compare(key_at(sorter->bytes + x->offset), key_at(sorter->bytes + y->offset));
    return order != 0 ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static void sort_buffer(struct datom_sorter *sorter)
{
    if (!sorter->is_sorted)
        qsort_r(sorter->items, sorter->items_count, sizeof(*sorter->items), compare_items, sorter);
    sorter->is_sorted = true;
}

static void append_pair(struct datom_sorter *sorter, struct bs_str key, struct bs_str record)
{
    struct pair_head head = {.key_len = (uint32_t)key.len, .record_len = (uint32_t)record.len};
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

    if (sorter->items_count > 0 && sorter->is_sorted)
        sorter->is_sorted = bs_str_compare(key_at(sorter->bytes + sorter->last_offset), key) <= 0;
    sorter->last_offset = offset;
    bs_grow(&sorter->items, sorter->items_count, &sorter->items_capacity, sizeof(*sorter->items));
    struct item *item = &sorter->items[sorter->items_count++];
    head_of(key, item->head);
    item->offset = offset;
}

/* ---- runs ---- */

/* NULL: of the buffer. */
static void run_new(struct datom_sorter *sorter, FILE *file)
{
    bs_grow(&sorter->runs, sorter->runs_count, &sorter->runs_capacity, sizeof(*sorter->runs));
    struct run *run = &sorter->runs[sorter->runs_count++];
    *run = (struct run){.file = file};
    if (!file)
        return;
    /* given by us: without a buffer the C library ignores the size */
    run->buffer = bs_malloc(RUN_BUFFER_BYTES);
    setvbuf(file, run->buffer, _IOFBF, RUN_BUFFER_BYTES);
}

static enum bs_code open_file(const struct datom_sorter *sorter, FILE **ret_file,
                              struct bs_error *error)
{
    struct bs_buf name = BS_BUF_INIT(0);
    bs_buf_printf(&name, "%s/sort-XXXXXX", sorter->folder);
    BS_CLEANUP(bs_freep) char *path = bs_buf_take(&name, NULL);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return io_error(sorter, "make", error);
    (void)unlink(path); /* the descriptor is all that is needed */
    *ret_file = fdopen(fd, "w+");
    if (!*ret_file) {
        close(fd);
        return io_error(sorter, "make", error);
    }
    return BS_OK;
}

/* Puts the buffer into a run of its own. */
static enum bs_code spill(struct datom_sorter *sorter, struct bs_error *error)
{
    FILE *file;
    sort_buffer(sorter);
    BS_TRY(open_file(sorter, &file, error));
    run_new(sorter, file);
    for (size_t i = 0; i < sorter->items_count; i++) {
        const char *pair = sorter->bytes + sorter->items[i].offset;
        size_t size = sizeof(struct pair_head) + key_at(pair).len + record_at(pair).len;
        if (fwrite(pair, 1, size, file) != size)
            return io_error(sorter, "write", error);
    }
    if (fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0)
        return io_error(sorter, "write", error);
    sorter->items_count = 0;
    sorter->bytes_count = 0;
    return BS_OK;
}

enum bs_code datom_sorter_add(struct datom_sorter *sorter, struct bs_str key, struct bs_str record,
                              struct bs_error *error)
{
    BS_ASSERT(!sorter->is_taking && key.len <= UINT32_MAX && record.len <= UINT32_MAX);
    size_t used = sorter->bytes_count + sorter->items_count * sizeof(struct item);
    if (sorter->items_count > 0 && used + key.len + record.len > sorter->memory_bytes)
        BS_TRY(spill(sorter, error));
    append_pair(sorter, key, record);
    return BS_OK;
}

/* The next pair of a run to its front; *ret_found false at its end. */
static enum bs_code run_read(struct datom_sorter *sorter, struct run *run, bool *ret_found,
                             struct bs_error *error)
{
    struct pair_head head;
    *ret_found = false;
    if (!run->file) {
        if (sorter->taken == sorter->items_count)
            return BS_OK;
        const char *pair = sorter->bytes + sorter->items[sorter->taken++].offset;
        run->key = key_at(pair);
        run->record = record_at(pair);
        *ret_found = true;
        return BS_OK;
    }
    if (fread(&head, 1, sizeof(head), run->file) != sizeof(head))
        return feof(run->file) ? BS_OK : io_error(sorter, "read", error);
    size_t size = (size_t)head.key_len + head.record_len;
    if (size > run->pair_capacity) {
        run->pair_capacity = 2 * size;
        run->pair = bs_realloc_array(run->pair, run->pair_capacity, 1);
    }
    if (fread(run->pair, 1, size, run->file) != size)
        return io_error(sorter, "read", error);
    run->key = bs_str_make(run->pair, head.key_len);
    run->record = bs_str_make(run->pair + head.key_len, head.record_len);
    *ret_found = true;
    return BS_OK;
}

/* ---- merging ---- */

/* Earlier runs hold what was given earlier. */
static bool is_before(const struct run *a, const struct run *b)
{
    int order = bs_str_compare(a->key, b->key);
    return order != 0 ? order < 0 : a < b;
}

static void sink(struct datom_sorter *sorter, size_t at)
{
    struct run **heap = sorter->heap;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < sorter->heap_count && is_before(heap[child], heap[least]))
                least = child;
        }
        if (least == at)
            return;
        struct run *moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static enum bs_code begin_taking(struct datom_sorter *sorter, struct bs_error *error)
{
    sorter->is_taking = true;
    sort_buffer(sorter);
    run_new(sorter, NULL);
    sorter->heap = bs_calloc(sorter->runs_count, sizeof(struct run *));
    for (size_t i = 0; i < sorter->runs_count; i++) {
        bool found;
        BS_TRY(run_read(sorter, &sorter->runs[i], &found, error));
        if (found)
            sorter->heap[sorter->heap_count++] = &sorter->runs[i];
    }
    for (size_t i = sorter->heap_count; i-- > 0;)
        sink(sorter, i);
    return BS_OK;
}

enum bs_code datom_sorter_next(struct datom_sorter *sorter, struct bs_str *ret_key,
                               struct bs_str *ret_record, bool *ret_found, struct bs_error *error)
{
    if (!sorter->is_taking)
        BS_TRY(begin_taking(sorter, error));
    if (sorter->given) {
        bool found;
        BS_TRY(run_read(sorter, sorter->given, &found, error));
        if (!found)
            sorter->heap[0] = sorter->heap[--sorter->heap_count];
        sorter->given = NULL;
        sink(sorter, 0);
    }
    *ret_found = sorter->heap_count > 0;
    if (!*ret_found)
        return BS_OK;
    sorter->given = sorter->heap[0];
    *ret_key = sorter->given->key;
    *ret_record = sorter->given->record;
    return BS_OK;
}
