/*
 * The engine on RocksDB's C API: opening, closing, writing. (Snapshots are snapshot.c's, iterators
 * rocks_iter.c's.) Invariants: a store has its database open from the end of datom_store_open until
 * its last holder goes; an iterator holds its snapshot, a snapshot its store, so that nothing of
 * RocksDB is left when the database is closed. RocksDB's error strings become a bs_error in one
 * place (rocks_take_error).
 */

#include "datom/rocks.h"

#include <time.h>

#include "datom/folder.h"
#include "datom/rocks_store.h"
#include "datom/wal.h"
#include "datom/wal_damage.h"

/* How often, and with what pause, a read-only open tries again when the writing process has just
 * deleted a file that it was about to open. */
#define SECONDARY_TRIES 10
#define SECONDARY_PAUSE_NS 20000000

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static bool is_corruption(const char *text)
{
    return strncmp(text, "Corruption", strlen("Corruption")) == 0;
}

enum bs_code rocks_take_error(char *text, const char *verb, const char *dir, struct bs_error *error)
{
    if (!text)
        return BS_OK;
    enum bs_reason reason = BS_REASON_STORE_IO;
    if (is_corruption(text))
        reason = BS_REASON_STORE_CORRUPT;
    else if (contains(text, "Column family not found"))
        reason = BS_REASON_STORE_UNFINISHED; /* or in the making right now */
    else if (contains(text, "olumn famil"))
        reason = BS_REASON_STORE_FORMAT; /* families that another version has, or none of ours */
    enum bs_code code =
        bs_error_set(error, reason, "can't %s the store \"%s\": %s", verb, dir, text);
    rocksdb_free(text);
    return code;
}

/* ---- open and close ---- */

void rocks_close_engine(struct datom_store *store)
{
    for (unsigned i = 0; i < DATOM_ROCKS_COLUMNS; i++)
        if (store->columns[i])
            rocksdb_column_family_handle_destroy(store->columns[i]);
    memset(store->columns, 0, sizeof(store->columns));
    if (store->db && store->no_sync && !store->read_only && store->mode == ROCKS_WRITES) {
        char *text = NULL; /* nobody is left to be told */
        rocksdb_flush_wal(store->db, 1, &text);
        rocksdb_free(text);
    }
    if (store->db)
        rocksdb_close(store->db);
    store->db = NULL;
    datom_rocks_options_fini(&store->options);
}

static void store_free(struct datom_store *store)
{
    rocks_snapshots_fini(store);
    rocks_write_out(store);
    rocks_close_engine(store);
    pthread_rwlock_destroy(&store->engine_lock);
    if (store->write_synced)
        rocksdb_writeoptions_destroy(store->write_synced);
    if (store->write_unsynced)
        rocksdb_writeoptions_destroy(store->write_unsynced);
    datom_folder_unlock(&store->lock);
    datom_folder_remove(store->secondary_dir);
    free(store->secondary_dir);
    free(store->dir);
    free(store);
}

static void store_freep(struct datom_store **store)
{
    if (*store)
        store_free(*store);
}

/*
 * The engine's own log stands elsewhere, and nowhere once the engine is open: a line that it can't
 * write there because the disk is full makes the next one abort the process. Failures come as
 * errors, so that nothing is missed. NULL: in the store, where no other place can be made.
 */
static char *make_log_dir(void)
{
    char in_memory[] = "/dev/shm/bandstand-XXXXXX";
    char *dir = NULL;
    if (mkdtemp(in_memory))
        return bs_strdup(in_memory);
    return datom_folder_make_temporary(&dir, NULL) == BS_OK ? dir : NULL;
}

/* One attempt; *ret_text is RocksDB's complaint or NULL. */
static void open_once(struct datom_store *store, bool compress, char **ret_text)
{
    const char *names[DATOM_ROCKS_COLUMNS] = {"default"};
    for (unsigned i = 1; i < DATOM_ROCKS_COLUMNS; i++)
        names[i] = datom_family_name((enum datom_family)(i - 1));
    struct datom_rocks_options *options = &store->options;
    datom_rocks_options_init(options, &store->given, compress);
    BS_CLEANUP(bs_freep) char *log_dir = make_log_dir();
    if (log_dir)
        rocksdb_options_set_db_log_dir(options->db, log_dir);
    const rocksdb_options_t *const *columns = (const rocksdb_options_t *const *)options->columns;
    *ret_text = NULL;
    if (store->read_only)
        store->db = rocksdb_open_as_secondary_column_families(
            options->db, store->dir, store->secondary_dir, DATOM_ROCKS_COLUMNS, names, columns,
            store->columns, ret_text);
    else if (store->mode == ROCKS_READS)
        store->db =
            rocksdb_open_for_read_only_column_families(options->db, store->dir, DATOM_ROCKS_COLUMNS,
                                                       names, columns, store->columns, 0, ret_text);
    else
        store->db = rocksdb_open_column_families(options->db, store->dir, DATOM_ROCKS_COLUMNS,
                                                 names, columns, store->columns, ret_text);
    if (*ret_text) {
        store->db = NULL;
        memset(store->columns, 0, sizeof(store->columns));
        datom_rocks_options_fini(options);
    }
    for (unsigned i = 0; store->db && i < DATOM_ROCKS_COLUMNS; i++)
        store->column_ids[i] = rocksdb_column_family_handle_get_id(store->columns[i]);
    datom_folder_remove(log_dir);
}

/* A log whose end a power cut has filled with zeros counts as torn there, not as damaged. */
static void open_without_zeros(struct datom_store *store, bool compress, char **text)
{
    struct datom_wal_cut cut;
    if (datom_wal_cut_zeros(store->dir, &cut)) {
        rocksdb_free(*text);
        open_once(store, compress, text);
        if (*text)
            datom_wal_restore(&cut);
    }
    datom_wal_cut_fini(&cut);
}

static void pause_reader(void)
{
    nanosleep(&(struct timespec){.tv_nsec = SECONDARY_PAUSE_NS}, NULL);
}

/* Beside a process that writes, what looks damaged may be half written. */
static enum bs_code refuse_damaged_logs(struct datom_store *store, struct bs_error *error)
{
    struct datom_wal_damage damage;
    int tries = store->read_only ? SECONDARY_TRIES : 1;
    for (int i = 0; i < tries; i++) {
        if (i > 0)
            pause_reader();
        if (!datom_wal_find_damage(store->dir, &damage))
            return BS_OK;
    }
    return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                        "the store \"%s\" is damaged: its log \"%s\" can't be read at byte %lld, "
                        "and goes on behind it",
                        store->dir, damage.name, (long long)damage.offset);
}

enum bs_code rocks_open_engine(struct datom_store *store, struct bs_error *error)
{
    char *text;
    bool compress = !store->given.no_compression;
    BS_TRY(refuse_damaged_logs(store, error));
    open_once(store, compress, &text);
    if (text && contains(text, "not linked with the binary")) {
        rocksdb_free(text);
        compress = false;
        open_once(store, compress, &text);
    }
    for (int i = 1;
         store->read_only && text && contains(text, "No such file") && i < SECONDARY_TRIES; i++) {
        rocksdb_free(text);
        pause_reader();
        open_once(store, compress, &text);
    }
    if (!store->read_only && store->mode == ROCKS_WRITES && text && is_corruption(text))
        open_without_zeros(store, compress, &text);
    return rocks_take_error(text, "open", store->dir, error);
}

/* Whether a RocksDB database that has no lock file of ours is a store: a copy, say. */
static enum bs_code check_families(const char *dir, struct bs_error *error)
{
    size_t count = 0;
    char *text = NULL;
    rocksdb_options_t *options = rocksdb_options_create();
    char **names = rocksdb_list_column_families(options, dir, &count, &text);
    rocksdb_options_destroy(options);
    BS_TRY(rocks_take_error(text, "read", dir, error));
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || strcmp(names[i], datom_family_name(DATOM_FAMILY_EAVT)) == 0;
    rocksdb_list_column_families_destroy(names, count);
    if (!found)
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the folder \"%s\" holds a RocksDB database that is no store", dir);
    return BS_OK;
}

/* Looks at the folder, before anything is written there; makes it where that is asked for. */
static enum bs_code check_folder(const char *dir, bool create, struct bs_error *error)
{
    enum datom_folder_kind kind;
    BS_TRY(datom_folder_look(dir, &kind, error));
    switch (kind) {
    case DATOM_FOLDER_STORE:
        return BS_OK;
    case DATOM_FOLDER_ROCKSDB:
        return check_families(dir, error);
    case DATOM_FOLDER_DAMAGED:
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "the store \"%s\" has lost its file CURRENT; its data are still there",
                            dir);
    case DATOM_FOLDER_OTHER:
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the folder \"%s\" holds other things and no store; a store is made "
                            "in an empty or a new folder",
                            dir);
    case DATOM_FOLDER_MISSING:
    case DATOM_FOLDER_EMPTY:
        break;
    }
    if (!create)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND, "there is no store at \"%s\"", dir);
    return datom_folder_make(dir, error);
}

/*
 * Not the folder tells whether a store is new, but its content: the making may have stopped
 * half-way.
 */
static enum bs_code look_for_meta(struct datom_store *store, struct bs_error *error)
{
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_iterator_t *iter =
        rocksdb_create_iterator_cf(store->db, read, rocks_column(store, DATOM_FAMILY_META));
    rocksdb_iter_seek_to_first(iter);
    store->is_new = !rocksdb_iter_valid(iter);
    char *text = NULL;
    rocksdb_iter_get_error(iter, &text);
    rocksdb_iter_destroy(iter);
    rocksdb_readoptions_destroy(read);
    return rocks_take_error(text, "read", store->dir, error);
}

static char *take_cstr(struct bs_str s)
{
    char *text = bs_malloc(s.len + 1);
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return text;
}

static rocksdb_writeoptions_t *write_options(bool sync)
{
    rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(options, sync);
    return options;
}

enum bs_code datom_store_open(struct bs_str dir, const struct datom_options *options,
                              struct datom_store **ret_store, struct bs_error *error)
{
    static const struct datom_options defaults = {.create = true};
    if (!options)
        options = &defaults;
    if (dir.len == 0 || memchr(dir.ptr, '\0', dir.len))
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND,
                            "a store's folder needs a name without NUL bytes");
    BS_CLEANUP(store_freep) struct datom_store *store = bs_calloc(1, sizeof(*store));
    bs_ref_init(&store->ref);
    store->read_only = options->read_only;
    store->no_sync = options->no_sync;
    store->lock.fd = -1;
    store->given = *options;
    store->given.functions = NULL;
    pthread_rwlock_init(&store->engine_lock, NULL);
    rocks_snapshots_init(store, options->hold_ms);
    store->dir = take_cstr(dir);
    BS_TRY(check_folder(store->dir, options->create && !options->read_only, error));
    if (options->read_only)
        BS_TRY(datom_folder_make_temporary(&store->secondary_dir, error));
    else
        BS_TRY(datom_folder_lock(store->dir, &store->lock, error));
    BS_TRY(rocks_open_engine(store, error));
    store->write_synced = write_options(true);
    store->write_unsynced = write_options(false);
    BS_TRY(look_for_meta(store, error));
    if (store->is_new && !(options->create && !options->read_only))
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND,
                            "there is no store at \"%s\" yet: its making was not finished",
                            store->dir);
    *ret_store = store;
    store = NULL;
    return BS_OK;
}

struct datom_store *datom_store_ref(struct datom_store *store)
{
    bs_ref_get(&store->ref);
    return store;
}

void datom_store_unref(struct datom_store *store)
{
    if (store && bs_ref_put(&store->ref))
        store_free(store);
}

bool datom_store_is_read_only(const struct datom_store *store)
{
    return store->read_only;
}

bool datom_store_is_new(const struct datom_store *store)
{
    return store->is_new;
}

/* ---- sizes, following ---- */

static uint64_t property(const struct datom_store *store, enum datom_family family,
                         const char *name)
{
    uint64_t value = 0;
    if (!store->db)
        return 0;
    if (rocksdb_property_int_cf(store->db, rocks_column(store, family), name, &value) != 0)
        return 0;
    return value;
}

static uint64_t bytes_of_files(const struct datom_store *store)
{
    uint64_t bytes = 0;
    for (int i = 0; i <= DATOM_FAMILY_META; i++)
        bytes += property(store, (enum datom_family)i, "rocksdb.live-sst-files-size");
    return bytes;
}

/*
 * What a secondary has read of a log stays in its memory until another log says something of the
 * same family, and goes before the files. When the writer has written the log out meanwhile, the
 * files may lack what was deleted or erased at its end: so then the engine is opened anew.
 */
enum bs_code datom_store_catch_up(struct datom_store *store, struct bs_error *error)
{
    char *text = NULL;
    pthread_mutex_lock(&store->held_lock);
    store->newest_t = ROCKS_T_UNKNOWN;
    pthread_mutex_unlock(&store->held_lock);
    if (!store->read_only)
        return BS_OK;
    if (store->db)
        rocksdb_try_catch_up_with_primary(store->db, &text);
    BS_TRY(rocks_take_error(text, "follow the writer of", store->dir, error));
    if (store->db && bytes_of_files(store) == store->followed_bytes)
        return BS_OK;
    BS_TRY(datom_store_reopen(store, error));
    store->followed_bytes = bytes_of_files(store);
    return BS_OK;
}

void datom_store_family_size(struct datom_store *store, enum datom_family family,
                             uint64_t *ret_bytes, uint64_t *ret_keys)
{
    datom_store_enter(store);
    *ret_bytes = property(store, family, "rocksdb.live-sst-files-size") +
                 property(store, family, "rocksdb.cur-size-all-mem-tables");
    *ret_keys = property(store, family, "rocksdb.estimate-num-keys");
    datom_store_leave(store);
}

void datom_store_each_table(struct datom_store *store, void (*found)(void *self, const char *name),
                            void *self)
{
    datom_store_enter(store);
    const rocksdb_livefiles_t *files = store->db ? rocksdb_livefiles(store->db) : NULL;
    datom_store_leave(store);
    if (!files)
        return;
    for (int i = 0; i < rocksdb_livefiles_count(files); i++) {
        const char *name = rocksdb_livefiles_name(files, i);
        found(self, name[0] == '/' ? name + 1 : name);
    }
    rocksdb_livefiles_destroy(files);
}
