/*
 * The fifteen value types through a store: what each takes and what it refuses, at its limits; that
 * it gives back what it took, also after reopening; and the order of its values in avet against a
 * comparison that is written here once more, as plainly as it goes (the reference's rows 6 and 11).
 */

#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "datom/fixture.h"
#include "datom/samples.h"

static struct datom_conn *open_store(const char *name)
{
    return fixture_open(name, NULL);
}

/* :v/TYPE of cardinality one and :v/TYPEs of many, indexed, for each type; tuples are of long,
 * string and bigdec, as random_value makes them. */
static void install_types(struct datom_conn *conn)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[");
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        const char *ident = datom_type_ident((enum datom_type)type);
        const char *elements =
            type == DATOM_TYPE_TUPLE
                ? ":db/tupleTypes [:db.type/long :db.type/string :db.type/bigdec]"
                : "";
        bs_buf_printf(&text,
                      "{:db/ident :v/%s :db/valueType :%s :db/cardinality :db.cardinality/one %s}"
                      "{:db/ident :v/%ss :db/valueType :%s :db/cardinality :db.cardinality/many "
                      ":db/index true %s}",
                      ident + strlen("db.type/"), ident, elements, ident + strlen("db.type/"),
                      ident, elements);
    }
    bs_buf_append_cstr(&text, "]");
    if (datom_transact_text(conn, bs_buf_str(&text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s", error.message);
}

static const struct datom_attribute *attribute_of(struct datom_db *db, enum datom_type type,
                                                  const char *suffix)
{
    char ident[40];
    snprintf(ident, sizeof(ident), "v/%s%s", datom_type_ident(type) + strlen("db.type/"), suffix);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, bs_str_from(ident));
    assert_non_null(attribute);
    return attribute;
}

/* ---- what a type takes ---- */

struct limit {
    const char *name;
    enum datom_type type;
    const char *text;      /* EDN; with `repeat`, what is repeated: a character, or a digit */
    uint32_t repeat;       /* a text, bytes or a number of so many of them */
    const char *stored;    /* EDN of what is there then; NULL: as given, or refused */
    enum bs_reason reason; /* of the refusal; 0: taken */
};

#define WRONG BS_REASON_DB_WRONG_TYPE
#define LARGE BS_REASON_DB_VALUE_TOO_LARGE

static const struct limit limits[] = {
    {"the smallest long", DATOM_TYPE_LONG, "-9223372036854775808", 0, NULL, 0},
    {"the largest long", DATOM_TYPE_LONG, "9223372036854775807", 0, NULL, 0},
    {"a long beyond", DATOM_TYPE_LONG, "9223372036854775808", 0, NULL, WRONG},
    {"a long below", DATOM_TYPE_LONG, "-9223372036854775809N", 0, NULL, WRONG},
    {"a bigint that fits a long", DATOM_TYPE_LONG, "5N", 0, "5", 0},
    {"a double as a long", DATOM_TYPE_LONG, "5.0", 0, NULL, WRONG},
    {"a decimal as a long", DATOM_TYPE_LONG, "5M", 0, NULL, WRONG},
    {"a long as a bigint", DATOM_TYPE_BIGINT, "5", 0, "5N", 0},
    {"a bigint of 8192 bits", DATOM_TYPE_BIGINT, "0", 2466, NULL, 0},
    {"a bigint of more", DATOM_TYPE_BIGINT, "0", 2467, NULL, LARGE},
    {"a decimal as a bigint", DATOM_TYPE_BIGINT, "5M", 0, NULL, WRONG},
    {"a double as a bigint", DATOM_TYPE_BIGINT, "5.0", 0, NULL, WRONG},
    {"a decimal of 1024 digits", DATOM_TYPE_BIGDEC, "0", 1023, NULL, 0},
    {"a decimal of more", DATOM_TYPE_BIGDEC, "0", 1024, NULL, LARGE},
    {"a long as a decimal", DATOM_TYPE_BIGDEC, "5", 0, "5M", 0},
    {"a bigint as a decimal", DATOM_TYPE_BIGDEC, "5N", 0, "5M", 0},
    {"a double as a decimal", DATOM_TYPE_BIGDEC, "5.0", 0, NULL, WRONG},
    {"a decimal keeps its scale", DATOM_TYPE_BIGDEC, "1.500M", 0, "1.500M", 0},
    {"a decimal near zero", DATOM_TYPE_BIGDEC, "1E-9999M", 0, NULL, 0},
    {"NaN", DATOM_TYPE_DOUBLE, "##NaN", 0, NULL, WRONG},
    {"a float NaN", DATOM_TYPE_FLOAT, "##NaN", 0, NULL, WRONG},
    {"infinity", DATOM_TYPE_DOUBLE, "##Inf", 0, NULL, 0},
    {"infinity below", DATOM_TYPE_DOUBLE, "##-Inf", 0, NULL, 0},
    {"a float's infinity", DATOM_TYPE_FLOAT, "##-Inf", 0, NULL, 0},
    {"zero has one sign", DATOM_TYPE_DOUBLE, "-0.0", 0, "0.0", 0},
    {"a float's too", DATOM_TYPE_FLOAT, "-0.0", 0, "0.0", 0},
    {"the largest double", DATOM_TYPE_DOUBLE, "1.7976931348623157E308", 0, NULL, 0},
    {"the smallest double", DATOM_TYPE_DOUBLE, "4.9E-324", 0, NULL, 0},
    {"a double beyond floats", DATOM_TYPE_FLOAT, "1e39", 0, NULL, WRONG},
    {"a long as a double", DATOM_TYPE_DOUBLE, "9007199254740992", 0, "9007199254740992.0", 0},
    {"a long that no double is", DATOM_TYPE_DOUBLE, "9007199254740993", 0, NULL, WRONG},
    {"a long as a float", DATOM_TYPE_FLOAT, "16777216", 0, "16777216.0", 0},
    {"a long that no float is", DATOM_TYPE_FLOAT, "16777217", 0, NULL, WRONG},
    {"a decimal as a double", DATOM_TYPE_DOUBLE, "1.5M", 0, NULL, WRONG},
    {"an instant before 1970", DATOM_TYPE_INSTANT, "#inst \"1582-10-15T00:00:00.001-00:00\"", 0,
     NULL, 0},
    {"a long as an instant", DATOM_TYPE_INSTANT, "0", 0, NULL, WRONG},
    {"the empty string", DATOM_TYPE_STRING, "\"\"", 0, NULL, 0},
    {"the longest string", DATOM_TYPE_STRING, "x", BS_LIMIT_STRING_BYTES, NULL, 0},
    {"a longer string", DATOM_TYPE_STRING, "x", BS_LIMIT_STRING_BYTES + 1, NULL, LARGE},
    {"a keyword as a string", DATOM_TYPE_STRING, ":a", 0, NULL, WRONG},
    {"the longest keyword", DATOM_TYPE_KEYWORD, "k", BS_LIMIT_KEYWORD_BYTES, NULL, 0},
    {"a longer keyword", DATOM_TYPE_KEYWORD, "k", BS_LIMIT_KEYWORD_BYTES + 1, NULL, LARGE},
    {"a string as a keyword", DATOM_TYPE_KEYWORD, "\"a\"", 0, NULL, WRONG},
    {"the longest symbol", DATOM_TYPE_SYMBOL, "s", BS_LIMIT_KEYWORD_BYTES, NULL, 0},
    {"a longer symbol", DATOM_TYPE_SYMBOL, "s", BS_LIMIT_KEYWORD_BYTES + 1, NULL, LARGE},
    {"the longest uri", DATOM_TYPE_URI, "u", BS_LIMIT_STRING_BYTES, NULL, 0},
    {"a longer uri", DATOM_TYPE_URI, "u", BS_LIMIT_STRING_BYTES + 1, NULL, LARGE},
    {"a string as a uri", DATOM_TYPE_URI, "\"https://a\"", 0, NULL, WRONG},
    {"no bytes", DATOM_TYPE_BYTES, "#base64 \"\"", 0, NULL, 0},
    {"the most bytes", DATOM_TYPE_BYTES, "b", BS_LIMIT_BYTES_BYTES, NULL, 0},
    {"more bytes", DATOM_TYPE_BYTES, "b", BS_LIMIT_BYTES_BYTES + 1, NULL, LARGE},
    {"a uuid of zeros", DATOM_TYPE_UUID, "#uuid \"00000000-0000-0000-0000-000000000000\"", 0, NULL,
     0},
    {"a uuid of ones", DATOM_TYPE_UUID, "#uuid \"ffffffff-ffff-ffff-ffff-ffffffffffff\"", 0, NULL,
     0},
    {"a string as a uuid", DATOM_TYPE_UUID, "\"ffffffff-ffff-ffff-ffff-ffffffffffff\"", 0, NULL,
     WRONG},
    {"false", DATOM_TYPE_BOOLEAN, "false", 0, NULL, 0},
    {"a number as a boolean", DATOM_TYPE_BOOLEAN, "1", 0, NULL, WRONG},
    {"an entity", DATOM_TYPE_REF, "10", 0, NULL, 0},
    {"an ident", DATOM_TYPE_REF, ":db/doc", 0, "62", 0},
    {"an entity that never was", DATOM_TYPE_REF, "17592186999999", 0, NULL,
     BS_REASON_DB_INVALID_ENTITY_ID},
    {"a tuple", DATOM_TYPE_TUPLE, "[1 \"x\" 1.50M]", 0, NULL, 0},
    {"a tuple of nothing", DATOM_TYPE_TUPLE, "[nil nil nil]", 0, NULL, 0},
    {"a short tuple", DATOM_TYPE_TUPLE, "[1 \"x\"]", 0, NULL, BS_REASON_DB_INVALID_TUPLE_VALUE},
};

/* A value of one thing many times over: of numbers a one and so many zeros. */
static struct edn repeated(struct bs_arena *arena, const struct limit *limit)
{
    struct edn value;
    char *bytes = bs_arena_alloc(arena, limit->repeat + 1u);
    memset(bytes, limit->text[0], limit->repeat + 1u);
    struct bs_str text = bs_str_make(bytes, limit->repeat);
    switch (limit->type) {
    case DATOM_TYPE_KEYWORD:
        return edn_keyword(text);
    case DATOM_TYPE_SYMBOL:
        return edn_symbol(text);
    case DATOM_TYPE_URI:
        return edn_text(EDN_URI, text);
    case DATOM_TYPE_BYTES:
        return edn_bytes(bytes, limit->repeat);
    case DATOM_TYPE_BIGINT:
    case DATOM_TYPE_BIGDEC:
        bytes[0] = '1';
        text = bs_str_make(bytes, limit->repeat + 1u);
        enum bs_code code = limit->type == DATOM_TYPE_BIGINT
                                ? edn_bigint_parse(arena, text, &value, NULL)
                                : edn_bigdec_parse(arena, text, &value, NULL);
        assert_int_equal(code, BS_OK);
        return value;
    default:
        return edn_string(text);
    }
}

static struct edn read_text(struct bs_arena *arena, const char *text)
{
    struct edn value;
    struct bs_error error = BS_ERROR_INIT;
    if (edn_read(bs_str_from(text), arena, &value, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static enum bs_code transact_value(struct datom_conn *conn, struct bs_arena *arena, struct edn e,
                                   const struct datom_attribute *attribute, struct edn value,
                                   struct bs_error *error)
{
    struct edn items[] = {EDN_KEYWORD_LIT("db/add"), e, edn_keyword(attribute->ident), value};
    struct edn form = edn_vector_of(arena, items, 4);
    return datom_transact(conn, edn_vector_of(arena, &form, 1), NULL, NULL, error);
}

/* Bit for bit, as equality takes decimals of any scale. */
static bool is_same(struct edn a, struct edn b)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf x = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf y = BS_BUF_INIT(0);
    edn_print(a, &x);
    edn_print(b, &y);
    return bs_str_equal(bs_buf_str(&x), bs_buf_str(&y));
}

static void check_stored(struct datom_conn *conn, const struct limit *limit, datom_id e,
                         struct edn given)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_db *db = datom_conn_db(conn);
    struct edn value = edn_nil();
    bool found = false;
    enum bs_code code =
        datom_db_get(db, e, attribute_of(db, limit->type, ""), arena, &value, &found, NULL);
    struct edn expected = limit->stored ? read_text(arena, limit->stored) : given;
    char text[80];
    test_row(limit->name, code == BS_OK && found, "is not there");
    test_row(limit->name, limit->type == DATOM_TYPE_FLOAT || is_same(value, expected), "is %s",
             edn_print_cut(value, text, sizeof(text)));
    if (limit->type == DATOM_TYPE_FLOAT)
        test_row(limit->name,
                 value.type == EDN_FLOAT && value.as.float32 == (float)expected.as.float64 &&
                     !signbit(value.as.float32) == !signbit(expected.as.float64),
                 "is %s", edn_print_cut(value, text, sizeof(text)));
    datom_db_unref(db);
}

static datom_id entity_of(struct datom_conn *conn, size_t row)
{
    char ident[32];
    struct datom_db *db = datom_conn_db(conn);
    snprintf(ident, sizeof(ident), "row/n%zu", row);
    datom_id e = datom_db_entid(db, bs_str_from(ident));
    datom_db_unref(db);
    return e;
}

static void test_types__take_what_fits_and_give_it_back(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = open_store("limits");
    struct edn values[BS_ARRAY_COUNT(limits)];
    install_types(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(limits); i++) {
        const struct limit *limit = &limits[i];
        char text[64];
        struct bs_error error = BS_ERROR_INIT;
        values[i] = limit->repeat > 0 ? repeated(arena, limit) : read_text(arena, limit->text);
        snprintf(text, sizeof(text), "[{:db/ident :row/n%zu}]", i);
        assert_int_equal(datom_transact_text(conn, bs_str_from(text), NULL, NULL, NULL), BS_OK);
        struct datom_db *db = datom_conn_db(conn);
        enum bs_code code = transact_value(conn, arena, edn_long((int64_t)entity_of(conn, i)),
                                           attribute_of(db, limit->type, ""), values[i], &error);
        datom_db_unref(db);
        test_row(limit->name, (code == BS_OK) == (limit->reason == 0), "%s", error.message);
        if (code != BS_OK)
            test_row(limit->name, error.reason == limit->reason, "%s", error.message);
        else
            check_stored(conn, limit, entity_of(conn, i), values[i]);
    }
    datom_conn_unref(conn);
    conn = open_store("limits");
    for (size_t i = 0; i < BS_ARRAY_COUNT(limits); i++) {
        if (limits[i].reason == 0)
            check_stored(conn, &limits[i], entity_of(conn, i), values[i]);
    }
    datom_conn_unref(conn);
    test_rows_end();
}

/* ---- order ---- */

static int by_value(const void *a, const void *b)
{
    return compare_naively(*(const struct edn *)a, *(const struct edn *)b);
}

#define VALUES 400

/* All values of an attribute in avet, from v_start up to v_end where they are given. */
static size_t walk(struct datom_db *db, const struct datom_attribute *attribute,
                   const struct edn *start, const struct edn *end, struct bs_arena *arena,
                   struct edn ret_values[VALUES])
{
    struct datom_cursor *cursor;
    struct datom_range range = {.index = DATOM_AVET, .has_a = true, .a = attribute->id};
    range.has_start = start != NULL;
    range.has_end = end != NULL;
    if (start)
        range.v_start = *start;
    if (end)
        range.v_end = *end;
    const struct datom *datoms;
    size_t count, total = 0;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    do {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count && total < VALUES; i++)
            ret_values[total++] = edn_dup(arena, datoms[i].v);
    } while (count > 0);
    datom_cursor_free(cursor);
    return total;
}

/* A random value as its attribute stores it. */
static struct edn stored_value(struct bs_random *random, struct datom_db *db,
                               const struct datom_attribute *attribute, struct bs_arena *arena)
{
    struct edn value = random_value(random, attribute->type, arena);
    struct edn stored;
    if (attribute->type == DATOM_TYPE_REF)
        return edn_long((int64_t)bs_random_below(random, 40));
    if (datom_db_coerce(db, attribute, value, arena, &stored, NULL) != BS_OK)
        return edn_nil(); /* NaN, or a number that is too large */
    return stored;
}

struct order_case {
    enum datom_type type;
    struct edn values[VALUES]; /* sorted, each once */
    size_t count;
};

static void make_case(struct bs_random *random, struct datom_conn *conn, enum datom_type type,
                      struct bs_arena *arena, struct order_case *ret_case)
{
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *attribute = attribute_of(db, type, "s");
    struct edn_list values;
    struct bs_error error = BS_ERROR_INIT;
    edn_list_init(&values, arena);
    for (int i = 0; i < VALUES; i++) {
        struct edn value = stored_value(random, db, attribute, arena);
        if (!edn_is_nil(value))
            edn_list_add(&values, value);
    }
    struct edn map[] = {EDN_KEYWORD_LIT("db/id"), EDN_STRING_LIT("x"),
                        edn_keyword(attribute->ident), edn_nil()};
    *ret_case = (struct order_case){.type = type};
    memcpy(ret_case->values, values.items, values.count * sizeof(struct edn));
    map[3] = edn_vector_of(arena, ret_case->values, values.count);
    struct edn form = edn_map_of(arena, map, 2);
    if (datom_transact(conn, edn_vector_of(arena, &form, 1), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", datom_type_ident(type), error.message);
    qsort(ret_case->values, values.count, sizeof(struct edn), by_value);
    for (size_t i = 0; i < values.count; i++) {
        if (ret_case->count == 0 ||
            compare_naively(ret_case->values[ret_case->count - 1], ret_case->values[i]) != 0)
            ret_case->values[ret_case->count++] = ret_case->values[i];
    }
    datom_db_unref(db);
}

static void check_case(struct datom_conn *conn, const struct order_case *order,
                       struct bs_arena *arena)
{
    static struct edn walked[VALUES];
    const char *name = datom_type_ident(order->type);
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *attribute = attribute_of(db, order->type, "s");
    size_t count = walk(db, attribute, NULL, NULL, arena, walked);
    test_row(name, count == order->count, "%zu values of %zu", count, order->count);
    for (size_t i = 0; i < BS_MIN(count, order->count); i++) {
        char text[80];
        if (compare_naively(walked[i], order->values[i]) == 0)
            continue;
        test_row(name, false, "value %zu is %s", i, edn_print_cut(walked[i], text, sizeof(text)));
        break;
    }
    /* every range of a fourth of them */
    size_t quarter = order->count / 4;
    for (size_t i = 0; quarter > 0 && i + quarter < order->count; i += quarter) {
        count = walk(db, attribute, &order->values[i], &order->values[i + quarter], arena, walked);
        test_row(name, count == quarter && compare_naively(walked[0], order->values[i]) == 0,
                 "%zu values in a range of %zu", count, quarter);
    }
    datom_db_unref(db);
}

static void test_types__stand_in_their_order(void **state)
{
    (void)state;
    static struct order_case orders[DATOM_TYPE_COUNT];
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    struct datom_conn *conn = open_store("order");
    install_types(conn);
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        make_case(&random, conn, (enum datom_type)type, arena, &orders[type]);
        check_case(conn, &orders[type], arena);
    }
    datom_conn_unref(conn);
    conn = open_store("order");
    for (int type = 0; type < DATOM_TYPE_COUNT; type++)
        check_case(conn, &orders[type], arena);
    datom_conn_unref(conn);
    test_rows_end();
}

/* ---- what a program may make, and no reader ---- */

struct made_row {
    const char *name;
    enum datom_type type;
    enum edn_type made;
    const char *text;
    bool is_taken;
};

static const struct made_row made_rows[] = {
    {"a string", DATOM_TYPE_STRING, EDN_STRING, "\xc3\xa9", true},
    {"an empty string", DATOM_TYPE_STRING, EDN_STRING, "", true},
    {"a string that is no UTF-8", DATOM_TYPE_STRING, EDN_STRING, "ab\xff", false},
    {"an URI that is no UTF-8", DATOM_TYPE_URI, EDN_URI, "a:\xc3", false},
    {"bytes that are no UTF-8", DATOM_TYPE_BYTES, EDN_BYTES, "ab\xff", true},
    {"a keyword", DATOM_TYPE_KEYWORD, EDN_KEYWORD, "a/b", true},
    {"an empty keyword", DATOM_TYPE_KEYWORD, EDN_KEYWORD, "", false},
    {"a keyword with a blank", DATOM_TYPE_KEYWORD, EDN_KEYWORD, "a b", false},
    {"a keyword with its colon", DATOM_TYPE_KEYWORD, EDN_KEYWORD, ":a", false},
    {"a keyword that is no UTF-8", DATOM_TYPE_KEYWORD, EDN_KEYWORD, "a\xff", false},
    {"a symbol", DATOM_TYPE_SYMBOL, EDN_SYMBOL, "a/b", true},
    {"a symbol that is read as nothing", DATOM_TYPE_SYMBOL, EDN_SYMBOL, "nil", false},
    {"a symbol that is read as a number", DATOM_TYPE_SYMBOL, EDN_SYMBOL, "-1", false},
};

/* What is stored can be printed and read again, so that an export is whole. */
static void test_types__take_no_text_that_can_not_be_read_again(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = open_store("made");
    install_types(conn);
    struct datom_db *db = datom_conn_db(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(made_rows); i++) {
        const struct made_row *row = &made_rows[i];
        const struct datom_attribute *attribute = attribute_of(db, row->type, "");
        struct bs_error error = BS_ERROR_INIT;
        const struct edn form[] = {EDN_KEYWORD_LIT("db/add"), edn_string(BS_STR("x")),
                                   edn_keyword(attribute->ident),
                                   edn_text(row->made, bs_str_from(row->text))};
        const struct edn forms[] = {edn_vector_of(arena, form, BS_ARRAY_COUNT(form))};
        enum bs_code code =
            datom_transact(conn, edn_vector_of(arena, forms, 1), NULL, NULL, &error);
        bool is_good = row->is_taken ? code == BS_OK : error.reason == BS_REASON_DB_WRONG_TYPE;
        test_row(row->name, is_good, "%d %s", code, error.message);
    }
    datom_db_unref(db);
    datom_conn_unref(conn);
    test_rows_end();
}

/* A value of each type is looked up under each attribute: it is refused, and nothing else, where
 * that stores another type. */
static void test_types__are_looked_up_as_they_are_stored(void **state)
{
    (void)state;
    static const char *const texts[] = {"nil",
                                        "1",
                                        "\"a\"",
                                        ":a",
                                        "a",
                                        "1.5",
                                        "1N",
                                        "1.5M",
                                        "true",
                                        "#inst \"2026\"",
                                        "[1 \"a\" 1.5M]",
                                        "[1 [2]]",
                                        "()",
                                        "{}",
                                        "\\a"};
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = open_store("looked_up");
    install_types(conn);
    struct datom_db *db = datom_conn_db(conn);
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        const struct datom_attribute *attribute = attribute_of(db, (enum datom_type)type, "s");
        for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
            struct edn value, stored;
            datom_id id;
            struct bs_error error = BS_ERROR_INIT;
            assert_int_equal(edn_read(bs_str_from(texts[i]), arena, &value, NULL), BS_OK);
            bool is_stored = datom_db_coerce(db, attribute, value, arena, &stored, NULL) == BS_OK &&
                             stored.type == value.type;
            /* an id or an ident of an entity that is not there is a value all the same */
            is_stored = is_stored || (type == DATOM_TYPE_REF && value.type == EDN_LONG);
            enum bs_code code = datom_db_lookup(db, attribute, value, &id, &error);
            test_row(texts[i], is_stored ? code == BS_OK : error.reason == BS_REASON_DB_WRONG_TYPE,
                     "of %s: %d %s", datom_type_ident((enum datom_type)type), code, error.message);
        }
    }
    datom_db_unref(db);
    datom_conn_unref(conn);
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types__take_what_fits_and_give_it_back),
        cmocka_unit_test(test_types__stand_in_their_order),
        cmocka_unit_test(test_types__take_no_text_that_can_not_be_read_again),
        cmocka_unit_test(test_types__are_looked_up_as_they_are_stored),
    };
    return cmocka_run_group_tests_name("datom/types", tests, fixture_setup, fixture_teardown);
}
