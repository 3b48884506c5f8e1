#include "support.h"

#include "datom/fixture.h"
#include "datom/held.h"

const char held_schema[] =
    "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/tag :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :p/note :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]";

void held_add_people(struct datom_conn *conn, int count)
{
    for (int i = 0; i < count; i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "[{:p/name \"person %03d\" :p/age %d :p/tag [:tag/a :tag/b%d] :p/note \"n%d\""
                 " :p/friend [[:p/name \"person 000\"]]}]",
                 i, 20 + i % 30, i % 7, i);
        if (i == 0)
            fixture_transact(conn, "[{:p/name \"person 000\"}]");
        fixture_transact(conn, text);
    }
}

static void print_datom(struct bs_buf *out, const struct datom *datom)
{
    char value[100];
    bs_buf_printf(out, "[%llu %llu %s %llu %d]\n", (unsigned long long)datom->e,
                  (unsigned long long)datom->a, edn_print_cut(datom->v, value, sizeof(value)),
                  (unsigned long long)datom->tx, datom->added);
}

/* Everything in an index, with `pause` between the batches. */
static void print_index(struct datom_db *db, enum datom_index index, struct bs_buf *out,
                        void (*pause)(void *self), void *self)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_cursor *cursor = NULL;
    size_t count = 1;
    assert_int_equal(datom_cursor_open(db, &(struct datom_range){.index = index}, &cursor, &error),
                     BS_OK);
    while (count > 0) {
        const struct datom *datoms;
        if (datom_cursor_next(cursor, &datoms, &count, &error) != BS_OK)
            fail_msg("%s", error.message);
        for (size_t i = 0; i < count; i++)
            print_datom(out, &datoms[i]);
        if (pause)
            pause(self);
    }
    datom_cursor_free(cursor);
}

static void print_log(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self),
                      void *self)
{
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found = true;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    while (found) {
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        for (size_t i = 0; found && i < entry.count; i++)
            print_datom(out, &entry.datoms[i]);
        if (pause)
            pause(self);
    }
    datom_log_close(reader);
}

static void print_view(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self),
                       void *self)
{
    for (int index = DATOM_EAVT; index <= DATOM_VAET; index++) {
        bs_buf_printf(out, "-- %d\n", index);
        print_index(db, (enum datom_index)index, out, pause, self);
    }
}

void held_print(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self), void *self)
{
    struct datom_db *history = datom_db_history(db);
    uint64_t middle = (DATOM_FIRST_USER_T + datom_db_basis_t(db)) / 2;
    struct datom_db *past = datom_db_as_of(db, middle);
    struct datom_db *since = datom_db_since(db, middle);
    print_view(db, out, pause, self);
    print_view(history, out, pause, self);
    print_view(past, out, pause, self);
    print_view(since, out, pause, self);
    print_log(db, out, pause, self);
    datom_db_unref(history);
    datom_db_unref(past);
    datom_db_unref(since);
}

void held_assert_same(const char *what, const struct bs_buf *is, const struct bs_buf *should)
{
    const char *a = is->ptr ? is->ptr : "";
    const char *b = should->ptr ? should->ptr : "";
    size_t size = BS_MIN(is->len, should->len);
    size_t at = 0, line = 0;
    assert_true(should->len > 1000 && !should->overflowed);
    while (at < size && a[at] == b[at]) {
        if (a[at++] == '\n')
            line = at;
    }
    if (at == size && is->len == should->len)
        return;
    fail_msg("%s: after %zu bytes of %zu and %zu: is %.*s should be %.*s", what, at, is->len,
             should->len, (int)BS_MIN(is->len - line, (size_t)80), a + line,
             (int)BS_MIN(should->len - line, (size_t)80), b + line);
}

uint64_t held_sum_of_ages(struct datom_db *db)
{
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = age->id};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    uint64_t sum = 0;
    size_t count = 1;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    while (count > 0) {
        const struct datom *datoms;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++)
            sum += (uint64_t)datoms[i].v.as.integer;
    }
    return sum;
}
