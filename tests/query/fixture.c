#include "query/fixture.h"

#include "support.h"

const char *const fixture_people[] = {
    "[{:db/ident :person/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :person/email :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :person/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/height :db/valueType :db.type/double :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/money :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/nick :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :person/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :person/parent :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/status :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/active :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/born :db/valueType :db.type/instant :db/cardinality :db.cardinality/one}"
    " {:db/ident :person/address :db/valueType :db.type/ref :db/cardinality :db.cardinality/one"
    "  :db/isComponent true}"
    " {:db/ident :person/phone :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :address/street :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :phone/number :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :status/active} {:db/ident :status/inactive}]",
    "[{:db/id \"alice\" :person/name \"Alice\" :person/email \"alice@example.com\" :person/age 34"
    "  :person/height 1.7 :person/money 10.50M :person/nick [:al :ally] :person/active true"
    "  :person/status :status/active :person/born #inst \"1990-05-01\""
    "  :person/address {:address/street \"1 Main St\"}"
    "  :person/phone [{:phone/number \"555-1\"} {:phone/number \"555-2\"}]}"
    " {:db/id \"bob\" :person/name \"Bob\" :person/email \"bob@example.com\" :person/age 42"
    "  :person/height 1.7 :person/status :status/inactive :person/active false"
    "  :person/friend [\"alice\"]}"
    " {:db/id \"carol\" :person/name \"Carol\" :person/email \"carol@example.com\" :person/age 12"
    "  :person/nick :cc :person/parent \"alice\" :person/friend [\"alice\" \"bob\"]}"
    " {:db/id \"dave\" :person/name \"Dave\" :person/age 8 :person/parent \"carol\"}]",
};
const size_t fixture_people_count = BS_ARRAY_COUNT(fixture_people);

static int64_t fixed_now(void *self)
{
    (void)self;
    return INT64_C(1700000000000);
}

void fixture_transact(struct fixture *fixture, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(fixture->conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    datom_db_unref(fixture->db);
    fixture->db = datom_conn_db(fixture->conn);
}

void fixture_init(struct fixture *fixture, const char *const *transactions, size_t count)
{
    struct datom_options options = {.clock = {.now_ms = fixed_now}};
    *fixture = (struct fixture){
        .conn = datom_conn_new_memory(&options),
        .arena = bs_arena_new(0),
    };
    for (size_t i = 0; i < count; i++)
        fixture_transact(fixture, transactions[i]);
}

void fixture_fini(struct fixture *fixture)
{
    bs_arena_free(fixture->arena);
    datom_db_unref(fixture->db);
    datom_conn_unref(fixture->conn);
}

struct edn fixture_read(struct fixture *fixture, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = edn_nil();
    if (edn_read(bs_str_from(text), fixture->arena, &value, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    return value;
}

struct edn fixture_db(struct datom_db *db)
{
    return edn_object_value(datom_db_object(db));
}

/* The values made for $history and the like go with the arena. */
static void drop_db(void *data)
{
    datom_db_unref((struct datom_db *)data);
}

static struct edn keep_db(struct fixture *fixture, struct datom_db *db)
{
    bs_arena_add_cleanup(fixture->arena, drop_db, db);
    return fixture_db(db);
}

static struct edn replace_input(struct fixture *fixture, struct edn input)
{
    if (edn_is_symbol(input, "$"))
        return fixture_db(fixture->db);
    if (edn_is_symbol(input, "$history"))
        return keep_db(fixture, datom_db_history(fixture->db));
    if (edn_is_symbol(input, "$before"))
        return keep_db(fixture, datom_db_as_of(fixture->db, datom_db_basis_t(fixture->db) - 1));
    return input;
}

enum bs_code fixture_query(struct fixture *fixture, const char *query, const char *inputs,
                           struct edn *ret_result, struct bs_error *error)
{
    struct edn given = fixture_read(fixture, inputs);
    struct edn *values = bs_arena_new_array(fixture->arena, given.len, struct edn);
    for (size_t i = 0; i < given.len; i++)
        values[i] = replace_input(fixture, given.as.items[i]);
    return query_run_text(bs_str_from(query), values, given.len, NULL, fixture->arena, ret_result,
                          error);
}

struct bs_str fixture_answer(struct fixture *fixture, const char *query, const char *inputs)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn result = edn_nil();
    if (fixture_query(fixture, query, inputs, &result, &error) != BS_OK)
        return bs_arena_printf(fixture->arena, "%s: %s", bs_error_reason_name(&error),
                               error.message);
    return edn_print_short(fixture->arena, result, 0);
}

bool fixture_is(struct fixture *fixture, const char *expected, enum bs_code code, struct edn value,
                const struct bs_error *error)
{
    struct bs_str was;
    bool is_it;
    if (code != BS_OK) {
        is_it = strcmp(bs_error_reason_name(error), expected) == 0;
        was =
            bs_arena_printf(fixture->arena, "%s: %s", bs_error_reason_name(error), error->message);
    } else if (bs_str_starts_with(bs_str_from(expected), BS_STR("db.error/")) ||
               bs_str_starts_with(bs_str_from(expected), BS_STR("rpc.error/"))) {
        is_it = false;
        was = edn_print_short(fixture->arena, value, 0);
    } else {
        struct edn wanted = fixture_read(fixture, expected);
        is_it = edn_equal(value, wanted) && value.type == wanted.type;
        was = bs_arena_printf(fixture->arena, "%.*s, a %s, and not\n  %s",
                              BS_STR_ARGS(edn_print_short(fixture->arena, value, 0)),
                              edn_type_name((enum edn_type)value.type), expected);
    }
    fixture->was = bs_arena_dup_cstr(fixture->arena, was);
    return is_it;
}

const char *fixture_was(const struct fixture *fixture)
{
    return fixture->was ? fixture->was : "nothing failed";
}

struct fixture people;

int fixture_set_up(void **state)
{
    (void)state;
    fixture_init(&people, fixture_people, fixture_people_count);
    return 0;
}

int fixture_tear_down(void **state)
{
    (void)state;
    fixture_fini(&people);
    return 0;
}
