/*
 * The moment that a backup holds. RocksDB's files are of three kinds: tables, which never change;
 * write-ahead logs, which only grow; and the MANIFEST, which grows with every change of the set of
 * tables and logs, before a table or a log that is not needed any more is deleted. So when the
 * MANIFEST has the same size before and after all tables and logs were linked, everything that it
 * names is among them, and the logs hold at least what was acknowledged before. Links keep the
 * bytes whatever the writer deletes later. Then the folder is opened as a store, which shows that
 * it is one; a log that grew since is as good, its writes follow without a gap.
 */

#include "datom/backup_stage.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "datom/conn.h"
#include "datom/files.h"
#include "datom/folder.h"
#include "datom/rocks.h"

#define STAGE_PREFIX "backup-"
#define STAGE_SUFFIX ".tmp"
#define TRIES 100
#define PAUSE_NS 50000000
#define CURRENT_BYTES_MAX 1000

/* ---- names ---- */

static bool is_table_or_log(const char *name)
{
    struct bs_str s = bs_str_from(name);
    return bs_str_ends_with(s, BS_STR(".sst")) || bs_str_ends_with(s, BS_STR(".log"));
}

/* The pid in "backup-PID-NUMBER.tmp"; 0 when it is no such name. */
static int64_t stage_pid(const char *name)
{
    struct bs_str s = bs_str_from(name);
    struct bs_str part;
    int64_t pid;
    if (!bs_str_starts_with(s, BS_STR(STAGE_PREFIX)) || !bs_str_ends_with(s, BS_STR(STAGE_SUFFIX)))
        return 0;
    s = bs_str_from_offset(s, sizeof(STAGE_PREFIX) - 1);
    if (!bs_str_split(&s, '-', &part) || !bs_str_parse_i64(part, &pid))
        return 0;
    return pid > 0 && pid < INT32_MAX ? pid : 0;
}

/* Folders of backups that were killed. */
static void remove_stale(const char *store, const char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t pid = stage_pid(names[i]);
        if (pid == 0 || kill((pid_t)pid, 0) == 0 || errno == EPERM)
            continue;
        BS_CLEANUP(bs_freep) char *path = datom_file_path(store, names[i]);
        datom_folder_remove(path);
    }
}

/* ---- one attempt ---- */

/* The MANIFEST that CURRENT names, without the line break. */
static enum bs_code read_current(const char *store, struct bs_arena *arena, const char **ret_name,
                                 struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(CURRENT_BYTES_MAX * 1000);
    BS_CLEANUP(bs_freep) char *path = datom_file_path(store, "CURRENT");
    BS_TRY(datom_file_read(path, &text, error));
    struct bs_str name = bs_str_trim(bs_buf_str(&text));
    if (!bs_str_starts_with(name, BS_STR("MANIFEST-")) || name.len > CURRENT_BYTES_MAX)
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "the store's file \"%s\" names no MANIFEST", path);
    *ret_name = bs_arena_dup_cstr(arena, name);
    return BS_OK;
}

static enum bs_code copy_small(const char *store, const char *stage, const char *name,
                               struct datom_file_copied *ret_copied, struct bs_error *error)
{
    BS_CLEANUP(bs_freep) char *from = datom_file_path(store, name);
    BS_CLEANUP(bs_freep) char *to = datom_file_path(stage, name);
    return datom_file_copy(from, to, 0, NULL, ret_copied, error);
}

static enum bs_code link_tables_and_logs(const char *store, const char *stage,
                                         struct bs_arena *arena, struct bs_error *error)
{
    const char **names;
    size_t count;
    BS_TRY(datom_file_list(store, arena, &names, &count, error));
    for (size_t i = 0; i < count; i++) {
        if (!is_table_or_log(names[i]))
            continue;
        BS_CLEANUP(bs_freep) char *from = datom_file_path(store, names[i]);
        BS_CLEANUP(bs_freep) char *to = datom_file_path(stage, names[i]);
        bool found; /* what is gone already was not needed: see above */
        BS_TRY(datom_file_link(from, to, &found, error));
    }
    return BS_OK;
}

/* *ret_is_whole false: the writer changed its set of files meanwhile. */
static enum bs_code take_moment(const char *store, const char *stage, struct bs_arena *arena,
                                bool *ret_is_whole, struct bs_error *error)
{
    const char *before, *after;
    struct datom_file_copied manifest, copied;
    struct datom_file_facts facts;
    BS_TRY(read_current(store, arena, &before, error));
    BS_TRY(copy_small(store, stage, before, &manifest, error));
    BS_TRY(copy_small(store, stage, "CURRENT", &copied, error));
    BS_TRY(link_tables_and_logs(store, stage, arena, error));
    BS_TRY(read_current(store, arena, &after, error));
    BS_CLEANUP(bs_freep) char *path = datom_file_path(store, before);
    bool found;
    BS_TRY(datom_file_look(path, &facts, &found, error));
    *ret_is_whole = found && strcmp(before, after) == 0 && facts.size == manifest.size;
    BS_CLEANUP(bs_freep) char *identity = datom_file_path(store, "IDENTITY");
    BS_TRY(datom_file_look(identity, &facts, &found, error));
    if (found)
        BS_TRY(copy_small(store, stage, "IDENTITY", &copied, error));
    return BS_OK;
}

struct names {
    struct bs_arena *arena;
    const char **items;
    size_t count, capacity;
};

static void add_name(void *self, const char *name)
{
    struct names *names = self;
    bs_grow(&names->items, names->count, &names->capacity, sizeof(*names->items));
    names->items[names->count++] = bs_arena_dup_cstr(names->arena, bs_str_from(name));
}

/* The tables that are in use, and all that is no table. */
static enum bs_code collect_names(const char *folder, struct datom_conn *conn,
                                  struct bs_arena *arena, struct backup_stage *stage,
                                  struct bs_error *error)
{
    const char **all;
    size_t count;
    BS_TRY(datom_file_list(folder, arena, &all, &count, error));
    struct names names = {.arena = arena};
    datom_store_each_table(conn->store, add_name, &names);
    for (size_t i = 0; i < count; i++) {
        if (!bs_str_ends_with(bs_str_from(all[i]), BS_STR(".sst")))
            add_name(&names, all[i]);
    }
    stage->names = bs_arena_new_array(arena, names.count, const char *);
    memcpy(stage->names, names.items, names.count * sizeof(*names.items));
    stage->names_count = names.count;
    free(names.items);
    return BS_OK;
}

/* Shows that it is a store, whole to the last table. */
static enum bs_code prove(struct backup_stage *stage, struct bs_arena *arena,
                          struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    struct datom_options options = {.read_only = true};
    BS_TRY(datom_conn_open(bs_str_from(stage->folder), &options, &conn, error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    stage->basis_t = datom_db_basis_t(db);
    return collect_names(stage->folder, conn, arena, stage, error);
}

static enum bs_code attempt(const char *store, struct bs_arena *arena, struct backup_stage *stage,
                            bool *ret_is_whole, struct bs_error *error)
{
    *ret_is_whole = false;
    if (mkdir(stage->folder, 0777) != 0)
        return datom_file_error(error, "make the folder", stage->folder);
    BS_TRY(take_moment(store, stage->folder, arena, ret_is_whole, error));
    return *ret_is_whole ? prove(stage, arena, error) : BS_OK;
}

enum bs_code backup_stage_make(const char *store, struct bs_arena *arena,
                               struct backup_stage *ret_stage, struct bs_error *error)
{
    enum datom_folder_kind kind;
    BS_TRY(datom_folder_look(store, &kind, error));
    if (kind != DATOM_FOLDER_STORE && kind != DATOM_FOLDER_ROCKSDB)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND, "there is no store at \"%s\"", store);
    const char **names;
    size_t count;
    BS_TRY(datom_file_list(store, arena, &names, &count, error));
    remove_stale(store, names, count);

    static _Atomic unsigned number;
    char name[64];
    struct backup_stage stage = {0};
    snprintf(name, sizeof(name), STAGE_PREFIX "%lld-%u" STAGE_SUFFIX, (long long)getpid(),
             number++);
    stage.folder = datom_file_path(store, name);
    enum bs_code code = BS_OK;
    bool is_whole = false;
    for (int i = 0; i < TRIES && !is_whole; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        datom_folder_remove(stage.folder);
        struct bs_error failure = BS_ERROR_INIT;
        code = attempt(store, arena, &stage, &is_whole, &failure);
        if (code == BS_OK)
            continue;
        is_whole = false;
        if (error)
            *error = failure;
        /* a file may have gone between its naming and its linking */
        if (failure.reason != BS_REASON_STORE_IO && failure.reason != BS_REASON_STORE_CORRUPT)
            break;
    }
    if (code == BS_OK && !is_whole)
        code = bs_error_set(
            error, BS_REASON_STORE_IO,
            "the writer of the store \"%s\" changes its files too fast for a backup", store);
    if (code != BS_OK) {
        backup_stage_fini(&stage);
        return code;
    }
    *ret_stage = stage;
    return BS_OK;
}

void backup_stage_fini(struct backup_stage *stage)
{
    datom_folder_remove(stage->folder);
    free(stage->folder);
    *stage = (struct backup_stage){0};
}
