/* Figures about a value: sizes of the families, live datoms. */

#include "datom/db.h"
#include "datom/rocks.h"

enum bs_code datom_db_stats(struct datom_db *db, struct datom_stats *ret_stats,
                            struct bs_error *error)
{
    (void)error;
    struct datom_body *body = db->body;
    struct datom_stats stats = {.datoms = body->datoms, .families_count = DATOM_FAMILY_COUNT};
    for (int i = 0; i < DATOM_FAMILY_COUNT; i++) {
        enum datom_family family = (enum datom_family)i;
        stats.families[i].name = datom_family_name(family);
        if (body->snapshot) {
            datom_store_family_size(datom_snapshot_store(body->snapshot), family,
                                    &stats.families[i].bytes, &stats.families[i].keys);
            stats.bytes_on_disk += stats.families[i].bytes;
        }
        stats.families[i].keys += datom_tree_count(&body->trees[i]);
    }
    *ret_stats = stats;
    return BS_OK;
}
