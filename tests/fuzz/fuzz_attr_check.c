/*
 * Texts as checks of attributes. One that is read says the same after it was printed and read
 * again, and tests any value without harm; one that is not has an error that says why.
 */

#include <stddef.h>
#include <stdint.h>

#include "datom/attr_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct datom_db *store(void)
{
    static struct datom_db *db;
    if (!db) {
        struct datom_conn *conn = datom_conn_new_memory(NULL);
        db = datom_conn_db(conn);
        datom_conn_unref(conn);
    }
    return db;
}

static struct edn sample(struct bs_arena *arena)
{
    struct edn values;
    BS_ASSERT(edn_read(BS_STR("[0 -1 9223372036854775807 1.5 -0.0 1e300 12345678901234567890N 1.50M"
                              " true \"\" \"abc\" \"\u00e9\" :a :a/b a #inst \"2020\" [1 2]"
                              " #base64 \"AAE=\" #uri \"x:y\""
                              " #uuid \"00000000-0000-0000-0000-000000000001\"]"),
                       arena, &values, NULL) == BS_OK);
    return values;
}

static void check_read(const struct datom_attr_check *check, struct bs_str text,
                       struct bs_arena *arena)
{
    struct edn printed;
    struct datom_attr_check *again = NULL;
    BS_ASSERT(datom_attr_check_normalize(edn_string(text), arena, &printed));
    BS_ASSERT(datom_attr_check_new(edn_text_of(printed), &again, NULL) == BS_OK);
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_attr_check_fits(check, (enum datom_type)type, &error);
        BS_ASSERT(code == datom_attr_check_fits(again, (enum datom_type)type, NULL));
        BS_ASSERT(code == BS_OK || error.message[0] != '\0');
    }
    struct edn values = sample(arena);
    for (uint32_t i = 0; i < values.len; i++) {
        struct edn value = values.as.items[i];
        BS_ASSERT(datom_attr_check_passes(check, store(), value) ==
                  datom_attr_check_passes(again, store(), value));
    }
    datom_attr_check_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_attr_check *check = NULL;
    struct bs_str text = bs_str_make((const char *)data, size);
    if (datom_attr_check_new(text, &check, &error) == BS_OK)
        check_read(check, text, arena);
    else
        BS_ASSERT(error.reason == BS_REASON_DB_INVALID_ATTR_CHECK && error.message[0] != '\0');
    datom_attr_check_unref(check);
    bs_arena_free(arena);
    return 0;
}
