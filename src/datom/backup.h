#ifndef DATOM_BACKUP_H
#define DATOM_BACKUP_H

/*
 * Backups of a store on disk, as folders of plain files.
 *
 *     datom_backup(BS_STR("music"), BS_STR("/mnt/backup/music"), NULL, &report, &error);
 *     datom_backup_restore(BS_STR("/mnt/backup/music"), BS_STR("music2"), NULL, &report, &error);
 *
 * A backup may be made from any process, while another one serves and writes the store: it holds
 * one moment between the call and the return, so everything that was acknowledged before the call.
 * The writer is not held up. What an earlier backup in the same folder has is not copied again.
 *
 * In the folder: files/ with each file under its name and checksum, and a manifest for each
 * generation (backup-000001.edn) that lists them (docs/format.md, section 9). A backup counts from
 * the moment that its manifest is there; whatever ends the process before leaves the earlier ones
 * as they were, and the next backup tidies up.
 *
 * Any thread; two backups into one folder at once are refused (STORE_LOCKED).
 */

#include "datom/datom.h"

struct datom_backup_report {
    uint64_t generation; /* from 1 */
    uint64_t basis_t;    /* at least: what was written during the backup may be in it too */
    int64_t instant_ms;  /* when it was made */
    uint64_t files, bytes;
    uint64_t files_copied, bytes_copied; /* the others were in the folder already */
    /* datom_backup: manifests in the folder that can't be read (datom_backup_list names one). They
     * are left, and so is every file, as long as they are there. */
    uint64_t damaged;
};

/* NULL is all defaults. */
struct datom_backup_options {
    uint64_t keep;       /* datom_backup: generations to keep, the newest ones; 0: 1 */
    uint64_t generation; /* restore: which; 0: the newest */
    /* Called after each piece of work; total 0 while it is not known. */
    void (*tell)(void *self, uint64_t bytes_done, uint64_t bytes_total);
    void *tell_self;
};

/*
 * Backs the store in the folder `store` up into the folder `backup`, which is made where it is
 * missing (not what is above it). Needs to write to both: a folder of hard links stands in the
 * store's meanwhile. Handle: STORE_NOT_FOUND; STORE_FORMAT when `backup` holds other things, or
 * backups of another store; STORE_LOCKED when another backup into the folder is under way. Costs
 * the bytes that are new.
 */
BS_API BS_MUST_CHECK enum bs_code datom_backup(struct bs_str store, struct bs_str backup,
                                               const struct datom_backup_options *options,
                                               struct datom_backup_report *ret_report,
                                               struct bs_error *error);
/*
 * Reads every byte of every generation and compares it with its checksum. *ret_report is of the
 * newest; a manifest that is damaged is told after the generations that are not. Handle:
 * STORE_NOT_FOUND (no backup there), STORE_CORRUPT: the message and the field "file" name the
 * damaged file.
 */
BS_API BS_MUST_CHECK enum bs_code datom_backup_verify(struct bs_str backup,
                                                      const struct datom_backup_options *options,
                                                      struct datom_backup_report *ret_report,
                                                      struct bs_error *error);
/*
 * Makes a store of a backup in a folder that is empty or new (STORE_FORMAT else). Every byte is
 * compared with its checksum on the way, other generations may be damaged; on failure (as
 * datom_backup_verify) the folder is as before. The store has the newest t of the backup and can be
 * written to.
 */
BS_API BS_MUST_CHECK enum bs_code datom_backup_restore(struct bs_str backup, struct bs_str store,
                                                       const struct datom_backup_options *options,
                                                       struct datom_backup_report *ret_report,
                                                       struct bs_error *error);
/* The generations, oldest first: `found` for each. Reads the manifests only. STORE_CORRUPT names
 * the newest one that is damaged, when all others were found. */
BS_API BS_MUST_CHECK enum bs_code
datom_backup_list(struct bs_str backup,
                  void (*found)(void *self, const struct datom_backup_report *report), void *self,
                  struct bs_error *error);

#endif
