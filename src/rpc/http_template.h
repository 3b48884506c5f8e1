#ifndef RPC_HTTP_TEMPLATE_H
#define RPC_HTTP_TEMPLATE_H

/*
 * Path templates of HTTP rules, in the grammar of google.api.http: "/api/campaigns/{campaign_id}",
 * "/files/{path=**}", "/v1/{name=**}:publish". The generator checks them, the bridge routes by
 * them. Stands on base alone. Any thread.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum rpc_segment_kind {
    RPC_SEGMENT_LITERAL,
    RPC_SEGMENT_ONE,  /* "*": one segment, not empty */
    RPC_SEGMENT_REST, /* "**": any number of segments, the last one of a template */
};

struct rpc_segment {
    enum rpc_segment_kind kind;
    struct bs_str literal; /* as written, which is as it reads after percent-decoding */
};

/* What a run of segments binds: the decoded text of segments [first, first + count). */
struct rpc_variable {
    struct bs_str path; /* of fields: "campaign_id", "filter.org_id" */
    size_t first, count;
};

struct rpc_http_template {
    struct rpc_segment *segments;
    size_t segments_count;
    struct rpc_variable *variables; /* in the order of the text */
    size_t variables_count;
    struct bs_str verb; /* after the colon; empty when there is none */
};

/*
 * Reads a template. Texts are borrowed from `text`, arrays live in the arena. INVALID_ARGUMENT
 * (HTTP_BAD_REQUEST) naming the byte and what was expected.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_http_template_parse(struct bs_str text,
                                                          struct bs_arena *arena,
                                                          struct rpc_http_template *ret_template,
                                                          struct bs_error *error);
/* Appends the template with each variable replaced by the segments that it binds (a plain one by
 * one star). Two of the same shape match the same paths. */
BS_API void rpc_http_template_shape(const struct rpc_http_template *template, struct bs_buf *out);

#endif
