/* Building tx-data, and transacting it in the name of a call. */

#include "universe/internal.h"

static void add_form(struct universe_tx *tx, const struct edn *items, size_t count)
{
    edn_list_add(&tx->forms, edn_vector_of(tx->forms.arena, items, count));
}

static struct edn keyword(const char *text)
{
    return edn_keyword(bs_str_from(text));
}

void universe_tx_init(struct universe_tx *tx, const struct universe *call)
{
    edn_list_init(&tx->forms, call->arena);
}

void universe_tx_add(struct universe_tx *tx, struct edn e, const char *attribute, struct edn value)
{
    const struct edn items[] = {EDN_KEYWORD_LIT("db/add"), e, keyword(attribute), value};
    add_form(tx, items, BS_ARRAY_COUNT(items));
}

void universe_tx_retract(struct universe_tx *tx, struct edn e, const char *attribute,
                         struct edn value)
{
    const struct edn items[] = {EDN_KEYWORD_LIT("db/retract"), e, keyword(attribute), value};
    add_form(tx, items, BS_ARRAY_COUNT(items));
}

void universe_tx_cas(struct universe_tx *tx, struct edn e, const char *attribute, struct edn old,
                     struct edn new)
{
    const struct edn items[] = {EDN_KEYWORD_LIT("db/cas"), e, keyword(attribute), old, new};
    add_form(tx, items, BS_ARRAY_COUNT(items));
}

void universe_tx_retract_entity(struct universe_tx *tx, datom_id e)
{
    const struct edn items[] = {EDN_KEYWORD_LIT("db/retractEntity"), universe_entity(e)};
    add_form(tx, items, BS_ARRAY_COUNT(items));
}

/* A line of a mail's head: a line break in it would begin another. */
static struct bs_str one_line(struct bs_arena *arena, struct bs_str text)
{
    char *line = bs_arena_dup_cstr(arena, text);
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' ';
    }
    return bs_str_make(line, text.len);
}

void universe_tx_mail(struct universe_tx *tx, struct universe *call, struct edn tempid,
                      const struct universe_mail *mail)
{
    universe_tx_add(tx, tempid, "mail/id", edn_string(universe_new_id(call)));
    universe_tx_add(tx, tempid, "mail/to", edn_string(mail->to));
    universe_tx_add(tx, tempid, "mail/kind", edn_string(bs_str_from(mail->kind)));
    universe_tx_add(tx, tempid, "mail/subject", edn_string(one_line(call->arena, mail->subject)));
    universe_tx_add(tx, tempid, "mail/text", edn_string(mail->text));
    universe_tx_add(tx, tempid, "mail/status", EDN_KEYWORD_LIT("pending"));
    universe_tx_add(tx, tempid, "mail/attempts", edn_long(0));
    universe_tx_add(tx, tempid, "mail/created-at", edn_instant(call->now_ms));
    universe_tx_add(tx, tempid, "mail/due-at", edn_instant(call->now_ms));
}

/* Who, what, when: on the transaction itself. */
static void annotate(struct universe *call, struct universe_tx *tx)
{
    const struct edn transaction = universe_tempid("datomic.tx");
    universe_tx_add(tx, transaction, "tx/now", edn_instant(call->now_ms));
    if (call->caller.is_signed_in)
        universe_tx_add(tx, transaction, "tx/by", universe_entity(call->caller.user));
    if (call->procedure.len > 0)
        universe_tx_add(tx, transaction, "tx/procedure", edn_string(call->procedure));
    if (call->has_seed)
        universe_tx_add(tx, transaction, "tx/seed", edn_long(call->seed));
}

static void wait_begin(void *call)
{
    rpc_call_wait_begin((struct rpc_call *)call);
}

static void wait_end(void *call)
{
    rpc_call_wait_end((struct rpc_call *)call);
}

static void unref_db(void *db)
{
    datom_db_unref((struct datom_db *)db);
}

static void free_report(void *report)
{
    datom_report_free((struct datom_report *)report);
}

static enum bs_code transact(struct universe *call, struct universe_tx *tx,
                             struct datom_report **ret_report, struct bs_error *error)
{
    struct datom_tx_options options = {.interrupt = call->interrupt};
    if (call->call) {
        options.wait_begin = wait_begin;
        options.wait_end = wait_end;
        options.wait_self = call->call;
    }
    annotate(call, tx);
    BS_TRY(datom_transact(call->conn, edn_list_finish(&tx->forms, EDN_VECTOR), &options, ret_report,
                          error));
    call->basis_t = (*ret_report)->t;
    return BS_OK;
}

enum bs_code universe_transact_report(struct universe *call, struct universe_tx *tx,
                                      const struct datom_report **ret_report,
                                      struct bs_error *error)
{
    struct datom_report *report;
    BS_TRY(transact(call, tx, &report, error));
    bs_arena_add_cleanup(call->arena, free_report, report);
    *ret_report = report;
    return BS_OK;
}

enum bs_code universe_transact(struct universe *call, struct universe_tx *tx,
                               struct datom_db **ret_db, struct bs_error *error)
{
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    BS_TRY(transact(call, tx, &report, error));
    if (ret_db) {
        *ret_db = datom_db_ref(report->db_after);
        bs_arena_add_cleanup(call->arena, unref_db, *ret_db);
    }
    return BS_OK;
}

struct datom_db *universe_newest_db(struct universe *call)
{
    struct datom_db *db = datom_conn_db(call->conn);
    bs_arena_add_cleanup(call->arena, unref_db, db);
    return db;
}
