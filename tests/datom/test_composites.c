/* Composite tuples over time: against a naive one in random transactions, and when members of them
 * are excised. */

#include "support.h"

#include "datom/fixture.h"
#include "datom/secrets.h"

/* ---- against a naive one ---- */

#define ENTITIES 6
#define ROUNDS 400

struct naive {
    bool has[3];
    int64_t value[3];
};

/* A transaction over the members of some entities; the expected state after it. */
static void make_forms(struct bs_random *random, struct naive *after, struct bs_buf *out)
{
    bs_buf_append_byte(out, '[');
    for (unsigned n = 0; n < ENTITIES; n++) {
        for (unsigned m = 0; m < 3; m++) {
            int64_t value = (int64_t)bs_random_below(random, 3);
            switch (bs_random_below(random, 6)) {
            case 0:
                bs_buf_printf(out, "[:db/add [:n/id %u] :n/m%u %lld]", n, m, (long long)value);
                after[n].has[m] = true;
                after[n].value[m] = value;
                break;
            case 1:
                bs_buf_printf(out, "[:db/retract [:n/id %u] :n/m%u]", n, m);
                after[n].has[m] = false;
                break;
            default:
                break;
            }
        }
    }
    bs_buf_append_byte(out, ']');
}

static void expect_tuple(struct datom_db *db, unsigned n, const struct naive *naive)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct edn id[2] = {EDN_KEYWORD_LIT("n/id"), edn_long(n)};
    datom_id e = DATOM_NO_ID;
    struct edn is = edn_nil();
    bool found = false;
    assert_int_equal(datom_db_resolve(db, edn_collection(EDN_VECTOR, id, 2), &e, NULL), BS_OK);
    assert_int_equal(datom_db_get(db, e, datom_db_attribute_named(db, BS_STR("n/all")), arena, &is,
                                  &found, NULL),
                     BS_OK);
    struct edn expected[3] = {{0}};
    bool any = false;
    for (unsigned m = 0; m < 3; m++) {
        any |= naive->has[m];
        expected[m] = naive->has[m] ? edn_long(naive->value[m]) : edn_nil();
    }
    assert_int_equal(found, any);
    if (any)
        assert_true(edn_equal(is, edn_collection(EDN_VECTOR, expected, 3)));
    bs_arena_free(arena);
}

static void test_composites__are_what_a_naive_one_is(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    struct bs_error error = BS_ERROR_INIT;
    static const char *const texts[] = {
        "[{:db/ident :n/id :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
        "  :db/unique :db.unique/identity}"
        " {:db/ident :n/m0 :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
        " {:db/ident :n/m1 :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
        " {:db/ident :n/m2 :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
        " {:db/ident :n/all :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
        "  :db/index true :db/tupleAttrs [:n/m0 :n/m1 :n/m2]}]",
        "[{:n/id 0} {:n/id 1} {:n/id 2} {:n/id 3} {:n/id 4} {:n/id 5}]",
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++)
        assert_int_equal(datom_transact_text(conn, bs_str_from(texts[i]), NULL, NULL, NULL), BS_OK);
    struct bs_random random;
    bs_random_seed(&random, 20261128);
    struct naive naive[ENTITIES] = {{{0}, {0}}};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bs_buf text = BS_BUF_INIT(0);
        make_forms(&random, naive, &text);
        if (datom_transact_text(conn, bs_buf_str(&text), NULL, NULL, &error) != BS_OK)
            fail_msg("round %u: %s: %s", round, bs_buf_cstr(&text), error.message);
        struct datom_db *db = datom_conn_db(conn);
        for (unsigned n = 0; n < ENTITIES; n++)
            expect_tuple(db, n, &naive[n]);
        datom_db_unref(db);
        bs_buf_fini(&text);
    }
    fixture_check(conn);
    datom_conn_unref(conn);
}

/* ---- erasing ---- */

static const char schema[] =
    "[{:db/ident :x/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :x/a :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/b :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/r :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/a+b :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:x/a :x/b] :db/unique :db.unique/identity}"
    " {:db/ident :x/b+r :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:x/b :x/r] :db/index true}]";

static void test_composites__an_excised_member_is_in_no_composite(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *before; /* or NULL */
        const char *excision;
    } excisions[] = {
        {"of an entity", NULL, "[{:db/excise [:x/name \"s\"] :db.excise/attrs [:x/b]}]"},
        {"of a whole entity", NULL, "[{:db/excise [:x/name \"s\"]}]"},
        {"as an attribute", NULL, "[{:db/excise :x/b}]"},
        {"as an attribute beside its composite", NULL, "[{:db/excise :x/b} {:db/excise :x/a+b}]"},
        {"of a discontinued composite", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
         "[{:db/excise [:x/name \"s\"] :db.excise/attrs [:x/b]}]"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(excisions); i++) {
        struct datom_conn *conn = datom_conn_new_memory(NULL);
        struct bs_error error = BS_ERROR_INIT;
        const char *const texts[] = {schema, "[{:x/name \"s\" :x/a 7 :x/b \"secret-1\"}]",
                                     "[{:x/name \"s\" :x/b \"secret-2\"}]", excisions[i].before,
                                     excisions[i].excision};
        for (size_t j = 0; j < BS_ARRAY_COUNT(texts); j++) {
            if (texts[j] &&
                datom_transact_text(conn, bs_str_from(texts[j]), NULL, NULL, &error) != BS_OK)
                fail_msg("%s: %s: %s", excisions[i].name, texts[j], error.message);
            if (j == 2)
                assert_true(secrets_left(conn, "secret") > 0);
        }
        size_t left = secrets_left(conn, "secret");
        fixture_check(conn);
        test_row(excisions[i].name, left == 0, "%zu are left", left);
        datom_conn_unref(conn);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_composites__are_what_a_naive_one_is),
        cmocka_unit_test(test_composites__an_excised_member_is_in_no_composite),
    };
    return cmocka_run_group_tests_name("datom/composites", tests, NULL, NULL);
}
