/* EDN from messages: a visitor that builds values from the inside out. */

#include "shell/message.h"

#define DEPTH_MAX (BS_LIMIT_MESSAGE_DEPTH * 2 + 8)

struct level {
    struct edn_list items;
    enum edn_type type; /* EDN_MAP or EDN_VECTOR */
};

struct taker {
    struct bs_arena *arena;
    struct level levels[DEPTH_MAX];
    size_t depth;
    struct edn result;
};

static enum bs_code take(struct taker *taker, struct edn value)
{
    if (taker->depth == 0)
        taker->result = value;
    else
        edn_list_add(&taker->levels[taker->depth - 1].items, value);
    return BS_OK;
}

static enum bs_code open_level(struct taker *taker, enum edn_type type, struct bs_error *error)
{
    if (taker->depth == DEPTH_MAX)
        return bs_error_set(error, BS_REASON_LIMIT, "the answer is nested deeper than %d levels",
                            DEPTH_MAX);
    struct level *level = &taker->levels[taker->depth++];
    edn_list_init(&level->items, taker->arena);
    level->type = type;
    return BS_OK;
}

static enum bs_code close_level(void *self, struct bs_error *error)
{
    struct taker *taker = (struct taker *)self;
    (void)error;
    struct level *level = &taker->levels[--taker->depth];
    return take(taker, edn_list_finish(&level->items, level->type));
}

static enum bs_code begin_object(void *self, const struct rpc_message *table,
                                 struct bs_error *error)
{
    (void)table;
    return open_level((struct taker *)self, EDN_MAP, error);
}

static enum bs_code begin_list(void *self, size_t count, struct bs_error *error)
{
    (void)count;
    return open_level((struct taker *)self, EDN_VECTOR, error);
}

/* A field's name as keyword, a map's key as text. */
static enum bs_code take_key(void *self, const struct rpc_field *field, struct bs_str name,
                             struct bs_error *error)
{
    struct taker *taker = (struct taker *)self;
    struct bs_str copy = bs_arena_dup(taker->arena, name);
    (void)error;
    return take(taker, field ? edn_keyword(copy) : edn_string(copy));
}

static enum bs_code take_null(void *self, struct bs_error *error)
{
    (void)error;
    return take((struct taker *)self, edn_nil());
}

static enum bs_code take_boolean(void *self, bool value, struct bs_error *error)
{
    (void)error;
    return take((struct taker *)self, edn_boolean(value));
}

static enum bs_code take_integer(void *self, int64_t value, bool is_long, struct bs_error *error)
{
    (void)is_long;
    (void)error;
    return take((struct taker *)self, edn_long(value));
}

static enum bs_code take_natural(void *self, uint64_t value, bool is_long, struct bs_error *error)
{
    struct taker *taker = (struct taker *)self;
    struct edn number = edn_long((int64_t)value);
    (void)is_long;
    if (value > INT64_MAX) {
        struct bs_str text = bs_arena_printf(taker->arena, "%llu", (unsigned long long)value);
        BS_TRY(edn_bigint_parse(taker->arena, text, &number, error));
    }
    return take(taker, number);
}

static enum bs_code take_number(void *self, double value, bool is_float, struct bs_error *error)
{
    (void)error;
    return take((struct taker *)self, is_float ? edn_float((float)value) : edn_double(value));
}

static enum bs_code take_string(void *self, struct bs_str text, struct bs_error *error)
{
    struct taker *taker = (struct taker *)self;
    (void)error;
    return take(taker, edn_string(bs_arena_dup(taker->arena, text)));
}

static enum bs_code take_enumeration(void *self, const ProtobufCEnumValue *value,
                                     struct bs_error *error)
{
    (void)error;
    return take((struct taker *)self, edn_keyword(bs_str_from(value->name)));
}

static enum bs_code take_bytes(void *self, struct bs_str bytes, struct bs_error *error)
{
    struct taker *taker = (struct taker *)self;
    struct bs_str copy = bs_arena_dup(taker->arena, bytes);
    (void)error;
    return take(taker, edn_bytes(copy.ptr, copy.len));
}

static enum bs_code take_instant(void *self, int64_t seconds, int32_t nanos, struct bs_error *error)
{
    (void)error;
    return take((struct taker *)self, edn_instant(seconds * 1000 + nanos / 1000000));
}

static const struct rpc_visitor visitor = {
    .begin_object = begin_object,
    .key = take_key,
    .end_object = close_level,
    .begin_list = begin_list,
    .end_list = close_level,
    .null = take_null,
    .boolean = take_boolean,
    .integer = take_integer,
    .natural = take_natural,
    .number = take_number,
    .string = take_string,
    .enumeration = take_enumeration,
    .bytes = take_bytes,
    .instant = take_instant,
};

enum bs_code shell_message_to_edn(const struct rpc_message *table, const ProtobufCMessage *message,
                                  struct bs_arena *arena, struct edn *ret_value,
                                  struct bs_error *error)
{
    struct taker taker = {.arena = arena};
    BS_TRY(rpc_message_visit(table, message, RPC_JSON_ZEROS | RPC_JSON_ORIGINAL_NAMES, &visitor,
                             &taker, error));
    *ret_value = taker.result;
    return BS_OK;
}
