/* What an answer says, once it is whole. */

#include "rpc/client_internal.h"

static void read_metadata(struct bs_str bytes, struct rpc_metadata *to)
{
    /* what a peer sends beyond our limits is left out: the answer itself is good */
    if (to)
        (void)!rpc_frame_read_metadata(bytes, to, NULL);
}

/* A status that was not OK, as an error. */
static enum bs_code read_error(const struct client_call *call, const struct rpc_status_head *head,
                               const struct rpc_client_options *options, struct bs_error *error)
{
    struct bs_error found = BS_ERROR_INIT;
    enum bs_code code = bs_code_from_number(head->code);
    if (head->status.len == 0 || rpc_status_unpack(head->status, &found, options->ret_violations,
                                                   options->ret_retry_after_ms, NULL) != BS_OK)
        bs_error_set_code(&found, code, BS_REASON_RPC_REMOTE, "%.*s: status %u without a message",
                          BS_STR_ARGS(call->name), head->code);
    found.code = code == BS_OK ? BS_UNKNOWN : code;
    /* our clock decides what it was, whatever the server made of our cancel */
    if (found.code == BS_CANCELLED && bs_deadline_passed(call->deadline))
        bs_error_set(&found, BS_REASON_RPC_DEADLINE, "%.*s: deadline passed",
                     BS_STR_ARGS(call->name));
    if (error)
        *error = found;
    return found.code;
}

enum bs_code rpc_client_read_answer(const struct client_call *call, const struct rpc_frame *frame,
                                    const struct rpc_client_options *options,
                                    struct bs_str *ret_message, struct bs_error *error)
{
    struct rpc_status_head head;
    BS_TRY(rpc_status_head_read(frame, &head, error)); /* has been checked by the reader */
    read_metadata(bs_buf_str(&call->initial), options->ret_initial);
    read_metadata(head.metadata, options->ret_trailing);
    if (head.code != 0)
        return read_error(call, &head, options, error);
    bool rides = (frame->flags & RPC_FLAG_MESSAGE) != 0;
    if (rides == call->has_message)
        return bs_error_set_code(error, BS_UNIMPLEMENTED, BS_REASON_RPC_PROTOCOL,
                                 "%.*s: expected one response message, got %s",
                                 BS_STR_ARGS(call->name), rides ? "several" : "none");
    *ret_message = rides ? frame->body : bs_buf_str(&call->inbox.message);
    return BS_OK;
}
