/* The families' names, which are the names of RocksDB's column families: part of the format. */

#include "datom/kv.h"

const char *datom_family_name(enum datom_family family)
{
    static const char *const names[DATOM_FAMILY_COUNT] = {
        [DATOM_FAMILY_EAVT] = "eavt",     [DATOM_FAMILY_AEVT] = "aevt",
        [DATOM_FAMILY_AVET] = "avet",     [DATOM_FAMILY_VAET] = "vaet",
        [DATOM_FAMILY_EAVT_H] = "eavt_h", [DATOM_FAMILY_AEVT_H] = "aevt_h",
        [DATOM_FAMILY_AVET_H] = "avet_h", [DATOM_FAMILY_VAET_H] = "vaet_h",
        [DATOM_FAMILY_LOG] = "log",       [DATOM_FAMILY_META] = "meta",
    };
    BS_ASSERT((unsigned)family < DATOM_FAMILY_COUNT);
    return names[family];
}
