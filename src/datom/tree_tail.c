/*
 * Tails and their pages. A page is filled from front to back and never changed behind what is used:
 * whoever moves `used` on by a compare-and-swap from the end that his tail knows may write what he
 * has won, and nobody else sees it before the tail is handed on. That fails for all but one of the
 * tails that end alike (forks of one value, a transaction after one that was given up), and for a
 * page that is full; both go on with a copy of what they see.
 *
 * Invariants: end_slots and end_bytes are at most what `used` says; order has each key once.
 */

#include "datom/tree_tail.h"

/* Of a tail; an entry beyond it goes into the tree. */
#define BYTES_MAX (16u * 1024)
/* Of a page: order has a byte for each. */
#define PAGE_SLOTS_MAX 255u
#define FIRST_SLOTS 8u
#define FIRST_BYTES 256u
/* What outgrows its first page goes on to a full tail mostly. */
#define PAGE_GROWTH 16u

struct bs_str datom_tree_tail_record(const struct datom_tree_tail *tail, unsigned idx)
{
    return datom_tree_slot_record(datom_tree_tail_slot(tail, idx), datom_tree_tail_heap(tail));
}

static unsigned find_between(const struct datom_tree_tail *tail, unsigned low, unsigned high,
                             struct bs_str key, bool *ret_equal)
{
    *ret_equal = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = datom_tree_compare(datom_tree_tail_key(tail, middle), key);
        if (order == 0) {
            *ret_equal = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

unsigned datom_tree_tail_find(const struct datom_tree_tail *tail, struct bs_str key,
                              bool *ret_equal)
{
    return find_between(tail, 0, tail->count, key, ret_equal);
}

static int compare_at(const struct datom_tree_tail *tail, unsigned idx, struct bs_str key)
{
    return datom_tree_compare(datom_tree_tail_key(tail, idx), key);
}

/* As datom_tree_tail_find, of a key that is to be added: what comes in order goes to the end, or
 * behind what was added before it. */
static unsigned find_place(const struct datom_tree_tail *tail, struct bs_str key, bool *ret_equal)
{
    *ret_equal = false;
    unsigned low = 0;
    unsigned high = tail->count;
    unsigned behind = tail->behind;
    if (high == 0 || compare_at(tail, high - 1, key) < 0)
        return high;
    if (behind > 0 && behind < high) {
        if (compare_at(tail, behind - 1, key) >= 0) {
            high = behind;
        } else {
            low = behind;
            if (compare_at(tail, behind, key) > 0)
                return behind;
        }
    }
    return find_between(tail, low, high, key, ret_equal);
}

/* ---- pages ---- */

static uint64_t end_of(uint32_t slots, uint32_t bytes)
{
    return (uint64_t)slots << 32 | bytes;
}

static struct datom_tree_page *page_new(unsigned slots, size_t bytes)
{
    struct datom_tree_page *page =
        bs_malloc(sizeof(*page) + slots * sizeof(page->slots[0]) + bytes);
    bs_ref_init(&page->ref);
    page->slots_max = (uint16_t)slots;
    page->blobs = 0;
    page->bytes_max = (uint32_t)bytes;
    atomic_init(&page->used, 0);
    return page;
}

static void page_put(struct datom_tree_page *page)
{
    if (!bs_ref_put(&page->ref))
        return;
    uint64_t slots = atomic_load_explicit(&page->used, memory_order_relaxed) >> 32;
    for (uint64_t i = 0; page->blobs > 0 && i < slots; i++)
        datom_tree_slot_put(&page->slots[i]);
    free(page);
}

/* Takes the place behind `end` for one more slot; false when it is full or somebody else's. */
static bool page_claim(struct datom_tree_page *page, uint32_t slots, uint32_t bytes, size_t size)
{
    if (slots >= page->slots_max || size > page->bytes_max - bytes)
        return false;
    uint64_t end = end_of(slots, bytes);
    return atomic_compare_exchange_strong_explicit(&page->used, &end,
                                                   end_of(slots + 1, bytes + (uint32_t)size),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static void page_write(struct datom_tree_page *page, uint32_t idx, uint32_t at, struct bs_str key,
                       struct datom_tree_slot slot, struct bs_str inline_record)
{
    char *bytes = (char *)(page->slots + page->slots_max) + at;
    if (key.len > 0)
        memcpy(bytes, key.ptr, key.len);
    if (inline_record.len > 0)
        memcpy(bytes + key.len, inline_record.ptr, inline_record.len);
    slot.at = at;
    slot.key_len = (uint16_t)key.len;
    page->blobs = (uint16_t)(page->blobs + (slot.kind == DATOM_TREE_KIND_BLOB));
    page->slots[idx] = slot;
}

/* ---- tails ---- */

static struct datom_tree_tail *tail_new(unsigned entries)
{
    unsigned room = (entries + 15u) & ~15u;
    struct datom_tree_tail *tail = bs_malloc(sizeof(*tail) + room);
    bs_ref_init(&tail->ref);
    tail->count = 0;
    tail->order_max = (uint16_t)room;
    tail->behind = 0;
    tail->page = NULL;
    tail->end_slots = 0;
    tail->end_bytes = 0;
    return tail;
}

void datom_tree_tail_put(struct datom_tree_tail *tail)
{
    if (!tail || !bs_ref_put(&tail->ref))
        return;
    page_put(tail->page);
    free(tail);
}

/* Bytes of the entries that the tail still sees. */
static size_t live_bytes(const struct datom_tree_tail *tail)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < tail->count; i++)
        bytes += datom_tree_slot_bytes(datom_tree_tail_slot(tail, i));
    return bytes;
}

/* A sole tail on a page of its own, with some times the room that it needs now. */
static void tail_renew(struct datom_tree_tail **place, size_t bytes)
{
    struct datom_tree_tail *old = *place;
    struct datom_tree_tail *tail = tail_new(old->count + 1u);
    tail->page = page_new(BS_MIN(PAGE_GROWTH * old->count, PAGE_SLOTS_MAX),
                          BS_MIN(PAGE_GROWTH * bytes, BYTES_MAX));
    for (unsigned i = 0; i < old->count; i++) {
        struct datom_tree_slot slot = *datom_tree_tail_slot(old, i);
        if (slot.kind == DATOM_TREE_KIND_BLOB)
            bs_ref_get(&slot.blob->ref);
        struct bs_str record =
            slot.kind == DATOM_TREE_KIND_INLINE ? datom_tree_tail_record(old, i) : BS_STR_EMPTY;
        page_write(tail->page, i, tail->end_bytes, datom_tree_tail_key(old, i), slot, record);
        tail->end_bytes += datom_tree_slot_bytes(&slot);
        tail->order[i] = (uint8_t)i;
    }
    tail->count = old->count;
    tail->behind = old->behind;
    tail->end_slots = old->count;
    atomic_store_explicit(&tail->page->used, end_of(tail->end_slots, tail->end_bytes),
                          memory_order_relaxed);
    datom_tree_tail_put(old);
    *place = tail;
}

/* The order with the page's newest slot at idx, there instead of what has its key. */
static void order_set(struct datom_tree_tail **place, unsigned idx, bool is_there)
{
    struct datom_tree_tail *tail = *place;
    unsigned behind = idx + is_there; /* the first that follows it now */
    unsigned count = tail->count + !is_there;
    if (!bs_ref_is_sole(&tail->ref) || count > tail->order_max) {
        struct datom_tree_tail *copy = tail_new(count);
        copy->page = tail->page;
        bs_ref_get(&copy->page->ref);
        copy->end_slots = tail->end_slots;
        copy->end_bytes = tail->end_bytes;
        copy->behind = tail->behind;
        memcpy(copy->order, tail->order, idx);
        memcpy(copy->order + idx + 1, tail->order + behind, tail->count - behind);
        datom_tree_tail_put(tail);
        *place = tail = copy;
    } else if (!is_there) {
        memmove(tail->order + idx + 1, tail->order + idx, tail->count - idx);
    }
    tail->order[idx] = (uint8_t)tail->end_slots;
    tail->count = (uint16_t)count;
    if (idx + 1 < count)
        tail->behind = (uint16_t)(idx + 1);
}

static bool has_room(struct datom_tree_tail **place, size_t size, bool is_there)
{
    const struct datom_tree_tail *tail = *place;
    if (!is_there && tail->count >= DATOM_TREE_TAIL_MAX)
        return false;
    if (page_claim(tail->page, tail->end_slots, tail->end_bytes, size))
        return true;
    size_t bytes = live_bytes(tail) + size;
    if (bytes > BYTES_MAX)
        return false;
    tail_renew(place, bytes);
    tail = *place;
    bool is_claimed = page_claim(tail->page, tail->end_slots, tail->end_bytes, size);
    BS_ASSERT(is_claimed);
    return true;
}

bool datom_tree_tail_add(struct datom_tree_tail **place, struct bs_str key,
                         struct datom_tree_slot slot, struct bs_str inline_record)
{
    size_t size = key.len + inline_record.len;
    if (size > BYTES_MAX)
        return false;
    if (!*place) {
        *place = tail_new(1);
        (*place)->page = page_new(FIRST_SLOTS, BS_MAX(FIRST_BYTES, 2 * size));
    }
    bool is_there;
    unsigned idx = find_place(*place, key, &is_there);
    if (!has_room(place, size, is_there))
        return false;
    page_write((*place)->page, (*place)->end_slots, (*place)->end_bytes, key, slot, inline_record);
    order_set(place, idx, is_there);
    (*place)->end_slots++;
    (*place)->end_bytes += (uint32_t)size;
    return true;
}
