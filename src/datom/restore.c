/*
 * Reading backups back: every byte that is read is compared with the manifest, whether it goes into
 * a new store or nowhere. CURRENT is written last, so that a folder whose restoring was cut off is
 * no store.
 */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datom/backup.h"
#include "datom/backup_manifest.h"
#include "datom/folder.h"

struct restore {
    const struct datom_backup_options *options;
    struct bs_arena *arena;
    const char *folder; /* of the backup */
    const char *store;  /* NULL: only read */
    struct backup_manifests manifests;
    uint64_t bytes_done, bytes_total;
};

static void count_bytes(void *self, uint64_t bytes)
{
    struct restore *restore = self;
    restore->bytes_done += bytes;
    if (restore->options->tell)
        restore->options->tell(restore->options->tell_self, restore->bytes_done,
                               restore->bytes_total);
}

static const char *join(struct bs_arena *arena, const char *folder, const char *name)
{
    return bs_arena_dup_cstr(arena, bs_arena_printf(arena, "%s/%s", folder, name));
}

static enum bs_code damaged(const char *path, const char *what, struct bs_error *error)
{
    bs_error_set(error, BS_REASON_STORE_CORRUPT, "the backup's file \"%s\" is damaged: %s", path,
                 what);
    bs_error_add_text(error, "file", bs_str_from(path));
    return BS_DATA_LOSS;
}

/* Reads a file of the backup, to the store where there is one. */
static enum bs_code take_file(struct restore *restore, const struct backup_file *file,
                              struct bs_error *error)
{
    struct datom_file_meter meter = {.add = count_bytes, .self = restore};
    struct datom_file_copied copied;
    struct datom_file_facts facts;
    const char *files = join(restore->arena, restore->folder, BACKUP_FILES);
    const char *from = join(restore->arena, files, file->stored);
    const char *to = restore->store ? join(restore->arena, restore->store, file->name) : NULL;
    bool found;
    BS_TRY(datom_file_look(from, &facts, &found, error));
    if (!found)
        return damaged(from, "it is missing", error);
    if (facts.size != file->facts.size)
        return damaged(from, "its size is not the one in the manifest", error);
    BS_TRY(datom_file_copy(from, to, file->facts.mtime_ns, &meter, &copied, error));
    if (strcmp(copied.hash, file->hash) != 0)
        return damaged(from, "its bytes differ from their checksum", error);
    return BS_OK;
}

static enum bs_code open_backup(struct restore *restore, struct bs_error *error)
{
    BS_TRY(backup_manifests_read(restore->folder, restore->arena, &restore->manifests, error));
    if (restore->manifests.count == 0 && restore->manifests.damaged_count == 0)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND, "there is no backup at \"%s\"",
                            restore->folder);
    return BS_OK;
}

/* The newest damaged manifest, told as an error; of one generation when that is not 0. */
static enum bs_code tell_damage(const struct restore *restore, uint64_t generation,
                                struct bs_error *error)
{
    const struct backup_damaged *newest = NULL;
    for (size_t i = 0; i < restore->manifests.damaged_count; i++) {
        const struct backup_damaged *damaged = &restore->manifests.damaged[i];
        if ((generation == 0 || damaged->generation == generation) &&
            (!newest || damaged->generation > newest->generation))
            newest = damaged;
    }
    if (!newest)
        return BS_OK;
    if (error)
        *error = newest->error;
    return newest->error.code;
}

static struct restore restore_make(struct bs_str folder, const struct datom_backup_options *options,
                                   struct bs_arena *arena)
{
    static const struct datom_backup_options defaults = {0};
    return (struct restore){
        .options = options ? options : &defaults,
        .arena = arena,
        .folder = bs_arena_dup_cstr(arena, folder),
    };
}

/* ---- looking ---- */

enum bs_code datom_backup_list(struct bs_str backup,
                               void (*found)(void *self, const struct datom_backup_report *report),
                               void *self, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct restore restore = restore_make(backup, NULL, arena);
    BS_TRY(open_backup(&restore, error));
    for (size_t i = 0; i < restore.manifests.count; i++) {
        struct datom_backup_report report = backup_manifest_report(&restore.manifests.items[i]);
        found(self, &report);
    }
    return tell_damage(&restore, 0, error);
}

/* Whether an earlier generation has the very same file, which was read then. */
static bool was_read(const struct restore *restore, size_t generation_idx, const char *stored)
{
    for (size_t i = 0; i < generation_idx; i++) {
        const struct backup_manifest *manifest = &restore->manifests.items[i];
        for (size_t k = 0; k < manifest->files_count; k++) {
            if (strcmp(manifest->files[k].stored, stored) == 0)
                return true;
        }
    }
    return false;
}

enum bs_code datom_backup_verify(struct bs_str backup, const struct datom_backup_options *options,
                                 struct datom_backup_report *ret_report, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct restore restore = restore_make(backup, options, arena);
    BS_TRY(open_backup(&restore, error));
    struct datom_backup_report report = {0};
    for (int pass = 0; pass < 2; pass++) { /* the sum first, for those who show progress */
        for (size_t i = 0; i < restore.manifests.count; i++) {
            const struct backup_manifest *manifest = &restore.manifests.items[i];
            report = backup_manifest_report(manifest);
            for (size_t k = 0; k < manifest->files_count; k++) {
                if (was_read(&restore, i, manifest->files[k].stored))
                    continue;
                if (pass == 0)
                    restore.bytes_total += manifest->files[k].facts.size;
                else
                    BS_TRY(take_file(&restore, &manifest->files[k], error));
            }
        }
    }
    BS_TRY(tell_damage(&restore, 0, error));
    if (ret_report)
        *ret_report = report;
    return BS_OK;
}

/* ---- restoring ---- */

static enum bs_code find_generation(const struct restore *restore,
                                    const struct backup_manifest **ret_manifest,
                                    struct bs_error *error)
{
    const struct backup_manifests *manifests = &restore->manifests;
    uint64_t generation = restore->options->generation;
    /* an older one than the newest only for those who ask for it */
    uint64_t wanted = generation > 0 ? generation : manifests->newest;
    *ret_manifest = NULL;
    for (size_t i = 0; i < manifests->count; i++) {
        if (manifests->items[i].generation == wanted)
            *ret_manifest = &manifests->items[i];
    }
    if (*ret_manifest)
        return BS_OK;
    BS_TRY(tell_damage(restore, manifests->count > 0 ? generation : 0, error));
    return bs_error_set(error, BS_REASON_STORE_NOT_FOUND,
                        "the backup \"%s\" has no generation %llu: its newest is %llu",
                        restore->folder, (unsigned long long)generation,
                        (unsigned long long)manifests->newest);
}

static enum bs_code check_target(const char *store, struct bs_arena *arena, bool *ret_is_new,
                                 struct bs_error *error)
{
    const char **names;
    size_t count;
    struct stat status;
    *ret_is_new = lstat(store, &status) != 0;
    if (*ret_is_new)
        return datom_folder_make(store, error);
    if (!S_ISDIR(status.st_mode))
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "\"%s\" is not a folder; a store is a folder", store);
    BS_TRY(datom_file_list(store, arena, &names, &count, error));
    if (count > 0)
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the folder \"%s\" is not empty (\"%s\"): a backup is restored into an "
                            "empty or new folder",
                            store, names[0]);
    return BS_OK;
}

static enum bs_code copy_all(struct restore *restore, const struct backup_manifest *manifest,
                             struct bs_error *error)
{
    const struct backup_file *current = NULL;
    for (size_t i = 0; i < manifest->files_count; i++) {
        const struct backup_file *file = &manifest->files[i];
        if (strcmp(file->name, "CURRENT") == 0)
            current = file;
        else
            BS_TRY(take_file(restore, file, error));
    }
    if (!current)
        return damaged(manifest->path, "it lists no CURRENT", error);
    datom_file_sync_folder(restore->store);
    BS_TRY(take_file(restore, current, error));
    datom_file_sync_folder(restore->store);
    return BS_OK;
}

/* Opens what was made; it must be as new as the manifest says. */
static enum bs_code prove(const struct restore *restore, const struct backup_manifest *manifest,
                          struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    struct datom_options options = {.read_only = true};
    BS_TRY(datom_conn_open(bs_str_from(restore->store), &options, &conn, error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    if (datom_db_basis_t(db) >= manifest->basis_t)
        return BS_OK;
    return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                        "the restored store ends at t %llu: the backup's manifest \"%s\" says %llu",
                        (unsigned long long)datom_db_basis_t(db), manifest->path,
                        (unsigned long long)manifest->basis_t);
}

enum bs_code datom_backup_restore(struct bs_str backup, struct bs_str store,
                                  const struct datom_backup_options *options,
                                  struct datom_backup_report *ret_report, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct restore restore = restore_make(backup, options, arena);
    const struct backup_manifest *manifest;
    bool is_new;
    BS_TRY(open_backup(&restore, error));
    BS_TRY(find_generation(&restore, &manifest, error));
    const char *target = bs_arena_dup_cstr(arena, store);
    BS_TRY(check_target(target, arena, &is_new, error));
    struct datom_backup_report report = backup_manifest_report(manifest);
    restore.store = target;
    restore.bytes_total = report.bytes;
    enum bs_code code = copy_all(&restore, manifest, error);
    if (code == BS_OK)
        code = prove(&restore, manifest, error);
    if (code != BS_OK) {
        for (size_t i = 0; i < manifest->files_count; i++)
            (void)unlink(join(arena, target, manifest->files[i].name));
        if (is_new)
            (void)rmdir(target);
        return code;
    }
    report.files_copied = report.files;
    report.bytes_copied = report.bytes;
    if (ret_report)
        *ret_report = report;
    return BS_OK;
}
