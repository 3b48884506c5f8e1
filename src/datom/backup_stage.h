#ifndef DATOM_BACKUP_STAGE_H
#define DATOM_BACKUP_STAGE_H

/* One moment of a store that others may be writing, as a folder of hard links inside of it. */

#include "datom/backup.h"

struct backup_stage {
    char *folder; /* removed and freed by backup_stage_fini */
    uint64_t basis_t;
    const char **names; /* the files that the moment needs; in the arena */
    size_t names_count;
};

/*
 * Handle: as datom_conn_open read-only. Names are in the arena. The store's writer is not held up;
 * tries again (for some seconds) while it moves its files about.
 */
BS_MUST_CHECK enum bs_code backup_stage_make(const char *store, struct bs_arena *arena,
                                             struct backup_stage *ret_stage,
                                             struct bs_error *error);
void backup_stage_fini(struct backup_stage *stage);

#endif
