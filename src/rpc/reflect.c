/*
 * Reading and writing protobuf-c structs by descriptor. Lists grow in an arena, which can't give
 * memory back, so their capacity is not stored but follows from the count: 0, then 4, then the next
 * power of two. Who appends from the beginning by rpc_list_append can always go on.
 */

#include "rpc/reflect.h"

#include <inttypes.h>

#include "base/base.h"
#include "rpc/wire.h"

size_t rpc_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static size_t list_capacity(size_t count)
{
    size_t capacity = count == 0 ? 0 : 4;
    while (capacity < count)
        capacity *= 2;
    return capacity;
}

void *rpc_list_append(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, size_t more,
                      struct bs_arena *arena)
{
    size_t size = rpc_value_size(field->type);
    size_t count = rpc_list_count(field, message);
    size_t capacity = list_capacity(count + more);
    char *items;
    void *place = rpc_field_place(field, message);
    memcpy(&items, place, sizeof(items));
    if (capacity > list_capacity(count)) {
        char *grown = bs_arena_try_alloc(arena, capacity * size);
        if (!grown)
            return NULL;
        if (count > 0)
            memcpy(grown, items, count * size);
        memcpy(place, &grown, sizeof(grown));
        items = grown;
    }
    rpc_list_set_count(field, message, count + more);
    return memset(items + count * size, 0, more * size);
}

void rpc_field_mark_set(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    char *quantifier = (char *)message + field->quantifier_offset;
    if (rpc_field_is_oneof(field)) {
        memcpy(quantifier, &field->id, sizeof(field->id));
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        protobuf_c_boolean yes = 1;
        memcpy(quantifier, &yes, sizeof(yes));
    }
}

bool rpc_value_is_zero(ProtobufCType type, const void *value)
{
    static const char zeros[16];
    double number;
    float small;
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return rpc_load_string(value).len == 0;
    case PROTOBUF_C_TYPE_BYTES:
        return rpc_load_bytes(value).len == 0;
    case PROTOBUF_C_TYPE_DOUBLE: /* -0.0 is zero: protobuf-c does not send it */
        memcpy(&number, value, sizeof(number));
        return number == 0;
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&small, value, sizeof(small));
        return small == 0;
    default:
        return memcmp(value, zeros, rpc_value_size(type)) == 0;
    }
}

bool rpc_value_equal(ProtobufCType type, const void *a, const void *b)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return bs_str_equal(rpc_load_string(a), rpc_load_string(b));
    case PROTOBUF_C_TYPE_BYTES:
        return bs_str_equal(rpc_load_bytes(a), rpc_load_bytes(b));
    default:
        return memcmp(a, b, rpc_value_size(type)) == 0;
    }
}

bool rpc_field_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if (rpc_field_is_repeated(field))
        return rpc_list_count(field, message) > 0;
    if (rpc_field_is_oneof(field))
        return rpc_oneof_case(field, message) == field->id;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
        field->type != PROTOBUF_C_TYPE_MESSAGE) {
        protobuf_c_boolean has;
        memcpy(&has, (const char *)message + field->quantifier_offset, sizeof(has));
        return has != 0;
    }
    return !rpc_value_is_zero(field->type, rpc_field_at(field, message));
}

char *rpc_copy_string(struct bs_str text, struct bs_arena *arena)
{
    char *copy = bs_arena_try_alloc(arena, text.len + 1);
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

enum bs_code rpc_raise_arena_full(const struct bs_arena *arena, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                        "message needs more than the %zu bytes of memory that a call may use",
                        bs_arena_max_bytes(arena));
}

struct bs_str rpc_map_key_text(const ProtobufCFieldDescriptor *key, const ProtobufCMessage *entry,
                               char ret_text[RPC_KEY_TEXT_SIZE])
{
    const void *value = rpc_field_at(key, entry);
    int32_t small;
    int64_t large;
    protobuf_c_boolean flag;
    int len;
    switch (key->type) {
    case PROTOBUF_C_TYPE_STRING:
        return rpc_load_string(value);
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(&flag, value, sizeof(flag));
        return flag ? BS_STR("true") : BS_STR("false");
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        memcpy(&small, value, sizeof(small));
        len = snprintf(ret_text, RPC_KEY_TEXT_SIZE, "%" PRIu32, (uint32_t)small);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        memcpy(&large, value, sizeof(large));
        len = snprintf(ret_text, RPC_KEY_TEXT_SIZE, "%" PRIu64, (uint64_t)large);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        memcpy(&large, value, sizeof(large));
        len = snprintf(ret_text, RPC_KEY_TEXT_SIZE, "%" PRId64, large);
        break;
    default:
        memcpy(&small, value, sizeof(small));
        len = snprintf(ret_text, RPC_KEY_TEXT_SIZE, "%" PRId32, small);
        break;
    }
    return bs_str_make(ret_text, (size_t)len);
}

/* Any total order that tells keys of one type apart. */
static int compare_keys(const ProtobufCFieldDescriptor *key, const ProtobufCMessage *a,
                        const ProtobufCMessage *b)
{
    const void *left = rpc_field_at(key, a);
    const void *right = rpc_field_at(key, b);
    if (key->type == PROTOBUF_C_TYPE_STRING)
        return bs_str_compare(rpc_load_string(left), rpc_load_string(right));
    return memcmp(left, right, rpc_value_size(key->type));
}

struct entry_position {
    const ProtobufCFieldDescriptor *key;
    ProtobufCMessage *entry;
    size_t idx;
};

static int compare_positions(const void *a, const void *b)
{
    const struct entry_position *left = (const struct entry_position *)a;
    const struct entry_position *right = (const struct entry_position *)b;
    int order = compare_keys(left->key, left->entry, right->entry);
    return order != 0 ? order : (left->idx > right->idx) - (left->idx < right->idx);
}

static void mark_duplicates(ProtobufCMessage **entries, size_t count,
                            const ProtobufCFieldDescriptor *key)
{
    BS_CLEANUP(bs_freep)
    struct entry_position *sorted = bs_calloc(count, sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct entry_position){.key = key, .entry = entries[i], .idx = i};
    qsort(sorted, count, sizeof(*sorted), compare_positions);
    for (size_t i = 0; i + 1 < count; i++) {
        if (compare_keys(key, sorted[i].entry, sorted[i + 1].entry) == 0)
            entries[sorted[i].idx] = NULL;
    }
}

size_t rpc_map_dedupe(const ProtobufCFieldDescriptor *map, ProtobufCMessage *message,
                      const ProtobufCMessage **ret_duplicate)
{
    size_t count = rpc_list_count(map, message);
    if (ret_duplicate)
        *ret_duplicate = NULL;
    if (count < 2)
        return 0;
    const ProtobufCMessageDescriptor *type = (const ProtobufCMessageDescriptor *)map->descriptor;
    ProtobufCMessage **entries;
    memcpy(&entries, rpc_field_at(map, message), sizeof(entries));
    BS_CLEANUP(bs_freep) ProtobufCMessage **all = bs_memdup(entries, count * sizeof(*all));
    mark_duplicates(all, count, &type->fields[0]);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i])
            entries[kept++] = all[i];
        else if (ret_duplicate)
            *ret_duplicate = entries[i];
    }
    rpc_list_set_count(map, message, kept);
    return count - kept;
}

const ProtobufCEnumValue *rpc_enum_find(const ProtobufCEnumDescriptor *descriptor,
                                        struct bs_str name)
{
    unsigned low = 0;
    unsigned high = descriptor->n_value_names;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const ProtobufCEnumValueIndex *value = &descriptor->values_by_name[middle];
        int order = bs_str_compare(name, bs_str_from(value->name));
        if (order == 0)
            return &descriptor->values[value->index];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool rpc_enum_is_null_value(const ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_ENUM)
        return false;
    const ProtobufCEnumDescriptor *type = (const ProtobufCEnumDescriptor *)field->descriptor;
    return strcmp(type->name, "google.protobuf.NullValue") == 0;
}

void rpc_path_field(struct bs_buf *path, const char *name)
{
    if (path->len > 0)
        bs_buf_append_byte(path, '.');
    bs_buf_append_cstr(path, name);
}

void rpc_path_index(struct bs_buf *path, size_t idx)
{
    bs_buf_printf(path, "[%zu]", idx);
}

void rpc_path_key(struct bs_buf *path, const ProtobufCFieldDescriptor *key,
                  const ProtobufCMessage *entry)
{
    char text[RPC_KEY_TEXT_SIZE];
    struct bs_str name = rpc_map_key_text(key, entry, text);
    bs_buf_append_byte(path, '[');
    if (key->type == PROTOBUF_C_TYPE_STRING)
        rpc_append_quoted(path, name);
    else
        bs_buf_append_str(path, name);
    bs_buf_append_byte(path, ']');
}

#define QUOTED_MAX 80

void rpc_append_quoted(struct bs_buf *out, struct bs_str text)
{
    struct bs_str shown = bs_str_slice(text, 0, QUOTED_MAX);
    shown.len = bs_utf8_valid_prefix(shown);
    bs_buf_append_byte(out, '"');
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char c = (unsigned char)shown.ptr[i];
        if (c < 0x20 || c == 0x7f)
            bs_buf_printf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            bs_buf_printf(out, "\\%c", c);
        else
            bs_buf_append_byte(out, (char)c);
    }
    bs_buf_append_cstr(out, shown.len < text.len ? "...\"" : "\"");
}

void rpc_place_path(const struct rpc_place *place, struct bs_buf *path)
{
    if (!place)
        return;
    rpc_place_path(place->parent, path);
    if (place->name)
        rpc_path_field(path, place->name);
    if (place->idx >= 0)
        rpc_path_index(path, (size_t)place->idx);
    if (place->map_entry)
        rpc_path_key(path, place->map_key, place->map_entry);
}
