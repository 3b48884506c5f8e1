/*
 * A tail into a tree, from the top: each inner node gives its children the part of the run that
 * belongs to them, takes what has become of them, and packs that into new nodes; children without a
 * part are shared. A leaf and its part of the run are merged like two sorted lists.
 *
 * What stands ready for the next level up lies on one stack of parts. Separators of old nodes keep
 * holding when what was left of them goes, so that only leaves made here need new ones.
 */

#include "datom/tree_merge.h"

#include "datom/tree.h"

/* A node that was made, or is shared, and the separator before it. */
struct part {
    struct bs_str separator; /* borrowed of old nodes or of new leaves */
    struct datom_tree_node *node;
};

struct merge {
    const struct datom_tree_tail *tail;
    size_t count; /* entries below the root */
    struct part *parts;
    size_t parts_count, parts_capacity;
};

/* Entries [from, to) of the tail. */
struct run {
    unsigned from, to;
};

static void push(struct merge *merge, struct bs_str separator, struct datom_tree_node *node)
{
    bs_grow(&merge->parts, merge->parts_count, &merge->parts_capacity, sizeof(*merge->parts));
    merge->parts[merge->parts_count++] = (struct part){separator, node};
}

/* ---- leaves ---- */

/* An entry of a leaf to be, where it stands now. */
struct item {
    const struct datom_tree_slot *slot;
    const char *heap;
};

struct items {
    unsigned count;
    struct item list[DATOM_TREE_SLOTS_MAX + DATOM_TREE_TAIL_MAX];
};

static void add_old(struct items *items, const struct datom_tree_node *leaf, unsigned from,
                    unsigned to)
{
    const char *heap = datom_tree_node_heap(leaf);
    for (unsigned i = from; i < to; i++)
        items->list[items->count++] = (struct item){&leaf->slots[i], heap};
}

/* The leaf and the run as one list; returns whether all of the run comes behind the leaf. */
static bool list_items(struct merge *merge, const struct datom_tree_node *leaf, struct run run,
                       struct items *items)
{
    unsigned at = 0; /* of the leaf */
    bool is_append = false;
    items->count = 0;
    for (unsigned i = run.from; i < run.to; i++) {
        const struct datom_tree_slot *slot = datom_tree_tail_slot(merge->tail, i);
        bool is_there;
        unsigned idx =
            datom_tree_node_find_from(leaf, at, datom_tree_tail_key(merge->tail, i), &is_there);
        if (i == run.from)
            is_append = idx == leaf->count;
        add_old(items, leaf, at, idx);
        at = idx + is_there;
        merge->count -= is_there;
        if (slot->kind == DATOM_TREE_KIND_REMOVED)
            continue;
        merge->count++;
        items->list[items->count++] = (struct item){slot, datom_tree_tail_heap(merge->tail)};
    }
    add_old(items, leaf, at, leaf->count);
    return is_append;
}

/* How many of the items at `from` the next leaf takes, at most `target`, and their bytes. */
static unsigned measure(const struct items *items, unsigned from, unsigned target,
                        size_t *ret_bytes)
{
    size_t bytes = 0;
    unsigned count = 0;
    for (; count < target && from + count < items->count; count++) {
        size_t more = datom_tree_slot_bytes(items->list[from + count].slot);
        if (count >= DATOM_TREE_NODE_SLOTS_MIN && bytes + more > DATOM_TREE_NODE_BYTES_MAX)
            break;
        bytes += more;
    }
    *ret_bytes = bytes;
    return count;
}

/* Full nodes where entries were appended, as more will be; else equal ones. */
static unsigned target_of(unsigned count, unsigned max, bool is_append)
{
    unsigned nodes = (count + max - 1) / max;
    return is_append || nodes == 0 ? max : (count + nodes - 1) / nodes;
}

/* How many of the items at `from` can be copied at once. */
static unsigned stretch_at(const struct items *items, unsigned from, unsigned to)
{
    unsigned count = 1;
    for (const struct item *item = &items->list[from]; from + count < to; item++, count++) {
        if (item[1].slot != item[0].slot + 1 ||
            item[1].slot->at != item[0].slot->at + datom_tree_slot_bytes(item[0].slot))
            break;
    }
    return count;
}

static struct datom_tree_node *leaf_new(const struct items *items, unsigned from, unsigned count,
                                        size_t bytes)
{
    struct datom_tree_node *leaf = datom_tree_node_new(0, count, bytes);
    for (unsigned at = from, stretch; at < from + count; at += stretch) {
        stretch = stretch_at(items, at, from + count);
        datom_tree_node_append(leaf, items->list[at].slot, stretch, items->list[at].heap);
    }
    return leaf;
}

static bool merge_leaf(struct merge *merge, const struct datom_tree_node *leaf, struct run run,
                       struct bs_str separator)
{
    struct items items;
    bool is_append = list_items(merge, leaf, run, &items);
    unsigned target = target_of(items.count, DATOM_TREE_SLOTS_MAX, is_append);
    const struct datom_tree_node *left = NULL;
    for (unsigned at = 0, count; at < items.count; at += count) {
        size_t bytes;
        count = measure(&items, at, target, &bytes);
        struct datom_tree_node *node = leaf_new(&items, at, count, bytes);
        push(merge, left ? datom_tree_separator(left, node) : separator, node);
        left = node;
    }
    return is_append;
}

/* ---- inner nodes ---- */

/* Packs the parts from `mark` on into nodes of the next level, which take their places. */
static void pack(struct merge *merge, size_t mark, bool is_append)
{
    unsigned target =
        target_of((unsigned)(merge->parts_count - mark), DATOM_TREE_CHILDREN_MAX, is_append);
    size_t packed = mark;
    for (size_t at = mark, end; at < merge->parts_count; at = end) {
        size_t bytes = 0;
        end = BS_MIN(at + target, merge->parts_count);
        for (size_t i = at; i < end; i++)
            bytes += merge->parts[i].separator.len;
        unsigned level = merge->parts[at].node->level + 1u;
        BS_ASSERT(level < DATOM_TREE_DEPTH_MAX);
        struct datom_tree_node *node = datom_tree_node_new(level, (unsigned)(end - at), bytes);
        for (size_t i = at; i < end; i++) {
            struct datom_tree_slot slot = {.kind = DATOM_TREE_KIND_CHILD,
                                           .child = merge->parts[i].node};
            datom_tree_node_insert(node, node->count, merge->parts[i].separator, slot,
                                   BS_STR_EMPTY);
        }
        merge->parts[packed++] = (struct part){merge->parts[at].separator, node};
    }
    merge->parts_count = packed;
}

/* The end of the entries of a run that come before a key. */
static unsigned run_end(const struct merge *merge, struct run run, struct bs_str key)
{
    while (run.from < run.to) {
        unsigned middle = (run.from + run.to) / 2;
        if (datom_tree_compare(datom_tree_tail_key(merge->tail, middle), key) < 0)
            run.from = middle + 1;
        else
            run.to = middle;
    }
    return run.from;
}

static void share(struct merge *merge, const struct datom_tree_node *node, unsigned from,
                  unsigned to, struct bs_str separator)
{
    for (unsigned i = from; i < to; i++) {
        bs_ref_get(&node->slots[i].child->ref);
        push(merge, i == 0 ? separator : datom_tree_node_key(node, i), node->slots[i].child);
    }
}

/* Pushes what becomes of a node and its run; returns whether that only grew at its end. */
static bool merge_node(struct merge *merge, const struct datom_tree_node *node, struct run run,
                       struct bs_str separator)
{
    if (node->level == 0)
        return merge_leaf(merge, node, run, separator);
    size_t mark = merge->parts_count;
    unsigned at = 0; /* the first child that is not pushed yet */
    bool is_append = false;
    while (run.from < run.to) {
        unsigned idx = datom_tree_node_find_child(node, datom_tree_tail_key(merge->tail, run.from));
        bool is_first = at == 0 && merge->parts_count == mark;
        share(merge, node, at, idx, separator);
        struct run part = run;
        if (idx + 1u < node->count)
            part.to = run_end(merge, run, datom_tree_node_key(node, idx + 1));
        bool grew = merge_node(merge, node->slots[idx].child, part,
                               idx == 0 ? separator : datom_tree_node_key(node, idx));
        is_append = is_first && grew && idx + 1u == node->count;
        at = idx + 1;
        run.from = part.to;
    }
    share(merge, node, at, node->count, separator);
    pack(merge, mark, is_append);
    return is_append;
}

struct datom_tree_node *datom_tree_merge(struct datom_tree_node *root,
                                         const struct datom_tree_tail *tail, size_t count,
                                         size_t *ret_count)
{
    struct merge merge = {.tail = tail, .count = count};
    bool is_append = merge_node(&merge, root, (struct run){0, tail->count}, BS_STR_EMPTY);
    while (merge.parts_count > 1)
        pack(&merge, 0, is_append);
    struct datom_tree_node *result = merge.parts_count > 0 ? merge.parts[0].node : NULL;
    free(merge.parts);
    *ret_count = merge.count;
    return datom_tree_node_shrink_root(result);
}
