/*
 * The overlay tree: paths to changes, splits, and when there is a tail. Nodes look after their own
 * bytes (tree_node.c), so does the tail (tree_tail.c); walks are in tree_iter.c.
 *
 * The tail stands beside the tree and hides what the tree says of its keys. After a dup, changes go
 * there, so that the small transactions which follow one another copy an order of some bytes each
 * instead of a path; a full tail is merged into the tree (tree_merge.c), whose nodes are then
 * copied once for all of its entries. A tree whose root is the handle's alone, as in the middle of
 * a large transaction, has no tail; but where small transactions filled one, another follows it.
 *
 * Invariants: all leaves are at level 0 and at one depth; no node but an empty tree's missing root
 * is empty; a root has more than one child. Nodes may be less than half full: they are split, but
 * never merged. On the way down to a change every node is made the handle's own before its child is
 * looked at, as a child is only then its parent's alone when its parent is the handle's alone.
 */

#include "datom/tree.h"

#include "datom/tree_merge.h"

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
    datom_tree_tail_put(tree->tail);
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

static bool is_full(const struct datom_tree_node *node, size_t bytes)
{
    if (node->count >= (node->level > 0 ? DATOM_TREE_CHILDREN_MAX : DATOM_TREE_SLOTS_MAX))
        return true;
    return node->count >= DATOM_TREE_NODE_SLOTS_MIN &&
           node->used - node->garbage + bytes > DATOM_TREE_NODE_BYTES_MAX;
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
    return node_insert(place, idx + 1, datom_tree_separator(slot->child, right), added,
                       BS_STR_EMPTY);
}

static struct datom_tree_node *root_over(struct datom_tree_node *left,
                                         struct datom_tree_node *right)
{
    BS_ASSERT(left->level + 1 < DATOM_TREE_DEPTH_MAX);
    struct bs_str key = datom_tree_separator(left, right);
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

static enum datom_tree_found found_of(const struct datom_tree_slot *slot)
{
    if (slot->kind == DATOM_TREE_KIND_REMOVED)
        return DATOM_TREE_ABSENT;
    return slot->kind == DATOM_TREE_KIND_TOMBSTONE ? DATOM_TREE_TOMBSTONE : DATOM_TREE_PRESENT;
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
    if (!equal)
        return DATOM_TREE_ABSENT;
    *ret_record = datom_tree_node_record(node, idx);
    return found_of(&node->slots[idx]);
}

static void root_remove(struct datom_tree *tree, struct bs_str key)
{
    struct bs_str record;
    if (root_get(tree->root, key, &record) == DATOM_TREE_ABSENT)
        return;
    tree->root_count--;
    node_remove(&tree->root, key);
    tree->root = datom_tree_node_shrink_root(tree->root);
}

/* ---- the tail ---- */

/* False when there is no room. The tree has a root. */
static bool tail_add(struct datom_tree *tree, const struct put *put)
{
    struct datom_tree_slot slot = slot_make(put);
    if (datom_tree_tail_add(&tree->tail, put->key, slot, inline_record(put)))
        return true;
    datom_tree_slot_put(&slot);
    return false;
}

/* Whether the tail takes it: false when there is to be none, or no room. */
static bool tail_put(struct datom_tree *tree, const struct put *put)
{
    if (!tree->tail && (!tree->root || bs_ref_is_sole(&tree->root->ref)))
        return false;
    return tail_add(tree, put);
}

/* Puts what the tail says into the tree. */
static void tail_flush(struct datom_tree *tree)
{
    if (!tree->tail)
        return;
    struct datom_tree_node *root = tree->root;
    tree->root = datom_tree_merge(root, tree->tail, tree->root_count, &tree->root_count);
    datom_tree_node_put(root);
    datom_tree_tail_put(tree->tail);
    tree->tail = NULL;
}

/* Whether one run of changes has filled all of it, as a large transaction does: nobody else has it,
 * nor one from which it went on. */
static bool is_of_one_run(const struct datom_tree_tail *tail)
{
    return bs_ref_is_sole(&tail->ref) && bs_ref_is_sole(&tail->page->ref);
}

/*
 * Makes room in the tree for a change that the tail did not take; whether a new tail has taken it.
 * Small transactions that have filled a tail go on with another, a large one in the tree.
 */
static bool tail_renew(struct datom_tree *tree, const struct put *put)
{
    bool goes_on = tree->tail && !is_of_one_run(tree->tail);
    tail_flush(tree);
    return goes_on && tree->root && tail_add(tree, put);
}

size_t datom_tree_count(const struct datom_tree *tree)
{
    size_t count = tree->root_count;
    for (unsigned i = 0; tree->tail && i < tree->tail->count; i++) {
        struct bs_str record;
        bool is_in_root =
            root_get(tree->root, datom_tree_tail_key(tree->tail, i), &record) != DATOM_TREE_ABSENT;
        bool is_removed = datom_tree_tail_slot(tree->tail, i)->kind == DATOM_TREE_KIND_REMOVED;
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
    if (!tail_put(tree, put) && !tail_renew(tree, put))
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
    struct put put = {.key = key, .record = BS_STR_EMPTY, .kind = DATOM_TREE_KIND_REMOVED};
    if (!tail_put(tree, &put) && !tail_renew(tree, &put))
        root_remove(tree, key);
}

enum datom_tree_found datom_tree_get(const struct datom_tree *tree, struct bs_str key,
                                     struct bs_str *ret_record)
{
    bool is_in_tail = false;
    unsigned idx = tree->tail ? datom_tree_tail_find(tree->tail, key, &is_in_tail) : 0;
    *ret_record = BS_STR_EMPTY;
    if (!is_in_tail)
        return root_get(tree->root, key, ret_record);
    *ret_record = datom_tree_tail_record(tree->tail, idx);
    return found_of(datom_tree_tail_slot(tree->tail, idx));
}
