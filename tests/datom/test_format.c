/*
 * The format, held still: the bytes of a table of values, keys, records and log records are
 * compared with the golden files. What changes them changes the format's version (docs/format.md).
 */

#include "support.h"

#include "support/golden.h"

#include "base/base.h"
#include "datom/key.h"
#include "datom/samples.h"

static int set_up(void **state)
{
    *state = bs_arena_new(0);
    return 0;
}

static int tear_down(void **state)
{
    bs_arena_free(*state);
    return 0;
}

/* "  what hex\n" */
static void add_hex(struct bs_buf *out, const char *what, struct bs_str bytes)
{
    bs_buf_printf(out, "  %-7s ", what);
    bs_hex_encode(out, bytes.ptr, bytes.len);
    if (bytes.len == 0)
        bs_buf_append_byte(out, '-');
    bs_buf_append_byte(out, '\n');
}

static void test_format__values_are_as_they_were(void **state)
{
    struct bs_buf out = BS_BUF_INIT(0);
    struct bs_buf plain = BS_BUF_INIT(0);
    for (size_t i = 0; i < samples_count; i++) {
        struct edn value = sample_value(&samples[i], *state);
        struct datom_key_value ordered;
        datom_key_value_encode(value, samples[i].type, &ordered);
        bs_buf_reset(&plain);
        datom_value_encode(value, samples[i].type, &plain);
        bs_buf_append_str(&out, sample_name(&samples[i], *state));
        bs_buf_append_cstr(&out, ordered.is_cut        ? " (cut)\n"
                                 : ordered.is_complete ? "\n"
                                                       : " (completed in the record)\n");
        add_hex(&out, "ordered", bs_str_make((const char *)ordered.bytes, ordered.len));
        if (plain.len <= 80)
            add_hex(&out, "plain", bs_buf_str(&plain));
        else
            bs_buf_printf(&out, "  plain   %zu bytes\n", plain.len);
    }
    golden_check("keys/values.txt", bs_buf_str(&out));
    bs_buf_fini(&plain);
    bs_buf_fini(&out);
}

static void add_family(struct bs_buf *out, enum datom_family family, const struct sample *sample,
                       bool many, struct bs_arena *arena)
{
    const struct datom_life life = {
        .e = datom_id_make(DATOM_PART_USER, 1001),
        .a = 73,
        .v = sample_value(sample, arena),
        .t_added = 1000,
        .t_retracted = 1002,
    };
    struct datom_key_value value;
    struct datom_key key;
    struct bs_buf record = BS_BUF_INIT(0);
    datom_key_value_encode(life.v, sample->type, &value);
    datom_key_make(family, &life, many, &value, &key);
    datom_record_make(family, &life, many, sample->type, &value, &record);
    bs_buf_printf(out, "%s%s, ", datom_family_name(family), many ? ", many" : "");
    bs_buf_append_str(out, sample_name(sample, arena));
    bs_buf_append_byte(out, '\n');
    add_hex(out, "key", datom_key_str(&key));
    add_hex(out, "record", bs_buf_str(&record));
    bs_buf_fini(&record);
}

static void test_format__keys_and_records_are_as_they_were(void **state)
{
    static const struct sample values[] = {
        {DATOM_TYPE_REF, "17592186045420", 0},
        {DATOM_TYPE_STRING, "\"Björk\"", 0},
        {DATOM_TYPE_STRING, "ab", 150},
        {DATOM_TYPE_BIGDEC, "1.50M", 0},
    };
    struct bs_buf out = BS_BUF_INIT(0);
    for (int family = 0; family < DATOM_FAMILY_LOG; family++) {
        bool of_refs = family == DATOM_FAMILY_VAET || family == DATOM_FAMILY_VAET_H;
        bool has_many = family == DATOM_FAMILY_EAVT || family == DATOM_FAMILY_AEVT;
        for (size_t i = 0; i < (of_refs ? 1 : BS_ARRAY_COUNT(values)); i++) {
            add_family(&out, (enum datom_family)family, &values[i], false, *state);
            if (has_many)
                add_family(&out, (enum datom_family)family, &values[i], true, *state);
        }
    }
    golden_check("keys/keys.txt", bs_buf_str(&out));
    bs_buf_fini(&out);
}

static void test_format__log_records_are_as_they_were(void **state)
{
    const datom_id tx = datom_t_to_tx(1000);
    const datom_id e = datom_id_make(DATOM_PART_USER, 1001);
    const struct datom datoms[] = {
        {.e = tx, .a = 50, .v = edn_instant(1714567890123), .tx = tx, .added = true},
        {.e = e, .a = 73, .v = EDN_STRING_LIT("Björk"), .tx = tx, .added = true},
        {.e = e, .a = 74, .v = edn_long(1965), .tx = tx, .added = true},
        {.e = e + 1, .a = 300, .v = edn_long((int64_t)e), .tx = tx, .added = false},
        {.e = 7, .a = 10, .v = EDN_KEYWORD_LIT("a/b"), .tx = tx, .added = true},
    };
    const enum datom_type types[] = {
        DATOM_TYPE_INSTANT, DATOM_TYPE_STRING, DATOM_TYPE_LONG, DATOM_TYPE_REF, DATOM_TYPE_KEYWORD,
    };
    struct bs_buf out = BS_BUF_INIT(0);
    struct bs_buf record = BS_BUF_INIT(0);
    struct datom_key key;
    (void)state;
    datom_key_make(DATOM_FAMILY_LOG, &(struct datom_life){.t_added = 1000}, false, NULL, &key);
    datom_log_encode(datoms, types, BS_ARRAY_COUNT(datoms), 1000, &record);
    bs_buf_append_cstr(&out, "log, t 1000, five datoms\n");
    add_hex(&out, "key", datom_key_str(&key));
    add_hex(&out, "record", bs_buf_str(&record));
    golden_check("keys/log.txt", bs_buf_str(&out));
    bs_buf_fini(&record);
    bs_buf_fini(&out);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_format__values_are_as_they_were),
        TEST(test_format__keys_and_records_are_as_they_were),
        TEST(test_format__log_records_are_as_they_were),
    };
    return cmocka_run_group_tests_name("datom/format", tests, NULL, NULL);
}
