/* Partitions: where new entities go, and what a transaction may say of it (the reference's rows 2,
 * 5 and 28). */

#include "support.h"

#include "datom/fixture.h"
#include "datom/people.h"
#include "datom/rows.h"

#define PARTS                                                                                      \
    "[{:db/ident :part/a :db.install/_partition :db.part/db}"                                      \
    " [:db/add \"b\" :db/ident :part/b] [:db/add :db.part/db :db.install/partition \"b\"]]"

static uint64_t part_named(struct datom_db *db, const char *ident)
{
    uint64_t part;
    assert_int_equal(datom_db_partition(db, edn_keyword(bs_str_from(ident)), &part, NULL), BS_OK);
    return part;
}

static int setup(void **state)
{
    struct datom_conn *conn = people_new(NULL);
    fixture_transact(conn, PARTS);
    *state = conn;
    return fixture_setup(state);
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return fixture_teardown(state);
}

/* ---- where entities go ---- */

struct place {
    const char *name;
    const char *tx;
    /* "tempid partition ..." by ident, "+N" for an implicit one, "=" for an id that was there */
    const char *places;
};

static const struct place places[] = {
    {"nothing said", "[{:db/id \"x\" :p/age 1}]", "x db.part/user"},
    {"an old tempid of a named partition", "[{:db/id #db/id[:part/a -1] :p/age 1}]",
     "#db/id [:part/a -1] part/a"},
    {"an old tempid without a number",
     "[{:db/id #db/id[:part/a] :p/name \"A\" :p/boss \"x\"}"
     " {:db/id \"x\" :p/age 1}]",
     "x db.part/user"},
    {"an old tempid of an implicit partition", "[{:db/id #db/id[524293 -1] :p/age 1}]",
     "#db/id [524293 -1] +5"},
    {"numbers count inside of a partition",
     "[{:db/id #db/id[:part/a -1] :p/age 1} {:db/id #db/id[:part/b -1] :p/age 2}"
     " {:db/id -1 :p/age 3} [:db/add #db/id[:db.part/user -1] :p/name \"X\"]]",
     "#db/id [:part/a -1] part/a #db/id [:part/b -1] part/b -1 db.part/user"},
    {"forced", "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :part/a}}]", "x part/a"},
    {"forced, from another form, of another",
     "[{:db/force-partition {\"x\" :part/a \"y\" 524288}}"
     " {:db/id \"x\" :p/age 1} {:db/id \"y\" :p/age 2}]",
     "x part/a y +0"},
    {"forced, with strings for keywords",
     "[{:db/id \"x\" :p/age 1 \":db/force-partition\" {\"x\" \":part/a\"}}]", "x part/a"},
    {"forced into the partition of attributes",
     "[{:db/id \"x\" :db/ident :x/y :db/force-partition {\"x\" :db.part/db}}]", "x db.part/db"},
    {"an attribute is always in that of attributes",
     "[{:db/id \"x\" :db/ident :x/y :db/valueType :db.type/long"
     "  :db/cardinality :db.cardinality/one :db/force-partition {\"x\" :part/a}}]",
     "x db.part/db"},
    {"a partition too", "[{:db/id \"x\" :db/ident :part/c :db.install/_partition :db.part/db}]",
     "x db.part/db"},
    {"the same twice is said once",
     "[{:db/force-partition {\"x\" :part/a}} {:db/force-partition {\"x\" :part/a}}"
     " {:db/id \"x\" :p/age 1}]",
     "x part/a"},
    {"force is stronger than the tag",
     "[{:db/id #db/id[:part/b -1] :p/age 1 :db/force-partition {#db/id[:part/b -1] :part/a}}]",
     "#db/id [:part/b -1] part/a"},
    {"force is stronger than match",
     "[{:db/match-partition {\"x\" :color/red} :db/force-partition {\"x\" :part/a}}"
     " {:db/id \"x\" :p/age 1}]",
     "x part/a"},
    {"matching what is there", "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" :color/red}}]",
     "x db.part/user"},
    {"matching an attribute", "[{:db/id \"x\" :db/ident :x/y :db/match-partition {\"x\" :p/age}}]",
     "x db.part/db"},
    {"a chain, whatever the order",
     "[{:db/match-partition {\"x\" \"y\" \"y\" \"z\"}} {:db/force-partition {\"z\" :part/b}}"
     " {:db/id \"x\" :p/age 1} {:db/id \"y\" :p/age 2} {:db/id \"z\" :p/age 3}]",
     "x part/b y part/b z part/b"},
    {"a chain that ends with nothing said",
     "[{:db/match-partition {\"x\" \"y\"}} {:db/id \"x\" :p/age 1} {:db/id \"y\" :p/age 2}]",
     "x db.part/user y db.part/user"},
    {"matching two in one partition",
     "[{:db/match-partition {\"x\" \"y\"}} {:db/match-partition {\"x\" \"z\"}}"
     " {:db/force-partition {\"y\" :part/a \"z\" :part/a}}"
     " {:db/id \"x\" :p/age 1} {:db/id \"y\" :p/age 2} {:db/id \"z\" :p/age 3}]",
     "x part/a y part/a z part/a"},
    {"united tempids stand where one of them was forced to",
     "[{:db/id \"x\" :p/slug \"s\"} {:db/id \"y\" :p/slug \"s\"}"
     " {:db/force-partition {\"y\" :part/a}}]",
     "x part/a y part/a"},
    {"who is there already stays",
     "[{:db/id \"x\" :p/email \"ann@x\" :p/age 7"
     "  :db/force-partition {\"x\" :part/a}}]",
     "x ="},
    {"who is there already stays, whatever is said of the tempids that name it",
     "[{:db/id \"x\" :p/email \"ann@x\" :p/slug \"s\"} {:db/id \"y\" :p/slug \"s\"}"
     " {:db/force-partition {\"x\" :part/b \"y\" :part/a}}]",
     "x = y ="},
    {"force is stronger than tags that contradict each other",
     "[{:db/id #db/id[:part/a -1] :p/slug \"s\"} {:db/id #db/id[:part/b -1] :p/slug \"s\"}"
     " {:db/id \"x\" :p/slug \"s\" :db/force-partition {\"x\" :part/b}}]",
     "#db/id [:part/a -1] part/b #db/id [:part/b -1] part/b x part/b"},
    {"matching a tempid that is there already",
     "[{:db/id \"x\" :p/email \"ann@x\"} {:db/id \"y\" :p/age 7 :db/match-partition {\"y\" "
     "\"x\"}}]",
     "x = y db.part/user"},
};

static void print_places(const struct datom_report *report, struct bs_buf *out)
{
    for (size_t i = 0; i < report->tempids_count; i++) {
        datom_id id = report->tempids[i].id;
        uint64_t part = datom_id_part(id);
        uint64_t next = part == DATOM_PART_DB ? 87 : datom_db_next_t(report->db_before);
        bs_buf_printf(out, "%s%.*s ", i > 0 ? " " : "", BS_STR_ARGS(report->tempids[i].name));
        if (datom_id_counter(id) < next)
            bs_buf_append_cstr(out, "=");
        else if (datom_part_is_implicit(part))
            bs_buf_printf(out, "+%llu", (unsigned long long)(part - DATOM_PART_IMPLICIT));
        else
            bs_buf_append_str(out, datom_db_ident(report->db_after, part));
    }
}

static void test_partitions__new_entities_go_where_they_are_told(void **state)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(places); i++) {
        struct datom_conn *conn = rows_fork(*state);
        struct datom_report *report;
        struct bs_error error = BS_ERROR_INIT;
        BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
        enum bs_code code =
            datom_transact_text(conn, bs_str_from(places[i].tx), NULL, &report, &error);
        test_row(places[i].name, code == BS_OK, "%s", error.message);
        if (code == BS_OK) {
            print_places(report, &out);
            test_row(places[i].name, strcmp(bs_buf_cstr(&out), places[i].places) == 0, "%s",
                     bs_buf_cstr(&out));
            datom_report_free(report);
        }
        datom_conn_unref(conn);
    }
    test_rows_end();
}

static const struct row refused[] = {
    {"no partition by that name", NULL, "[{:db/id #db/id[:part/c -1] :p/age 1}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "expected :db.part/user"},
    {"an entity that is none", NULL,
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :color/red}}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, ":color/red names no partition"},
    {"an attribute is none", NULL, "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :p/age}}]",
     NULL, BS_REASON_DB_NOT_A_PARTITION, ":p/age names no partition"},
    {"beyond the implicit ones", NULL,
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" 1048576}}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "from 524288 up to 1048575"},
    {"that of transactions", NULL,
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :db.part/tx}}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "transactions only"},
    {"matching a transaction", NULL,
     "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"datomic.tx\"}}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "transactions only"},
    {"matching an earlier transaction", NULL,
     "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" 13194139534312}}]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "transactions only"},
    {"matching nobody", NULL, "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" :no/body}}]",
     NULL, BS_REASON_DB_NOT_AN_ENTITY, ":no/body"},
    {"a tempid of which nothing is said", NULL,
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"y\" :part/a}}]", NULL,
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "\"y\""},
    {"one that nothing is said of, to match", NULL,
     "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"y\"}}]", NULL,
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "\"y\""},
    {"of an entity that is there", NULL, "[{:db/force-partition {" ANN " :part/a}}]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected the tempid of a new entity"},
    {"of the transaction", NULL, "[{:db/force-partition {\"datomic.tx\" :part/a}}]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected the tempid of a new entity"},
    {"no map", NULL, "[{:db/force-partition :part/a}]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     "expected a map of tempids to partitions"},
    {"no map of matches", NULL, "[{:db/match-partition [\"x\"]}]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected a map of tempids to entities"},
    {"a positive number in an old tempid", NULL, "[{:db/id #db/id[:part/a 1] :p/age 1}]", NULL,
     BS_REASON_DB_INVALID_TEMPID, "any negative number"},
    {"an empty old tempid", NULL, "[{:db/id #db/id[] :p/age 1}]", NULL, BS_REASON_DB_INVALID_TEMPID,
     "expected #db/id[partition]"},
    {"forced to two", NULL,
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :part/a}}"
     " {:db/force-partition {\"x\" :part/b}}]",
     NULL, BS_REASON_DB_PARTITION_CONFLICT, "two partitions, :part/a and :part/b"},
    {"united, and forced to two", NULL,
     "[{:db/id \"x\" :p/slug \"s\"} {:db/id \"y\" :p/slug \"s\"}"
     " {:db/force-partition {\"x\" :part/b \"y\" :part/a}}]",
     NULL, BS_REASON_DB_PARTITION_CONFLICT, "form 1"},
    {"united, with two tags", NULL,
     "[{:db/id #db/id[:part/a -1] :p/slug \"s\"} {:db/id #db/id[:part/b -1] :p/slug \"s\"}]", NULL,
     BS_REASON_DB_PARTITION_CONFLICT, ":part/a and :part/b"},
    {"united, with two tags, whatever the order", NULL,
     "[{:db/id #db/id[:part/b -1] :p/slug \"s\"} {:db/id #db/id[:part/a -1] :p/slug \"s\"}]", NULL,
     BS_REASON_DB_PARTITION_CONFLICT, ":part/b and :part/a"},
    {"matching a tempid that turns out to be this transaction", NULL,
     "[{:db/id \"datomic.tx\" :p/slug \"s\"} {:db/id \"y\" :p/slug \"s\"}"
     " {:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"y\"}}]",
     NULL, BS_REASON_DB_NOT_A_PARTITION, "transactions only"},
    {"matching a tempid that turns out to be an earlier one",
     "[{:db/id \"datomic.tx\" :p/slug \"s\"}]",
     "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"y\"}} {:db/id \"y\" :p/slug \"s\"}]",
     NULL, BS_REASON_DB_NOT_A_PARTITION, "transactions only"},
    {"matching two in different ones", NULL,
     "[{:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"y\"}}"
     " {:db/id \"y\" :p/age 2 :db/force-partition {\"y\" :part/a}}"
     " {:db/match-partition {\"x\" :color/red}}]",
     NULL, BS_REASON_DB_PARTITION_CONFLICT, "\"x\""},
    {"a circle", NULL,
     "[{:db/match-partition {\"x\" \"y\" \"y\" \"x\"}} {:db/id \"x\" :p/age 1}"
     " {:db/id \"y\" :p/age 2}]",
     NULL, BS_REASON_DB_CYCLE_IN_AFFINITY, "would depend on itself"},
    {"a circle of one", NULL, "[{:db/match-partition {\"x\" \"x\"}} {:db/id \"x\" :p/age 1}]", NULL,
     BS_REASON_DB_CYCLE_IN_AFFINITY, "\"x\""},
    {"a circle through a second match", NULL,
     "[{:db/match-partition {\"x\" :color/red \"y\" \"x\"}} {:db/match-partition {\"x\" \"y\"}}"
     " {:db/id \"x\" :p/age 1} {:db/id \"y\" :p/age 2}]",
     NULL, BS_REASON_DB_CYCLE_IN_AFFINITY, "would depend on itself"},
    {"a circle of united tempids", NULL,
     "[{:db/match-partition {\"x\" \"y\"}} {:db/id \"x\" :p/slug \"s\"}"
     " {:db/id \"y\" :p/slug \"s\"}]",
     NULL, BS_REASON_DB_CYCLE_IN_AFFINITY, "would depend on itself"},
    /* installing */
    {"a partition without a name", NULL,
     "[[:db/add :db.part/db :db.install/partition \"x\"] [:db/add \"x\" :db/doc \"d\"]]", NULL,
     BS_REASON_DB_NOT_A_PARTITION, "has no :db/ident"},
    {"a partition that is an entity of another", NULL,
     "[{:db/id :color/red :db.install/_partition :db.part/db}]", NULL, BS_REASON_DB_NOT_A_PARTITION,
     "expected a new entity"},
    {"an attribute as a partition", NULL, "[{:db/id :p/age :db.install/_partition :db.part/db}]",
     NULL, BS_REASON_DB_NOT_A_PARTITION, "is an attribute"},
    {"what is built in as a partition", NULL,
     "[{:db/id :db/doc :db.install/_partition :db.part/db}]", NULL, BS_REASON_DB_NOT_A_PARTITION,
     "expected a new entity"},
    {"a partition installed elsewhere", NULL,
     "[{:db/ident :part/c :db.install/_partition " ANN "}]", NULL, BS_REASON_DB_NOT_A_PARTITION,
     "expected :db.install/_partition :db.part/db"},
    {"a partition can't be taken back", NULL,
     "[[:db/retract :db.part/db :db.install/partition :part/a]]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "partition 85 is installed"},
    {"nor retracted as an entity", NULL, "[[:db/retractEntity :part/a]]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "partition 85 is installed"},
    {"said again it is nothing new", NULL,
     "[{:db/ident :part/a :db.install/_partition :db.part/db}]", "", 0, NULL},
    {"it is usable in the next transaction only", NULL,
     "[{:db/ident :part/c :db.install/_partition :db.part/db}"
     " {:db/id #db/id[:part/c -1] :p/age 1}]",
     NULL, BS_REASON_DB_NOT_A_PARTITION, ":part/c names no"},
    {"it may take another name", "[{:db/id :part/a :db/ident :part/orders}]",
     "[{:db/id #db/id[:part/orders -1] :p/age 1} {:db/id #db/id[:part/a -1] :p/age 2}]",
     "+1009:p/age:1 +1010:p/age:2", 0, NULL},
};

static void test_partitions__what_makes_no_sense_is_refused(void **state)
{
    rows_run(*state, refused, BS_ARRAY_COUNT(refused));
}

static void test_partitions__long_chains_are_followed(void **state)
{
    enum { LENGTH = 50000 };
    struct datom_conn *conn = rows_fork(*state);
    struct datom_report *report;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < LENGTH; i++)
        bs_buf_printf(&text, "{:db/id \"%d\" :p/age %d :db/match-partition {\"%d\" \"%d\"}}", i, i,
                      i, i + 1);
    bs_buf_printf(&text, "{:db/id \"%d\" :p/age 1 :db/force-partition {\"%d\" :part/b}}]", LENGTH,
                  LENGTH);
    if (datom_transact_text(conn, bs_buf_str(&text), NULL, &report, &error) != BS_OK)
        fail_msg("%s", error.message);
    uint64_t part = part_named(report->db_after, "part/b");
    for (size_t i = 0; i < report->tempids_count; i++)
        assert_int_equal(datom_id_part(report->tempids[i].id), part);
    assert_int_equal(report->tempids_count, LENGTH + 1);
    datom_report_free(report);
    datom_conn_unref(conn);
}

/* A branch goes on with ids that its past has not used, whether for attributes or others, and
 * whether they are still there. */
static void test_partitions__a_branch_gives_no_id_of_db_twice(void **state)
{
    static const struct {
        const char *text;
        datom_id next;
    } before[] = {
        {"[{:db/id #db/id[:db.part/db -1] :db/doc \"no name\"}]", 88},
        {"[{:db/id #db/id[:db.part/db -1] :db/doc \"first\"}] "
         "[{:db/id #db/id[:db.part/db -1] :db/doc \"last\"}] "
         "[[:db/retract 88 :db/doc \"last\"]]",
         89},
        {"[[:db/add " ANN " :p/boss #db/id[:db.part/db -1]]"
         " [:db/retract #db/id[:db.part/db -1] :db/doc \"only referred to\"]]",
         88},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(before); i++) {
        BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = rows_fork(*state);
        BS_CLEANUP(datom_conn_unrefp) struct datom_conn *branch = NULL;
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        struct edn forms;
        bs_buf_printf(&text, "[%s]", before[i].text);
        assert_int_equal(edn_read(bs_buf_str(&text), arena, &forms, NULL), BS_OK);
        for (uint32_t j = 0; j < forms.len; j++)
            assert_int_equal(datom_transact(conn, forms.as.items[j], NULL, NULL, NULL), BS_OK);
        struct datom_db *db = datom_conn_db(conn);
        fixture_transact(conn, "[{:db/ident :x/later}]");
        struct datom_db *newest = datom_conn_db(conn);
        struct datom_db *past = datom_db_as_of(newest, datom_db_basis_t(db));
        assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
        datom_id next = fixture_transact_id(branch,
                                            "[{:db/id \"x\" :db/ident :x/new"
                                            "  :db/valueType :db.type/long"
                                            "  :db/cardinality :db.cardinality/one}]",
                                            "x");
        test_row(before[i].text, next == before[i].next, "%llu", (unsigned long long)next);
        fixture_check(branch);
        datom_db_unref(db);
        datom_db_unref(newest);
        datom_db_unref(past);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions__new_entities_go_where_they_are_told),
        cmocka_unit_test(test_partitions__what_makes_no_sense_is_refused),
        cmocka_unit_test(test_partitions__long_chains_are_followed),
        cmocka_unit_test(test_partitions__a_branch_gives_no_id_of_db_twice),
    };
    return cmocka_run_group_tests_name("datom/partitions", tests, setup, teardown);
}
