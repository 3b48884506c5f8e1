#ifndef RPC_FORMATS_H
#define RPC_FORMATS_H

/* Internal: the string formats of rpc/v1/options.proto. Any thread. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "rpc/table.h"

bool rpc_format_matches(enum rpc_format format, struct bs_str text);
/* "an e-mail address" */
const char *rpc_format_text(enum rpc_format format);
/* Appends "a", "b": the texts of a rule `in`. */
void rpc_append_options(const char *const *options, struct bs_buf *out);

#endif
