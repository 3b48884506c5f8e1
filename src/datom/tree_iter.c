/* Walks of the overlay tree (tree.c): the path to a leaf, and the tail beside it, as one. */

#include "datom/tree.h"
#include "datom/tree_tail.h"

static void iter_push(struct datom_tree_iter *walk, const struct datom_tree_node *node,
                      unsigned idx)
{
    BS_ASSERT(walk->depth < DATOM_TREE_DEPTH_MAX);
    walk->path[walk->depth].node = node;
    walk->path[walk->depth].idx = idx;
    walk->depth++;
}

/* Brings the path to the entry that it ends at, past a leaf's end to the next leaf's first. */
static void settle_path(struct datom_tree_iter *walk)
{
    while (walk->depth > 0) {
        const struct datom_tree_node *node = walk->path[walk->depth - 1].node;
        uint32_t idx = walk->path[walk->depth - 1].idx;
        if (idx >= node->count) {
            walk->depth--;
            if (walk->depth > 0)
                walk->path[walk->depth - 1].idx++;
        } else if (node->level > 0) {
            iter_push(walk, node->slots[idx].child, 0);
        } else {
            return;
        }
    }
}

static void show(struct datom_tree_iter *walk, const struct datom_tree_slot *slot, const char *heap)
{
    walk->iter.valid = true;
    walk->iter.is_tombstone = slot->kind == DATOM_TREE_KIND_TOMBSTONE;
    walk->iter.key = bs_str_make(heap + slot->at, slot->key_len);
    walk->iter.record = datom_tree_slot_record(slot, heap);
}

static void step_path(struct datom_tree_iter *walk)
{
    walk->path[walk->depth - 1].idx++;
    settle_path(walk);
}

/* Which of tree and tail comes first: below 0 the tree, above 0 the tail, 0 both; one is there. */
static int which(const struct datom_tree_iter *walk)
{
    if (!walk->tail || walk->tail_idx >= walk->tail->count)
        return -1;
    if (walk->depth == 0)
        return 1;
    return datom_tree_compare(
        datom_tree_node_key(walk->path[walk->depth - 1].node, walk->path[walk->depth - 1].idx),
        datom_tree_tail_key(walk->tail, walk->tail_idx));
}

/* Shows the next entry of tree and tail, the tail's where both have a key. */
static void iter_settle(struct datom_tree_iter *walk)
{
    while (walk->depth > 0 || (walk->tail && walk->tail_idx < walk->tail->count)) {
        int order = which(walk);
        walk->at = (int8_t)((order > 0) - (order < 0));
        if (order < 0) {
            const struct datom_tree_node *node = walk->path[walk->depth - 1].node;
            show(walk, &node->slots[walk->path[walk->depth - 1].idx], datom_tree_node_heap(node));
            return;
        }
        const struct datom_tree_slot *slot = datom_tree_tail_slot(walk->tail, walk->tail_idx);
        if (slot->kind != DATOM_TREE_KIND_REMOVED) {
            show(walk, slot, datom_tree_tail_heap(walk->tail));
            return;
        }
        walk->tail_idx++;
        if (order == 0)
            step_path(walk);
    }
    walk->iter.valid = false;
    walk->iter.is_tombstone = false;
}

static void iter_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct datom_tree_iter *walk = (struct datom_tree_iter *)iter;
    const struct datom_tree_node *node = walk->tree->root;
    walk->depth = 0;
    while (node && node->level > 0) {
        unsigned idx = datom_tree_node_find_child(node, key);
        iter_push(walk, node, idx);
        node = node->slots[idx].child;
    }
    bool equal;
    if (node)
        iter_push(walk, node, datom_tree_node_find(node, key, &equal));
    settle_path(walk);
    walk->tail = walk->tree->tail;
    walk->tail_idx = walk->tail ? datom_tree_tail_find(walk->tail, key, &equal) : 0;
    iter_settle(walk);
}

static void iter_next(struct datom_kv_iter *iter)
{
    struct datom_tree_iter *walk = (struct datom_tree_iter *)iter;
    BS_ASSERT(iter->valid);
    if (walk->at >= 0)
        walk->tail_idx++;
    if (walk->at <= 0)
        step_path(walk);
    iter_settle(walk);
}

/* The last key of a node's subtree that is < key. */
static bool find_before(const struct datom_tree_node *node, struct bs_str key,
                        struct bs_str *ret_key)
{
    bool equal;
    if (node->level == 0) {
        unsigned idx = datom_tree_node_find(node, key, &equal);
        if (idx > 0)
            *ret_key = datom_tree_node_key(node, idx - 1);
        return idx > 0;
    }
    for (unsigned idx = datom_tree_node_find_child(node, key) + 1; idx-- > 0;) {
        if (find_before(node->slots[idx].child, key, ret_key))
            return true;
    }
    return false;
}

static void iter_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct datom_tree_iter *walk = (struct datom_tree_iter *)iter;
    const struct datom_tree_node *root = walk->tree->root;
    const struct datom_tree_tail *tail = walk->tree->tail;
    for (;;) {
        struct bs_str in_tree = BS_STR_EMPTY;
        struct bs_str in_tail = BS_STR_EMPTY;
        bool equal;
        bool has_tree = root && find_before(root, key, &in_tree);
        unsigned idx = tail ? datom_tree_tail_find(tail, key, &equal) : 0;
        if (idx > 0)
            in_tail = datom_tree_tail_key(tail, idx - 1);
        if (!has_tree && idx == 0)
            break;
        bool is_tails = idx > 0 && (!has_tree || bs_str_compare(in_tail, in_tree) >= 0);
        if (!is_tails || datom_tree_tail_slot(tail, idx - 1)->kind != DATOM_TREE_KIND_REMOVED) {
            iter_seek(iter, is_tails ? in_tail : in_tree);
            return;
        }
        key = in_tail;
    }
    walk->iter.valid = false;
    walk->iter.is_tombstone = false;
}

static void iter_free(struct datom_kv_iter *iter)
{
    (void)iter; /* holds nothing; the storage is the caller's */
}

static const struct datom_kv_ops iter_ops = {
    .seek = iter_seek,
    .next = iter_next,
    .before = iter_before,
    .free = iter_free,
};

void datom_tree_iter_init(struct datom_tree_iter *iter, const struct datom_tree *tree)
{
    iter->iter = (struct datom_kv_iter){.ops = &iter_ops};
    iter->tree = tree;
    iter->tail = NULL;
    iter->depth = 0;
}
