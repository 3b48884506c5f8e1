/*
 * Nodes of the overlay tree: memory, copies, slots, searches. Knows no tree.
 *
 * Invariants: used <= heap_max, count <= slots_max; the slots' bytes do not overlap, and those that
 * nobody points to are counted in `garbage`, which a move of the node to a new allocation drops.
 */

#include "datom/tree_node.h"

static char *heap_of(struct datom_tree_node *node)
{
    return (char *)(node->slots + node->slots_max);
}

struct bs_str datom_tree_slot_record(const struct datom_tree_slot *slot, const char *heap)
{
    switch ((enum datom_tree_kind)slot->kind) {
    case DATOM_TREE_KIND_INLINE:
        return bs_str_make(heap + slot->at + slot->key_len, (size_t)slot->record_len);
    case DATOM_TREE_KIND_BLOB:
        return bs_str_make(slot->blob->bytes, slot->blob->len);
    case DATOM_TREE_KIND_TOMBSTONE:
    case DATOM_TREE_KIND_REMOVED:
        return BS_STR_EMPTY;
    case DATOM_TREE_KIND_CHILD:
        break;
    }
    BS_UNREACHABLE();
}

struct bs_str datom_tree_node_record(const struct datom_tree_node *node, unsigned idx)
{
    return datom_tree_slot_record(&node->slots[idx], datom_tree_node_heap(node));
}

struct datom_tree_node *datom_tree_node_new(unsigned level, unsigned slots, size_t bytes)
{
    BS_ASSERT(slots <= DATOM_TREE_SLOTS_MAX && bytes <= UINT32_MAX);
    struct datom_tree_node *node =
        bs_malloc(sizeof(*node) + slots * sizeof(struct datom_tree_slot) + bytes);
    bs_ref_init(&node->ref);
    node->level = (uint16_t)level;
    node->count = 0;
    node->slots_max = (uint16_t)slots;
    node->blobs = 0;
    node->heap_max = (uint32_t)bytes;
    node->used = 0;
    node->garbage = 0;
    return node;
}

void datom_tree_slot_put(const struct datom_tree_slot *slot)
{
    if (slot->kind == DATOM_TREE_KIND_CHILD)
        datom_tree_node_put(slot->child);
    else if (slot->kind == DATOM_TREE_KIND_BLOB && bs_ref_put(&slot->blob->ref))
        free(slot->blob);
}

void datom_tree_node_put(struct datom_tree_node *node)
{
    if (!node || !bs_ref_put(&node->ref))
        return;
    if (node->level > 0 || node->blobs > 0)
        for (unsigned i = 0; i < node->count; i++)
            datom_tree_slot_put(&node->slots[i]);
    free(node);
}

/* Appends slots [from, to) of `source` to `node`, whose room is enough; references move along. */
static void append_slots(struct datom_tree_node *node, const struct datom_tree_node *source,
                         unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct datom_tree_slot slot = source->slots[i];
        uint32_t size = datom_tree_slot_bytes(&slot);
        memcpy(heap_of(node) + node->used, datom_tree_node_heap(source) + slot.at, size);
        slot.at = node->used;
        node->used += size;
        node->blobs = (uint16_t)(node->blobs + (slot.kind == DATOM_TREE_KIND_BLOB));
        node->slots[node->count++] = slot;
    }
}

/* The same content in a new allocation; references are not counted up. */
static struct datom_tree_node *relocate(const struct datom_tree_node *node, unsigned slots,
                                        size_t bytes)
{
    struct datom_tree_node *result = datom_tree_node_new(node->level, slots, bytes);
    if (node->garbage > 0) {
        append_slots(result, node, 0, node->count);
        return result;
    }
    memcpy(result->slots, node->slots, node->count * sizeof(node->slots[0]));
    memcpy(heap_of(result), datom_tree_node_heap(node), node->used);
    result->count = node->count;
    result->blobs = node->blobs;
    result->used = node->used;
    return result;
}

static void ref_slots(struct datom_tree_node *node)
{
    if (node->level > 0)
        for (unsigned i = 0; i < node->count; i++)
            bs_ref_get(&node->slots[i].child->ref);
    else if (node->blobs > 0)
        for (unsigned i = 0; i < node->count; i++)
            if (node->slots[i].kind == DATOM_TREE_KIND_BLOB)
                bs_ref_get(&node->slots[i].blob->ref);
}

void datom_tree_node_own(struct datom_tree_node **place, unsigned slots, size_t bytes)
{
    struct datom_tree_node *node = *place;
    unsigned slots_need = node->count + slots;
    bool sole = bs_ref_is_sole(&node->ref);
    if (sole && slots_need <= node->slots_max && bytes <= node->heap_max - node->used)
        return;
    size_t bytes_need = node->used - node->garbage + bytes;
    if (!sole) {
        /* Most likely copied again before its next change: little slack. */
        unsigned room = BS_MIN((slots_need + 3) & ~3u, (unsigned)DATOM_TREE_SLOTS_MAX);
        struct datom_tree_node *copy = relocate(node, room, (bytes_need + 31) & ~(size_t)15);
        ref_slots(copy);
        datom_tree_node_put(node);
        *place = copy;
        return;
    }
    unsigned room = slots_need;
    if (slots_need > node->slots_max)
        room = BS_MAX(slots_need, BS_MIN(2u * node->slots_max, (unsigned)DATOM_TREE_SLOTS_MAX));
    *place = relocate(node, BS_MAX(room, node->slots_max), bytes_need + bytes_need / 2);
    free(node);
}

void datom_tree_node_insert(struct datom_tree_node *node, unsigned idx, struct bs_str key,
                            struct datom_tree_slot slot, struct bs_str inline_record)
{
    BS_ASSERT(idx <= node->count && node->count < node->slots_max);
    BS_ASSERT(key.len + inline_record.len <= node->heap_max - node->used);
    slot.at = node->used;
    slot.key_len = (uint16_t)key.len;
    char *bytes = heap_of(node) + node->used;
    if (key.len > 0)
        memcpy(bytes, key.ptr, key.len);
    if (inline_record.len > 0)
        memcpy(bytes + key.len, inline_record.ptr, inline_record.len);
    node->used += (uint32_t)(key.len + inline_record.len);
    memmove(&node->slots[idx + 1], &node->slots[idx], (node->count - idx) * sizeof(node->slots[0]));
    node->slots[idx] = slot;
    node->count++;
    node->blobs = (uint16_t)(node->blobs + (slot.kind == DATOM_TREE_KIND_BLOB));
}

void datom_tree_node_append(struct datom_tree_node *node, const struct datom_tree_slot *slots,
                            unsigned count, const char *heap)
{
    const struct datom_tree_slot *last = &slots[count - 1];
    uint32_t from = slots[0].at;
    uint32_t size = last->at + datom_tree_slot_bytes(last) - from;
    BS_ASSERT(count <= (unsigned)node->slots_max - node->count &&
              size <= node->heap_max - node->used);
    for (unsigned i = 0; i < count; i++) {
        struct datom_tree_slot *copy = &node->slots[node->count++];
        *copy = slots[i];
        copy->at = copy->at - from + node->used;
        if (copy->kind == DATOM_TREE_KIND_BLOB) {
            bs_ref_get(&copy->blob->ref);
            node->blobs++;
        }
    }
    memcpy(heap_of(node) + node->used, heap + from, size);
    node->used += size;
}

void datom_tree_node_erase(struct datom_tree_node *node, unsigned idx)
{
    struct datom_tree_slot slot = node->slots[idx];
    node->garbage += datom_tree_slot_bytes(&slot);
    node->blobs = (uint16_t)(node->blobs - (slot.kind == DATOM_TREE_KIND_BLOB));
    node->count--;
    memmove(&node->slots[idx], &node->slots[idx + 1], (node->count - idx) * sizeof(node->slots[0]));
    datom_tree_slot_put(&slot);
}

struct datom_tree_node *datom_tree_node_split(struct datom_tree_node *node, unsigned idx)
{
    size_t bytes = 0;
    for (unsigned i = idx; i < node->count; i++)
        bytes += datom_tree_slot_bytes(&node->slots[i]);
    struct datom_tree_node *right =
        datom_tree_node_new(node->level, BS_MAX(node->count - idx, 4u), bytes);
    append_slots(right, node, idx, node->count);
    node->count = (uint16_t)idx;
    node->blobs = (uint16_t)(node->blobs - right->blobs);
    node->garbage += (uint32_t)bytes;
    return right;
}

struct bs_str datom_tree_separator(const struct datom_tree_node *left,
                                   const struct datom_tree_node *right)
{
    struct bs_str above = datom_tree_node_key(right, 0);
    if (right->level > 0)
        return above;
    struct bs_str below = datom_tree_node_key(left, left->count - 1u);
    size_t len = 0;
    while (len < below.len && below.ptr[len] == above.ptr[len])
        len++;
    return bs_str_make(above.ptr, len + 1);
}

struct datom_tree_node *datom_tree_node_shrink_root(struct datom_tree_node *root)
{
    while (root && root->level > 0 && root->count == 1) {
        struct datom_tree_node *child = root->slots[0].child;
        bs_ref_get(&child->ref);
        datom_tree_node_put(root);
        root = child;
    }
    if (!root || root->count > 0)
        return root;
    datom_tree_node_put(root);
    return NULL;
}

static unsigned find_between(const struct datom_tree_node *node, unsigned low, unsigned high,
                             struct bs_str key, bool *ret_equal)
{
    *ret_equal = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = datom_tree_compare(datom_tree_node_key(node, middle), key);
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

unsigned datom_tree_node_find(const struct datom_tree_node *node, struct bs_str key,
                              bool *ret_equal)
{
    return find_between(node, 0, node->count, key, ret_equal);
}

unsigned datom_tree_node_find_from(const struct datom_tree_node *node, unsigned from,
                                   struct bs_str key, bool *ret_equal)
{
    *ret_equal = false;
    if (from == node->count)
        return from;
    int order = datom_tree_compare(datom_tree_node_key(node, from), key);
    if (order >= 0) {
        *ret_equal = order == 0;
        return from;
    }
    unsigned last = node->count - 1u;
    order = datom_tree_compare(datom_tree_node_key(node, last), key);
    if (order < 0)
        return node->count;
    return find_between(node, from + 1, order == 0 ? node->count : last, key, ret_equal);
}

unsigned datom_tree_node_find_child(const struct datom_tree_node *node, struct bs_str key)
{
    unsigned low = 1; /* the first slot whose separator may be above the key */
    unsigned high = node->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (datom_tree_compare(datom_tree_node_key(node, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}
