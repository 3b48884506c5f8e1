#include <stdlib.h>

#include "edn/parser.h"

/*
 * Tagged values (#inst, #uuid, #uri, #base64; every other tag is kept as it is) and the keys of
 * namespaced maps.
 */

static enum bs_code refuse(struct edn_parser *parser, const char *at, const char *tag,
                           const char *expected, struct edn found)
{
    char shown[80];
    return edn_syntax_error(parser, at, "#%s expects %s, found the %s %s", tag, expected,
                            edn_type_name((enum edn_type)found.type),
                            edn_print_cut(found, shown, sizeof(shown)));
}

static enum bs_code apply_inst(struct edn_parser *parser, const char *at, struct edn value,
                               struct edn *ret_value)
{
    int64_t ms;
    if (value.type != EDN_STRING || !edn_instant_parse(edn_text_of(value), &ms))
        return refuse(parser, at, "inst", "a time as \"2020-01-02T03:04:05.678Z\" or its beginning",
                      value);
    *ret_value = edn_instant(ms);
    return BS_OK;
}

static enum bs_code apply_uuid(struct edn_parser *parser, const char *at, struct edn value,
                               struct edn *ret_value)
{
    uint8_t bytes[16];
    if (value.type != EDN_STRING || !bs_uuid_parse(edn_text_of(value), bytes))
        return refuse(parser, at, "uuid", "8-4-4-4-12 hex digits in a string", value);
    uint8_t *copy = (uint8_t *)bs_arena_try_alloc(parser->arena, sizeof(bytes));
    if (!copy)
        return edn_parser_fail_memory(parser, at);
    memcpy(copy, bytes, sizeof(bytes));
    *ret_value = edn_uuid(copy);
    return BS_OK;
}

static enum bs_code apply_uri(struct edn_parser *parser, const char *at, struct edn value,
                              struct edn *ret_value)
{
    if (value.type != EDN_STRING)
        return refuse(parser, at, "uri", "a string", value);
    *ret_value = edn_text(EDN_URI, edn_text_of(value));
    return BS_OK;
}

static enum bs_code apply_base64(struct edn_parser *parser, const char *at, struct edn value,
                                 struct edn *ret_value)
{
    struct bs_buf bytes BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    if (value.type != EDN_STRING || !bs_base64_decode(edn_text_of(value), BS_BASE64_STRICT, &bytes))
        return refuse(parser, at, "base64", "a string of base64 with its padding", value);
    void *copy = bs_arena_try_alloc(parser->arena, bytes.len);
    if (!copy)
        return edn_parser_fail_memory(parser, at);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    *ret_value = edn_bytes(copy, bytes.len);
    return BS_OK;
}

enum bs_code edn_apply_tag(struct edn_parser *parser, const char *at, struct bs_str tag,
                           struct edn value, struct edn *ret_value)
{
    if (bs_str_equals(tag, "uuid"))
        return apply_uuid(parser, at, value, ret_value);
    if (bs_str_equals(tag, "inst"))
        return apply_inst(parser, at, value, ret_value);
    if (bs_str_equals(tag, "uri"))
        return apply_uri(parser, at, value, ret_value);
    if (bs_str_equals(tag, "base64"))
        return apply_base64(parser, at, value, ret_value);
    struct edn *items = (struct edn *)bs_arena_try_alloc(parser->arena, 2 * sizeof(struct edn));
    if (!items)
        return edn_parser_fail_memory(parser, at);
    items[0] = edn_symbol(tag);
    items[1] = value;
    *ret_value = (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
    return BS_OK;
}

/* ---- namespaced maps ---- */

/*
 * Maps of one kind repeat their keys, so the qualified ones are kept for a while: a table in which
 * a newer key takes the place of an older one.
 */
#define CACHE_SLOTS 256

struct edn_name_cache {
    struct {
        const char *namespace; /* in the text; its bytes are compared */
        const char *name;
        uint32_t namespace_len;
        uint32_t name_len;
        const char *qualified; /* "namespace/name" in the arena */
    } slots[CACHE_SLOTS];
};

void edn_name_cache_free(struct edn_name_cache *cache)
{
    free(cache);
}

static size_t cache_slot(struct bs_str namespace, struct bs_str name)
{
    uint32_t hash = (uint32_t)(namespace.len * 31 + name.len);
    for (size_t i = 0; i < name.len; i++)
        hash = hash * 31 + (unsigned char)name.ptr[i];
    hash = hash * 31 + (unsigned char)namespace.ptr[0];
    return (hash ^ hash >> 8) % CACHE_SLOTS;
}

static const char *qualify(struct edn_parser *parser, struct bs_str namespace, struct bs_str name)
{
    if (!parser->names)
        parser->names = (struct edn_name_cache *)bs_calloc(1, sizeof(*parser->names));
    size_t slot = cache_slot(namespace, name);
    struct bs_str cached_namespace = {parser->names->slots[slot].namespace,
                                      parser->names->slots[slot].namespace_len};
    struct bs_str cached_name = {parser->names->slots[slot].name,
                                 parser->names->slots[slot].name_len};
    if (bs_str_equal(cached_name, name) && bs_str_equal(cached_namespace, namespace))
        return parser->names->slots[slot].qualified;
    char *text = (char *)bs_arena_try_alloc(parser->arena, namespace.len + 1 + name.len);
    if (!text)
        return NULL;
    memcpy(text, namespace.ptr, namespace.len);
    text[namespace.len] = '/';
    memcpy(text + namespace.len + 1, name.ptr, name.len);
    parser->names->slots[slot].namespace = namespace.ptr;
    parser->names->slots[slot].namespace_len = (uint32_t) namespace.len;
    parser->names->slots[slot].name = name.ptr;
    parser->names->slots[slot].name_len = (uint32_t)name.len;
    parser->names->slots[slot].qualified = text;
    return text;
}

/* Whether the name reads as itself: `_/nil` and `_/-1` do not without their namespace. */
static bool stands_alone(struct edn key)
{
    struct bs_str name = edn_text_of(key);
    return key.type == EDN_KEYWORD ||
           (edn_begins_symbol(name) && !bs_str_equals(name, "nil") &&
            !bs_str_equals(name, "true") && !bs_str_equals(name, "false"));
}

enum bs_code edn_qualify_keys(struct edn_parser *parser, const char *at, struct bs_str namespace,
                              struct edn *pairs, size_t pairs_count)
{
    char shown[EDN_SHOWN_SIZE];
    for (size_t i = 0; i < pairs_count; i++) {
        struct edn *key = &pairs[i * 2];
        if (key->type != EDN_KEYWORD && key->type != EDN_SYMBOL)
            continue;
        struct bs_str name = edn_text_of(*key);
        if (name.len > 2 && name.ptr[0] == '_' && name.ptr[1] == '/') {
            *key = edn_text((enum edn_type)key->type, bs_str_from_offset(name, 2));
            if (!stands_alone(*key))
                return edn_syntax_error(parser, name.ptr,
                                        "%s: without its namespace this is no symbol",
                                        edn_shown(name, shown));
        } else if (bs_str_find_byte(name, '/') < 0) {
            const char *text = qualify(parser, namespace, name);
            if (!text)
                return edn_parser_fail_memory(parser, at);
            key->as.text = text;
            key->len += (uint32_t) namespace.len + 1;
        }
    }
    return BS_OK;
}
