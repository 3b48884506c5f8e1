/* Keys and records of every family: round trips, beginnings, and bytes that are none. */

#include "support.h"

#include <stdlib.h>

#include "base/base.h"
#include "datom/key.h"
#include "datom/samples.h"

struct fixture {
    struct bs_arena *arena;
    struct bs_buf record;
};

static int set_up(void **state)
{
    struct fixture *fixture = bs_calloc(1, sizeof(*fixture));
    fixture->arena = bs_arena_new(0);
    bs_buf_init(&fixture->record, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    bs_buf_fini(&fixture->record);
    bs_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static bool is_history(enum datom_family family)
{
    return family >= DATOM_FAMILY_EAVT_H && family <= DATOM_FAMILY_VAET_H;
}

static bool is_of_refs(enum datom_family family)
{
    return family == DATOM_FAMILY_VAET || family == DATOM_FAMILY_VAET_H;
}

static bool ends_at_attribute(enum datom_family family)
{
    return family == DATOM_FAMILY_EAVT || family == DATOM_FAMILY_AEVT;
}

/* ---- round trips ---- */

static void check_life(struct fixture *fixture, enum datom_family family,
                       const struct datom_life *life, enum datom_type type, bool many,
                       const char *name)
{
    struct datom_key_value value;
    struct datom_key key, key_again;
    struct datom_life again;
    struct bs_error error = BS_ERROR_INIT;
    datom_key_value_encode(life->v, type, &value);
    datom_key_make(family, life, many, &value, &key);
    bs_buf_reset(&fixture->record);
    datom_record_make(family, life, many, type, &value, &fixture->record);
    struct bs_str record = bs_arena_dup(fixture->arena, bs_buf_str(&fixture->record));
    enum bs_code code =
        datom_key_parse(family, datom_key_str(&key), record, fixture->arena, &again, &error);
    test_row(name, code == BS_OK, "%s: %s", datom_family_name(family), error.message);
    if (code != BS_OK)
        return;

    test_row(name,
             again.e == life->e && again.a == life->a && again.t_added == life->t_added &&
                 again.t_retracted == (is_history(family) ? life->t_retracted : DATOM_LIVE),
             "%s: other numbers", datom_family_name(family));
    test_row(name, edn_equal(again.v, life->v), "%s: another value", datom_family_name(family));
    test_row(name, again.is_one == (ends_at_attribute(family) && !many), "%s: is_one %d",
             datom_family_name(family), again.is_one);
    if (type == DATOM_TYPE_BIGDEC)
        test_row(name, again.v.as.number->scale == life->v.as.number->scale, "%s: another scale",
                 datom_family_name(family));

    datom_key_value_encode(again.v, type, &value);
    datom_key_make(family, &again, many, &value, &key_again);
    bs_buf_reset(&fixture->record);
    datom_record_make(family, &again, many, type, &value, &fixture->record);
    test_row(name, bs_str_equal(datom_key_str(&key), datom_key_str(&key_again)),
             "%s: makes another key", datom_family_name(family));
    test_row(name, bs_str_equal(record, bs_buf_str(&fixture->record)), "%s: makes another record",
             datom_family_name(family));
}

static void check_all_families(struct fixture *fixture, struct edn v, enum datom_type type,
                               const char *name)
{
    const struct datom_life life = {
        .e = datom_id_make(DATOM_PART_USER, 1007),
        .a = 4711,
        .v = v,
        .t_added = 1006,
        .t_retracted = DATOM_T_MAX,
    };
    for (int family = 0; family < DATOM_FAMILY_LOG; family++) {
        if (is_of_refs((enum datom_family)family) && type != DATOM_TYPE_REF)
            continue;
        check_life(fixture, (enum datom_family)family, &life, type, false, name);
        check_life(fixture, (enum datom_family)family, &life, type, true, name);
    }
}

static void test_key__of_every_family_and_type_comes_back(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < samples_count; i++)
        check_all_families(fixture, sample_value(&samples[i], fixture->arena), samples[i].type,
                           samples[i].text);
    test_rows_end();
}

static void test_key__of_random_values_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    for (int i = 0; i < 3000; i++) {
        enum datom_type type = (enum datom_type)(i % DATOM_TYPE_COUNT);
        check_all_families(fixture, random_value(&random, type, fixture->arena), type, "random");
    }
    test_rows_end();
}

static void test_key__records_hold_values_only_where_keys_do_not(void **state)
{
    static const struct {
        const char *name;
        enum datom_type type;
        const char *text;
        uint32_t repeat;
        enum datom_family family;
        bool many;
        bool has_value;
    } rows[] = {
        {"card one", DATOM_TYPE_STRING, "\"a\"", 0, DATOM_FAMILY_EAVT, false, true},
        {"card many", DATOM_TYPE_STRING, "\"a\"", 0, DATOM_FAMILY_EAVT, true, false},
        {"card many, cut", DATOM_TYPE_STRING, "a", 300, DATOM_FAMILY_AEVT, true, true},
        {"avet", DATOM_TYPE_STRING, "\"a\"", 0, DATOM_FAMILY_AVET, false, false},
        {"avet, cut", DATOM_TYPE_STRING, "a", 300, DATOM_FAMILY_AVET, false, true},
        {"avet, trailing zero", DATOM_TYPE_BIGDEC, "1.0M", 0, DATOM_FAMILY_AVET, false, true},
        {"avet, no trailing zero", DATOM_TYPE_BIGDEC, "1.5M", 0, DATOM_FAMILY_AVET, false, false},
        {"avet, zero with a scale", DATOM_TYPE_BIGDEC, "0.0M", 0, DATOM_FAMILY_AVET, false, true},
        {"vaet", DATOM_TYPE_REF, "17", 0, DATOM_FAMILY_VAET, true, false},
        {"history", DATOM_TYPE_STRING, "\"a\"", 0, DATOM_FAMILY_EAVT_H, false, false},
        {"history, cut", DATOM_TYPE_STRING, "a", 300, DATOM_FAMILY_AEVT_H, false, true},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct sample sample = {rows[i].type, rows[i].text, rows[i].repeat};
        struct datom_life life = {.e = 1, .a = 2, .v = sample_value(&sample, fixture->arena)};
        struct datom_key_value value;
        datom_key_value_encode(life.v, rows[i].type, &value);
        bs_buf_reset(&fixture->record);
        datom_record_make(rows[i].family, &life, rows[i].many, rows[i].type, &value,
                          &fixture->record);
        size_t t_bytes = is_history(rows[i].family) ? 0 : 8;
        test_row(rows[i].name, (fixture->record.len > t_bytes) == rows[i].has_value, "%zu bytes",
                 fixture->record.len);
    }
    test_rows_end();
}

static void test_key__of_the_log_is_t(void **state)
{
    struct datom_key key;
    (void)state;
    datom_key_make(DATOM_FAMILY_LOG, &(struct datom_life){.t_added = 0x0102}, false, NULL, &key);
    assert_true(bs_str_equal(datom_key_str(&key), BS_STR("\0\0\0\0\0\0\x01\x02")));
}

/* ---- order and beginnings ---- */

/* Each part of a datom's life one more: a key is larger by any of them, the first counting most. */
static void test_key__orders_by_the_parts_in_turn(void **state)
{
    static const char *const orders[] = {"eav",  "aev",  "ave",   "vae",
                                         "eart", "aert", "avert", "vaert"};
    (void)state;
    for (int family = 0; family < DATOM_FAMILY_LOG; family++) {
        struct datom_key previous = {.len = 0};
        /* The least part first: each key below is larger in the next one and smaller in those
         * after it. */
        for (const char *part = orders[family] + strlen(orders[family]); part > orders[family];) {
            part--;
            struct datom_life life = {
                .e = 5, .a = 5, .v = edn_long(5), .t_added = 5, .t_retracted = 5};
            for (const char *later = part; *later; later++) {
                int64_t number = later == part ? 6 : 4;
                life.e = *later == 'e' ? (datom_id)number : life.e;
                life.a = *later == 'a' ? (uint32_t)number : life.a;
                life.v = *later == 'v' ? edn_long(number) : life.v;
                life.t_retracted = *later == 'r' ? (uint64_t)number : life.t_retracted;
                life.t_added = *later == 't' ? (uint64_t)number : life.t_added;
            }
            struct datom_key_value value;
            struct datom_key key;
            datom_key_value_encode(life.v, DATOM_TYPE_REF, &value);
            datom_key_make((enum datom_family)family, &life, true, &value, &key);
            test_row(orders[family],
                     bs_str_compare(datom_key_str(&previous), datom_key_str(&key)) < 0, "part %c",
                     *part);
            previous = key;
        }
    }
    test_rows_end();
}

static void test_key__prefixes_begin_the_keys_of_their_parts(void **state)
{
    (void)state;
    for (int family = 0; family < DATOM_FAMILY_LOG; family++) {
        enum datom_family f = (enum datom_family)family;
        struct datom_life life = {
            .e = 10, .a = 20, .v = edn_long(30), .t_added = 40, .t_retracted = 50};
        struct datom_key_value value;
        struct datom_key key, prefix;
        size_t previous = 0;
        datom_key_value_encode(life.v, DATOM_TYPE_REF, &value);
        datom_key_make(f, &life, true, &value, &key);
        int parts_max = f == DATOM_FAMILY_EAVT_H || f == DATOM_FAMILY_AEVT_H ? 2 : 3;
        for (int parts = 1; parts <= parts_max; parts++) {
            datom_key_make_prefix(f, life.e, life.a, &value, parts, &prefix);
            test_row(datom_family_name(f),
                     bs_str_starts_with(datom_key_str(&key), datom_key_str(&prefix)) &&
                         prefix.len > previous,
                     "%d parts", parts);
            previous = prefix.len;
        }
        if (!is_history(f))
            test_row(datom_family_name(f), prefix.len == key.len, "all parts are the key");
    }
    test_rows_end();
}

/* ---- bytes that are none ---- */

#define E "\x00\x00\x10\x00\x00\x00\x03\xe9"
#define A "\x00\x00\x00\x49"
#define T "\x00\x00\x00\x00\x00\x00\x03\xe8"

static void test_key__bytes_that_are_none_are_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        enum datom_family family;
        struct bs_str key;
        struct bs_str record;
    } rows[] = {
        {"no key", DATOM_FAMILY_EAVT, {"", 0}, BS_STR(T)},
        {"short key", DATOM_FAMILY_EAVT, BS_STR(E "\x00\x00\x00"), BS_STR(T "\x10\x01")},
        {"no record", DATOM_FAMILY_EAVT, BS_STR(E A), {"", 0}},
        {"short t", DATOM_FAMILY_EAVT, BS_STR(E A), BS_STR("\x00\x00\x00")},
        {"card one without a value", DATOM_FAMILY_EAVT, BS_STR(E A), BS_STR(T)},
        {"card one with a broken value", DATOM_FAMILY_EAVT, BS_STR(E A), BS_STR(T "\x10\x03")},
        {"card one with more behind", DATOM_FAMILY_EAVT, BS_STR(E A), BS_STR(T "\x10\x01\x01")},
        {"card many with half a value", DATOM_FAMILY_EAVT, BS_STR(E A "\x48" "a"), BS_STR(T)},
        {"card many with more behind", DATOM_FAMILY_AEVT, BS_STR(A E "\x10\x01\x00"), BS_STR(T)},
        {"a value twice", DATOM_FAMILY_AEVT, BS_STR(A E "\x10\x01"), BS_STR(T "\x10\x01")},
        {"values of two types", DATOM_FAMILY_AEVT,
         BS_STR(A E "\x40\x02\x80\x00\x00\x00\x01\x0b\x00"), BS_STR(T "\x10\x01")},
        {"avet without a value", DATOM_FAMILY_AVET, BS_STR(A E), BS_STR(T)},
        {"avet one byte short", DATOM_FAMILY_AVET, BS_STR(A "\x10\x01" "\x00\x00\x00\x00\x00\x00\x01"),
         BS_STR(T)},
        {"short vaet", DATOM_FAMILY_VAET, BS_STR(E A "\x00\x00\x00\x00\x00\x00\x01"), BS_STR(T)},
        {"long vaet", DATOM_FAMILY_VAET, BS_STR(E A E "\x00"), BS_STR(T)},
        {"vaet with a value", DATOM_FAMILY_VAET, BS_STR(E A E), BS_STR(T "\x10\x01")},
        {"short history", DATOM_FAMILY_EAVT_H, BS_STR(E A T), {"", 0}},
        {"history without a value", DATOM_FAMILY_EAVT_H, BS_STR(E A T T), {"", 0}},
        {"history with a record", DATOM_FAMILY_AVET_H, BS_STR(A "\x10\x01" E T T), BS_STR(T)},
        {"short history of refs", DATOM_FAMILY_VAET_H, BS_STR(E A E T), {"", 0}},
        {"history of refs with a record", DATOM_FAMILY_VAET_H, BS_STR(E A E T T), BS_STR("\x10\x01")},
    };
    /* clang-format on */
    struct fixture *fixture = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct datom_life life = {.e = 4711};
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_key_parse(rows[i].family, rows[i].key, rows[i].record,
                                            fixture->arena, &life, &error);
        test_row(rows[i].name, code == BS_DATA_LOSS, "code %d", (int)code);
        test_row(rows[i].name, error.reason == BS_REASON_STORE_CORRUPT, "%s", error.message);
        test_row(rows[i].name, life.e == 4711, "wrote a life");
    }
    test_rows_end();
}

/* A value of 241 to 255 bytes, or of more than 256, is neither whole nor cut; a cut one needs its
 * record. */
static void test_key__values_of_impossible_lengths_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char bytes[12 + 300] = {0};
    memset(bytes + 12, 'a', 300);
    bytes[12] = 0x48;
    for (size_t size = DATOM_KEY_VALUE_MAX + 1; size <= 300; size++) {
        struct datom_life life;
        struct bs_error error = BS_ERROR_INIT;
        bool is_cut = size == DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH;
        struct bs_str key = bs_str_make(bytes, 12 + size);
        enum bs_code code = datom_key_parse(DATOM_FAMILY_EAVT, key,
                                            BS_STR(T "\x48\x01"
                                                     "a"),
                                            fixture->arena, &life, &error);
        assert_int_equal(code, is_cut ? BS_OK : BS_DATA_LOSS);
        code = datom_key_parse(DATOM_FAMILY_EAVT, key, BS_STR(T), fixture->arena, &life, &error);
        assert_int_equal(code, BS_DATA_LOSS);
    }
}

static void test_key__says_what_is_damaged(void **state)
{
    struct fixture *fixture = *state;
    struct datom_life life;
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = datom_key_parse(DATOM_FAMILY_EAVT, BS_STR(E A), BS_STR(T "\x10"),
                                        fixture->arena, &life, &error);
    assert_int_equal(code, BS_DATA_LOSS);
    assert_string_equal(error.message, "record of eavt of 9 bytes is damaged at byte 9: expected "
                                       "one more byte, found its end");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_key__of_every_family_and_type_comes_back),
        TEST(test_key__of_random_values_comes_back),
        TEST(test_key__records_hold_values_only_where_keys_do_not),
        TEST(test_key__of_the_log_is_t),
        TEST(test_key__orders_by_the_parts_in_turn),
        TEST(test_key__prefixes_begin_the_keys_of_their_parts),
        TEST(test_key__bytes_that_are_none_are_refused),
        TEST(test_key__values_of_impossible_lengths_are_refused),
        TEST(test_key__says_what_is_damaged),
    };
    return cmocka_run_group_tests_name("datom/key", tests, NULL, NULL);
}
