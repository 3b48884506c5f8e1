/* What names a partition, and ids made of a partition and a time. */

#include "datom/partition.h"

#include "datom/bootstrap.h"
#include "datom/db.h"

/* [:db.part/db :db.install/partition id] */
static enum bs_code is_installed(struct datom_db *db, datom_id id, bool *ret_is_installed,
                                 struct bs_error *error)
{
    struct datom_key_value value;
    struct datom_key key;
    struct datom_pin pin;
    struct bs_str record;
    datom_key_value_encode(edn_long((int64_t)id), DATOM_TYPE_REF, &value);
    datom_key_make_prefix(DATOM_FAMILY_EAVT, DATOM_DB_PART_DB, DATOM_DB_INSTALL_PARTITION, &value,
                          3, &key);
    BS_TRY(datom_body_get(db->body, DATOM_FAMILY_EAVT, datom_key_str(&key), &pin, &record,
                          ret_is_installed, error));
    datom_pin_release(&pin);
    return BS_OK;
}

enum bs_code datom_db_partition(struct datom_db *db, struct edn partition, uint64_t *ret_part,
                                struct bs_error *error)
{
    char text[120];
    datom_id id;
    BS_TRY(datom_db_resolve(db, partition, &id, error));
    bool is_partition = datom_part_is_implicit(id);
    if (!is_partition && id < DATOM_PART_IMPLICIT)
        BS_TRY(is_installed(db, id, &is_partition, error));
    if (!is_partition)
        return bs_error_set(
            error, BS_REASON_DB_NOT_A_PARTITION,
            "%s names no partition: expected :db.part/user, one that is installed "
            "by :db.install/partition, or an implicit one, from %llu up to %llu",
            edn_print_cut(partition, text, sizeof(text)), (unsigned long long)DATOM_PART_IMPLICIT,
            (unsigned long long)(DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT - 1));
    *ret_part = id;
    return BS_OK;
}

enum bs_code datom_db_entid_at(struct datom_db *db, uint64_t part, struct edn point,
                               datom_id *ret_id, struct bs_error *error)
{
    uint64_t t;
    if (part >= DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT)
        return bs_error_set(error, BS_REASON_DB_NOT_A_PARTITION,
                            "%llu is no partition: expected one below %llu",
                            (unsigned long long)part,
                            (unsigned long long)(DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT));
    BS_TRY(datom_log_resolve_bound(db, point, &t, error));
    *ret_id = datom_id_make(part, t > DATOM_T_MAX ? db->body->next_t : t);
    return BS_OK;
}
