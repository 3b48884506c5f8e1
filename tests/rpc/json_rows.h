#ifndef TESTS_RPC_JSON_ROWS_H
#define TESTS_RPC_JSON_ROWS_H

/* Tables of JSON that is read as a conformance.All and printed again. Include support.h first. */

#include "rpc/conformance.h"

static const struct rpc_message *const all = &conformance__all__table;

struct json_row {
    const char *name;
    const char *json;
    const char *expected; /* printed again; NULL: refused */
};

/* Flags of rpc_json_parse and rpc_json_print. Fails when a row is off. */
void json_rows_run(const struct json_row *rows, size_t count, unsigned parse_flags,
                   unsigned print_flags);

#define RUN(rows, parse_flags, print_flags)                                                        \
    json_rows_run((rows), BS_ARRAY_COUNT(rows), (parse_flags), (print_flags))

#endif
