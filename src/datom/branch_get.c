/*
 * One record as it was at an earlier t: the parent's own where it was there already, else what the
 * walk of the family finds.
 */

#include "datom/branch.h"

/*
 * The parent's own record of the key, when it says that it was there at t already: then nothing can
 * have been at t that is not there now.
 */
static enum bs_code get_unchanged(struct datom_body *parent, uint64_t t, enum datom_family family,
                                  struct bs_str key, struct datom_pin *ret_pin,
                                  struct bs_str *ret_record, bool *ret_found,
                                  struct bs_error *error)
{
    BS_TRY(datom_body_get(parent, family, key, ret_pin, ret_record, ret_found, error));
    if (*ret_found && ret_record->len >= 8 && bs_load_u64(ret_record->ptr) <= t)
        return BS_OK;
    datom_pin_release(ret_pin);
    *ret_found = false;
    return BS_OK;
}

enum bs_code datom_branch_get(struct datom_body *parent, uint64_t t, struct datom_schema *schema,
                              enum datom_family family, struct bs_str key,
                              struct datom_pin *ret_pin, struct bs_str *ret_record, bool *ret_found,
                              struct bs_error *error)
{
    *ret_pin = (struct datom_pin){0};
    if (family <= DATOM_FAMILY_AEVT) {
        BS_TRY(get_unchanged(parent, t, family, key, ret_pin, ret_record, ret_found, error));
        if (*ret_found)
            return BS_OK;
    }
    datom_store_enter(parent->store);
    struct datom_kv_iter *iter = datom_branch_iter(parent, t, schema, family, error);
    datom_kv_seek(iter, key);
    enum bs_code code = iter->code;
    *ret_found = iter->valid && bs_str_equal(iter->key, key);
    if (*ret_found) {
        ret_pin->owned = bs_memdup(iter->record.ptr, iter->record.len);
        *ret_record = bs_str_make(ret_pin->owned, iter->record.len);
    }
    datom_kv_free(iter);
    datom_store_leave(parent->store);
    return code;
}
