/* Exports into a load, form by form. */

#include "import_export.h"

bool import_export_is(struct bs_str text)
{
    /* what `bandstand export` and tx-range print; the first bytes are enough to tell */
    text = bs_str_trim(bs_str_slice(text, 0, 100));
    return bs_str_starts_with(text, BS_STR("{:t "));
}

enum bs_code import_export_text(struct datom_bulk *bulk, const char *name, struct bs_str text,
                                void (*tell)(void *self, size_t offset), void *tell_self,
                                struct bs_error *error)
{
    struct edn_reader reader;
    edn_reader_init(&reader, text);
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (;;) {
        struct edn form;
        bool found;
        bs_arena_reset(arena);
        enum bs_code code = edn_read_next(&reader, arena, &form, &found, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s:%u:%u: ", name, reader.line, reader.column);
            return code;
        }
        if (!found)
            return BS_OK;
        code = datom_bulk_add_form(bulk, form, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s: the form that ends at line %u: ", name, reader.line);
            return code;
        }
        if (tell)
            tell(tell_self, reader.offset);
    }
}
