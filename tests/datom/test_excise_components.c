/*
 * Which components go with an entity that is erased, of several requests with bounds of their own,
 * of parents that are components themselves, and of the past.
 */

#include "support.h"

#include "datom/fixture.h"
#include "datom/secrets.h"

/* From t 1000 on: a and b have c, b by d; f was e's, and stands alone; g and h have each other. */
static const char *const script[] = {
    "[{:db/ident :n/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :n/x :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :n/in :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}]",
    "[{:db/id \"c\" :n/id \"c\" :n/x \"c-early\"}"
    " {:n/id \"a\" :n/x \"a-early\" :n/in \"c\"}"
    " {:n/id \"b\" :n/x \"b-early\" :n/in {:n/id \"d\" :n/x \"d-early\" :n/in \"c\"}}"
    " {:n/id \"e\" :n/x \"e-early\" :n/in {:n/id \"f\" :n/x \"f-early\"}}"
    " {:n/id \"i\" :n/x \"i-early\" :n/in [{:db/id \"g\" :n/id \"g\" :n/x \"g-early\" :n/in \"h\"}"
    "                                   {:db/id \"h\" :n/id \"h\" :n/x \"h-early\" :n/in \"g\"}]}]",
    "[{:n/id \"a\" :n/x \"a-late\"} {:n/id \"b\" :n/x \"b-late\"} {:n/id \"c\" :n/x \"c-late\"}"
    " {:n/id \"d\" :n/x \"d-late\"} [:db/retract [:n/id \"e\"] :n/in [:n/id \"f\"]]]",
};

static const struct {
    const char *name;
    const char *excise;
    const char *gone[8];
    const char *left[8];
} rows[] = {
    {"the request that takes most of a component does so when it comes first",
     "[{:db/excise [:n/id \"a\"]} {:db/excise [:n/id \"b\"] :db.excise/beforeT 1002}]",
     {"a-early", "a-late", "b-early", "c-early", "c-late", "d-early"},
     {"b-late", "d-late"}},
    {"and when it comes last",
     "[{:db/excise [:n/id \"b\"] :db.excise/beforeT 1002} {:db/excise [:n/id \"a\"]}]",
     {"a-early", "a-late", "b-early", "c-early", "c-late", "d-early"},
     {"b-late", "d-late"}},
    {"a parent that is a component itself keeps its own",
     "[{:db/excise [:n/id \"a\"]}]",
     {"a-early"},
     {"c-early", "c-late", "d-early"}},
    {"a former component goes too",
     "[{:db/excise [:n/id \"e\"]}]",
     {"e-early", "f-early"},
     {"c-early"}},
    {"components that are each other's parents stay",
     "[{:db/excise [:n/id \"i\"]}]",
     {"i-early"},
     {"g-early", "h-early"}},
};

static void test_components_go_when_nobody_keeps_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct datom_conn *conn = datom_conn_new_memory(NULL);
        for (size_t j = 0; j < BS_ARRAY_COUNT(script); j++)
            fixture_transact(conn, script[j]);
        fixture_transact(conn, rows[i].excise);
        for (size_t j = 0; j < 8 && rows[i].gone[j]; j++) {
            if (secrets_left(conn, rows[i].gone[j]) != 0)
                fail_msg("%s: %s is left", rows[i].name, rows[i].gone[j]);
        }
        for (size_t j = 0; j < 8 && rows[i].left[j]; j++) {
            if (secrets_left(conn, rows[i].left[j]) == 0)
                fail_msg("%s: %s is gone", rows[i].name, rows[i].left[j]);
        }
        fixture_check(conn);
        datom_conn_unref(conn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components_go_when_nobody_keeps_them),
    };
    return cmocka_run_group_tests_name("datom/excise_components", tests, fixture_setup,
                                       fixture_teardown);
}
