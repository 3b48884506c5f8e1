#ifndef RPC_BUILD_INTERNAL_H
#define RPC_BUILD_INTERNAL_H

/* Internal: what the files of the builder and its JSON front share. */

#include "base/base.h"
#include "rpc/build.h"
#include "rpc/json.h"
#include "rpc/reflect.h"
#include "rpc/wire.h"

enum rpc_frame_kind {
    RPC_FRAME_TOP,     /* expects the tree itself */
    RPC_FRAME_MESSAGE, /* fields by name */
    RPC_FRAME_LIST,    /* values of a repeated field */
    RPC_FRAME_MAP,     /* entries of a map field */
    RPC_FRAME_ANY,     /* {} only */
    RPC_FRAME_SKIP,    /* inside the value of an unknown field */
};

struct rpc_frame {
    enum rpc_frame_kind kind;
    bool has_key;     /* a key was given, its value is expected */
    bool skips_value; /* ... and ignored */
    const struct rpc_message *table;
    ProtobufCMessage *message; /* that is filled, or that holds the list or map */
    unsigned field_idx;        /* by the last key; the list or map */
    unsigned next_idx;         /* where the next key is looked for first */
    size_t values_count;       /* begun in this list */
    uint64_t seen;             /* fields named so far, by index */
    uint64_t *seen_more;       /* for index 64 and above; NULL when there are fewer */
};

/* A value as it came. */
enum rpc_token_kind {
    RPC_TOKEN_NULL,
    RPC_TOKEN_BOOL,
    RPC_TOKEN_NUMBER, /* text */
    RPC_TOKEN_DOUBLE, /* number */
    RPC_TOKEN_STRING, /* text */
    RPC_TOKEN_TEXT,   /* text of a parameter: a string that may stand for any type */
    RPC_TOKEN_BYTES,  /* text */
    RPC_TOKEN_INSTANT,
    RPC_TOKEN_OBJECT, /* for messages of errors only */
    RPC_TOKEN_LIST,
};

struct rpc_token {
    enum rpc_token_kind kind;
    bool boolean;
    int32_t nanos;
    int64_t seconds;
    double number;
    struct bs_str text;
};

struct rpc_builder {
    struct bs_arena *arena;
    unsigned flags;
    bool done;            /* the tree is closed */
    bool is_dropped;      /* the value just taken is an unknown enum name that is to be ignored */
    unsigned depth;       /* frames in use, the top one not counted */
    struct bs_str source; /* the text that is parsed; empty: no line and column in errors */
    size_t offset;        /* of the current token in it */
    ProtobufCMessage *root;
    struct rpc_frame frames[BS_LIMIT_JSON_DEPTH + 1];
};

/* Over caller's storage; `message` NULL: made when the first event comes. */
void rpc_builder_init(struct rpc_builder *builder, const struct rpc_message *table,
                      ProtobufCMessage *message, unsigned flags, struct bs_arena *arena);
/* The same, expecting only the value of one field. */
void rpc_builder_init_field(struct rpc_builder *builder, const struct rpc_message *table,
                            ProtobufCMessage *message, unsigned field_idx, unsigned flags,
                            struct bs_arena *arena);

static inline struct rpc_frame *rpc_builder_top(struct rpc_builder *builder)
{
    return &builder->frames[builder->depth];
}

/* Maps up to this size find a double key at once, by looking at all; larger ones at their end. */
#define RPC_MAP_SCANNED_MAX 16

static inline bool rpc_frame_skips(const struct rpc_frame *frame)
{
    return frame->kind == RPC_FRAME_SKIP || frame->skips_value;
}

/* A value's place: one field's memory, of a message, a list or a map's entry. */
struct rpc_slot {
    const struct rpc_message *table;
    ProtobufCMessage *message;
    unsigned field_idx;
    void *place;
};

static inline const ProtobufCFieldDescriptor *rpc_slot_field(const struct rpc_slot *slot)
{
    return &slot->table->descriptor->fields[slot->field_idx];
}

/* The message that is built exists from here on. */
enum bs_code rpc_builder_make_root(struct rpc_builder *builder, const struct rpc_message *table,
                                   struct bs_error *error);
/* A field of a message may be set once; another member of its oneof not at all. */
enum bs_code rpc_builder_check_unset(struct rpc_builder *builder, const struct rpc_frame *frame,
                                     struct bs_error *error);
/* The place of the next value in the top frame: a message (singular field), list or map. */
enum bs_code rpc_builder_open_slot(struct rpc_builder *builder, struct rpc_slot *ret_slot,
                                   struct bs_error *error);
/* After a value was taken whole. */
void rpc_builder_value_done(struct rpc_builder *builder);
enum bs_code rpc_builder_expected_container(struct rpc_builder *builder,
                                            const struct rpc_frame *frame,
                                            const struct rpc_token *token, struct bs_error *error);

/* Raises with the path in front and, where there is a source, line and column behind. */
enum bs_code rpc_builder_fail(struct rpc_builder *builder, enum bs_reason reason,
                              struct bs_error *error, const char *format, ...) BS_PRINTF(4, 5);
/* "expected X, got Y" */
enum bs_code rpc_builder_expected(struct rpc_builder *builder, const char *expected,
                                  const struct rpc_token *got, struct bs_error *error);

/* Raises that a message has no such field, naming the nearest. */
enum bs_code rpc_builder_unknown_field(struct rpc_builder *builder, const struct rpc_message *table,
                                       struct bs_str name, struct bs_error *error);

enum bs_code rpc_builder_duplicate_key(struct rpc_builder *builder, struct bs_str key,
                                       struct bs_error *error);

/* Writes one value of a field (not a list or map) at `place`: a scalar, or a new message. */
enum bs_code rpc_convert(struct rpc_builder *builder, const struct rpc_message *table,
                         unsigned field_idx, const struct rpc_token *token, void *place,
                         struct bs_error *error);
/* Writes a token that is no object or list into a message whose JSON form is special. */
enum bs_code rpc_convert_known(struct rpc_builder *builder, const struct rpc_message *table,
                               ProtobufCMessage *message, const struct rpc_token *token,
                               struct bs_error *error);
/* Whether null is a value of the field, not its absence. */
bool rpc_takes_null(const struct rpc_message *table, unsigned field_idx);
/* What the field takes, in words: "a number from -2147483648 to 2147483647". */
const char *rpc_expected_of(const struct rpc_message *table, unsigned field_idx);
const char *rpc_expected_of_message(const struct rpc_message *table);

/* Whether the whole text is a number by RFC 8259; bytes of one at the front (0: none). */
size_t rpc_number_prefix(struct bs_str text);
static inline bool rpc_number_is_whole(struct bs_str text)
{
    return text.len > 0 && rpc_number_prefix(text) == text.len;
}

enum rpc_integer_result { RPC_INTEGER_OK, RPC_INTEGER_FRACTION, RPC_INTEGER_TOO_LARGE };
/* Exact; the text is a number by RFC 8259. */
enum rpc_integer_result rpc_parse_integer(struct bs_str text, bool *ret_negative,
                                          uint64_t *ret_magnitude);

/* 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z */
#define RPC_TIMESTAMP_SECONDS_MIN (-INT64_C(62135596800))
#define RPC_TIMESTAMP_SECONDS_MAX INT64_C(253402300799)

/* Text forms of the well-known types. */
bool rpc_duration_parse(struct bs_str text, int64_t *ret_seconds, int32_t *ret_nanos);
#define RPC_DURATION_TEXT_SIZE 40
/* False when the pair is no duration. */
bool rpc_duration_format(int64_t seconds, int32_t nanos, char ret_text[RPC_DURATION_TEXT_SIZE]);
/* Appends one path of a field mask; false when it has no such form. */
bool rpc_mask_path_to_snake(struct bs_str path, struct bs_buf *out);
bool rpc_mask_path_to_camel(struct bs_str path, struct bs_buf *out);

#endif
