#include "edn/index.h"

/*
 * Making collections, copying, looking into values. Nothing here owns memory but what it puts into
 * the caller's arena.
 */

static struct edn collection_of(struct bs_arena *arena, enum edn_type type, const struct edn *items,
                                size_t count, size_t stride)
{
    BS_ASSERT(count <= UINT32_MAX);
    if (count == 0)
        return edn_collection(type, NULL, 0);
    struct edn *copy = bs_arena_new_array(arena, count * stride, struct edn);
    memcpy(copy, items, count * stride * sizeof(struct edn));
    return edn_collection(type, copy, count);
}

struct edn edn_vector_of(struct bs_arena *arena, const struct edn *items, size_t count)
{
    return collection_of(arena, EDN_VECTOR, items, count, 1);
}

struct edn edn_map_of(struct bs_arena *arena, const struct edn *items, size_t count)
{
    return collection_of(arena, EDN_MAP, items, count, 2);
}

struct edn edn_set_of(struct bs_arena *arena, const struct edn *items, size_t count)
{
    size_t duplicate;
    if (!edn_find_duplicate(items, 1, count, &duplicate))
        return collection_of(arena, EDN_SET, items, count, 1);
    struct edn *kept = bs_arena_new_array(arena, count, struct edn);
    memcpy(kept, items, duplicate * sizeof(struct edn));
    size_t kept_count = duplicate;
    struct edn_index index;
    edn_index_init(&index, kept, 1, count);
    for (size_t i = 0; i < duplicate; i++)
        (void)edn_index_add(&index, i, NULL);
    for (size_t i = duplicate + 1; i < count; i++) {
        kept[kept_count] = items[i];
        if (edn_index_add(&index, kept_count, NULL))
            kept_count++;
    }
    edn_index_fini(&index);
    return edn_collection(EDN_SET, kept, kept_count);
}

static size_t items_count(struct edn value)
{
    if (value.type == EDN_MAP)
        return (size_t)value.len * 2;
    return value.type == EDN_TAGGED ? 2 : value.len;
}

static const void *bytes_dup(struct bs_arena *arena, const void *bytes, size_t size)
{
    void *copy = bs_arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

struct edn edn_dup(struct bs_arena *arena, struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
        value.as.text = bs_arena_dup(arena, edn_text_of(value)).ptr;
        break;
    case EDN_UUID:
    case EDN_BYTES:
        value.as.bytes = (const uint8_t *)bytes_dup(arena, value.as.bytes, value.len);
        break;
    case EDN_BIGINT:
    case EDN_BIGDEC:
        value.as.number = (const struct edn_number *)bytes_dup(
            arena, value.as.number, sizeof(struct edn_number) + value.as.number->magnitude_bytes);
        break;
    case EDN_LIST:
    case EDN_VECTOR:
    case EDN_SET:
    case EDN_MAP:
    case EDN_TAGGED: {
        size_t count = items_count(value);
        if (count == 0)
            break;
        struct edn *items = bs_arena_new_array(arena, count, struct edn);
        for (size_t i = 0; i < count; i++)
            items[i] = edn_dup(arena, value.as.items[i]);
        value.as.items = items;
        break;
    }
    default:
        break;
    }
    return value;
}

/* ---- looking ---- */

/* Where the namespace ends; -1 without one. "/" is a name, "foo//" the name "/" in "foo". */
static ptrdiff_t slash_of(struct edn value)
{
    BS_ASSERT(value.type == EDN_KEYWORD || value.type == EDN_SYMBOL);
    ptrdiff_t slash = bs_str_find_byte(edn_text_of(value), '/');
    return slash > 0 ? slash : -1;
}

struct bs_str edn_namespace(struct edn value)
{
    ptrdiff_t slash = slash_of(value);
    return slash < 0 ? BS_STR_EMPTY : bs_str_slice(edn_text_of(value), 0, (size_t)slash);
}

struct bs_str edn_name(struct edn value)
{
    return bs_str_from_offset(edn_text_of(value), (size_t)(slash_of(value) + 1));
}

bool edn_map_get(struct edn map, struct edn key, struct edn *ret_value)
{
    if (map.type != EDN_MAP)
        return false;
    for (size_t i = 0; i < map.len; i++) {
        if (edn_equal(map.as.items[i * 2], key)) {
            *ret_value = map.as.items[i * 2 + 1];
            return true;
        }
    }
    return false;
}

bool edn_map_get_keyword(struct edn map, struct bs_str keyword, struct edn *ret_value)
{
    return edn_map_get(map, edn_keyword(keyword), ret_value);
}

bool edn_contains(struct edn collection, struct edn value)
{
    if (!edn_is_collection(collection))
        return false;
    for (size_t i = 0; i < collection.len; i++) {
        if (edn_equal(collection.as.items[i], value))
            return true;
    }
    return false;
}

const char *edn_type_name(enum edn_type type)
{
    static const char *const names[EDN_TYPE_COUNT] = {
        [EDN_NIL] = "nil",       [EDN_BOOLEAN] = "boolean", [EDN_LONG] = "long",
        [EDN_BIGINT] = "bigint", [EDN_FLOAT] = "float",     [EDN_DOUBLE] = "double",
        [EDN_BIGDEC] = "bigdec", [EDN_CHAR] = "char",       [EDN_STRING] = "string",
        [EDN_SYMBOL] = "symbol", [EDN_KEYWORD] = "keyword", [EDN_INSTANT] = "instant",
        [EDN_UUID] = "uuid",     [EDN_URI] = "uri",         [EDN_BYTES] = "bytes",
        [EDN_LIST] = "list",     [EDN_VECTOR] = "vector",   [EDN_SET] = "set",
        [EDN_MAP] = "map",       [EDN_TAGGED] = "tagged",   [EDN_OBJECT] = "object",
    };
    return (unsigned)type < EDN_TYPE_COUNT ? names[type] : "unknown";
}

/* ---- growing ---- */

void edn_list_init(struct edn_list *list, struct bs_arena *arena)
{
    *list = (struct edn_list){.arena = arena};
}

enum bs_code edn_list_check(const struct edn_list *list, size_t bytes, const char *what,
                            struct bs_error *error)
{
    if (list->count == list->capacity)
        bytes += BS_MAX(2 * list->capacity, (size_t)8) * sizeof(struct edn) + 32;
    return bs_arena_check(list->arena, bytes, what, error);
}

void edn_list_add(struct edn_list *list, struct edn value)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 8;
        struct edn *items = bs_arena_new_array(list->arena, capacity, struct edn);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof(struct edn));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = value;
}

struct edn edn_list_finish(const struct edn_list *list, enum edn_type type)
{
    size_t count = list->count;
    if (type == EDN_MAP) {
        BS_ASSERT(count % 2 == 0);
        count /= 2;
    }
    BS_ASSERT(count <= UINT32_MAX);
    return edn_collection(type, list->items, count);
}

/* ---- sizes ---- */

static size_t block_bytes(size_t size)
{
    return (size + 31) & ~(size_t)15;
}

size_t edn_dup_bytes(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
    case EDN_BYTES:
    case EDN_UUID:
        return block_bytes((size_t)value.len + 1);
    case EDN_BIGINT:
    case EDN_BIGDEC:
        return block_bytes(sizeof(struct edn_number) + value.as.number->magnitude_bytes);
    case EDN_LIST:
    case EDN_VECTOR:
    case EDN_SET:
    case EDN_MAP:
    case EDN_TAGGED:
        break;
    default:
        return 0;
    }
    size_t count = value.type == EDN_MAP      ? 2 * (size_t)value.len
                   : value.type == EDN_TAGGED ? 2
                                              : value.len;
    size_t total = block_bytes(count * sizeof(struct edn));
    for (size_t i = 0; i < count; i++)
        total += edn_dup_bytes(value.as.items[i]);
    return total;
}
