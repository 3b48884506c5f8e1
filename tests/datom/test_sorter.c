/* The external sort, with little memory so that it writes many runs, against qsort. */

#include "support.h"

#include <sys/resource.h>
#include <unistd.h>

#include "datom/folder.h"
#include "datom/sorter.h"

#define PAIRS 20000

struct pair {
    char key[24];
    uint32_t key_len;
    uint32_t number;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int order = bs_str_compare(bs_str_make(x->key, x->key_len), bs_str_make(y->key, y->key_len));
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* How keys come. */
enum kind {
    ALIKE,   /* 1 to 20 bytes, many of them equal or beginning alike */
    SORTED,  /* those, in order */
    ANY,     /* any bytes, zeros among them */
    STREAMS, /* a few ascending streams, one through another, as families give them */
};

static uint64_t draw(uint64_t *chance)
{
    *chance = *chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *chance >> 24;
}

static void make_key(struct pair *pair, enum kind kind, uint64_t *chance)
{
    uint64_t drawn = draw(chance);
    pair->key_len = 1 + (uint32_t)(drawn >> 9) % 20;
    if (kind == STREAMS) {
        pair->key_len = 20;
        memset(pair->key, 0, sizeof(pair->key));
        bs_store_u32(pair->key, (uint32_t)drawn % 7);
        bs_store_u64(pair->key + 4, pair->number / 3);
        pair->key[19] = (char)(drawn >> 16);
    } else if (kind == ANY) {
        for (size_t i = 0; i < pair->key_len; i++)
            pair->key[i] = (char)(draw(chance) % 4 == 0 ? 0 : draw(chance));
    } else {
        memset(pair->key, 'a', sizeof(pair->key));
        pair->key[pair->key_len - 1] = (char)('a' + (drawn >> 16) % 26);
        pair->key[0] = (char)('a' + (drawn >> 26) % 3);
    }
}

static void fill(struct pair *pairs, enum kind kind)
{
    uint64_t chance = 42;
    for (uint32_t i = 0; i < PAIRS; i++) {
        pairs[i].number = i;
        make_key(&pairs[i], kind, &chance);
    }
    if (kind != SORTED)
        return;
    qsort(pairs, PAIRS, sizeof(*pairs), compare_pairs);
    for (uint32_t i = 0; i < PAIRS; i++)
        pairs[i].number = i;
}

static void check_sorted(struct pair *pairs, size_t memory_bytes)
{
    struct datom_sorter *sorter = datom_sorter_new(datom_folder_temporary(), memory_bytes);
    struct bs_str key, record;
    bool found;
    for (size_t i = 0; i < PAIRS; i++)
        assert_int_equal(datom_sorter_add(sorter, bs_str_make(pairs[i].key, pairs[i].key_len),
                                          bs_str_make((const char *)&pairs[i].number, 4), NULL),
                         BS_OK);
    qsort(pairs, PAIRS, sizeof(*pairs), compare_pairs);
    datom_sorter_finish(sorter);
    /* the second one stops half-way, beside the first */
    struct datom_sorter_walk *walk = datom_sorter_walk_new(sorter);
    struct datom_sorter_walk *other = datom_sorter_walk_new(sorter);
    for (size_t i = 0; i < PAIRS; i++) {
        if (i % 2 == 0)
            assert_int_equal(datom_sorter_walk_next(other, &key, &record, &found, NULL), BS_OK);
        assert_int_equal(datom_sorter_walk_next(walk, &key, &record, &found, NULL), BS_OK);
        assert_true(found);
        uint32_t number;
        memcpy(&number, record.ptr, 4);
        if (number != pairs[i].number || key.len != pairs[i].key_len)
            fail_msg("place %zu has pair %u: expected %u", i, number, pairs[i].number);
    }
    assert_int_equal(datom_sorter_walk_next(walk, &key, &record, &found, NULL), BS_OK);
    assert_false(found);
    assert_int_equal(datom_sorter_walk_next(other, &key, &record, &found, NULL), BS_OK);
    assert_true(found);
    assert_memory_equal(record.ptr, &pairs[PAIRS / 2].number, 4);
    datom_sorter_walk_free(walk);
    datom_sorter_walk_free(other);
    datom_sorter_free(sorter);
}

static void test_sorter__sorts_in_memory_and_through_files(void **state)
{
    (void)state;
    static struct pair pairs[PAIRS];
    static const size_t memory[] = {0, 200000, 100 << 20};
    for (size_t i = 0; i < BS_ARRAY_COUNT(memory); i++) {
        for (enum kind kind = ALIKE; kind <= STREAMS; kind++) {
            fill(pairs, kind);
            check_sorted(pairs, memory[i]);
        }
    }
}

static void test_sorter__names_the_folder_that_has_no_room(void **state)
{
    (void)state;
    struct datom_sorter *sorter = datom_sorter_new("/nowhere", 0);
    struct bs_error error = BS_ERROR_INIT;
    char key[1000] = {0};
    enum bs_code code = BS_OK;
    for (int i = 0; i < 1000 && code == BS_OK; i++)
        code = datom_sorter_add(sorter, bs_str_make(key, sizeof(key)), BS_STR("r"), &error);
    assert_int_equal(error.reason, BS_REASON_STORE_IO);
    assert_non_null(strstr(error.message, "/nowhere"));
    datom_sorter_free(sorter);
}

/* 16 MiB through 64 KiB of memory: some 300 runs. */
static void test_sorter__needs_few_descriptors_for_many_runs(void **state)
{
    (void)state;
    struct rlimit before;
    int next = dup(STDOUT_FILENO); /* the least that is free */
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {.rlim_cur = (rlim_t)next + 4, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);

    struct bs_error error = BS_ERROR_INIT;
    struct datom_sorter *sorter = datom_sorter_new(datom_folder_temporary(), 0);
    char record[1000] = {0};
    uint8_t key[8];
    enum bs_code code = BS_OK;
    for (uint64_t i = 0; i < 16384 && code == BS_OK; i++) {
        bs_store_u64(key, i * 7919 % 16384);
        code = datom_sorter_add(sorter, bs_str_make((const char *)key, sizeof(key)),
                                bs_str_make(record, sizeof(record)), &error);
    }
    datom_sorter_finish(sorter);
    struct datom_sorter_walk *walk = datom_sorter_walk_new(sorter);
    struct bs_str found_key, found_record;
    uint64_t count = 0;
    for (bool found = true; code == BS_OK; count++) {
        code = datom_sorter_walk_next(walk, &found_key, &found_record, &found, &error);
        if (code != BS_OK || !found || bs_load_u64(found_key.ptr) != count)
            break;
    }
    datom_sorter_walk_free(walk);
    datom_sorter_free(sorter);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_string_equal(error.message, "");
    assert_int_equal(count, 16384);
}

static void test_sorter__of_nothing_is_nothing(void **state)
{
    (void)state;
    struct datom_sorter *sorter = datom_sorter_new("/nowhere", 0);
    struct bs_str key, record;
    bool found = true;
    datom_sorter_finish(sorter);
    struct datom_sorter_walk *walk = datom_sorter_walk_new(sorter);
    assert_int_equal(datom_sorter_walk_next(walk, &key, &record, &found, NULL), BS_OK);
    assert_false(found);
    datom_sorter_walk_free(walk);
    datom_sorter_free(sorter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorter__sorts_in_memory_and_through_files),
        cmocka_unit_test(test_sorter__names_the_folder_that_has_no_room),
        cmocka_unit_test(test_sorter__needs_few_descriptors_for_many_runs),
        cmocka_unit_test(test_sorter__of_nothing_is_nothing),
    };
    return cmocka_run_group_tests_name("datom/sorter", tests, NULL, NULL);
}
