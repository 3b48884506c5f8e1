/*
 * Packed protobuf to protobuf-c's structs, by the tables, in one walk that checks as it goes and
 * keeps its own stack. protobuf-c's unpacker is not used on what comes off a wire: it recurses
 * without limit, takes invalid UTF-8, cuts strings at NUL, refuses a submessage that comes in two
 * parts when its type has a oneof, keeps double keys of maps, and asks for scratch memory that an
 * arena can't take back. What is made here packs, by protobuf-c, to what protobuf's own readers
 * would make of the same bytes. rpc_wire_check is the same walk that writes nothing.
 */

#include "base/base.h"
#include "rpc/reflect.h"
#include "rpc/wire.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
};

struct frame {
    const struct rpc_message *table;
    ProtobufCMessage *message; /* NULL when only checking */
    const uint8_t *end;
    unsigned field_idx; /* that is being read */
    bool has_field;
    bool has_maps; /* double keys may have to go */
};

struct walk {
    const uint8_t *start;
    const uint8_t *at;
    struct bs_arena *arena; /* NULL when only checking */
    unsigned max_depth;
    size_t max_decoded_bytes;
    size_t decoded_bytes;
    struct bs_error *error;
    unsigned depth; /* of the top frame, from 1 */
    struct frame frames[BS_LIMIT_MESSAGE_DEPTH + 1];
};

static struct frame *top(struct walk *w)
{
    return &w->frames[w->depth];
}

static const ProtobufCFieldDescriptor *current_field(const struct frame *frame)
{
    return &frame->table->descriptor->fields[frame->field_idx];
}

static void append_path(const struct walk *w, struct bs_buf *path)
{
    for (unsigned i = 1; i <= w->depth; i++) {
        const struct frame *frame = &w->frames[i];
        if (frame->table->is_map_entry || !frame->has_field)
            continue;
        const ProtobufCFieldDescriptor *field = current_field(frame);
        rpc_path_field(path, frame->table->fields[frame->field_idx].json_name);
        size_t count = frame->message && rpc_field_is_repeated(field)
                           ? rpc_list_count(field, frame->message)
                           : 0;
        if (count > 0)
            rpc_path_index(path, count - 1);
    }
}

static enum bs_code undecodable(struct walk *w, const char *what)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(4096);
    append_path(w, &path);
    const char *colon = path.len > 0 ? ": " : "";
    long long offset = w->at - w->start;
    enum bs_code code =
        bs_error_set(w->error, BS_REASON_RPC_UNDECODABLE, "%s: %s%s%s (at byte %lld)",
                     w->frames[1].table->full_name, bs_buf_cstr(&path), colon, what, offset);
    bs_error_add_text(w->error, "path", bs_buf_str(&path));
    bs_error_add_integer(w->error, "offset", offset);
    return code;
}

/* Counts bytes that the unpacked message needs. */
static enum bs_code count_bytes(struct walk *w, size_t size)
{
    if (!__builtin_add_overflow(w->decoded_bytes, size, &w->decoded_bytes) &&
        w->decoded_bytes <= w->max_decoded_bytes)
        return BS_OK;
    return bs_error_set(w->error, BS_REASON_RPC_TOO_LARGE,
                        "%s: unpacked, the message is more than the %zu bytes that its size on the "
                        "wire allows",
                        w->frames[1].table->full_name, w->max_decoded_bytes);
}

/* ---- Reading ---- */

static enum bs_code read_varint(struct walk *w, uint64_t *ret_value)
{
    const uint8_t *end = top(w)->end;
    uint64_t value = 0;
    for (unsigned i = 0; i < 10 && w->at + i < end; i++) {
        value |= (uint64_t)(w->at[i] & 0x7f) << (7 * i);
        if (!(w->at[i] & 0x80)) {
            w->at += i + 1;
            *ret_value = value;
            return BS_OK;
        }
    }
    return undecodable(w, end - w->at < 10 ? "the bytes end inside a number"
                                           : "a number of more than 10 bytes");
}

static enum bs_code read_length(struct walk *w, size_t *ret_length)
{
    const uint8_t *start = w->at;
    uint64_t length;
    BS_TRY(read_varint(w, &length));
    if (length > (uint64_t)(top(w)->end - w->at)) {
        w->at = start;
        return undecodable(w, "a length that goes beyond the end");
    }
    *ret_length = (size_t)length;
    return BS_OK;
}

static enum bs_code read_fixed(struct walk *w, void *place, size_t size)
{
    if ((size_t)(top(w)->end - w->at) < size)
        return undecodable(w, "the bytes end inside a number");
    memcpy(place, w->at, size); /* little-endian, as the wire is */
    w->at += size;
    return BS_OK;
}

static enum wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    default:
        return WIRE_VARINT;
    }
}

/* One number, enum or bool; of 8 bytes at most. */
static enum bs_code read_number(struct walk *w, ProtobufCType type, void *place)
{
    enum wire_type wire = wire_type_of(type);
    uint64_t value;
    if (wire != WIRE_VARINT)
        return read_fixed(w, place, wire == WIRE_FIXED64 ? 8 : 4);
    BS_TRY(read_varint(w, &value));
    if (type == PROTOBUF_C_TYPE_SINT32)
        value = (value & UINT32_MAX) >> 1 ^ (0 - (value & 1));
    else if (type == PROTOBUF_C_TYPE_SINT64)
        value = value >> 1 ^ (0 - (value & 1));
    else if (type == PROTOBUF_C_TYPE_BOOL)
        value = value != 0;
    uint32_t low = (uint32_t)value;
    if (rpc_value_size(type) == 8)
        memcpy(place, &value, sizeof(value));
    else
        memcpy(place, &low, sizeof(low));
    return BS_OK;
}

static enum bs_code skip_unknown(struct walk *w, unsigned wire)
{
    uint64_t ignored;
    size_t length = 0;
    switch (wire) {
    case WIRE_VARINT:
        return read_varint(w, &ignored);
    case WIRE_FIXED64:
        return read_fixed(w, &ignored, 8);
    case WIRE_FIXED32:
        return read_fixed(w, &ignored, 4);
    case WIRE_BYTES:
        BS_TRY(read_length(w, &length));
        w->at += length;
        return BS_OK;
    default:
        return undecodable(w, "a group, or a wire type that does not exist");
    }
}

/* ---- Writing ---- */

/* Where the current field's next value goes: a new item of the list, or the field itself. */
static enum bs_code value_place(struct walk *w, void **ret_place)
{
    struct frame *frame = top(w);
    const ProtobufCFieldDescriptor *field = current_field(frame);
    if (!rpc_field_is_repeated(field)) {
        *ret_place = rpc_field_place(field, frame->message);
        return BS_OK;
    }
    *ret_place = rpc_list_append(field, frame->message, 1, w->arena);
    return *ret_place ? BS_OK : rpc_raise_arena_full(w->arena, w->error);
}

static enum bs_code take_number(struct walk *w)
{
    struct frame *frame = top(w);
    const ProtobufCFieldDescriptor *field = current_field(frame);
    uint64_t value;
    BS_TRY(read_number(w, field->type, &value));
    BS_TRY(count_bytes(w, rpc_field_is_repeated(field) ? rpc_value_size(field->type) : 0));
    if (!frame->message)
        return BS_OK;
    void *place;
    BS_TRY(value_place(w, &place));
    memcpy(place, &value, rpc_value_size(field->type));
    if (!rpc_field_is_repeated(field))
        rpc_field_mark_set(field, frame->message);
    return BS_OK;
}

/* Numbers of a packed list in the next `length` bytes: each ends where a varint's high bit is
 * clear.
 */
static size_t packed_count(const struct walk *w, ProtobufCType type, size_t length)
{
    enum wire_type wire = wire_type_of(type);
    if (wire != WIRE_VARINT)
        return length / (wire == WIRE_FIXED64 ? 8 : 4);
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += w->at[i] < 0x80;
    return count;
}

static enum bs_code take_packed(struct walk *w)
{
    struct frame *frame = top(w);
    const ProtobufCFieldDescriptor *field = current_field(frame);
    size_t length = 0;
    BS_TRY(read_length(w, &length));
    const uint8_t *outer_end = frame->end;
    size_t count = packed_count(w, field->type, length);
    size_t size = rpc_value_size(field->type);
    char *items = NULL;
    BS_TRY(count_bytes(w, count * size));
    if (frame->message && count > 0) {
        items = rpc_list_append(field, frame->message, count, w->arena);
        if (!items)
            return rpc_raise_arena_full(w->arena, w->error);
    }
    frame->end = w->at + length;
    for (size_t i = 0; w->at < frame->end; i++) {
        uint64_t value;
        BS_TRY(read_number(w, field->type, &value));
        if (items)
            memcpy(items + i * size, &value, size);
    }
    frame->end = outer_end;
    return BS_OK;
}

static enum bs_code check_text(struct walk *w, struct bs_str text)
{
    const uint8_t *start = w->at;
    ptrdiff_t nul = bs_str_find_byte(text, '\0');
    if (nul >= 0) {
        w->at = start + nul;
        return undecodable(w, "a string may not hold the character U+0000");
    }
    if (!bs_utf8_is_valid(text)) {
        w->at = start + bs_utf8_valid_prefix(text);
        return undecodable(w, "a string that is not UTF-8");
    }
    return BS_OK;
}

static enum bs_code take_text(struct walk *w)
{
    struct frame *frame = top(w);
    const ProtobufCFieldDescriptor *field = current_field(frame);
    bool is_string = field->type == PROTOBUF_C_TYPE_STRING;
    size_t length = 0;
    void *place;
    BS_TRY(read_length(w, &length));
    struct bs_str text = bs_str_make((const char *)w->at, length);
    if (is_string)
        BS_TRY(check_text(w, text));
    BS_TRY(count_bytes(w, length + 1 + (rpc_field_is_repeated(field) ? sizeof(void *) : 0)));
    w->at += length;
    if (!frame->message)
        return BS_OK;
    BS_TRY(value_place(w, &place));
    ProtobufCBinaryData data = {.len = length};
    data.data = (uint8_t *)rpc_copy_string(text, w->arena);
    if (!data.data)
        return rpc_raise_arena_full(w->arena, w->error);
    if (is_string)
        memcpy(place, &data.data, sizeof(data.data));
    else
        memcpy(place, &data, sizeof(data));
    if (!rpc_field_is_repeated(field))
        rpc_field_mark_set(field, frame->message);
    return BS_OK;
}

/* The message that the current field's next bytes go into: parts of a singular one are merged. */
static enum bs_code submessage(struct walk *w, const struct rpc_message *table,
                               ProtobufCMessage **ret_message)
{
    struct frame *frame = top(w);
    const ProtobufCFieldDescriptor *field = current_field(frame);
    bool is_repeated = rpc_field_is_repeated(field);
    void *place;
    *ret_message = NULL;
    if (frame->message && !is_repeated && rpc_field_is_set(field, frame->message)) {
        memcpy(ret_message, rpc_field_at(field, frame->message), sizeof(*ret_message));
        return BS_OK;
    }
    BS_TRY(count_bytes(w, table->descriptor->sizeof_message + (is_repeated ? sizeof(void *) : 0)));
    if (!frame->message)
        return BS_OK;
    BS_TRY(value_place(w, &place));
    *ret_message = rpc_message_new(table, w->arena);
    if (!*ret_message)
        return rpc_raise_arena_full(w->arena, w->error);
    memcpy(place, ret_message, sizeof(*ret_message));
    if (!is_repeated)
        rpc_field_mark_set(field, frame->message);
    return BS_OK;
}

static enum bs_code enter(struct walk *w)
{
    struct frame *frame = top(w);
    const struct rpc_field *extra = &frame->table->fields[frame->field_idx];
    ProtobufCMessage *message;
    size_t length = 0;
    BS_TRY(read_length(w, &length));
    if (w->depth == w->max_depth) {
        char text[64];
        snprintf(text, sizeof(text), "nested deeper than %u messages", w->max_depth);
        return undecodable(w, text);
    }
    BS_TRY(submessage(w, extra->message, &message));
    frame->has_maps = frame->has_maps || extra->is_map;
    w->depth++;
    *top(w) = (struct frame){
        .table = extra->message,
        .message = message,
        .end = w->at + length,
    };
    return BS_OK;
}

/* ---- Ends of messages ---- */

/* An entry without value has the empty message for one. */
static enum bs_code complete_entry(struct walk *w, const struct frame *frame)
{
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[1];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return BS_OK;
    void *place = rpc_field_place(field, frame->message);
    if (rpc_load_message(place))
        return BS_OK;
    ProtobufCMessage *value = rpc_message_new(frame->table->fields[1].message, w->arena);
    if (!value)
        return rpc_raise_arena_full(w->arena, w->error);
    memcpy(place, &value, sizeof(value));
    return BS_OK;
}

static enum bs_code leave(struct walk *w)
{
    struct frame *frame = top(w);
    const struct rpc_message *table = frame->table;
    if (frame->message && table->is_map_entry)
        BS_TRY(complete_entry(w, frame));
    for (unsigned i = 0; frame->message && frame->has_maps && i < table->descriptor->n_fields;
         i++) {
        if (table->fields[i].is_map)
            rpc_map_dedupe(&table->descriptor->fields[i], frame->message, NULL);
    }
    w->depth--;
    return BS_OK;
}

/* ---- The walk ---- */

/* Index of the field with this number, -1 when there is none. They mostly come in order. */
static int find_field(const struct frame *frame, uint32_t number)
{
    const ProtobufCMessageDescriptor *type = frame->table->descriptor;
    unsigned low = 0;
    unsigned high = type->n_fields;
    for (unsigned i = frame->field_idx; i < type->n_fields && i < frame->field_idx + 2; i++) {
        if (type->fields[i].id == number)
            return (int)i;
    }
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (type->fields[middle].id == number)
            return (int)middle;
        if (type->fields[middle].id > number)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

static enum bs_code take_field(struct walk *w)
{
    struct frame *frame = top(w);
    const uint8_t *start = w->at;
    uint64_t tag;
    frame->has_field = false;
    BS_TRY(read_varint(w, &tag));
    if (tag >> 3 == 0 || tag > UINT32_MAX) {
        w->at = start;
        return undecodable(w, "a field number that does not exist");
    }
    unsigned wire = (unsigned)tag & 7;
    int idx = find_field(frame, (uint32_t)(tag >> 3));
    if (idx < 0)
        return skip_unknown(w, wire);
    frame->field_idx = (unsigned)idx;
    frame->has_field = true;
    const ProtobufCFieldDescriptor *field = current_field(frame);
    enum wire_type expected = wire_type_of(field->type);
    if (wire == WIRE_BYTES && expected != WIRE_BYTES && rpc_field_is_repeated(field))
        return take_packed(w);
    if (wire != expected) {
        w->at = start;
        return undecodable(w, "a value of another wire type than the field's");
    }
    if (expected != WIRE_BYTES)
        return take_number(w);
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? enter(w) : take_text(w);
}

static enum bs_code walk(struct walk *w)
{
    while (w->depth > 0) {
        if (w->at == top(w)->end)
            BS_TRY(leave(w));
        else
            BS_TRY(take_field(w));
    }
    return BS_OK;
}

static void walk_init(struct walk *w, const struct rpc_message *table, struct bs_str bytes,
                      const struct rpc_wire_limits *limits, struct bs_error *error)
{
    size_t by_size;
    if (__builtin_mul_overflow(bytes.len, (size_t)16, &by_size) ||
        __builtin_add_overflow(by_size, (size_t)64 * 1024, &by_size))
        by_size = SIZE_MAX;
    unsigned depth = limits ? limits->max_depth : 0;
    size_t decoded = limits ? limits->max_decoded_bytes : 0;
    w->start = w->at = (const uint8_t *)(bytes.ptr ? bytes.ptr : "");
    w->arena = NULL;
    w->max_depth = depth == 0 ? BS_LIMIT_MESSAGE_DEPTH : BS_MIN(depth, BS_LIMIT_MESSAGE_DEPTH);
    w->max_decoded_bytes = decoded == 0 ? BS_MIN(by_size, BS_LIMIT_MESSAGE_DECODED_BYTES) : decoded;
    w->decoded_bytes = 0;
    w->error = error;
    w->depth = 1;
    w->frames[1] = (struct frame){.table = table, .end = w->at + bytes.len};
}

enum bs_code rpc_wire_check(const struct rpc_message *table, struct bs_str bytes,
                            const struct rpc_wire_limits *limits, struct bs_error *error)
{
    struct walk w;
    walk_init(&w, table, bytes, limits, error);
    return walk(&w);
}

enum bs_code rpc_unpack(const struct rpc_message *table, struct bs_str bytes,
                        const struct rpc_wire_limits *limits, struct bs_arena *arena,
                        ProtobufCMessage **ret_message, struct bs_error *error)
{
    struct walk w;
    walk_init(&w, table, bytes, limits, error);
    w.arena = arena;
    ProtobufCMessage *message = rpc_message_new(table, arena);
    if (!message)
        return rpc_raise_arena_full(arena, error);
    w.frames[1].message = message;
    BS_TRY(count_bytes(&w, table->descriptor->sizeof_message));
    BS_TRY(walk(&w));
    *ret_message = message;
    return BS_OK;
}
