/* A transaction's limits, each at its edge: nested maps, operations, bytes of values. */

#include "support.h"

#include "datom/people.h"

/* What a transaction fails with whose forms are all good but the last, which no limit refuses. */
#define LAST_FORM_REFUSED BS_REASON_DB_NOT_A_DATA_FUNCTION

static enum bs_reason reason_of(struct datom_conn *conn, struct edn tx)
{
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = datom_transact(conn, tx, NULL, NULL, &error);
    if (error.reason == BS_REASON_DB_TRANSACTION_TOO_LARGE)
        assert_int_equal(code, BS_RESOURCE_EXHAUSTED);
    return code == BS_OK ? BS_REASON_NONE : error.reason;
}

/* {:p/parts {:p/parts ... {:p/age 1}}}, `depth` maps inside the outermost. */
static struct edn nested(struct bs_arena *arena, int depth)
{
    struct edn pair[] = {EDN_KEYWORD_LIT("p/age"), edn_long(1)};
    struct edn map = edn_map_of(arena, pair, 1);
    for (int i = 0; i < depth; i++) {
        struct edn outer[] = {EDN_KEYWORD_LIT("p/parts"), map};
        map = edn_map_of(arena, outer, 1);
    }
    return edn_vector_of(arena, &map, 1);
}

static void test_limits__nested_maps(void **state)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    assert_int_equal(reason_of(*state, nested(arena, BS_LIMIT_NESTED_MAPS)), BS_REASON_NONE);
    assert_int_equal(reason_of(*state, nested(arena, BS_LIMIT_NESTED_MAPS + 1)),
                     BS_REASON_DB_TRANSACTION_TOO_LARGE);
}

/* `count` additions of the strings, the last form an operation that does not exist. */
static struct edn additions(struct bs_arena *arena, const struct edn *values, size_t count)
{
    struct edn_list forms;
    edn_list_init(&forms, arena);
    for (size_t i = 0; i < count; i++) {
        struct edn add[] = {EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("x"),
                            EDN_KEYWORD_LIT("p/name"), values[i]};
        edn_list_add(&forms, edn_vector_of(arena, add, 4));
    }
    struct edn unknown = EDN_KEYWORD_LIT("no/such");
    edn_list_add(&forms, edn_vector_of(arena, &unknown, 1));
    return edn_list_finish(&forms, EDN_VECTOR);
}

static void test_limits__bytes_of_values(void **state)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    enum { STRINGS = BS_LIMIT_TX_BYTES / BS_LIMIT_STRING_BYTES };
    char *bytes = bs_arena_zalloc(arena, BS_LIMIT_STRING_BYTES);
    memset(bytes, 'a', BS_LIMIT_STRING_BYTES);
    struct edn values[STRINGS + 1];
    for (size_t i = 0; i < STRINGS; i++)
        values[i] = edn_string(bs_str_make(bytes, BS_LIMIT_STRING_BYTES));
    values[STRINGS] = edn_string(bs_str_make(bytes, 1));
    assert_int_equal(reason_of(*state, additions(arena, values, STRINGS)), LAST_FORM_REFUSED);
    assert_int_equal(reason_of(*state, additions(arena, values, STRINGS + 1)),
                     BS_REASON_DB_TRANSACTION_TOO_LARGE);
}

/* The tags of a map, all of them one keyword: operations are counted, not datoms. */
static struct edn operations(struct bs_arena *arena, size_t count)
{
    struct edn *tags = bs_arena_new_array(arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        tags[i] = EDN_KEYWORD_LIT("t");
    struct edn pairs[] = {EDN_KEYWORD_LIT("db/id"), EDN_STRING_LIT("x"), EDN_KEYWORD_LIT("p/tags"),
                          edn_collection(EDN_VECTOR, tags, count)};
    struct edn unknown = EDN_KEYWORD_LIT("no/such");
    struct edn forms[] = {edn_map_of(arena, pairs, 2), edn_vector_of(arena, &unknown, 1)};
    return edn_vector_of(arena, forms, 2);
}

static void test_limits__operations(void **state)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    assert_int_equal(reason_of(*state, operations(arena, BS_LIMIT_TX_DATOMS)), LAST_FORM_REFUSED);
    assert_int_equal(reason_of(*state, operations(arena, BS_LIMIT_TX_DATOMS + 1)),
                     BS_REASON_DB_TRANSACTION_TOO_LARGE);
}

static int setup(void **state)
{
    *state = people_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits__nested_maps),
        cmocka_unit_test(test_limits__bytes_of_values),
        cmocka_unit_test(test_limits__operations),
    };
    return cmocka_run_group_tests_name("datom/transactions_limits", tests, setup, teardown);
}
