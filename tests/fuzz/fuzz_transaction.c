/*
 * EDN text as a transaction on a small store in memory that has every kind of attribute. What is
 * taken leaves indexes and log in agreement, and is what `with` said that it would be; what is
 * refused says why, is no bug, and has changed nothing.
 */

#include <stddef.h>
#include <stdint.h>

#include "datom/datom.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
    "[{:db/ident :p/email :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/login :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/value}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true :db.attr/check (range 0 150)}"
    " {:db/ident :p/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/seen :db/valueType :db.type/instant :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :p/worth :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/ratio :db/valueType :db.type/double :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/blob :db/valueType :db.type/bytes :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/at :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/long :db.type/string]}"
    " {:db/ident :p/age+login :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:p/age :p/login] :db/unique :db.unique/identity}"
    " {:db/ident :p/grow :db/lang :db.lang/datalog"
    "  :db/code \"[:find ?op ?e ?a ?n :in $ ?e :where [(ground :db/add) ?op]"
    "    [(ground :p/age) ?a] [?e :p/age ?old] [(+ ?old 1) ?n]]\"}"
    " {:db/ident :spec/whole :db.entity/attrs [:p/email :p/age]}"
    " {:db/ident :part/a :db.install/_partition :db.part/db}]";

static const char people_text[] =
    "[{:db/id \"ann\" :p/email \"ann@x\" :p/login \"ann\" :p/age 30 :p/tags [:a :b] :p/worth 1.5M"
    "  :p/seen #inst \"2026-01-01\" :p/at [1 \"a\"] :p/ratio [0.5 2.0] :p/blob #base64 \"AQ==\"}"
    " {:db/id \"bob\" :p/email \"bob@x\" :p/friends \"ann\" :p/parts {:p/age 1}}]";

/* Always the same moment, so that each run is. */
static int64_t now_ms(void *self)
{
    (void)self;
    return INT64_C(1767225600000);
}

static struct datom_db *store(void)
{
    static struct datom_db *db;
    struct bs_error error;
    if (db != NULL)
        return db;
    struct datom_functions *functions = datom_functions_new();
    query_functions_install(functions);
    const struct datom_options options = {.functions = functions, .clock = {.now_ms = now_ms}};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    BS_ASSERT(datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, &error) == BS_OK);
    BS_ASSERT(datom_transact_text(conn, bs_str_from(people_text), NULL, NULL, &error) == BS_OK);
    db = datom_conn_db(conn);
    datom_conn_unref(conn);
    datom_functions_unref(functions);
    return db;
}

static void assert_whole(struct datom_db *db)
{
    struct datom_check_report report;
    struct bs_error error;
    BS_ASSERT(datom_db_check(db, NULL, NULL, &report, &error) == BS_OK);
    BS_ASSERT(report.differences == 0);
}

static void assert_same_reports(const struct datom_report *one, const struct datom_report *other)
{
    BS_ASSERT(one->t == other->t && one->datoms_count == other->datoms_count);
    BS_ASSERT(one->tempids_count == other->tempids_count);
    for (size_t i = 0; i < one->datoms_count; i++) {
        const struct datom *a = &one->datoms[i];
        const struct datom *b = &other->datoms[i];
        BS_ASSERT(a->e == b->e && a->a == b->a && a->added == b->added && a->tx == b->tx);
        BS_ASSERT(edn_equal(a->v, b->v));
    }
}

static void run(struct edn form, struct bs_error *error)
{
    struct datom_db *db = store();
    struct datom_conn *fork = NULL;
    struct datom_report *would = NULL;
    struct datom_report *did = NULL;
    const struct datom_options options = {.clock = {.now_ms = now_ms}};
    BS_ASSERT(datom_conn_fork(db, &options, &fork, error) == BS_OK);
    enum bs_code with_code = datom_with(db, form, &options.clock, &would, error);
    enum bs_code code = datom_transact(fork, form, NULL, &did, error);
    BS_ASSERT(code == with_code);
    struct datom_db *after = datom_conn_db(fork);
    if (code == BS_OK) {
        assert_same_reports(would, did);
        assert_whole(after);
    } else {
        BS_ASSERT(code != BS_INTERNAL && error->message[0] != '\0');
        BS_ASSERT(error->reason != BS_REASON_NONE);
        BS_ASSERT(datom_db_basis_t(after) == datom_db_basis_t(db));
    }
    datom_db_unref(after);
    datom_report_free(would);
    datom_report_free(did);
    datom_conn_unref(fork);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error;
    struct edn form;
    if (edn_read(bs_str_make((const char *)data, size), arena, &form, &error) == BS_OK)
        run(form, &error);
    bs_arena_free(arena);
    return 0;
}
