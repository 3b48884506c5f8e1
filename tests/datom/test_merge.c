/* Two sorted sources as one, against the merged model. */

#include "support.h"

#include "datom/kv_model.h"

#include "datom/key.h"
#include "datom/tree.h"

/* A tree and its model of random entries; tombstones only where asked for. */
static void fill(struct datom_tree *tree, struct model *model, struct bs_random *random,
                 int entries, bool tombstones)
{
    char key_bytes[64];
    char record_bytes[MODEL_RECORD_MAX];
    for (int i = 0; i < entries; i++) {
        struct bs_str key = model_random_key(random, 300, key_bytes);
        struct bs_str record = model_random_record(random, record_bytes);
        bool is_tombstone = tombstones && bs_random_below(random, 3) == 0;
        if (is_tombstone)
            datom_tree_put_tombstone(tree, key);
        else
            datom_tree_put(tree, key, record);
        model_put(model, key, is_tombstone ? BS_STR_EMPTY : record, is_tombstone);
    }
}

static struct model merged(const struct model *base, const struct model *over)
{
    struct model result = model_dup(base);
    for (size_t i = 0; i < over->count; i++) {
        if (over->pairs[i].is_tombstone)
            model_remove(&result, model_key(over, i));
        else
            model_put(&result, model_key(over, i), model_record(over, i), false);
    }
    return result;
}

static void assert_walk(struct datom_kv_iter *iter, const struct model *model, struct bs_str from)
{
    bool equal;
    datom_kv_seek(iter, from);
    for (size_t i = model_find(model, from, &equal); i < model->count; i++) {
        assert_true(iter->valid);
        assert_false(iter->is_tombstone);
        assert_true(bs_str_equal(iter->key, model_key(model, i)));
        assert_true(bs_str_equal(iter->record, model_record(model, i)));
        datom_kv_next(iter);
    }
    assert_false(iter->valid);
    assert_int_equal(iter->code, BS_OK);
}

/* Backwards from before `from`, and one step forward again from each. */
static void assert_walk_back(struct datom_kv_iter *iter, const struct model *model,
                             struct bs_str from)
{
    bool equal;
    struct datom_key end;
    datom_key_set(&end, from);
    for (size_t i = model_find(model, from, &equal); i-- > 0;) {
        datom_kv_before(iter, datom_key_str(&end));
        assert_true(iter->valid);
        assert_false(iter->is_tombstone);
        assert_true(bs_str_equal(iter->key, model_key(model, i)));
        assert_true(bs_str_equal(iter->record, model_record(model, i)));
        datom_key_set(&end, iter->key);
        if (i % 3 != 0)
            continue;
        datom_kv_next(iter);
        assert_int_equal(iter->valid, i + 1 < model->count);
        if (iter->valid)
            assert_true(bs_str_equal(iter->key, model_key(model, i + 1)));
    }
    datom_kv_before(iter, datom_key_str(&end));
    assert_false(iter->valid);
    assert_int_equal(iter->code, BS_OK);
}

static void test_merge__shows_what_the_overlay_leaves_of_the_base(void **state)
{
    static const struct {
        int base;
        int over;
    } rows[] = {{0, 0}, {50, 0}, {0, 50}, {5, 300}, {300, 5}, {400, 400}, {1000, 1000}};
    (void)state;
    for (size_t r = 0; r < BS_ARRAY_COUNT(rows); r++) {
        struct bs_random random;
        bs_random_seed(&random, 20 + r);
        struct datom_tree base_tree = {0};
        struct datom_tree over_tree = {0};
        struct model base_model = {0};
        struct model over_model = {0};
        fill(&base_tree, &base_model, &random, rows[r].base, false);
        fill(&over_tree, &over_model, &random, rows[r].over, true);
        struct model model = merged(&base_model, &over_model);
        struct datom_tree_iter base;
        struct datom_tree_iter over;
        datom_tree_iter_init(&base, &base_tree);
        datom_tree_iter_init(&over, &over_tree);
        struct datom_merge_iter merge;
        datom_merge_iter_init(&merge, &base.iter, &over.iter);
        assert_walk(&merge.iter, &model, BS_STR_EMPTY);
        assert_walk_back(&merge.iter, &model, BS_STR("\xff"));
        for (int i = 0; i < 100; i++) {
            char bytes[64];
            struct bs_str from = model_random_key(&random, 320, bytes);
            assert_walk(&merge.iter, &model, from);
            assert_walk_back(&merge.iter, &model, from);
        }
        datom_kv_free(&merge.iter);
        datom_tree_fini(&base_tree);
        datom_tree_fini(&over_tree);
        model_fini(&model);
        model_fini(&base_model);
        model_fini(&over_model);
    }
}

static void test_merge__takes_one_source_or_none(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    datom_tree_put(&tree, BS_STR("a"), BS_STR("1"));
    datom_tree_put_tombstone(&tree, BS_STR("b"));
    datom_tree_put(&tree, BS_STR("c"), BS_STR("3"));
    struct datom_tree_iter walk;
    datom_tree_iter_init(&walk, &tree);
    struct datom_merge_iter merge;
    datom_merge_iter_init(&merge, NULL, &walk.iter);
    datom_kv_seek(&merge.iter, BS_STR("a"));
    assert_str_equals(merge.iter.key, "a");
    datom_kv_next(&merge.iter);
    assert_str_equals(merge.iter.key, "c");
    datom_kv_next(&merge.iter);
    assert_false(merge.iter.valid);

    datom_tree_remove(&tree, BS_STR("b"));
    datom_merge_iter_init(&merge, &walk.iter, NULL);
    datom_kv_seek(&merge.iter, BS_STR("b"));
    assert_str_equals(merge.iter.record, "3");

    datom_merge_iter_init(&merge, NULL, NULL);
    datom_kv_seek(&merge.iter, BS_STR("a"));
    assert_false(merge.iter.valid);
    datom_tree_fini(&tree);
}

/* A source that fails after some moves. */
struct failing_iter {
    struct datom_kv_iter iter;
    int moves_left;
    bool *freed;
};

static void failing_move(struct datom_kv_iter *iter)
{
    struct failing_iter *failing = (struct failing_iter *)iter;
    iter->valid = failing->moves_left-- > 0;
    iter->code = iter->valid ? BS_OK : BS_DATA_LOSS;
    iter->key = BS_STR("k");
}

static void failing_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    (void)key;
    failing_move(iter);
}

static void failing_free(struct datom_kv_iter *iter)
{
    *((struct failing_iter *)iter)->freed = true;
}

static const struct datom_kv_ops failing_ops = {
    .seek = failing_seek, .next = failing_move, .before = failing_seek, .free = failing_free};

static void test_merge__ends_with_the_failure_of_either_source(void **state)
{
    (void)state;
    struct datom_tree tree = {0};
    datom_tree_put(&tree, BS_STR("a"), BS_STR("1"));
    datom_tree_put(&tree, BS_STR("z"), BS_STR("2"));
    for (int side = 0; side < 2; side++) {
        bool freed = false;
        struct failing_iter failing = {
            .iter = {.ops = &failing_ops}, .moves_left = 1, .freed = &freed};
        struct datom_tree_iter walk;
        datom_tree_iter_init(&walk, &tree);
        struct datom_merge_iter merge;
        datom_merge_iter_init(&merge, side ? &walk.iter : &failing.iter,
                              side ? &failing.iter : &walk.iter);
        datom_kv_seek(&merge.iter, BS_STR("a"));
        assert_str_equals(merge.iter.key, "a");
        datom_kv_next(&merge.iter);
        assert_str_equals(merge.iter.key, "k");
        datom_kv_next(&merge.iter);
        assert_false(merge.iter.valid);
        assert_int_equal(merge.iter.code, BS_DATA_LOSS);
        datom_kv_free(&merge.iter);
        assert_true(freed);
    }
    datom_tree_fini(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge__shows_what_the_overlay_leaves_of_the_base),
        cmocka_unit_test(test_merge__takes_one_source_or_none),
        cmocka_unit_test(test_merge__ends_with_the_failure_of_either_source),
    };
    return cmocka_run_group_tests_name("datom/merge", tests, NULL, NULL);
}
