#ifndef DATOM_TREE_MERGE_H
#define DATOM_TREE_MERGE_H

/* Putting all that a tail says into a tree at once (tree.c): each node on the way is made anew
 * once, whatever number of entries goes below it. */

#include "datom/tree_tail.h"

/*
 * The tree below `root` (not NULL) with the tail's entries put in, those that it removes taken out:
 * a new root, with one reference; NULL when nothing is left. `root` and what it holds stays as it
 * is. *ret_count: of the entries, when it was `count` before.
 */
struct datom_tree_node *datom_tree_merge(struct datom_tree_node *root,
                                         const struct datom_tree_tail *tail, size_t count,
                                         size_t *ret_count);

#endif
