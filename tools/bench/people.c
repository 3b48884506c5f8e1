/* Drawing people, and transacting them. */

#include "people.h"

#include <errno.h>

static const char *const names[] = {"Ivan", "Petr",   "Sergei", "Oleg",
                                    "Yuri", "Dmitry", "Fedor",  "Denis"};
static const char *const last_names[] = {"Ivanov",  "Petrov",    "Sidorov",
                                         "Kovalev", "Kuznetsov", "Voronoi"};
static const char *const sexes[] = {"male", "female"};

static const char *draw(struct bs_random *random, const char *const *texts, size_t count)
{
    return texts[bs_random_below(random, count)];
}

#define DRAW(random, texts) draw((random), (texts), BS_ARRAY_COUNT(texts))

void people_init(struct people *people, size_t count)
{
    static const char *const attributes[] = {"name", "last-name", "sex", "age", "salary"};
    struct bs_random random;
    bs_random_seed(&random, 20000);
    people->arena = bs_arena_new(0);
    people->count = count;
    people->attributes = bs_arena_new_array(people->arena, PEOPLE_ATTRIBUTES, struct edn);
    people->values = bs_arena_new_array(people->arena, count * PEOPLE_ATTRIBUTES, struct edn);
    for (size_t i = 0; i < PEOPLE_ATTRIBUTES; i++)
        people->attributes[i] = edn_keyword(bs_str_from(attributes[i]));
    for (size_t i = 0; i < count; i++) {
        struct edn *values = &people->values[i * PEOPLE_ATTRIBUTES];
        values[0] = edn_string(bs_str_from(DRAW(&random, names)));
        values[1] = edn_string(bs_str_from(DRAW(&random, last_names)));
        values[2] = edn_keyword(bs_str_from(DRAW(&random, sexes)));
        values[3] = edn_long((int64_t)bs_random_below(&random, 100));
        values[4] = edn_long((int64_t)bs_random_below(&random, 100000));
    }
}

void people_fini(struct people *people)
{
    bs_arena_free(people->arena);
    *people = (struct people){0};
}

enum bs_code people_write_json(const struct people *people, const char *path,
                               struct bs_error *error)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < people->count; i++) {
        const struct edn *values = &people->values[i * PEOPLE_ATTRIBUTES];
        fprintf(file, "%s[\"%.*s\", \"%.*s\", \"%.*s\", %lld, %lld]", i == 0 ? "[" : ",\n",
                BS_STR_ARGS(edn_text_of(values[0])), BS_STR_ARGS(edn_text_of(values[1])),
                BS_STR_ARGS(edn_text_of(values[2])), (long long)values[3].as.integer,
                (long long)values[4].as.integer);
    }
    fprintf(file, "]\n");
    if (fclose(file) == 0)
        return BS_OK;
    return bs_error_set(error, BS_REASON_CLI_FILE, "%s: %s", path, strerror(errno));
}

enum bs_code people_install(struct datom_conn *conn, struct bs_error *error)
{
    static const char schema[] =
        "[{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
        " {:db/ident :last-name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
        " {:db/ident :sex :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}"
        " {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
        " {:db/ident :salary :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]";
    return datom_transact_text(conn, bs_str_from(schema), NULL, NULL, error);
}

/* {:db/id "N" :name ... :salary ...} */
static struct edn person_map(const struct people *people, size_t i, struct bs_arena *arena)
{
    const size_t count = 2 * (PEOPLE_ATTRIBUTES + 1);
    struct edn *items = bs_arena_new_array(arena, count, struct edn);
    items[0] = EDN_KEYWORD_LIT("db/id");
    items[1] = edn_string(bs_arena_printf(arena, "%zu", i + 1));
    for (size_t j = 0; j < PEOPLE_ATTRIBUTES; j++) {
        items[2 * j + 2] = people->attributes[j];
        items[2 * j + 3] = people->values[i * PEOPLE_ATTRIBUTES + j];
    }
    return edn_collection(EDN_MAP, items, PEOPLE_ATTRIBUTES + 1);
}

enum bs_code people_add_all(const struct people *people, struct datom_conn *conn, datom_id *ret_ids,
                            struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    struct edn *maps = bs_arena_new_array(arena, people->count, struct edn);
    for (size_t i = 0; i < people->count; i++)
        maps[i] = person_map(people, i, arena);
    BS_TRY(datom_transact(conn, edn_collection(EDN_VECTOR, maps, (uint32_t)people->count), NULL,
                          &report, error));
    BS_ASSERT(report->datoms_count == people->count * PEOPLE_ATTRIBUTES + 1);
    BS_ASSERT(report->tempids_count == people->count);
    for (size_t i = 0; ret_ids && i < people->count; i++)
        ret_ids[i] = report->tempids[i].id;
    return BS_OK;
}

enum bs_code people_add_each(const struct people *people, struct datom_conn *conn,
                             struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (size_t i = 0; i < people->count; i++) {
        bs_arena_reset(arena);
        struct edn map = person_map(people, i, arena);
        BS_TRY(datom_transact(conn, edn_collection(EDN_VECTOR, &map, 1), NULL, NULL, error));
    }
    return BS_OK;
}

static enum bs_code transact_one(struct datom_conn *conn, struct edn *items, size_t count,
                                 struct datom_report **ret_report, struct bs_error *error)
{
    struct edn form = edn_collection(EDN_VECTOR, items, (uint32_t)count);
    return datom_transact(conn, edn_collection(EDN_VECTOR, &form, 1), NULL, ret_report, error);
}

enum bs_code people_add_datoms(const struct people *people, struct datom_conn *conn,
                               struct bs_error *error)
{
    for (size_t i = 0; i < people->count; i++) {
        struct edn e = EDN_STRING_LIT("person");
        for (size_t j = 0; j < PEOPLE_ATTRIBUTES; j++) {
            struct edn items[] = {EDN_KEYWORD_LIT("db/add"), e, people->attributes[j],
                                  people->values[i * PEOPLE_ATTRIBUTES + j]};
            BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
            BS_TRY(
                transact_one(conn, items, BS_ARRAY_COUNT(items), j == 0 ? &report : NULL, error));
            if (j == 0)
                e = edn_long((int64_t)datom_report_tempid(report, BS_STR("person")));
        }
    }
    return BS_OK;
}

enum bs_code people_retract_each(const datom_id *ids, size_t count, struct datom_conn *conn,
                                 struct bs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct edn items[] = {EDN_KEYWORD_LIT("db/retractEntity"), edn_long((int64_t)ids[i])};
        BS_TRY(transact_one(conn, items, BS_ARRAY_COUNT(items), NULL, error));
    }
    return BS_OK;
}
