#ifndef RPC_DIRECT_INTERNAL_H
#define RPC_DIRECT_INTERNAL_H

/* The direct channel, for its two files. */

#include "rpc/channel.h"

struct direct_channel {
    struct rpc_channel base;
    struct rpc_dispatcher *dispatcher;
};

/* direct_stream.c */
enum bs_code rpc_direct_open_stream(struct rpc_channel *channel, const struct rpc_method *method,
                                    const struct rpc_client_options *options,
                                    struct rpc_client_stream **ret_stream, struct bs_error *error);

#endif
