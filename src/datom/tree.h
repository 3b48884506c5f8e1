#ifndef DATOM_TREE_H
#define DATOM_TREE_H

/*
 * A persistent, structure-sharing B+tree from key bytes to record bytes or a tombstone: one index
 * of an overlay. A handle is a value; datom_tree_dup makes another handle on the same content in
 * constant time, after which changes through one are not seen through the other: nodes are
 * reference-counted (atomically), shared nodes are copied on the way to a change, nodes that only
 * one handle holds are changed in place. So a run of changes between two dups copies each node at
 * most once. Deleting leaves no rebalancing debts that matter: empty nodes go.
 *
 * Threads: a handle by one at a time; different handles on shared nodes from any threads.
 */

#include "base/base.h"
#include "datom/kv.h"

struct datom_tree_node;
struct datom_tree_tail;

/* Zeroed is the empty tree. */
struct datom_tree {
    struct datom_tree_node *root; /* one reference is the handle's; NULL: none */
    struct datom_tree_tail *tail; /* newer than the root's (tree.c); likewise */
    size_t root_count;            /* entries below the root, tombstones too */
};

struct datom_tree datom_tree_dup(const struct datom_tree *tree);
void datom_tree_fini(struct datom_tree *tree); /* leaves the empty tree */

/* Entries, tombstones too. Costs a look for each of the tail's. */
size_t datom_tree_count(const struct datom_tree *tree);
/* True only of a tree without entries; one whose last ones were just removed may be false. */
static inline bool datom_tree_is_blank(const struct datom_tree *tree)
{
    return !tree->root && !tree->tail;
}

/* Bytes are copied. Overwrites what the key had. */
void datom_tree_put(struct datom_tree *tree, struct bs_str key, struct bs_str record);
void datom_tree_put_tombstone(struct datom_tree *tree, struct bs_str key);
/* Takes the key out altogether; nothing when it is not there. */
void datom_tree_remove(struct datom_tree *tree, struct bs_str key);

enum datom_tree_found {
    DATOM_TREE_ABSENT,
    DATOM_TREE_PRESENT,
    DATOM_TREE_TOMBSTONE,
};

/* The record is borrowed until the tree changes. */
enum datom_tree_found datom_tree_get(const struct datom_tree *tree, struct bs_str key,
                                     struct bs_str *ret_record);

#define DATOM_TREE_DEPTH_MAX 16

/* Walks a tree that must not change and must live meanwhile. Storage is the caller's. */
struct datom_tree_iter {
    struct datom_kv_iter iter; /* must be first */
    const struct datom_tree *tree;
    const struct datom_tree_tail *tail; /* NULL: none */
    uint32_t tail_idx;
    int8_t at; /* what is shown: -1 the tree's entry, 1 the tail's, 0 the tail's for both */
    int depth; /* of the path below, 0 at the tree's end */
    struct {
        const struct datom_tree_node *node;
        uint32_t idx;
    } path[DATOM_TREE_DEPTH_MAX];
};

/* Not valid until the first seek. `free` of its ops does nothing. */
void datom_tree_iter_init(struct datom_tree_iter *iter, const struct datom_tree *tree);

/*
 * Two sorted sources as one: `over` wins where both have a key, its tombstones hide the base's keys
 * and are not shown. Either may be NULL. Owns both (frees them with itself). Storage is the
 * caller's.
 */
struct datom_merge_iter {
    struct datom_kv_iter iter; /* must be first */
    struct datom_kv_iter *base;
    struct datom_kv_iter *over;
    int8_t at; /* which one `iter` shows: -1 base, 0 both (over is shown), 1 over */
};

void datom_merge_iter_init(struct datom_merge_iter *iter, struct datom_kv_iter *base,
                           struct datom_kv_iter *over);

#endif
