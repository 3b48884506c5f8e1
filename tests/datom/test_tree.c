/* The overlay tree against a sorted array, what it shares, and what threads may do to it. */

#include <pthread.h>

#include "support.h"

#include "datom/kv_model.h"

#include "datom/tree.h"
#include "datom/tree_tail.h"

static void assert_same(const struct datom_tree *tree, const struct model *model)
{
    struct datom_tree_iter walk;
    datom_tree_iter_init(&walk, tree);
    assert_false(walk.iter.valid);
    datom_kv_seek(&walk.iter, BS_STR_EMPTY);
    for (size_t i = 0; i < model->count; i++) {
        assert_true(walk.iter.valid);
        assert_true(bs_str_equal(walk.iter.key, model_key(model, i)));
        assert_true(bs_str_equal(walk.iter.record, model_record(model, i)));
        assert_int_equal(walk.iter.is_tombstone, model->pairs[i].is_tombstone);
        datom_kv_next(&walk.iter);
    }
    assert_false(walk.iter.valid);
    datom_kv_free(&walk.iter);
    assert_int_equal(datom_tree_count(tree), model->count);
    if (model->count > 0)
        assert_false(datom_tree_is_blank(tree));
    else if (!tree->tail)
        assert_null(tree->root);
}

static void assert_get(const struct datom_tree *tree, const struct model *model, struct bs_str key)
{
    bool equal;
    size_t idx = model_find(model, key, &equal);
    struct bs_str record;
    enum datom_tree_found found = datom_tree_get(tree, key, &record);
    if (!equal) {
        assert_int_equal(found, DATOM_TREE_ABSENT);
        return;
    }
    assert_int_equal(found,
                     model->pairs[idx].is_tombstone ? DATOM_TREE_TOMBSTONE : DATOM_TREE_PRESENT);
    assert_true(bs_str_equal(record, model_record(model, idx)));
}

/* One random change to both. `removes` of a hundred are removals. */
static void change(struct datom_tree *tree, struct model *model, struct bs_random *random,
                   uint64_t space, uint64_t removes)
{
    char key_bytes[64];
    char record_bytes[MODEL_RECORD_MAX];
    struct bs_str key = model_random_key(random, space, key_bytes);
    uint64_t kind = bs_random_below(random, 100);
    if (kind < removes) {
        datom_tree_remove(tree, key);
        model_remove(model, key);
    } else if (kind < removes + (100 - removes) / 5) {
        datom_tree_put_tombstone(tree, key);
        model_put(model, key, BS_STR_EMPTY, true);
    } else {
        struct bs_str record = model_random_record(random, record_bytes);
        datom_tree_put(tree, key, record);
        model_put(model, key, record, false);
    }
    assert_get(tree, model, model_random_key(random, space, key_bytes));
}

/* Random changes with handles held and compared at the end: none may have seen a later change. */
static void test_tree__is_a_sorted_map_whose_dups_never_change(void **state)
{
    static const struct {
        uint64_t seed;
        uint64_t space;
        uint64_t removes;
        int changes;
        int dup_every;
    } rows[] = {
        {1, 8, 50, 2000, 10},
        {2, 100, 45, 4000, 100},
        {3, 2000, 10, 6000, 500},
        {4, 20000, 2, 20000, 4000},
        {5, 3000, 50, 10000, 997},
        {6, 500, 20, 3000, 1},
        /* every change goes through a tail: growing, shrinking, mostly overwriting */
        {7, 20000, 5, 3000, 3},
        {8, 1500, 60, 4000, 2},
        {9, 40, 10, 4000, 1},
    };
    (void)state;
    for (size_t r = 0; r < BS_ARRAY_COUNT(rows); r++) {
        print_message("# seed %d\n", (int)rows[r].seed);
        enum { HELD_MAX = 16 };
        struct datom_tree held[HELD_MAX] = {0};
        struct model held_models[HELD_MAX] = {0};
        struct datom_tree tree = {0};
        struct model model = {0};
        struct bs_random random;
        bs_random_seed(&random, rows[r].seed);
        for (int i = 0; i < rows[r].changes; i++) {
            change(&tree, &model, &random, rows[r].space, rows[r].removes);
            if (i % rows[r].dup_every != 0)
                continue;
            size_t h = (size_t)bs_random_below(&random, HELD_MAX);
            datom_tree_fini(&held[h]);
            model_fini(&held_models[h]);
            held[h] = datom_tree_dup(&tree);
            held_models[h] = model_dup(&model);
            /* Sometimes the held one goes on, and the other one stands still. */
            if (bs_random_below(&random, 4) == 0)
                change(&held[h], &held_models[h], &random, rows[r].space, rows[r].removes);
        }
        assert_same(&tree, &model);
        for (size_t h = 0; h < HELD_MAX; h++) {
            assert_same(&held[h], &held_models[h]);
            datom_tree_fini(&held[h]);
            model_fini(&held_models[h]);
        }
        while (model.count > 0) {
            size_t idx = (size_t)bs_random_below(&random, model.count);
            datom_tree_remove(&tree, model_key(&model, idx));
            model_remove(&model, model_key(&model, idx));
        }
        assert_same(&tree, &model);
        datom_tree_fini(&tree);
        model_fini(&model);
    }
}

static void test_tree_iter__seeks_to_before_at_and_after_every_key(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    struct model model = {0};
    struct bs_random random;
    bs_random_seed(&random, 7);
    for (int i = 0; i < 3000; i++)
        change(&tree, &model, &random, 4000, 20);
    struct datom_tree_iter walk;
    datom_tree_iter_init(&walk, &tree);
    for (size_t i = 0; i < model.count; i++) {
        char bytes[80];
        struct bs_str key = model_key(&model, i);
        datom_kv_seek(&walk.iter, key);
        assert_true(walk.iter.valid && bs_str_equal(walk.iter.key, key));
        memcpy(bytes, key.ptr, key.len);
        bytes[key.len] = '\0'; /* the least key above */
        bool equal;
        size_t after = model_find(&model, bs_str_make(bytes, key.len + 1), &equal);
        datom_kv_seek(&walk.iter, bs_str_make(bytes, key.len + 1));
        assert_int_equal(walk.iter.valid, after < model.count);
        if (walk.iter.valid)
            assert_true(bs_str_equal(walk.iter.key, model_key(&model, after)));
        if (key.len == 0)
            continue;
        size_t before = model_find(&model, bs_str_make(bytes, key.len - 1), &equal);
        datom_kv_seek(&walk.iter, bs_str_make(bytes, key.len - 1));
        assert_true(walk.iter.valid && bs_str_equal(walk.iter.key, model_key(&model, before)));
    }
    char last[64];
    memset(last, 0xff, sizeof(last));
    datom_kv_seek(&walk.iter, bs_str_make(last, sizeof(last)));
    assert_false(walk.iter.valid);
    datom_tree_fini(&tree);
    model_fini(&model);
}

static void test_tree__that_is_empty_has_nothing(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    struct datom_tree other = datom_tree_dup(&tree);
    struct bs_str record;
    assert_int_equal(datom_tree_get(&tree, BS_STR("k"), &record), DATOM_TREE_ABSENT);
    datom_tree_remove(&tree, BS_STR("k"));
    struct datom_tree_iter walk;
    datom_tree_iter_init(&walk, &other);
    datom_kv_seek(&walk.iter, BS_STR_EMPTY);
    assert_false(walk.iter.valid);
    datom_tree_fini(&tree);
    datom_tree_fini(&other);
}

/* ---- shapes: what is shared, how full nodes are ---- */

struct node_set {
    const struct datom_tree_node **nodes;
    size_t count;
    size_t capacity;
    size_t leaves;
    int depth;
};

static void collect(struct node_set *set, const struct datom_tree_node *node)
{
    if (!node)
        return;
    bs_grow(&set->nodes, set->count, &set->capacity, sizeof(const void *));
    set->nodes[set->count++] = node;
    set->leaves += node->level == 0;
    set->depth = BS_MAX(set->depth, node->level + 1);
    for (unsigned i = 0; node->level > 0 && i < node->count; i++)
        collect(set, node->slots[i].child);
}

static bool holds(const struct node_set *set, const struct datom_tree_node *node)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->nodes[i] == node)
            return true;
    return false;
}

static void put_number(struct datom_tree *tree, uint64_t number)
{
    char key[12] = {0};
    bs_store_u64(key, number);
    datom_tree_put(tree, bs_str_make(key, sizeof(key)), BS_STR("a record"));
}

static void test_tree_put__copies_only_a_path_for_many_puts_after_a_dup(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    struct bs_random random;
    bs_random_seed(&random, 8);
    for (int i = 0; i < 20000; i++)
        put_number(&tree, bs_random_next(&random) >> 1);
    struct datom_tree before = datom_tree_dup(&tree);
    struct node_set old = {0};
    collect(&old, before.root);
    /* The first ones copy nothing of the tree: they stand beside it. */
    uint64_t number = UINT64_C(1) << 62;
    for (int i = 0; i < DATOM_TREE_TAIL_MAX; i++)
        put_number(&tree, number++);
    assert_ptr_equal(tree.root, before.root);
    put_number(&tree, number++);
    assert_null(tree.tail);
    assert_int_equal(datom_tree_count(&tree), datom_tree_count(&before) + DATOM_TREE_TAIL_MAX + 1);
    struct node_set new = {0};
    collect(&new, tree.root);
    size_t copied = 0;
    for (size_t i = 0; i < new.count; i++)
        copied += !holds(&old, new.nodes[i]);
    /* The path, the leaves that are filled, and one more node for each level where a split reached.
     */
    size_t filled = DATOM_TREE_TAIL_MAX / DATOM_TREE_SLOTS_MAX + 1;
    assert_in_range(copied, (size_t) new.depth, (size_t) new.depth + filled + 3);
    /* With nobody else holding it, a put to the same place moves no node above the leaf. */
    struct datom_tree_node *root = tree.root;
    put_number(&tree, number);
    assert_ptr_equal(tree.root, root);
    free(old.nodes);
    free(new.nodes);
    datom_tree_fini(&tree);
    datom_tree_fini(&before);
}

static void test_tree_put__fills_nodes_when_keys_come_in_order(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    struct datom_tree held = {0};
    enum { COUNT = DATOM_TREE_SLOTS_MAX * DATOM_TREE_CHILDREN_MAX * DATOM_TREE_CHILDREN_MAX };
    for (uint64_t i = 0; i < COUNT; i++) {
        put_number(&tree, i);
        datom_tree_fini(&held); /* as transactions do it: a value taken after each */
        held = datom_tree_dup(&tree);
    }
    struct node_set set = {0};
    collect(&set, tree.root);
    assert_int_equal(datom_tree_count(&tree), COUNT);
    assert_true(COUNT - tree.root_count <= DATOM_TREE_TAIL_MAX);
    assert_int_equal(set.leaves,
                     (tree.root_count + DATOM_TREE_SLOTS_MAX - 1) / DATOM_TREE_SLOTS_MAX);
    assert_int_equal(set.depth, 3);
    free(set.nodes);
    datom_tree_fini(&held);
    datom_tree_fini(&tree);
}

/* ---- tails ---- */

static void assert_has(const struct datom_tree *tree, uint64_t number, bool is_there)
{
    char key[12] = {0};
    struct bs_str record;
    bs_store_u64(key, number);
    assert_int_equal(datom_tree_get(tree, bs_str_make(key, sizeof(key)), &record),
                     is_there ? DATOM_TREE_PRESENT : DATOM_TREE_ABSENT);
}

/* A tree of one entry, and one more in a tail. */
static struct datom_tree tree_with_tail(void)
{
    struct datom_tree tree = {0};
    put_number(&tree, 1);
    struct datom_tree first = datom_tree_dup(&tree);
    put_number(&tree, 3);
    datom_tree_fini(&first);
    assert_non_null(tree.tail);
    return tree;
}

static void test_tree_tail__shares_its_page_with_the_one_it_came_from(void **state)
{
    (void)state;
    struct datom_tree tree = tree_with_tail();
    struct datom_tree before = datom_tree_dup(&tree);
    put_number(&tree, 2);
    assert_ptr_equal(tree.tail->page, before.tail->page);
    assert_int_equal(before.tail->count, 1);
    assert_has(&tree, 2, true);
    assert_has(&before, 2, false);
    datom_tree_fini(&before);
    datom_tree_fini(&tree);
}

static void test_tree_tail__takes_a_page_of_its_own_where_another_goes_on(void **state)
{
    (void)state;
    struct datom_tree tree = tree_with_tail();
    struct datom_tree other = datom_tree_dup(&tree);
    struct datom_tree still = datom_tree_dup(&tree);
    put_number(&tree, 5);
    put_number(&other, 7);
    assert_true(other.tail->page != tree.tail->page);
    for (uint64_t number = 1; number <= 7; number += 2) {
        assert_has(&tree, number, number != 7);
        assert_has(&other, number, number != 5);
        assert_has(&still, number, number <= 3);
    }
    datom_tree_fini(&still);
    datom_tree_fini(&other);
    datom_tree_fini(&tree);
}

static void test_tree_tail__is_followed_by_another_where_many_have_filled_it(void **state)
{
    (void)state;
    struct datom_tree tree = tree_with_tail();
    struct datom_tree held = {0};
    uint64_t number = 5;
    for (; tree.tail->count < DATOM_TREE_TAIL_MAX; number += 2) {
        datom_tree_fini(&held);
        held = datom_tree_dup(&tree);
        put_number(&tree, number);
    }
    datom_tree_fini(&held);
    held = datom_tree_dup(&tree);
    put_number(&tree, number);
    assert_true(tree.root != held.root);
    assert_non_null(tree.tail);
    assert_int_equal(tree.tail->count, 1);
    assert_int_equal(tree.root_count, DATOM_TREE_TAIL_MAX + 1);
    assert_has(&tree, number, true);
    assert_has(&held, number, false);
    assert_has(&held, number - 2, true);
    datom_tree_fini(&held);
    datom_tree_fini(&tree);
}

static void test_tree_tail__that_only_removes_empties_the_tree(void **state)
{
    (void)state;
    enum { COUNT = 3 * DATOM_TREE_SLOTS_MAX };
    struct datom_tree tree = {0};
    for (uint64_t i = 0; i < COUNT; i++)
        put_number(&tree, i);
    struct datom_tree before = datom_tree_dup(&tree);
    /* what is not there may be removed too */
    for (uint64_t i = 0; i < COUNT + DATOM_TREE_TAIL_MAX; i++) {
        char key[12] = {0};
        bs_store_u64(key, i);
        datom_tree_remove(&tree, bs_str_make(key, sizeof(key)));
    }
    assert_int_equal(datom_tree_count(&tree), 0);
    assert_null(tree.root);
    assert_int_equal(datom_tree_count(&before), COUNT);
    datom_tree_fini(&before);
    datom_tree_fini(&tree);
}

static void test_tree_tail__leaves_keys_that_it_has_no_room_for_to_the_tree(void **state)
{
    (void)state;
    struct datom_tree tree = tree_with_tail();
    struct datom_tree before = datom_tree_dup(&tree);
    enum { LONG = 20000 };
    char *key = bs_calloc(1, LONG);
    for (int i = 0; i < 3; i++) {
        key[LONG - 1] = (char)i;
        datom_tree_put(&tree, bs_str_make(key, LONG), BS_STR("a record"));
    }
    assert_null(tree.tail);
    assert_int_equal(datom_tree_count(&tree), 5);
    struct bs_str record;
    assert_int_equal(datom_tree_get(&tree, bs_str_make(key, LONG), &record), DATOM_TREE_PRESENT);
    assert_int_equal(datom_tree_count(&before), 2);
    free(key);
    datom_tree_fini(&before);
    datom_tree_fini(&tree);
}

/* ---- threads ---- */

struct shared {
    pthread_mutex_t lock; /* on `tree`, as a connection has one on its newest value */
    struct datom_tree tree;
};

static void *thread_run(void *arg)
{
    struct shared *shared = arg;
    struct bs_random random;
    bs_random_seed(&random, (uint64_t)(uintptr_t)&random);
    for (int i = 0; i < 150; i++) {
        pthread_mutex_lock(&shared->lock);
        struct datom_tree mine = datom_tree_dup(&shared->tree);
        pthread_mutex_unlock(&shared->lock);
        size_t count = datom_tree_count(&mine);
        for (int n = 0; n < 20; n++)
            put_number(&mine, bs_random_below(&random, 5000));
        struct datom_tree_iter walk;
        datom_tree_iter_init(&walk, &mine);
        size_t walked = 0;
        for (datom_kv_seek(&walk.iter, BS_STR_EMPTY); walk.iter.valid; datom_kv_next(&walk.iter))
            walked++;
        assert_int_equal(walked, datom_tree_count(&mine));
        assert_true(walked >= count);
        pthread_mutex_lock(&shared->lock);
        struct datom_tree old = shared->tree;
        shared->tree = datom_tree_dup(&mine);
        pthread_mutex_unlock(&shared->lock);
        datom_tree_fini(&old);
        datom_tree_fini(&mine);
    }
    return NULL;
}

static void test_tree__handles_on_shared_nodes_serve_many_threads(void **state)
{
    (void)state;
    struct shared shared = {.lock = PTHREAD_MUTEX_INITIALIZER};
    for (uint64_t i = 0; i < 2000; i++)
        put_number(&shared.tree, i * 2);
    pthread_t threads[6];
    for (size_t i = 0; i < BS_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_run, &shared), 0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    datom_tree_fini(&shared.tree);
    pthread_mutex_destroy(&shared.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree__is_a_sorted_map_whose_dups_never_change),
        cmocka_unit_test(test_tree_iter__seeks_to_before_at_and_after_every_key),
        cmocka_unit_test(test_tree__that_is_empty_has_nothing),
        cmocka_unit_test(test_tree_put__copies_only_a_path_for_many_puts_after_a_dup),
        cmocka_unit_test(test_tree_put__fills_nodes_when_keys_come_in_order),
        cmocka_unit_test(test_tree_tail__shares_its_page_with_the_one_it_came_from),
        cmocka_unit_test(test_tree_tail__takes_a_page_of_its_own_where_another_goes_on),
        cmocka_unit_test(test_tree_tail__is_followed_by_another_where_many_have_filled_it),
        cmocka_unit_test(test_tree_tail__that_only_removes_empties_the_tree),
        cmocka_unit_test(test_tree_tail__leaves_keys_that_it_has_no_room_for_to_the_tree),
        cmocka_unit_test(test_tree__handles_on_shared_nodes_serve_many_threads),
    };
    return cmocka_run_group_tests_name("datom/tree", tests, NULL, NULL);
}
