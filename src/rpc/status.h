#ifndef RPC_STATUS_H
#define RPC_STATUS_H

/*
 * How a call ended: a bs_error with what it can't hold: field violations, the time to wait. Plain
 * values; texts are borrowed from the call's arena. The caller serializes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct rpc_violation {
    struct bs_str field;       /* path by JSON names: "concerts[2].startsAt" */
    struct bs_str rule;        /* "min_len" */
    struct bs_str description; /* "expected at least 3 characters, got 1" */
};

/* At most BS_LIMIT_VIOLATIONS are kept; the rest is counted. */
struct rpc_violations {
    struct bs_arena *arena; /* borrowed */
    struct rpc_violation *items;
    size_t count;
    size_t capacity;
    size_t dropped_count;
};

BS_API void rpc_violations_init(struct rpc_violations *violations, struct bs_arena *arena);
/* Copies the texts. */
BS_API void rpc_violations_add(struct rpc_violations *violations, struct bs_str field,
                               struct bs_str rule, const char *description_format, ...)
    BS_PRINTF(4, 5);
/* Raises RPC_VALIDATION, its message naming the first violation and how many there are; OK when
 * there is none. */
BS_API BS_MUST_CHECK enum bs_code rpc_violations_check(const struct rpc_violations *violations,
                                                       struct bs_error *error);

/* What stands beside an error; all may be empty. */
struct rpc_status_extra {
    const struct rpc_violations *violations; /* may be NULL */
    int64_t retry_after_ms;                  /* 0: none */
    struct bs_str request_id;                /* empty: none */
};

struct Rpc__V1__Status;

/* The message rpc.v1.Status of an error, in `arena`. Details are dropped, last first, before it
 * would pass 4 KiB. */
BS_API struct Rpc__V1__Status *rpc_status_from_error(const struct bs_error *error,
                                                     const struct rpc_status_extra *extra,
                                                     struct bs_arena *arena);
/* Appends the packed rpc.v1.Status. */
BS_API void rpc_status_pack(const struct bs_error *error, const struct rpc_status_extra *extra,
                            struct bs_buf *out);
/*
 * Back: fills `ret_error` (a reason that is none of ours goes to remote_reason, an unknown code
 * becomes UNKNOWN with the number in the message) and, when not NULL, the violations. RPC_PROTOCOL
 * when the bytes are no Status.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_status_unpack(struct bs_str bytes, struct bs_error *ret_error,
                                                    struct rpc_violations *ret_violations,
                                                    int64_t *ret_retry_after_ms,
                                                    struct bs_error *error);

#endif
