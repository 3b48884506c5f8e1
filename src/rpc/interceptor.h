#ifndef RPC_INTERCEPTOR_H
#define RPC_INTERCEPTOR_H

/*
 * What stands around every handler, in one order on every transport: by stage, within a stage by
 * registration. `before` runs on the way in, `after` in reverse order on the way out, for those
 * whose `before` was run and returned OK. Registered before the dispatcher starts, immutable then;
 * the hooks run on many threads at once.
 */

#include "base/error.h"
#include "rpc/call.h"

enum rpc_stage {
    RPC_STAGE_TRACE = 100,       /* trace, log: outermost, sees what all others refuse */
    RPC_STAGE_METADATA = 200,    /* built in: metadata that nobody claims is UNIMPLEMENTED */
    RPC_STAGE_AUTH = 300,        /* who is it */
    RPC_STAGE_ACCESS = 400,      /* may they; from here on the request is decoded */
    RPC_STAGE_VALIDATION = 500,  /* built in: the field rules */
    RPC_STAGE_TIME = 600,        /* min-basis-t, as-of, dry-run */
    RPC_STAGE_IDEMPOTENCY = 700, /* innermost: may answer in the handler's place */
};

struct rpc_interceptor {
    const char *name;
    enum rpc_stage stage;
    /* Refuses by returning an error: nothing further in runs. May be NULL. */
    enum bs_code (*before)(void *self, struct rpc_call *call, struct bs_error *error);
    /* `code` and `error` as they stand (error->code is code); may be NULL. It sees every call that
     * passed `before`, cancelled and late ones too, and may change `error` in place. */
    void (*after)(void *self, struct rpc_call *call, enum bs_code code, struct bs_error *error);
    /* Metadata keys of contract section 4 that it takes care of; NULL-terminated, may be NULL. */
    const char *const *claims;
    void *self; /* borrowed; outlives the dispatcher */
};

/*
 * How a call gets what its handlers take first (ours: a struct universe). `open` runs after all
 * `before` hooks, on the call's thread; `close` when the handler has returned (before `after` hooks
 * and encoding), only if `open` returned OK.
 */
struct rpc_context_hooks {
    const char *type; /* "struct universe": services with another context_type are refused */
    enum bs_code (*open)(void *self, struct rpc_call *call, void **ret_context,
                         struct bs_error *error);
    void (*close)(void *self, struct rpc_call *call, void *context);
    const char *const *claims; /* as above */
    void *self;
};

#endif
