#ifndef BANDSTAND_CALL_DESCRIBE_H
#define BANDSTAND_CALL_DESCRIBE_H

/* What a server says of itself by reflection, printed. */

#include "cli.h"
#include "rpc/channel.h"

/* Each service, then its methods, one a line. */
BS_MUST_CHECK enum bs_code call_print_list(struct rpc_channel *channel,
                                           const struct rpc_client_options *options,
                                           struct bs_arena *arena, struct bs_error *error);
/* A service, method, message or enum by its full name. */
BS_MUST_CHECK enum bs_code call_print_description(struct rpc_channel *channel,
                                                  const struct rpc_client_options *options,
                                                  const char *name, struct bs_arena *arena,
                                                  struct bs_error *error);

#endif
