/*
 * Exports: the log, printed. The schema grows along with it, so that attributes stand by the names
 * that the reader of the export knows at that point.
 */

#include "datom/export.h"

#include "datom/bootstrap.h"
#include "datom/db.h"
#include "datom/load.h"
#include "datom/log_form.h"

static enum bs_code export_entry(struct datom_body *body, struct datom_db *names,
                                 const struct datom_log_entry *entry, struct bs_buf *line)
{
    bs_buf_reset(line);
    datom_log_form_print(names, entry, line);
    bs_buf_append_byte(line, '\n');
    struct datom_schema *before = body->schema;
    body->schema = datom_schema_apply(before, entry->datoms, entry->count);
    datom_schema_unref(before);
    return BS_OK;
}

enum bs_code datom_export(struct datom_db *db,
                          enum bs_code (*write)(void *self, struct bs_str line,
                                                struct bs_error *error),
                          void *self, struct bs_error *error)
{
    struct datom_log_reader *reader;
    BS_TRY(datom_log_open(db, DATOM_BOOT_T + 1, UINT64_MAX, &reader, error));
    struct datom_body *body = datom_load_bootstrap(NULL, NULL, NULL);
    struct datom_db *names = datom_db_new(body);
    BS_CLEANUP(bs_buf_fini) struct bs_buf line = BS_BUF_INIT(0);
    enum bs_code code;
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        code = export_entry(body, names, &entry, &line);
        if (code == BS_OK)
            code = write(self, bs_buf_str(&line), error);
        if (code != BS_OK)
            break;
    }
    datom_log_close(reader);
    datom_db_unref(names);
    datom_body_unref(body);
    return code;
}
