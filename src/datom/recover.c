/*
 * A connection whose store failed: what has become of the write, and getting on. All under the
 * connection's lock and while no write is under way, so that what the store holds when it has been
 * opened again is what is published, what the failed group made of it, or damage.
 */

#include "datom/group.h"
#include "datom/load.h"
#include "datom/rocks.h"

#define TRY_AGAIN_NS (INT64_C(1000) * 1000 * 1000)

/* Opens the store again; *ret_body is what it holds then, NULL when that can't be read. */
static enum bs_code reopen_locked(struct datom_conn *conn, struct datom_body **ret_body,
                                  struct bs_error *error)
{
    *ret_body = NULL;
    datom_store_stop(conn->store);
    enum bs_code code = datom_store_reopen(conn->store, error);
    if (datom_store_is_open(conn->store)) {
        enum bs_code load = datom_load_store(conn->store, ret_body, code == BS_OK ? error : NULL);
        code = code == BS_OK ? load : code;
    }
    datom_store_resume(conn->store);
    if (*ret_body)
        datom_body_set_functions(*ret_body, conn->tip->functions);
    return code;
}

/* The newest value on a snapshot that can be read without looking into the past. */
static void publish_again_locked(struct datom_conn *conn, struct datom_body *body)
{
    datom_body_unref(conn->tip);
    conn->tip = datom_body_ref(body);
    datom_conn_publish_locked(conn, body);
}

static void lost_locked(struct datom_conn *conn, uint64_t found_t, uint64_t published_t)
{
    struct datom_fault *fault = &conn->fault;
    fault->code =
        bs_error_set(&fault->error, BS_REASON_STORE_CORRUPT,
                     "the store was opened again after a failed write and has only the "
                     "transactions to t %llu; those to %llu were acknowledged: restore it "
                     "from a backup, or look at the disk",
                     (unsigned long long)found_t, (unsigned long long)published_t);
}

/* One try. What could be read is in *ret_t (0: nothing), and published when it is durable. */
static void try_locked(struct datom_conn *conn, uint64_t *ret_t)
{
    struct datom_fault *fault = &conn->fault;
    struct datom_body *body;
    struct bs_error error = BS_ERROR_INIT;
    uint64_t published_t = datom_db_basis_t(conn->published);
    enum bs_code code = reopen_locked(conn, &body, &error);
    *ret_t = body ? body->basis_t : 0;
    fault->next_try_ns = bs_monotonic_ns() + TRY_AGAIN_NS;
    if (code != BS_OK)
        fault->code = bs_error_set(&fault->error, BS_REASON_STORE_FAILED,
                                   "the store can't be written since a write failed; it is tried "
                                   "again when somebody writes, once a second: %s",
                                   error.message);
    if (body && body->basis_t < published_t) {
        lost_locked(conn, body->basis_t, published_t);
    } else if (body && (code == BS_OK || body->basis_t == published_t)) {
        publish_again_locked(conn, body);
        if (code == BS_OK)
            fault->code = BS_OK;
    }
    if (fault->code == BS_OK)
        fault->recoveries++;
    datom_body_unref(body);
}

enum bs_code datom_conn_settle_locked(struct datom_conn *conn, struct datom_group *group,
                                      uint64_t published_t, bool *ret_again)
{
    struct datom_fault *fault = &conn->fault;
    uint64_t t;
    fault->failures++;
    fault->in_a_row++;
    *ret_again = false;
    try_locked(conn, &t);
    /* a log of its own has the transactions, and gives them when it is read on */
    if (t == published_t && !conn->has_own_log) {
        *ret_again = fault->code == BS_OK && fault->in_a_row == 1;
        bs_error_prefix(&group->error, "not written: ");
        return group->error.code;
    }
    if (t >= group->last->basis_t && fault->code == BS_OK)
        return BS_OK;
    char cause[BS_ERROR_MESSAGE_MAX];
    snprintf(cause, sizeof(cause), "%s", group->error.message);
    return bs_error_set(&group->error, BS_REASON_STORE_OUTCOME_UNKNOWN,
                        "whether the transaction was written is not known until the store can be "
                        "written again: %s",
                        cause);
}

/* Whether a failed store may be tried now. */
static bool is_due(const struct datom_fault *fault)
{
    return fault->code != BS_OK && fault->error.reason != BS_REASON_STORE_CORRUPT &&
           bs_monotonic_ns() >= fault->next_try_ns;
}

enum bs_code datom_conn_check_writable_locked(struct datom_conn *conn, bool *ret_tried,
                                              struct bs_error *error)
{
    uint64_t t;
    *ret_tried = is_due(&conn->fault);
    if (*ret_tried)
        try_locked(conn, &t);
    if (conn->fault.code == BS_OK)
        return datom_store_check_space(conn->store, error);
    if (error)
        *error = conn->fault.error;
    return conn->fault.code;
}

void datom_conn_health(struct datom_conn *conn, struct datom_health *ret_health)
{
    *ret_health = (struct datom_health){.is_readable = true};
    bool tried;
    pthread_mutex_lock(&conn->lock);
    if (conn->store) {
        if (!conn->is_writing && !conn->forming && !datom_conn_is_read_only(conn)) {
            ret_health->code = datom_conn_check_writable_locked(conn, &tried, &ret_health->error);
        } else if (conn->fault.code != BS_OK) {
            ret_health->code = conn->fault.code;
            ret_health->error = conn->fault.error;
        }
        datom_store_health(conn->store, ret_health);
    }
    ret_health->failures = conn->fault.failures;
    ret_health->recoveries = conn->fault.recoveries;
    ret_health->groups = conn->groups;
    ret_health->group_ns = conn->group_ns;
    ret_health->group_ns_max = conn->group_ns_max;
    ret_health->clock_behind = conn->clock_behind;
    ret_health->clock_behind_ms_max = conn->clock_behind_ms_max;
    pthread_mutex_unlock(&conn->lock);
}
