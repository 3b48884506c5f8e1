/*
 * The order of each type as queries show it: :order-by both ways, the predicates that compare, min
 * and max, against an order that is worked out without the library; on an attribute with an index
 * by value and on one without.
 */

#include "support.h"

#include <stdlib.h>

#include "datom/samples.h"
#include "query/query.h"

#define VALUES_MAX 120

/* :v/TYPE has no index by value, :v/TYPEs has one; tuples are as random_value makes them. */
static void install_types(struct datom_conn *conn)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < 2 * DATOM_TYPE_COUNT; i++) {
        enum datom_type type = (enum datom_type)(i / 2);
        const char *ident = datom_type_ident(type);
        bs_buf_printf(&text,
                      "{:db/ident :v/%s%s :db/valueType :%s :db/cardinality :db.cardinality/many "
                      ":db/index %s %s}",
                      ident + strlen("db.type/"), i % 2 ? "s" : "", ident, i % 2 ? "true" : "false",
                      type == DATOM_TYPE_TUPLE
                          ? ":db/tupleTypes [:db.type/long :db.type/string :db.type/bigdec]"
                          : "");
    }
    bs_buf_append_cstr(&text, "]");
    if (datom_transact_text(conn, bs_buf_str(&text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s", error.message);
}

struct order_case {
    const char *name;
    const struct datom_attribute *attributes[2];
    struct datom_db *db;
    struct bs_arena *arena;
    struct edn values[VALUES_MAX]; /* sorted, each once */
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    return compare_naively(*(const struct edn *)a, *(const struct edn *)b);
}

static struct edn stored_value(struct bs_random *random, const struct order_case *order,
                               enum datom_type type)
{
    struct edn stored;
    if (type == DATOM_TYPE_REF)
        return edn_long((int64_t)bs_random_below(random, 60));
    struct edn value = random_value(random, type, order->arena);
    if (datom_db_coerce(order->db, order->attributes[0], value, order->arena, &stored, NULL) !=
        BS_OK)
        return edn_nil(); /* NaN, or a number that is too large */
    return stored;
}

static const struct datom_attribute *attribute_of(struct datom_db *db, const char *type,
                                                  const char *suffix)
{
    char ident[40];
    snprintf(ident, sizeof(ident), "v/%s%s", type, suffix);
    return datom_db_attribute_named(db, bs_str_from(ident));
}

/* Makes values, sorts them, and transacts them: order->db has them then. */
static void make_case(struct bs_random *random, struct datom_conn *conn, enum datom_type type,
                      struct order_case *order)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    size_t made = 0;
    order->name = datom_type_ident(type) + strlen("db.type/");
    order->attributes[0] = attribute_of(order->db, order->name, "");
    order->attributes[1] = attribute_of(order->db, order->name, "s");
    for (int i = 0; i < VALUES_MAX; i++) {
        struct edn value = stored_value(random, order, type);
        if (!edn_is_nil(value))
            order->values[made++] = value;
    }
    struct edn all = edn_vector_of(order->arena, order->values, made);
    struct edn map[] = {edn_keyword(order->attributes[0]->ident), all,
                        edn_keyword(order->attributes[1]->ident), all};
    struct edn form = edn_map_of(order->arena, map, 2);
    if (datom_transact(conn, edn_vector_of(order->arena, &form, 1), NULL, &report, &error) != BS_OK)
        fail_msg("%s: %s", order->name, error.message);
    datom_db_unref(order->db);
    order->db = datom_db_ref(report->db_after);
    datom_report_free(report);
    qsort(order->values, made, sizeof(struct edn), by_value);
    for (size_t i = 0; i < made; i++) {
        if (order->count == 0 ||
            compare_naively(order->values[order->count - 1], order->values[i]) != 0)
            order->values[order->count++] = order->values[i];
    }
}

static struct edn ask(const struct order_case *order, const char *query, const struct edn *pivot)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn inputs[] = {edn_object_value(datom_db_object(order->db)),
                           pivot ? *pivot : edn_nil()};
    struct edn answer = edn_nil();
    if (query_run_text(bs_str_from(query), inputs, pivot ? 2 : 1, NULL, order->arena, &answer,
                       &error) != BS_OK)
        test_row(order->name, false, "%s: %s", query, error.message);
    return answer;
}

/* Whether the answer is the values from `first` up to `last`, in this order. */
static void expect(const struct order_case *order, const char *query, struct edn answer,
                   size_t first, size_t last)
{
    test_row(order->name, answer.len == last - first, "%s gives %u values: expected %zu", query,
             answer.len, last - first);
    for (size_t i = first; i < last && i - first < answer.len; i++) {
        char text[120];
        if (compare_naively(answer.as.items[i - first], order->values[i]) == 0)
            continue;
        test_row(order->name, false, "%s: value %zu is %s", query, i - first,
                 edn_print_cut(answer.as.items[i - first], text, sizeof(text)));
        return;
    }
}

static void check_order_by(const struct order_case *order, const struct datom_attribute *attribute)
{
    char query[200];
    int ident_length = (int)attribute->ident.len;
    const char *ident = attribute->ident.ptr;
    snprintf(query, sizeof(query), "[:find [?v ...] :where [_ :%.*s ?v] :order-by [?v]]",
             ident_length, ident);
    expect(order, query, ask(order, query, NULL), 0, order->count);
    snprintf(query, sizeof(query),
             "[:find [?v ...] :where [_ :%.*s ?v] :order-by [?v] :offset 3 :limit 7]", ident_length,
             ident);
    expect(order, query, ask(order, query, NULL), BS_MIN(3u, order->count),
           BS_MIN(10u, order->count));
    snprintf(query, sizeof(query), "[:find [?v ...] :where [_ :%.*s ?v] :order-by [?v :desc]]",
             ident_length, ident);
    struct edn answer = edn_dup(order->arena, ask(order, query, NULL));
    struct edn_list turned;
    edn_list_init(&turned, order->arena);
    for (uint32_t i = answer.len; i > 0; i--)
        edn_list_add(&turned, answer.as.items[i - 1]);
    expect(order, query, edn_list_finish(&turned, EDN_VECTOR), 0, order->count);
}

static void check_ends(const struct order_case *order, const struct datom_attribute *attribute)
{
    char query[200];
    snprintf(query, sizeof(query), "[:find [(min ?v) (max ?v)] :where [_ :%.*s ?v]]",
             BS_STR_ARGS(attribute->ident));
    struct edn answer = ask(order, query, NULL);
    test_row(order->name,
             answer.len == 2 && compare_naively(answer.as.items[0], order->values[0]) == 0 &&
                 compare_naively(answer.as.items[1], order->values[order->count - 1]) == 0,
             "%s", query);
}

/* Each predicate with a value of the sorted ones: what it lets through is a run of them. */
static void check_predicates(const struct order_case *order,
                             const struct datom_attribute *attribute, size_t at)
{
    const struct {
        const char *predicate;
        size_t first, last;
    } cases[] = {
        {"(< ?v ?x)", 0, at},
        {"(<= ?v ?x)", 0, at + 1},
        {"(> ?v ?x)", at + 1, order->count},
        {"(>= ?v ?x)", at, order->count},
        {"(> ?x ?v)", 0, at},
        {"(= ?v ?x)", at, at + 1},
        {"(compare ?v ?x) ?c] [(= ?c -1)", 0, at},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(cases); i++) {
        char query[200];
        snprintf(query, sizeof(query),
                 "[:find [?v ...] :in $ ?x :where [_ :%.*s ?v] [%s%s :order-by [?v]]",
                 BS_STR_ARGS(attribute->ident), cases[i].predicate, "]");
        expect(order, query, ask(order, query, &order->values[at]), cases[i].first, cases[i].last);
    }
    char query[200];
    snprintf(query, sizeof(query), "[:find (count ?v) . :in $ ?x :where [_ :%.*s ?v] [(!= ?v ?x)]]",
             BS_STR_ARGS(attribute->ident));
    struct edn count = ask(order, query, &order->values[at]);
    test_row(order->name,
             order->count == 1 ? edn_is_nil(count) : count.as.integer == (int64_t)order->count - 1,
             "%s", query);
}

static void test_queries__have_the_order_of_each_type(void **state)
{
    (void)state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    install_types(conn);
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        struct order_case order = {.db = datom_conn_db(conn), .arena = bs_arena_new(0)};
        make_case(&random, conn, (enum datom_type)type, &order);
        for (size_t i = 0; i < 2; i++) {
            check_order_by(&order, order.attributes[i]);
            check_ends(&order, order.attributes[i]);
            for (size_t at = 0; at < order.count; at += 1 + order.count / 7)
                check_predicates(&order, order.attributes[i], at);
        }
        datom_db_unref(order.db);
        bs_arena_free(order.arena);
    }
    datom_conn_unref(conn);
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries__have_the_order_of_each_type),
    };
    return cmocka_run_group_tests_name("query/order", tests, NULL, NULL);
}
