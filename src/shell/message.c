/* Messages from EDN: events for rpc's builder, which converts and complains. */

#include "shell/message.h"

struct feeder {
    struct rpc_builder *builder;
    struct bs_arena *arena;
};

static enum bs_code feed(struct feeder *feeder, const struct rpc_message *table, struct edn value,
                         struct bs_error *error);

static enum bs_code feed_items(struct feeder *feeder, const struct rpc_message *table,
                               struct edn list, struct bs_error *error)
{
    BS_TRY(rpc_build_begin_list(feeder->builder, error));
    for (size_t i = 0; i < list.len; i++)
        BS_TRY(feed(feeder, table, list.as.items[i], error));
    return rpc_build_end_list(feeder->builder, error);
}

/* What a map's key says, as text. */
static struct bs_str key_text(struct feeder *feeder, struct edn key)
{
    if (key.type == EDN_KEYWORD || key.type == EDN_STRING || key.type == EDN_SYMBOL)
        return edn_text_of(key);
    return edn_print_short(feeder->arena, key, 0);
}

/* of-the-proto as of_the_proto, where that is a field. */
static struct bs_str field_name(struct feeder *feeder, const struct rpc_message *table,
                                struct bs_str name)
{
    if (!table || rpc_message_find_field(table, name) >= 0)
        return name;
    char *text = bs_arena_dup_cstr(feeder->arena, name);
    for (size_t i = 0; i < name.len; i++) {
        if (text[i] == '-')
            text[i] = '_';
    }
    struct bs_str other = bs_str_make(text, name.len);
    return rpc_message_find_field(table, other) >= 0 ? other : name;
}

/* The table of what stands below a field; NULL where keys are no field names. */
static const struct rpc_message *table_below(const struct rpc_message *table, struct bs_str name)
{
    int idx = table ? rpc_message_find_field(table, name) : -1;
    return idx < 0 ? NULL : table->fields[idx].message;
}

static enum bs_code feed_map(struct feeder *feeder, const struct rpc_message *table, struct edn map,
                             struct bs_error *error)
{
    bool is_map_field = table && table->is_map_entry;
    const struct rpc_message *names = is_map_field ? NULL : table;
    BS_TRY(rpc_build_begin_object(feeder->builder, error));
    for (size_t i = 0; i < map.len; i++) {
        struct bs_str name = field_name(feeder, names, key_text(feeder, map.as.items[i * 2]));
        const struct rpc_message *below =
            is_map_field ? table->fields[1].message : table_below(names, name);
        BS_TRY(rpc_build_key(feeder->builder, name, error));
        BS_TRY(feed(feeder, below, map.as.items[i * 2 + 1], error));
    }
    return rpc_build_end_object(feeder->builder, error);
}

/* Exact: without the N or M at the end. */
static enum bs_code feed_exact(struct feeder *feeder, struct edn value, struct bs_error *error)
{
    struct bs_str text = edn_print_short(feeder->arena, value, 0);
    return rpc_build_number(feeder->builder, bs_str_slice(text, 0, text.len - 1), error);
}

static enum bs_code feed_instant(struct feeder *feeder, int64_t ms, struct bs_error *error)
{
    int64_t seconds = ms / 1000;
    int64_t rest = ms % 1000;
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    return rpc_build_instant(feeder->builder, seconds, (int32_t)(rest * 1000000), error);
}

static enum bs_code feed_char(struct feeder *feeder, uint32_t code_point, struct bs_error *error)
{
    char bytes[4];
    size_t size = bs_utf8_encode(code_point, bytes);
    return rpc_build_string(feeder->builder, bs_str_make(bytes, size), error);
}

/* #uuid "..." as the text between the quotes. */
static enum bs_code feed_uuid(struct feeder *feeder, struct edn value, struct bs_error *error)
{
    struct bs_str text = edn_print_short(feeder->arena, value, 0);
    struct bs_str quoted = bs_str_from_offset(text, sizeof("#uuid \"") - 1);
    return rpc_build_string(feeder->builder, bs_str_slice(quoted, 0, quoted.len - 1), error);
}

static enum bs_code feed_other(struct feeder *feeder, struct edn value, struct bs_error *error)
{
    char text[80];
    (void)feeder;
    return bs_error_set(error, BS_REASON_JSON_FIELD, "%s can't stand in a message",
                        edn_print_cut(value, text, sizeof(text)));
}

static enum bs_code feed(struct feeder *feeder, const struct rpc_message *table, struct edn value,
                         struct bs_error *error)
{
    struct rpc_builder *builder = feeder->builder;
    switch ((enum edn_type)value.type) {
    case EDN_NIL:
        return rpc_build_null(builder, error);
    case EDN_BOOLEAN:
        return rpc_build_bool(builder, value.as.boolean, error);
    case EDN_LONG:
        return rpc_build_int(builder, value.as.integer, error);
    case EDN_BIGINT:
    case EDN_BIGDEC:
        return feed_exact(feeder, value, error);
    case EDN_FLOAT:
    case EDN_DOUBLE:
        return rpc_build_double(builder, edn_number_to_double(value), error);
    case EDN_CHAR:
        return feed_char(feeder, value.as.code_point, error);
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
        return rpc_build_string(builder, edn_text_of(value), error);
    case EDN_INSTANT:
        return feed_instant(feeder, value.as.integer, error);
    case EDN_UUID:
        return feed_uuid(feeder, value, error);
    case EDN_BYTES:
        return rpc_build_bytes(builder, bs_str_make((const char *)value.as.bytes, value.len),
                               error);
    case EDN_LIST:
    case EDN_VECTOR:
    case EDN_SET:
        return feed_items(feeder, table, value, error);
    case EDN_MAP:
        return feed_map(feeder, table, value, error);
    case EDN_TAGGED:
    case EDN_OBJECT:
    case EDN_TYPE_COUNT:
        break;
    }
    return feed_other(feeder, value, error);
}

enum bs_code shell_message_from_edn(const struct rpc_message *table, struct edn map,
                                    struct bs_arena *arena, ProtobufCMessage **ret_message,
                                    struct bs_error *error)
{
    struct feeder feeder = {
        .builder = rpc_builder_new(table, RPC_JSON_DEFAULT, arena),
        .arena = arena,
    };
    BS_ASSERT(feeder.builder); /* the shell's arenas have no cap */
    BS_TRY(feed(&feeder, table, map, error));
    return rpc_builder_finish(feeder.builder, ret_message, error);
}
