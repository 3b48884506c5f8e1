/* C names, made exactly as protoc-c 1.4 makes them, so that our code meets its code. */

#include "model.h"

#include <ctype.h>

static const char *const keywords[] = {
    "and",      "asm",       "auto",     "bool",      "break",    "case",   "char",     "class",
    "const",    "continue",  "default",  "delete",    "do",       "double", "else",     "enum",
    "export",   "extern",    "false",    "float",     "for",      "friend", "goto",     "if",
    "inline",   "int",       "long",     "namespace", "new",      "not",    "operator", "or",
    "private",  "protected", "public",   "register",  "restrict", "return", "short",    "signed",
    "sizeof",   "static",    "struct",   "switch",    "template", "this",   "throw",    "true",
    "try",      "typedef",   "typename", "union",     "unsigned", "using",  "virtual",  "void",
    "volatile", "while",     "xor",
};

/* "health_Check" is "HealthCheck". */
static void append_camel(struct bs_buf *out, struct bs_str part)
{
    bool upper = true;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        if (c == '_') {
            upper = true;
            continue;
        }
        bs_buf_append_byte(out, upper ? (char)toupper((unsigned char)c) : c);
        upper = false;
    }
}

/* "HealthCheck" is "health_check", "HTTPRule" is "httprule". */
static void append_lower(struct bs_buf *out, struct bs_str part)
{
    bool was_upper = true;
    for (size_t i = 0; i < part.len; i++) {
        bool is_upper = isupper((unsigned char)part.ptr[i]) != 0;
        if (is_upper && !was_upper)
            bs_buf_append_byte(out, '_');
        bs_buf_append_byte(out, (char)tolower((unsigned char)part.ptr[i]));
        was_upper = is_upper;
    }
}

static const char *join_parts(struct bs_arena *arena, const char *full_name,
                              void (*append)(struct bs_buf *, struct bs_str))
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct bs_str rest = bs_str_from(full_name), part;
    while (bs_str_split(&rest, '.', &part)) {
        if (part.len == 0)
            continue;
        if (out.len > 0)
            bs_buf_append_cstr(&out, "__");
        append(&out, part);
    }
    return bs_arena_dup_cstr(arena, bs_buf_str(&out));
}

const char *gen_c_type(struct bs_arena *arena, const char *full_name)
{
    return join_parts(arena, full_name, append_camel);
}

const char *gen_c_lower(struct bs_arena *arena, const char *full_name)
{
    return join_parts(arena, full_name, append_lower);
}

const char *gen_c_member(struct bs_arena *arena, const char *name)
{
    return join_parts(arena, name, append_lower);
}

bool gen_is_keyword(const char *name)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(keywords); i++) {
        if (strcmp(name, keywords[i]) == 0)
            return true;
    }
    return false;
}
