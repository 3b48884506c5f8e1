/*
 * The overlay tree: paths to changes, splits, and the tail. Nodes look after their own bytes
 * (tree_node.c), walks are in tree_iter.c.
 *
 * The tail is a leaf beside the tree that hides what the tree says of its keys. After a dup,
 * changes go there, so that the small transactions which follow one another copy one leaf each
 * instead of a path; a full tail is put into the tree, whose nodes are then copied once for all of
 * its entries. A tree whose root is the handle's alone, as in the middle of a large transaction,
 * has no tail.
 *
 * Invariants: all leaves are at level 0 and at one depth; no node but an empty tree's missing root
 * is empty; a root has more than one child. Nodes may be less than half full: they are split, but
 * never merged. On the way down to a change every node is made the handle's own before its child is
 * looked at, as a child is only then its parent's alone when its parent is the handle's alone.
 */

#include "datom/tree.h"

#include "datom/tree_node.h"

/* A put on its way down, and what it changed. */
struct put {
    struct bs_str key;
    struct bs_str record;
    enum datom_tree_kind kind;    /* INLINE, BLOB or TOMBSTONE; in the tail REMOVED too */
    struct datom_tree_blob *blob; /* to be shared; NULL: a new one is made of the record */
    bool is_new;                  /* the key was not there */
};

struct datom_tree datom_tree_dup(const struct datom_tree *tree)
{
    if (tree->root)
        bs_ref_get(&tree->root->ref);
    if (tree->tail)
        bs_ref_get(&tree->tail->ref);
    return *tree;
}

void datom_tree_fini(struct datom_tree *tree)
{
    datom_tree_node_put(tree->root);
    datom_tree_node_put(tree->tail);
    *tree = (struct datom_tree){0};
}

static struct datom_tree_slot slot_make(const struct put *put)
{
    struct datom_tree_slot slot = {.kind = (uint8_t)put->kind};
    if (put->blob) {
        bs_ref_get(&put->blob->ref);
        slot.blob = put->blob;
    } else if (put->kind == DATOM_TREE_KIND_BLOB) {
        slot.blob = bs_malloc(sizeof(*slot.blob) + put->record.len);
        bs_ref_init(&slot.blob->ref);
        slot.blob->len = put->record.len;
        memcpy(slot.blob->bytes, put->record.ptr, put->record.len);
    } else {
        slot.record_len = put->record.len;
    }
    return slot;
}

static struct bs_str inline_record(const struct put *put)
{
    return put->kind == DATOM_TREE_KIND_INLINE ? put->record : BS_STR_EMPTY;
}

/*
 * The shortest bytes that are above all keys of `left` and not above any of `right`, its new right
 * neighbour. An inner node that was just split off has kept it in its first slot.
 */
static struct bs_str separator(const struct datom_tree_node *left,
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

static bool is_full(const struct datom_tree_node *node, size_t bytes)
{
    if (node->count >= (node->level > 0 ? DATOM_TREE_CHILDREN_MAX : DATOM_TREE_SLOTS_MAX))
        return true;
    return node->count >= 8 && node->used - node->garbage + bytes > DATOM_TREE_NODE_BYTES_MAX;
}

/*
 * Where to split a full node for an insert at idx. At the end nothing moves: keys that come in
 * order, as appended logs and new entities do, leave full nodes behind.
 */
static unsigned split_at(const struct datom_tree_node *node, unsigned idx)
{
    return idx == node->count ? node->count : node->count / 2u;
}

/*
 * Puts a slot in at idx, splitting a full node; returns the right part, or NULL. The node is owned
 * already or is made so.
 */
static struct datom_tree_node *node_insert(struct datom_tree_node **place, unsigned idx,
                                           struct bs_str key, struct datom_tree_slot slot,
                                           struct bs_str record)
{
    struct datom_tree_node *right = NULL;
    struct datom_tree_node **target = place;
    size_t bytes = key.len + record.len;
    if (is_full(*place, bytes)) {
        datom_tree_node_own(place, 0, 0);
        unsigned at = split_at(*place, idx);
        right = datom_tree_node_split(*place, at);
        if (idx > at || right->count == 0) {
            target = &right;
            idx -= at;
        }
    }
    datom_tree_node_own(target, 1, bytes);
    datom_tree_node_insert(*target, idx, key, slot, record);
    return right;
}

static struct datom_tree_node *leaf_put(struct datom_tree_node **place, struct put *put)
{
    bool equal;
    unsigned idx = datom_tree_node_find(*place, put->key, &equal);
    put->is_new = !equal;
    if (!equal)
        return node_insert(place, idx, put->key, slot_make(put), inline_record(put));
    datom_tree_node_own(place, 0, put->key.len + inline_record(put).len);
    datom_tree_node_erase(*place, idx);
    datom_tree_node_insert(*place, idx, put->key, slot_make(put), inline_record(put));
    return NULL;
}

/* Puts below a node; returns its right part when it had to be split. */
static struct datom_tree_node *node_put(struct datom_tree_node **place, struct put *put)
{
    if ((*place)->level == 0)
        return leaf_put(place, put);
    datom_tree_node_own(place, 0, 0);
    unsigned idx = datom_tree_node_find_child(*place, put->key);
    struct datom_tree_slot *slot = &(*place)->slots[idx];
    struct datom_tree_node *right = node_put(&slot->child, put);
    if (!right)
        return NULL;
    struct datom_tree_slot added = {.kind = DATOM_TREE_KIND_CHILD, .child = right};
    return node_insert(place, idx + 1, separator(slot->child, right), added, BS_STR_EMPTY);
}

static struct datom_tree_node *root_over(struct datom_tree_node *left,
                                         struct datom_tree_node *right)
{
    BS_ASSERT(left->level + 1 < DATOM_TREE_DEPTH_MAX);
    struct bs_str key = separator(left, right);
    struct datom_tree_node *root = datom_tree_node_new(left->level + 1u, 4, key.len + 32);
    struct datom_tree_slot slot = {.kind = DATOM_TREE_KIND_CHILD, .child = left};
    datom_tree_node_insert(root, 0, BS_STR_EMPTY, slot, BS_STR_EMPTY);
    slot.child = right;
    datom_tree_node_insert(root, 1, key, slot, BS_STR_EMPTY);
    return root;
}

static void root_put(struct datom_tree *tree, struct put *put)
{
    if (!tree->root)
        tree->root = datom_tree_node_new(0, 4, 4 * (put->key.len + inline_record(put).len));
    struct datom_tree_node *right = node_put(&tree->root, put);
    if (right)
        tree->root = root_over(tree->root, right);
    if (put->is_new)
        tree->root_count++;
}

/* Takes out a key that is there. Leaves an empty node at *place if it was the last. */
static void node_remove(struct datom_tree_node **place, struct bs_str key)
{
    datom_tree_node_own(place, 0, 0);
    struct datom_tree_node *node = *place;
    unsigned idx;
    if (node->level == 0) {
        bool equal;
        idx = datom_tree_node_find(node, key, &equal);
        datom_tree_node_erase(node, idx);
        return;
    }
    idx = datom_tree_node_find_child(node, key);
    node_remove(&node->slots[idx].child, key);
    if (node->slots[idx].child->count == 0)
        datom_tree_node_erase(node, idx);
}

static enum datom_tree_found root_get(const struct datom_tree_node *node, struct bs_str key,
                                      struct bs_str *ret_record)
{
    if (!node)
        return DATOM_TREE_ABSENT;
    while (node->level > 0)
        node = node->slots[datom_tree_node_find_child(node, key)].child;
    bool equal;
    unsigned idx = datom_tree_node_find(node, key, &equal);
    if (!equal || node->slots[idx].kind == DATOM_TREE_KIND_REMOVED)
        return DATOM_TREE_ABSENT;
    *ret_record = datom_tree_node_record(node, idx);
    return node->slots[idx].kind == DATOM_TREE_KIND_TOMBSTONE ? DATOM_TREE_TOMBSTONE
                                                              : DATOM_TREE_PRESENT;
}

static void root_remove(struct datom_tree *tree, struct bs_str key)
{
    struct bs_str record;
    if (root_get(tree->root, key, &record) == DATOM_TREE_ABSENT)
        return;
    tree->root_count--;
    node_remove(&tree->root, key);
    while (tree->root->level > 0 && tree->root->count == 1) {
        struct datom_tree_node *child = tree->root->slots[0].child;
        bs_ref_get(&child->ref);
        datom_tree_node_put(tree->root);
        tree->root = child;
    }
    if (tree->root->count == 0) {
        datom_tree_node_put(tree->root);
        tree->root = NULL;
    }
}

/* ---- the tail ---- */

static bool has_key(const struct datom_tree_node *leaf, struct bs_str key)
{
    bool equal;
    (void)datom_tree_node_find(leaf, key, &equal);
    return equal;
}

/* Whether the tail takes it: false when there is to be none, or no room. */
static bool tail_put(struct datom_tree *tree, struct put *put)
{
    size_t bytes = put->key.len + inline_record(put).len;
    if (!tree->tail) {
        if (!tree->root || bs_ref_is_sole(&tree->root->ref))
            return false;
        tree->tail = datom_tree_node_new(0, 4, 4 * bytes);
    }
    bool has_room = tree->tail->count < DATOM_TREE_TAIL_MAX && !is_full(tree->tail, bytes);
    if (!has_room && !has_key(tree->tail, put->key))
        return false;
    struct datom_tree_node *right = leaf_put(&tree->tail, put);
    BS_ASSERT(!right);
    return true;
}

/* Puts what the tail says into the tree. */
static void tail_flush(struct datom_tree *tree)
{
    struct datom_tree_node *tail = tree->tail;
    tree->tail = NULL;
    for (unsigned i = 0; tail && i < tail->count; i++) {
        const struct datom_tree_slot *slot = &tail->slots[i];
        struct put put = {
            .key = datom_tree_node_key(tail, i),
            .record = datom_tree_node_record(tail, i),
            .kind = (enum datom_tree_kind)slot->kind,
            .blob = slot->kind == DATOM_TREE_KIND_BLOB ? slot->blob : NULL,
        };
        if (put.kind == DATOM_TREE_KIND_REMOVED)
            root_remove(tree, put.key);
        else
            root_put(tree, &put);
    }
    datom_tree_node_put(tail);
}

size_t datom_tree_count(const struct datom_tree *tree)
{
    size_t count = tree->root_count;
    for (unsigned i = 0; tree->tail && i < tree->tail->count; i++) {
        struct bs_str record;
        bool is_in_root =
            root_get(tree->root, datom_tree_node_key(tree->tail, i), &record) != DATOM_TREE_ABSENT;
        bool is_removed = tree->tail->slots[i].kind == DATOM_TREE_KIND_REMOVED;
        if (is_removed && is_in_root)
            count--;
        else if (!is_removed && !is_in_root)
            count++;
    }
    return count;
}

/* ---- the whole ---- */

static void tree_put(struct datom_tree *tree, struct put *put)
{
    BS_ASSERT(put->key.len <= UINT16_MAX);
    if (tail_put(tree, put))
        return;
    tail_flush(tree);
    root_put(tree, put);
}

void datom_tree_put(struct datom_tree *tree, struct bs_str key, struct bs_str record)
{
    bool is_long = record.len > DATOM_TREE_INLINE_RECORD_MAX;
    struct put put = {
        .key = key,
        .record = record,
        .kind = is_long ? DATOM_TREE_KIND_BLOB : DATOM_TREE_KIND_INLINE,
    };
    tree_put(tree, &put);
}

void datom_tree_put_tombstone(struct datom_tree *tree, struct bs_str key)
{
    struct put put = {.key = key, .record = BS_STR_EMPTY, .kind = DATOM_TREE_KIND_TOMBSTONE};
    tree_put(tree, &put);
}

void datom_tree_remove(struct datom_tree *tree, struct bs_str key)
{
    struct bs_str record;
    struct put put = {.key = key, .record = BS_STR_EMPTY, .kind = DATOM_TREE_KIND_REMOVED};
    if (datom_tree_get(tree, key, &record) == DATOM_TREE_ABSENT || tail_put(tree, &put))
        return;
    tail_flush(tree);
    root_remove(tree, key);
}

enum datom_tree_found datom_tree_get(const struct datom_tree *tree, struct bs_str key,
                                     struct bs_str *ret_record)
{
    *ret_record = BS_STR_EMPTY;
    return root_get(tree->tail && has_key(tree->tail, key) ? tree->tail : tree->root, key,
                    ret_record);
}
