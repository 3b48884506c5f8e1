/*
 * From transactions to the files of all families. derive.c makes the families of datoms; the log's
 * records are kept beside it, in a sorter, though they come in order: so its file, the one that
 * takes longest to pack, is written like the others by two threads, each taking the next family
 * that nobody has.
 */

#include "datom/build.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "datom/bootstrap.h"
#include "datom/files.h"
#include "datom/folder.h"
#include "datom/load.h"
#include "datom/rocks_tables.h"
#include "datom/sorter.h"

#define DERIVE_BYTES ((size_t)160 * 1024 * 1024)
#define LOG_BYTES ((size_t)32 * 1024 * 1024)
#define THREADS 2
#define FOLDER_NAME "build.tmp"

struct datom_build {
    struct datom_store *store;
    char *folder;
    struct datom_derive *derive;
    struct datom_sorter *log; /* NULL: without */
    struct datom_tables *tables[DATOM_FAMILY_META];
    struct bs_buf record;
};

static enum bs_code keep_log(struct datom_build *build, const struct datom *datoms, size_t count,
                             uint64_t t, struct bs_error *error)
{
    const struct datom_schema *schema = datom_derive_body(build->derive)->schema;
    enum datom_type *types = bs_malloc((count + 1) * sizeof(*types));
    for (size_t i = 0; i < count; i++)
        types[i] = datom_schema_attribute(schema, datoms[i].a)->type;
    bs_buf_reset(&build->record);
    datom_log_encode(datoms, types, count, t, &build->record);
    free(types);
    uint8_t key[8];
    bs_store_u64(key, t);
    return datom_sorter_add(build->log, bs_str_make((const char *)key, sizeof(key)),
                            bs_buf_str(&build->record), error);
}

enum bs_code datom_build_new(struct datom_store *store, struct bs_str dir, bool with_log,
                             enum bs_reason reason, struct datom_build **ret_build,
                             struct bs_error *error)
{
    struct datom_build *build = bs_calloc(1, sizeof(*build));
    struct bs_buf folder = BS_BUF_INIT(0);
    bs_buf_printf(&folder, "%.*s/%s", BS_STR_ARGS(dir), FOLDER_NAME);
    build->folder = bs_buf_take(&folder, NULL);
    build->store = datom_store_ref(store);
    bs_buf_init(&build->record, 0);
    datom_folder_remove(build->folder); /* of one that was killed */
    build->derive = datom_derive_new(build->folder, DERIVE_BYTES, reason);
    enum bs_code code = BS_OK;
    if (mkdir(build->folder, 0777) != 0)
        code = datom_file_error(error, "make the folder", build->folder);
    if (code == BS_OK && with_log) {
        size_t count;
        const struct datom *datoms = datom_bootstrap_datoms(&count);
        build->log = datom_sorter_new(build->folder, LOG_BYTES);
        code = keep_log(build, datoms, count, DATOM_BOOT_T, error);
    }
    if (code == BS_OK)
        *ret_build = build;
    else
        datom_build_free(build);
    return code;
}

void datom_build_free(struct datom_build *build)
{
    if (!build)
        return;
    datom_derive_free(build->derive);
    datom_sorter_free(build->log);
    for (int i = 0; i < DATOM_FAMILY_META; i++)
        datom_tables_free(build->tables[i]);
    datom_folder_remove(build->folder);
    datom_store_unref(build->store);
    bs_buf_fini(&build->record);
    free(build->folder);
    free(build);
}

struct datom_derive *datom_build_derive(struct datom_build *build)
{
    return build->derive;
}

enum bs_code datom_build_add(struct datom_build *build, const struct datom_log_entry *entry,
                             struct bs_error *error)
{
    BS_TRY(datom_derive_add(build->derive, entry, error));
    if (!build->log)
        return BS_OK;
    size_t count;
    const struct datom *datoms = datom_derive_datoms(build->derive, &count);
    return keep_log(build, datoms, count, entry->t, error);
}

/* ---- files ---- */

/* Families by what they take, the longest first, so that both threads end at about the same time.
 */
static const enum datom_family in_order[] = {
    DATOM_FAMILY_AEVT,   DATOM_FAMILY_EAVT,   DATOM_FAMILY_LOG,
    DATOM_FAMILY_AVET,   DATOM_FAMILY_VAET,   DATOM_FAMILY_AEVT_H,
    DATOM_FAMILY_EAVT_H, DATOM_FAMILY_AVET_H, DATOM_FAMILY_VAET_H,
};

struct work {
    struct datom_build *build;
    atomic_size_t *next; /* of in_order, that nobody has */
    enum bs_code code;
    struct bs_error error;
};

static enum bs_code write_log(struct datom_build *build, struct bs_error *error)
{
    struct datom_sorter_walk *walk = datom_sorter_walk_new(build->log);
    enum bs_code code;
    for (;;) {
        struct bs_str key, record;
        bool found;
        code = datom_sorter_walk_next(walk, &key, &record, &found, error);
        if (code != BS_OK || !found)
            break;
        code = datom_tables_add(build->tables[DATOM_FAMILY_LOG], key, record, error);
        if (code != BS_OK)
            break;
    }
    datom_sorter_walk_free(walk);
    return code;
}

static enum bs_code write_datoms(struct datom_build *build, enum datom_family family,
                                 struct bs_error *error)
{
    for (;;) {
        struct bs_str key, record;
        bool found;
        BS_TRY(datom_derive_next(build->derive, family, &key, &record, &found, error));
        if (!found)
            return BS_OK;
        BS_TRY(datom_tables_add(build->tables[family], key, record, error));
    }
}

static enum bs_code write_family(struct datom_build *build, enum datom_family family,
                                 struct bs_error *error)
{
    if (family == DATOM_FAMILY_LOG && !build->log)
        return BS_OK;
    build->tables[family] = datom_tables_new(build->store, family, build->folder);
    BS_TRY(family == DATOM_FAMILY_LOG ? write_log(build, error)
                                      : write_datoms(build, family, error));
    return datom_tables_finish(build->tables[family], error);
}

static void *write_families(void *data)
{
    struct work *work = data;
    for (size_t i = (*work->next)++; i < BS_ARRAY_COUNT(in_order) && work->code == BS_OK;
         i = (*work->next)++)
        work->code = write_family(work->build, in_order[i], &work->error);
    return NULL;
}

enum bs_code datom_build_finish(struct datom_build *build, struct bs_error *error)
{
    BS_TRY(datom_derive_finish(build->derive, error));
    if (build->log)
        datom_sorter_finish(build->log);
    atomic_size_t next = 0;
    struct work works[THREADS];
    pthread_t threads[THREADS];
    bool is_started[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        works[i] = (struct work){.build = build, .next = &next};
    for (int i = 1; i < THREADS; i++)
        is_started[i] = pthread_create(&threads[i], NULL, write_families, &works[i]) == 0;
    write_families(&works[0]);
    for (int i = 1; i < THREADS; i++) {
        if (is_started[i])
            pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (works[i].code != BS_OK && error)
            *error = works[i].error;
        BS_TRY(works[i].code);
    }
    return BS_OK;
}

enum bs_code datom_build_replace(struct datom_build *build, struct bs_error *error)
{
    for (int family = 0; family < DATOM_FAMILY_META; family++) {
        if (build->tables[family])
            BS_TRY(datom_tables_replace(build->tables[family], error));
    }
    return BS_OK;
}

/* ---- meta ---- */

static void put_meta(struct datom_build *build, struct datom_write *write, struct bs_str key,
                     struct bs_str record, bool is_delete)
{
    datom_write_add(
        build->store, write,
        &(struct datom_change){
            .family = DATOM_FAMILY_META, .is_delete = is_delete, .key = key, .record = record});
}

/* Counts of attributes that are there now: the new ones are put over them. */
static enum bs_code delete_counts(struct datom_build *build, struct datom_write *write,
                                  struct bs_error *error)
{
    struct datom_snapshot *snapshot = datom_snapshot_take(build->store);
    datom_store_enter(build->store);
    struct datom_kv_iter *iter = datom_snapshot_iter(snapshot, DATOM_FAMILY_META, error);
    datom_kv_seek(iter, BS_STR("n"));
    for (; iter->valid && iter->key.ptr[0] == 'n'; datom_kv_next(iter)) {
        if (iter->key.len == 5)
            put_meta(build, write, iter->key, BS_STR_EMPTY, true);
    }
    enum bs_code code = iter->code;
    datom_kv_free(iter);
    datom_store_leave(build->store);
    datom_snapshot_unref(snapshot);
    return code;
}

enum bs_code datom_build_write_meta(struct datom_build *build, uint64_t next_t,
                                    uint64_t next_element, struct bs_str marker,
                                    struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_body *body = datom_derive_body(build->derive);
    body->next_t = BS_MAX(body->next_t, next_t);
    body->next_element = BS_MAX(body->next_element, next_element);
    /* one datom of each attribute, for the counts of all of them */
    size_t limit = body->counts->limit;
    struct datom *datoms = bs_arena_zalloc(arena, (limit + 1) * sizeof(*datoms));
    size_t count = 0;
    for (datom_id a = 0; a < limit; a++) {
        if (body->counts->live[a] > 0)
            datoms[count++].a = a;
    }
    struct datom_change *changes;
    size_t changes_count;
    datom_load_meta_changes(body, datoms, count, arena, &changes, &changes_count);
    struct datom_write *write = datom_write_new();
    enum bs_code code = delete_counts(build, write, error);
    for (size_t i = 0; i < changes_count; i++)
        datom_write_add(build->store, write, &changes[i]);
    put_meta(build, write, BS_STR("format"), BS_STR(BS_STRINGIFY(1)), false);
    if (marker.len > 0)
        put_meta(build, write, marker, BS_STR_EMPTY, true);
    if (code == BS_OK)
        code = datom_store_write(build->store, write, true, error);
    datom_write_free(write);
    return code;
}
