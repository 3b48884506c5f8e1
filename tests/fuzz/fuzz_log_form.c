/*
 * EDN text as a transaction of an export. What reads prints to a form that reads back to the same
 * datoms; what does not says why.
 */

#include <stddef.h>
#include <stdint.h>

#include "datom/log_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
    "[{:db/ident :p/email :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/seen :db/valueType :db.type/instant :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/worth :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/ratio :db/valueType :db.type/float :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/blob :db/valueType :db.type/bytes :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/at :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/long :db.type/string]}]";

static struct datom_db *store(void)
{
    static struct datom_db *db;
    struct bs_error error;
    if (db != NULL)
        return db;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    BS_ASSERT(datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, &error) == BS_OK);
    db = datom_conn_db(conn);
    datom_conn_unref(conn);
    return db;
}

static void assert_same(const struct datom_log_entry *one, const struct datom_log_entry *other)
{
    BS_ASSERT(one->t == other->t && one->count == other->count);
    for (size_t i = 0; i < one->count; i++) {
        const struct datom *a = &one->datoms[i];
        const struct datom *b = &other->datoms[i];
        BS_ASSERT(a->e == b->e && a->a == b->a && a->added == b->added && a->tx == b->tx);
        BS_ASSERT(edn_equal(a->v, b->v));
    }
}

static void check(struct edn form, struct bs_arena *arena)
{
    struct datom_log_entry entry, again;
    struct bs_error error;
    struct edn printed;
    if (datom_log_form_read(store(), form, arena, &entry, &error) != BS_OK) {
        BS_ASSERT(error.code != BS_INTERNAL && error.message[0] != '\0');
        return;
    }
    BS_ASSERT(datom_log_form_is(form));
    struct bs_buf text = BS_BUF_INIT(0);
    datom_log_form_print(store(), &entry, &text);
    BS_ASSERT(edn_read(bs_buf_str(&text), arena, &printed, &error) == BS_OK);
    BS_ASSERT(datom_log_form_read(store(), printed, arena, &again, &error) == BS_OK);
    assert_same(&entry, &again);
    bs_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error;
    struct edn form;
    if (edn_read(bs_str_make((const char *)data, size), arena, &form, &error) == BS_OK)
        check(form, arena);
    bs_arena_free(arena);
    return 0;
}
