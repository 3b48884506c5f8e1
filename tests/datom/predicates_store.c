#include "support.h"

#include "datom/constants.h"
#include "datom/predicates_store.h"

/* ---- predicates in C ---- */

/* Multiples of three pass; a negative number is told why not, 99 is an error of the predicate's. */
static enum bs_code is_threefold(void *self, struct edn value, struct bs_arena *arena,
                                 struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    (void)arena;
    if (value.as.integer == 99)
        return bs_error_set(error, BS_REASON_DB_CANCELLED, "99 is too much");
    *ret_return =
        value.as.integer < 0 ? EDN_KEYWORD_LIT("negative") : edn_boolean(value.as.integer % 3 == 0);
    return BS_OK;
}

/* Whether :s/low is below :s/high in the value after. */
static enum bs_code is_in_order(void *self, struct datom_db *db, datom_id e, struct bs_arena *arena,
                                struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    struct edn low, high;
    bool has_low, has_high;
    BS_TRY(datom_db_get(db, e, datom_db_attribute_named(db, BS_STR("s/low")), arena, &low, &has_low,
                        error));
    BS_TRY(datom_db_get(db, e, datom_db_attribute_named(db, BS_STR("s/high")), arena, &high,
                        &has_high, error));
    if (!has_low || !has_high)
        return bs_error_set(error, BS_REASON_DB_CANCELLED, "nothing to compare");
    *ret_return = low.as.integer < high.as.integer ? edn_boolean(true) : EDN_STRING_LIT("crossed");
    return BS_OK;
}

static const struct edn nothing = {.type = EDN_NIL}; /* which is not true */

static struct datom_functions *registry(void)
{
    struct datom_functions *functions = datom_functions_new();
    datom_functions_add_value_predicate(functions, BS_STR("my/threefold"),
                                        (struct datom_value_predicate){.test = is_threefold});
    datom_functions_add_value_predicate(functions, BS_STR("my/nothing"),
                                        constant_value_predicate(&nothing));
    datom_functions_add_entity_predicate(functions, BS_STR("my/in-order"),
                                         (struct datom_entity_predicate){.test = is_in_order});
    return functions;
}

/* ---- the store ---- */

static const struct {
    const char *ident;
    const char *type;
    const char *more;
} attributes[] = {
    {"v/long", "long", ":db.attr/check (range 0 100)"},
    {"v/up", "bigint", ":db.attr/check (range 10 nil)"},
    {"v/exact", "bigdec", ":db.attr/check (range nil 1.50M)"},
    {"v/double", "double", ":db.attr/check (range -1 0.5)"},
    {"v/float", "float", ":db.attr/check [(range 0.1 0.7) (one-of 0.1 0.3)]"},
    {"v/when", "instant", ":db.attr/check (range #inst \"2020\" #inst \"2021\")"},
    {"v/name", "string", ":db.attr/check [(length 1 3) (matches \"[a-z\u00e9]*\")]"},
    {"v/bytes", "bytes", ":db.attr/check (length nil 2)"},
    {"v/word", "keyword", ":db.attr/check (matches \"x/.*\")"},
    {"v/color", "ref", ":db.attr/check (one-of :color/red :color/blue)"},
    {"v/flag", "boolean", ":db.attr/check (one-of true)"},
    {"v/unit", "symbol", ":db.attr/check (one-of cm inch)"},
    {"v/three", "long", ":db.attr/preds my/threefold"},
    {"v/none", "long", ":db.attr/preds [:my/nothing]"},
    {"v/absent", "long", ":db.attr/preds my/absent"},
    {"v/tags", "string", ":db/cardinality :db.cardinality/many :db.attr/check \"(length  2   4)\""},
    {"v/pair", "tuple", ":db/tupleAttrs [:v/long :v/plain] :db.attr/preds my/absent"},
    {"v/plain", "string", ""},
    {"s/low", "long", ""},
    {"s/high", "long", ""},
    {"v/seen", "boolean", ""},
};

static const char *const entities =
    "{:db/ident :color/red} {:db/ident :color/blue} {:db/ident :color/mud}"
    "{:db/ident :s/all :db.entity/attrs [:s/low :s/high :v/seen]}"
    "{:db/ident :s/order :db.entity/preds my/in-order}"
    "{:db/ident :s/absent :db.entity/preds [my/in-order my/gone]}"
    "{:db/ident :s/unknown :db.entity/attrs [:no/such]}";

static struct datom_conn *store;

struct datom_conn *predicates_conn(void)
{
    return store;
}

static void print_schema(struct bs_buf *out)
{
    bs_buf_append_cstr(out, "[");
    for (size_t i = 0; i < BS_ARRAY_COUNT(attributes); i++) {
        const char *more = attributes[i].more;
        bs_buf_printf(out, "{:db/ident :%s :db/valueType :db.type/%s%s %s}", attributes[i].ident,
                      attributes[i].type,
                      strstr(more, ":db/cardinality") ? "" : " :db/cardinality :db.cardinality/one",
                      more);
    }
    bs_buf_printf(out, "%s]", entities);
}

int predicates_setup(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf schema = BS_BUF_INIT(0);
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *functions = registry();
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    store = datom_conn_new_memory(&(struct datom_options){.functions = functions});
    print_schema(&schema);
    if (datom_transact_text(store, bs_buf_str(&schema), NULL, NULL, &error) != BS_OK ||
        datom_transact_text(store,
                            BS_STR("[{:db/id \"a\" :s/low 1 :s/high 2 :v/seen false"
                                   "  :v/tags [\"aa\" \"bbb\"]}]"),
                            NULL, &report, &error) != BS_OK) {
        print_error("%s\n", error.message);
        return -1;
    }
    return datom_report_tempid(report, BS_STR("a")) == A_ID ? 0 : -1;
}

int predicates_teardown(void **state)
{
    (void)state;
    datom_conn_unref(store);
    return 0;
}
