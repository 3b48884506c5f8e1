#include "support.h"

#include "datom/fixture.h"
#include "datom/secrets.h"

const char *const secrets[SECRETS_COUNT] = {
    "[{:db/ident :p/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/last-seen :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}]",
    "[{:p/id \"secret-eve\" :p/name \"secret-name-1\" :p/tags [\"secret-tag-1\" \"secret-tag-2\"]"
    "  :p/last-seen \"secret-seen-1\" :db/ident :person/secret-eve"
    "  :p/parts [{:p/name \"secret-part-1\" :p/parts [{:p/name \"secret-part-2\"}]}]}"
    " {:p/id \"adam\" :p/name \"kept-name-1\" :p/last-seen \"kept-seen-1\"}]",
    "[{:p/id \"adam\" :p/friend [:p/id \"secret-eve\"] :p/name \"kept-name-2\"}"
    " [:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-2\"]"
    " [:db/retract [:p/id \"secret-eve\"] :p/tags \"secret-tag-1\"]]",
    "[{:p/id \"secret-eve\" :p/last-seen \"secret-seen-2\"}"
    " {:p/id \"adam\" :p/last-seen \"kept-seen-2\"}]",
    "[[:db/retract [:p/id \"secret-eve\"] :p/last-seen]]",
    "[{:p/id \"secret-eve\" :p/last-seen \"secret-seen-3\"}]",
};

void secrets_add(struct datom_conn *conn)
{
    for (size_t i = 0; i < SECRETS_COUNT; i++)
        fixture_transact(conn, secrets[i]);
}

struct datom_conn *secrets_open(const char *name, const struct datom_log_store *log)
{
    return fixture_open(
        name, &(struct datom_options){.create = true, .no_compression = true, .log = log});
}

size_t secrets_in_index(struct datom_db *db, enum datom_index index, const char *needle)
{
    struct datom_range range = {.index = index};
    struct datom_cursor *cursor;
    size_t found = 0;
    char text[200];
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    for (;;) {
        const struct datom *datoms;
        size_t count;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++)
            found += strstr(edn_print_cut(datoms[i].v, text, sizeof(text)), needle) != NULL;
        if (count == 0)
            break;
    }
    datom_cursor_free(cursor);
    return found;
}

size_t secrets_in_log(struct datom_db *db, const char *needle)
{
    struct datom_log_reader *reader;
    size_t count = 0;
    char text[200];
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        if (!found)
            break;
        for (size_t i = 0; i < entry.count; i++)
            count += strstr(edn_print_cut(entry.datoms[i].v, text, sizeof(text)), needle) != NULL;
    }
    datom_log_close(reader);
    return count;
}

size_t secrets_left(struct datom_conn *conn, const char *needle)
{
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *history = datom_db_history(db);
    size_t count = secrets_in_log(db, needle);
    for (int index = DATOM_EAVT; index <= DATOM_AVET; index++)
        count += secrets_in_index(history, (enum datom_index)index, needle);
    datom_db_unref(history);
    datom_db_unref(db);
    return count;
}

size_t secrets_in_files(const char *name, const char *needle)
{
    char command[300];
    char line[200];
    size_t count = 0;
    snprintf(command, sizeof(command), "grep -rla -e '%s' %s/%s", needle, fixture_folder(), name);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe)) {
        print_message("%s stands in %s", needle, line);
        count++;
    }
    pclose(pipe);
    return count;
}
