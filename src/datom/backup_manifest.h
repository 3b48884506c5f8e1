#ifndef DATOM_BACKUP_MANIFEST_H
#define DATOM_BACKUP_MANIFEST_H

/*
 * Manifests of backups, and the folder that they stand in. A manifest is one line of EDN and one
 * with the checksum of that line. Memory is the arena's. Any thread.
 */

#include "datom/backup.h"
#include "datom/files.h"

#define BACKUP_FILES "files"
#define BACKUP_FORMAT 1

struct backup_file {
    const char *name;              /* in the store */
    const char *stored;            /* below files/ */
    struct datom_file_facts facts; /* as it was in the store */
    const char *hash;
};

struct backup_manifest {
    const char *path;
    uint64_t generation;
    const char *store; /* the engine's name for the database; "" when it has none */
    uint64_t basis_t;
    int64_t instant_ms;
    struct backup_file *files;
    size_t files_count;
};

/* One that can't be read: nobody knows what it names. */
struct backup_damaged {
    uint64_t generation;   /* by the file's name; 0 when that is none */
    struct bs_error error; /* STORE_CORRUPT, with the field "file" */
};

/* Generations, ascending. */
struct backup_manifests {
    struct backup_manifest *items;
    size_t count;
    struct backup_damaged *damaged;
    size_t damaged_count;
    uint64_t newest; /* the highest generation of both, 0 when there is none */
};

/*
 * All manifests of a folder, damaged ones apart. None: *ret_manifests is empty. STORE_FORMAT names
 * one of a newer version; STORE_NOT_FOUND when the folder is not there.
 */
BS_MUST_CHECK enum bs_code backup_manifests_read(const char *folder, struct bs_arena *arena,
                                                 struct backup_manifests *ret_manifests,
                                                 struct bs_error *error);
/* Writes manifest->path durably: from then on the backup counts. */
BS_MUST_CHECK enum bs_code backup_manifest_write(const struct backup_manifest *manifest,
                                                 struct bs_error *error);
/* Where the manifest of a generation stands. */
const char *backup_manifest_path(struct bs_arena *arena, const char *folder, uint64_t generation);
/* The manifest as a report; the copied figures are 0. */
struct datom_backup_report backup_manifest_report(const struct backup_manifest *manifest);

#endif
