/*
 * Making backups. The order is what keeps the last backup good: files are added, then the manifest
 * that names them, then old manifests go, then files that no manifest names.
 */

#include "datom/backup.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datom/backup_manifest.h"
#include "datom/backup_stage.h"
#include "datom/folder.h"

struct backup {
    const struct datom_backup_options *options;
    struct bs_arena *arena;
    const char *store;
    const char *folder;
    const char *files; /* FOLDER/files */
    struct backup_stage stage;
    struct backup_manifests earlier;
    struct backup_manifest manifest;
    struct datom_backup_report report;
    uint64_t bytes_done, bytes_total;
};

static void count_bytes(void *self, uint64_t bytes)
{
    struct backup *backup = self;
    backup->bytes_done += bytes;
    if (backup->options->tell)
        backup->options->tell(backup->options->tell_self, backup->bytes_done, backup->bytes_total);
}

static const char *join(struct bs_arena *arena, const char *folder, const char *name)
{
    return bs_arena_dup_cstr(arena, bs_arena_printf(arena, "%s/%s", folder, name));
}

/* ---- the folder ---- */

static enum bs_code make_folder(const char *path, struct bs_error *error)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return BS_OK;
    if (errno == ENOENT)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND,
                            "can't make the folder \"%s\": the folder above it does not exist",
                            path);
    return datom_file_error(error, "make the folder", path);
}

/* A folder of backups, or one that may become it: else somebody's files would be tidied away. */
static enum bs_code check_folder(const struct backup *backup, struct bs_error *error)
{
    const char **names;
    size_t count;
    BS_TRY(datom_file_list(backup->folder, backup->arena, &names, &count, error));
    for (size_t i = 0; i < count; i++) {
        struct bs_str name = bs_str_from(names[i]);
        if (bs_str_equals(name, BACKUP_FILES) || bs_str_equals(name, DATOM_LOCK_FILE) ||
            bs_str_starts_with(name, BS_STR("backup-")))
            continue;
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the folder \"%s\" holds \"%s\", which is of no backup: expected a "
                            "folder of backups, or an empty or new one",
                            backup->folder, names[i]);
    }
    return BS_OK;
}

static enum bs_code check_same_store(const struct backup *backup, struct bs_error *error)
{
    if (backup->earlier.count == 0)
        return BS_OK;
    const struct backup_manifest *last = &backup->earlier.items[backup->earlier.count - 1];
    if (strcmp(last->store, backup->manifest.store) == 0)
        return BS_OK;
    return bs_error_set(error, BS_REASON_STORE_FORMAT,
                        "the folder \"%s\" holds backups of another store than \"%s\": expected a "
                        "folder of its own for each store",
                        backup->folder, backup->store);
}

static enum bs_code lock_folder(const char *folder, struct datom_folder_lock *ret_lock,
                                struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code code = datom_folder_lock(folder, ret_lock, &failure);
    if (code == BS_OK)
        return BS_OK;
    if (failure.reason == BS_REASON_STORE_LOCKED) {
        const struct bs_error_field *pid = bs_error_find(&failure, "pid");
        bs_error_set(error, BS_REASON_STORE_LOCKED,
                     "another backup into \"%s\" is under way, by the process with pid %lld",
                     folder, (long long)(pid ? pid->integer : 0));
        if (pid)
            bs_error_add_integer(error, "pid", pid->integer);
    } else if (error) {
        *error = failure;
    }
    return code;
}

/* ---- files ---- */

/* The same file in an earlier backup: tables never change, so name, size and time tell. */
static const struct backup_file *find_earlier(const struct backup *backup, const char *name,
                                              const struct datom_file_facts *facts)
{
    for (size_t i = backup->earlier.count; i-- > 0;) {
        const struct backup_manifest *manifest = &backup->earlier.items[i];
        for (size_t k = 0; k < manifest->files_count; k++) {
            const struct backup_file *file = &manifest->files[k];
            if (strcmp(file->name, name) == 0 && file->facts.size == facts->size &&
                file->facts.mtime_ns == facts->mtime_ns)
                return file;
        }
    }
    return NULL;
}

static bool is_stored(const struct backup *backup, const struct backup_file *file)
{
    BS_CLEANUP(bs_freep) char *path = datom_file_path(backup->files, file->stored);
    struct datom_file_facts facts;
    bool found = false;
    return datom_file_look(path, &facts, &found, NULL) == BS_OK && found &&
           facts.size == file->facts.size;
}

static enum bs_code copy_file(struct backup *backup, const char *from, struct backup_file *file,
                              struct bs_error *error)
{
    struct datom_file_meter meter = {.add = count_bytes, .self = backup};
    struct datom_file_copied copied;
    const char *incoming = join(backup->arena, backup->files, "incoming.tmp");
    (void)unlink(incoming); /* of a backup that was killed; if it can't go, the copy tells */
    BS_TRY(datom_file_copy(from, incoming, file->facts.mtime_ns, &meter, &copied, error));
    file->facts.size = copied.size;
    file->hash = bs_arena_dup_cstr(backup->arena, bs_str_from(copied.hash));
    struct bs_str stored = bs_arena_printf(backup->arena, "%s-%s", file->name, file->hash);
    file->stored = bs_arena_dup_cstr(backup->arena, stored);
    if (rename(incoming, join(backup->arena, backup->files, file->stored)) != 0)
        return datom_file_error(error, "rename a file to", file->stored);
    backup->report.files_copied++;
    backup->report.bytes_copied += copied.size;
    return BS_OK;
}

static enum bs_code take_file(struct backup *backup, const char *name, struct bs_error *error)
{
    struct backup_file *file = &backup->manifest.files[backup->manifest.files_count];
    const char *from = join(backup->arena, backup->stage.folder, name);
    bool found;
    *file = (struct backup_file){.name = name};
    BS_TRY(datom_file_look(from, &file->facts, &found, error));
    if (!found)
        return bs_error_set(error, BS_REASON_STORE_IO, "\"%s\" went away during the backup", from);
    const struct backup_file *earlier = find_earlier(backup, name, &file->facts);
    if (earlier && is_stored(backup, earlier)) {
        file->hash = earlier->hash;
        file->stored = earlier->stored;
        count_bytes(backup, file->facts.size);
    } else {
        BS_TRY(copy_file(backup, from, file, error));
    }
    backup->manifest.files_count++;
    return BS_OK;
}

static enum bs_code take_files(struct backup *backup, struct bs_error *error)
{
    const struct backup_stage *stage = &backup->stage;
    backup->manifest.files =
        bs_arena_new_array(backup->arena, stage->names_count, struct backup_file);
    for (size_t i = 0; i < stage->names_count; i++) {
        struct datom_file_facts facts = {0};
        bool found;
        const char *path = join(backup->arena, stage->folder, stage->names[i]);
        BS_TRY(datom_file_look(path, &facts, &found, error));
        backup->bytes_total += facts.size;
    }
    for (size_t i = 0; i < stage->names_count; i++)
        BS_TRY(take_file(backup, stage->names[i], error));
    datom_file_sync_folder(backup->files);
    return BS_OK;
}

/* ---- tidying ---- */

static bool is_named(const struct backup *backup, size_t first_kept, const char *stored)
{
    for (size_t k = 0; k < backup->manifest.files_count; k++) {
        if (strcmp(backup->manifest.files[k].stored, stored) == 0)
            return true;
    }
    for (size_t i = first_kept; i < backup->earlier.count; i++) {
        const struct backup_manifest *manifest = &backup->earlier.items[i];
        for (size_t k = 0; k < manifest->files_count; k++) {
            if (strcmp(manifest->files[k].stored, stored) == 0)
                return true;
        }
    }
    return false;
}

/* The backup is made; what can't be removed now goes next time. */
static void tidy(struct backup *backup)
{
    uint64_t keep = BS_MAX(backup->options->keep, UINT64_C(1));
    size_t first_kept =
        backup->earlier.count + 1 > keep ? backup->earlier.count + 1 - (size_t)keep : 0;
    for (size_t i = 0; i < first_kept; i++)
        (void)unlink(backup->earlier.items[i].path);
    datom_file_sync_folder(backup->folder);
    /* what a damaged manifest names is not known, and may be wanted by whoever repairs it */
    if (backup->earlier.damaged_count > 0)
        return;
    const char **names;
    size_t count;
    if (datom_file_list(backup->files, backup->arena, &names, &count, NULL) != BS_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!is_named(backup, first_kept, names[i]))
            (void)unlink(join(backup->arena, backup->files, names[i]));
    }
}

/* ---- the whole ---- */

static enum bs_code read_identity(struct backup *backup, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(1 << 20);
    const char *path = join(backup->arena, backup->stage.folder, "IDENTITY");
    backup->manifest.store = "";
    if (access(path, F_OK) != 0)
        return BS_OK;
    BS_TRY(datom_file_read(path, &text, error));
    backup->manifest.store = bs_arena_dup_cstr(backup->arena, bs_str_trim(bs_buf_str(&text)));
    return BS_OK;
}

static enum bs_code run_staged(struct backup *backup, struct bs_error *error)
{
    struct backup_manifest *manifest = &backup->manifest;
    struct bs_clock clock = bs_clock_system();
    BS_TRY(backup_manifests_read(backup->folder, backup->arena, &backup->earlier, error));
    BS_TRY(read_identity(backup, error));
    BS_TRY(check_same_store(backup, error));
    BS_TRY(take_files(backup, error));
    manifest->generation = backup->earlier.newest + 1;
    backup->report.damaged = backup->earlier.damaged_count;
    manifest->path = backup_manifest_path(backup->arena, backup->folder, manifest->generation);
    manifest->basis_t = backup->stage.basis_t;
    manifest->instant_ms = clock.now_ms(clock.self);
    BS_TRY(backup_manifest_write(manifest, error));
    datom_file_sync_folder(backup->folder);
    tidy(backup);
    return BS_OK;
}

enum bs_code datom_backup(struct bs_str store, struct bs_str folder,
                          const struct datom_backup_options *options,
                          struct datom_backup_report *ret_report, struct bs_error *error)
{
    static const struct datom_backup_options defaults = {0};
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct backup backup = {.options = options ? options : &defaults, .arena = arena};
    backup.store = bs_arena_dup_cstr(arena, store);
    backup.folder = bs_arena_dup_cstr(arena, folder);
    backup.files = join(arena, backup.folder, BACKUP_FILES);
    BS_TRY(backup_stage_make(backup.store, arena, &backup.stage, error));
    struct datom_folder_lock lock = {.fd = -1};
    enum bs_code code = make_folder(backup.folder, error);
    if (code == BS_OK)
        code = check_folder(&backup, error);
    if (code == BS_OK)
        code = lock_folder(backup.folder, &lock, error);
    if (code == BS_OK)
        code = make_folder(backup.files, error);
    if (code == BS_OK)
        code = run_staged(&backup, error);
    datom_folder_unlock(&lock);
    backup_stage_fini(&backup.stage);
    if (code != BS_OK)
        return code;
    struct datom_backup_report report = backup_manifest_report(&backup.manifest);
    report.files_copied = backup.report.files_copied;
    report.bytes_copied = backup.report.bytes_copied;
    report.damaged = backup.report.damaged;
    if (ret_report)
        *ret_report = report;
    return BS_OK;
}
