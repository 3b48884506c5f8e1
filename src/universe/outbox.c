/*
 * The outbox. A mail is datoms in the transaction that causes it, so it exists exactly when its
 * cause does. It waits in the index of :mail/due-at, which only pending mails have; delivering
 * hands it to the service and records the end in a transaction of its own. A crash between the two
 * sends again, with the same id, which the service knows. A fork's outbox begins at its own first
 * transaction: what was pending before is its parent's.
 */

#include "universe/internal.h"

#define BATCH 64
#define MAX_ATTEMPTS 10
#define FIRST_RETRY_MS 10000
#define LONGEST_RETRY_MS (6 * 3600 * 1000)

/* One mail that is due. */
struct due {
    datom_id e;
    int64_t due_ms;
};

/* 10 s, 20 s, 40 s, ... at most 6 h after an attempt that failed. */
static int64_t retry_after_ms(int64_t attempts)
{
    int64_t ms = FIRST_RETRY_MS;
    for (int64_t i = 1; i < attempts && ms < LONGEST_RETRY_MS; i++)
        ms *= 2;
    return BS_MIN(ms, LONGEST_RETRY_MS);
}

/* Whether the mail came to be in this universe, not in the one that it was forked from. */
static enum bs_code is_ours(const struct universe *universe, struct datom_db *db, datom_id e,
                            bool *ret_ours, struct bs_error *error)
{
    const struct datom_attribute *id = datom_db_attribute_named(db, BS_STR("mail/id"));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    const struct datom *datoms;
    size_t count;
    const struct datom_range range = {
        .index = DATOM_EAVT, .has_e = true, .e = e, .has_a = true, .a = id->id};
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
    *ret_ours = count > 0 && datom_tx_to_t(datoms[0].tx) > universe->shared->floor_t;
    return BS_OK;
}

/* The mails of ours that are due before `end_ms`, the longest waiting first, at most `max`. */
static enum bs_code find_due(const struct universe *universe, struct datom_db *db, int64_t end_ms,
                             size_t max, struct due *ret_due, size_t *ret_count,
                             struct bs_error *error)
{
    const struct datom_attribute *due_at = datom_db_attribute_named(db, BS_STR("mail/due-at"));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    const struct datom *datoms;
    size_t count;
    *ret_count = 0;
    const struct datom_range range = {
        .index = DATOM_AVET,
        .has_a = true,
        .a = due_at->id,
        .has_end = true,
        .v_end = edn_instant(end_ms),
    };
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    do {
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        for (size_t i = 0; i < count && *ret_count < max; i++) {
            bool ours;
            BS_TRY(is_ours(universe, db, datoms[i].e, &ours, error));
            if (ours)
                ret_due[(*ret_count)++] = (struct due){datoms[i].e, datoms[i].v.as.integer};
        }
    } while (count > 0 && *ret_count < max);
    return BS_OK;
}

static enum bs_code read_message(struct universe *call, datom_id e,
                                 struct services_mail_message *ret_message, struct bs_error *error)
{
    struct bs_arena *arena = call->arena;
    BS_TRY(universe_get_text(call->db, arena, e, "mail/id", &ret_message->id, error));
    BS_TRY(universe_get_text(call->db, arena, e, "mail/to", &ret_message->to, error));
    BS_TRY(universe_get_text(call->db, arena, e, "mail/kind", &ret_message->kind, error));
    BS_TRY(universe_get_text(call->db, arena, e, "mail/subject", &ret_message->subject, error));
    return universe_get_text(call->db, arena, e, "mail/text", &ret_message->text, error);
}

/* tx-data: nothing more is to be done for the mail. */
static void tx_done(struct universe_tx *tx, const struct due *due, struct edn status,
                    struct bs_str text)
{
    const struct edn mail = universe_entity(due->e);
    universe_tx_add(tx, mail, "mail/status", status);
    universe_tx_retract(tx, mail, "mail/due-at", edn_instant(due->due_ms));
    universe_tx_retract(tx, mail, "mail/text", edn_string(text));
}

/* tx-data: how an attempt ended. The compare-and-set refuses when somebody else was faster. */
static enum bs_code tx_outcome(struct universe *call, const struct due *due, struct bs_str text,
                               const struct bs_error *failure, struct universe_tx *tx,
                               struct bs_error *error)
{
    const struct edn mail = universe_entity(due->e);
    int64_t attempts;
    bool found;
    BS_TRY(universe_get_long(call->db, due->e, "mail/attempts", &attempts, &found, error));
    universe_tx_cas(tx, mail, "mail/attempts", edn_long(attempts), edn_long(attempts + 1));
    attempts++;
    if (failure->code == BS_OK) {
        universe_tx_add(tx, mail, "mail/sent-at", edn_instant(call->now_ms));
        tx_done(tx, due, EDN_KEYWORD_LIT("sent"), text);
        return BS_OK;
    }
    universe_tx_add(tx, mail, "mail/error", edn_string(bs_str_from(failure->message)));
    if (failure->code == BS_INVALID_ARGUMENT || attempts >= MAX_ATTEMPTS) {
        tx_done(tx, due,
                failure->code == BS_INVALID_ARGUMENT ? EDN_KEYWORD_LIT("rejected")
                                                     : EDN_KEYWORD_LIT("failed"),
                text);
        return BS_OK;
    }
    universe_tx_add(tx, mail, "mail/due-at", edn_instant(call->now_ms + retry_after_ms(attempts)));
    return BS_OK;
}

static enum bs_code deliver(const struct universe *universe, const struct due *due, bool *ret_sent,
                            struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_error failure = BS_ERROR_INIT;
    struct services_mail_message message;
    struct universe_tx tx;
    struct universe call;
    universe_begin(universe, arena, &call);
    call.procedure = BS_STR("universe_deliver_due");
    universe_tx_init(&tx, &call);
    enum bs_code code = read_message(&call, due->e, &message, error);
    if (code == BS_OK) {
        if (universe->mail->send(universe->mail->self, &message, &failure) == BS_OK)
            failure.code = BS_OK;
        call.now_ms = universe_now_ms(universe);
        code = tx_outcome(&call, due, message.text, &failure, &tx, error);
    }
    if (code == BS_OK)
        code = universe_transact(&call, &tx, NULL, error);
    universe_end(&call);
    *ret_sent = code == BS_OK && failure.code == BS_OK;
    return code;
}

static enum bs_code deliver_all(const struct universe *universe,
                                const struct bs_interrupt *interrupt, size_t *ret_sent,
                                struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    int64_t end_ms = universe_now_ms(universe) + 1;
    struct due due[BATCH];
    size_t count;
    do {
        datom_db_unref(db);
        db = datom_conn_db(universe->conn);
        BS_TRY(find_due(universe, db, end_ms, BATCH, due, &count, error));
        for (size_t i = 0; i < count; i++) {
            bool sent;
            BS_TRY(bs_interrupt_check(interrupt, error));
            BS_TRY(deliver(universe, &due[i], &sent, error));
            *ret_sent += sent;
        }
    } while (count == BATCH);
    return BS_OK;
}

enum bs_code universe_deliver(const struct universe *universe, const struct bs_interrupt *interrupt,
                              size_t *ret_sent, struct bs_error *error)
{
    size_t sent = 0;
    pthread_mutex_lock(&universe->shared->delivery);
    enum bs_code code = deliver_all(universe, interrupt, &sent, error);
    pthread_mutex_unlock(&universe->shared->delivery);
    if (ret_sent)
        *ret_sent = sent;
    return code;
}

enum bs_code universe_deliver_due(const struct universe *universe, size_t *ret_sent,
                                  struct bs_error *error)
{
    return universe_deliver(universe, NULL, ret_sent, error);
}

enum bs_code universe_next_due_ms(const struct universe *universe, int64_t *ret_ms, bool *ret_found,
                                  struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(universe->conn);
    struct due due;
    size_t count;
    BS_TRY(find_due(universe, db, INT64_MAX, 1, &due, &count, error));
    *ret_found = count > 0;
    if (count > 0)
        *ret_ms = due.due_ms;
    return BS_OK;
}
