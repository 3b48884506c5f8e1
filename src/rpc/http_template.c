/* The grammar by recursive descent, one function for each rule. No limits but the text's length. */

#include "rpc/http_template.h"

struct parser {
    struct bs_str text;
    size_t at;
    struct bs_arena *arena;
    struct rpc_http_template *template;
    struct bs_error *error;
};

static int peek(const struct parser *parser)
{
    return parser->at < parser->text.len ? (unsigned char)parser->text.ptr[parser->at] : -1;
}

static enum bs_code expected(const struct parser *parser, const char *what)
{
    if (peek(parser) < 0)
        return bs_error_set(parser->error, BS_REASON_HTTP_BAD_REQUEST,
                            "template \"%.*s\": expected %s at its end", BS_STR_ARGS(parser->text),
                            what);
    return bs_error_set(parser->error, BS_REASON_HTTP_BAD_REQUEST,
                        "template \"%.*s\": expected %s at byte %zu, got \"%.*s\"",
                        BS_STR_ARGS(parser->text), what, parser->at + 1,
                        BS_STR_ARGS(bs_str_from_offset(parser->text, parser->at)));
}

/* RFC 3986's pchar without ':' (verbs), '*', '=' and '%': literals are written decoded. */
static bool is_literal(int c)
{
    return c > 0 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~!$&'()+,;@", c));
}

static bool is_identifier(int c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static enum bs_code parse_literal(struct parser *parser, const char *what, struct bs_str *ret)
{
    size_t start = parser->at;
    while (is_literal(peek(parser)))
        parser->at++;
    *ret = bs_str_slice(parser->text, start, parser->at - start);
    if (ret->len == 0)
        return expected(parser, what);
    if (bs_str_equals(*ret, ".") || bs_str_equals(*ret, ".."))
        return bs_error_set(parser->error, BS_REASON_HTTP_BAD_REQUEST,
                            "template \"%.*s\": a segment \"%.*s\" can never be matched",
                            BS_STR_ARGS(parser->text), BS_STR_ARGS(*ret));
    return BS_OK;
}

static enum bs_code parse_plain_segment(struct parser *parser, const char *what)
{
    struct rpc_segment *segment = &parser->template->segments[parser->template->segments_count];
    size_t count = parser->template->segments_count;
    if (count > 0 && parser->template->segments[count - 1].kind == RPC_SEGMENT_REST)
        return bs_error_set(parser->error, BS_REASON_HTTP_BAD_REQUEST,
                            "template \"%.*s\": nothing but a verb may follow \"**\"",
                            BS_STR_ARGS(parser->text));
    *segment = (struct rpc_segment){.kind = RPC_SEGMENT_LITERAL, .literal = BS_STR_EMPTY};
    if (peek(parser) == '*') {
        parser->at++;
        segment->kind = RPC_SEGMENT_ONE;
        if (peek(parser) == '*') {
            parser->at++;
            segment->kind = RPC_SEGMENT_REST;
        }
    } else {
        BS_TRY(parse_literal(parser, what, &segment->literal));
    }
    parser->template->segments_count++;
    return BS_OK;
}

static enum bs_code parse_field_path(struct parser *parser, struct bs_str *ret)
{
    size_t start = parser->at;
    for (;;) {
        if (!is_identifier(peek(parser), true))
            return expected(parser, "a field's name");
        while (is_identifier(peek(parser), false))
            parser->at++;
        if (peek(parser) != '.')
            break;
        parser->at++;
    }
    *ret = bs_str_slice(parser->text, start, parser->at - start);
    return BS_OK;
}

static enum bs_code parse_variable(struct parser *parser)
{
    struct rpc_http_template *template = parser->template;
    struct rpc_variable *variable = &template->variables[template->variables_count++];
    parser->at++; /* "{" */
    variable->first = template->segments_count;
    BS_TRY(parse_field_path(parser, &variable->path));
    if (peek(parser) == '=') {
        do {
            parser->at++;
            if (peek(parser) == '{')
                return expected(parser, "a segment (variables do not nest)");
            BS_TRY(parse_plain_segment(parser, "\"*\", \"**\" or a literal"));
        } while (peek(parser) == '/');
    } else {
        size_t count = template->segments_count;
        if (count > 0 && template->segments[count - 1].kind == RPC_SEGMENT_REST)
            return expected(parser, "the end (nothing but a verb may follow \"**\")");
        template->segments[template->segments_count++] =
            (struct rpc_segment){.kind = RPC_SEGMENT_ONE, .literal = BS_STR_EMPTY};
    }
    variable->count = template->segments_count - variable->first;
    if (peek(parser) != '}')
        return expected(parser, "\"}\"");
    parser->at++;
    return BS_OK;
}

static enum bs_code parse_template(struct parser *parser)
{
    if (peek(parser) != '/')
        return expected(parser, "\"/\"");
    do {
        parser->at++;
        if (peek(parser) < 0)
            return bs_error_set(parser->error, BS_REASON_HTTP_BAD_REQUEST,
                                "template \"%.*s\": ends in a slash; expected a segment after it",
                                BS_STR_ARGS(parser->text));
        if (peek(parser) == '{')
            BS_TRY(parse_variable(parser));
        else
            BS_TRY(parse_plain_segment(parser, "\"*\", \"**\", \"{\" or a literal"));
    } while (peek(parser) == '/');
    if (peek(parser) == ':') {
        parser->at++;
        BS_TRY(parse_literal(parser, "a verb", &parser->template->verb));
    }
    if (peek(parser) >= 0)
        return expected(parser, "\"/\", \":\" or the end");
    return BS_OK;
}

enum bs_code rpc_http_template_parse(struct bs_str text, struct bs_arena *arena,
                                     struct rpc_http_template *ret_template, struct bs_error *error)
{
    struct rpc_http_template template = {.verb = BS_STR_EMPTY};
    struct parser parser = {.text = text, .arena = arena, .template = &template, .error = error};
    /* each segment and each variable takes at least one byte of the text */
    template.segments = bs_arena_new_array(arena, text.len + 1, struct rpc_segment);
    template.variables = bs_arena_new_array(arena, text.len + 1, struct rpc_variable);
    BS_TRY(parse_template(&parser));
    *ret_template = template;
    return BS_OK;
}

void rpc_http_template_shape(const struct rpc_http_template *template, struct bs_buf *out)
{
    for (size_t i = 0; i < template->segments_count; i++) {
        const struct rpc_segment *segment = &template->segments[i];
        bs_buf_append_byte(out, '/');
        if (segment->kind == RPC_SEGMENT_LITERAL)
            bs_buf_append_str(out, segment->literal);
        else
            bs_buf_append_cstr(out, segment->kind == RPC_SEGMENT_ONE ? "*" : "**");
    }
    if (template->verb.len > 0) {
        bs_buf_append_byte(out, ':');
        bs_buf_append_str(out, template->verb);
    }
}
