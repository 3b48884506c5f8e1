#ifndef RPC_TABLE_H
#define RPC_TABLE_H

/*
 * The tables that protoc-gen-bandstand emits beside protoc-c's messages: everything of a .proto
 * file that protoc-c loses. Static constants, immutable, any thread. Generated code initializes
 * them by field names, so fields may be added here.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct rpc_message;
struct rpc_service;
struct rpc_stream;

/* Messages whose JSON form is special. */
enum rpc_well_known {
    RPC_PLAIN = 0,
    RPC_TIMESTAMP,
    RPC_DURATION,
    RPC_FIELD_MASK,
    RPC_EMPTY,
    RPC_ANY,
    RPC_STRUCT,
    RPC_VALUE,
    RPC_LIST_VALUE,
    RPC_WRAPPER, /* google.protobuf.*Value: one field named "value", number 1 */
};

enum rpc_format {
    RPC_FORMAT_NONE = 0, /* numbered as rpc.v1.Format */
    RPC_FORMAT_EMAIL,
    RPC_FORMAT_SLUG,
    RPC_FORMAT_HEX24,
    RPC_FORMAT_UUID,
    RPC_FORMAT_URL,
};

/* Which of the fields of struct rpc_rules are given. */
enum rpc_rule {
    RPC_RULE_REQUIRED = 1 << 0,
    RPC_RULE_IGNORE_EMPTY = 1 << 1,
    RPC_RULE_MIN_LEN = 1 << 2,
    RPC_RULE_MAX_LEN = 1 << 3,
    RPC_RULE_MIN_BYTES = 1 << 4,
    RPC_RULE_MAX_BYTES = 1 << 5,
    RPC_RULE_PATTERN = 1 << 6,
    RPC_RULE_FORMAT = 1 << 7,
    RPC_RULE_IN = 1 << 8,
    RPC_RULE_GE = 1 << 9,
    RPC_RULE_LE = 1 << 10,
    RPC_RULE_GT = 1 << 11,
    RPC_RULE_LT = 1 << 12,
    RPC_RULE_NUMBER_GE = 1 << 13,
    RPC_RULE_NUMBER_LE = 1 << 14,
    RPC_RULE_NUMBER_GT = 1 << 15,
    RPC_RULE_NUMBER_LT = 1 << 16,
    RPC_RULE_MIN_ITEMS = 1 << 17,
    RPC_RULE_MAX_ITEMS = 1 << 18,
    RPC_RULE_DEFINED_ONLY = 1 << 19,
};

/* rpc.v1.FieldRules. */
struct rpc_rules {
    uint32_t set; /* of enum rpc_rule */
    uint32_t min_len, max_len;
    uint32_t min_bytes, max_bytes;
    uint32_t min_items, max_items;
    const char *pattern; /* the generator has checked that regcomp takes it */
    enum rpc_format format;
    const char *const *in; /* NULL-terminated */
    int64_t ge, le, gt, lt;
    double number_ge, number_le, number_gt, number_lt;
};

/* What protobuf-c's field descriptor does not say; stands at the same index as that descriptor. */
struct rpc_field {
    const char *json_name;
    bool is_map;                       /* repeated entries of `message`, fields key 1 and value 2 */
    bool has_presence;                 /* message or oneof member: unset differs from zero */
    const struct rpc_message *message; /* table of a message field's type, else NULL */
    const struct rpc_rules *rules;     /* NULL: none */
};

struct rpc_message {
    const char *full_name; /* "bandstand.v1.Concert" */
    const ProtobufCMessageDescriptor *descriptor;
    const struct rpc_field *fields; /* descriptor->n_fields of them; NULL when there are none */
    /* Field indexes sorted by json_name, bytewise (fields_sorted_by_name has the original names).
     */
    const uint16_t *fields_by_json_name;
    enum rpc_well_known well_known;
    bool is_map_entry;
    bool has_rules; /* this message or one below it has rules: else validation skips it */
};

/* Bits, so that `kind & RPC_CLIENT_STREAM` asks whether requests stream. */
enum rpc_method_kind {
    RPC_UNARY = 0,
    RPC_CLIENT_STREAM = 1,
    RPC_SERVER_STREAM = 2,
    RPC_BOTH_STREAM = 3,
};

enum rpc_idempotency {
    RPC_IDEMPOTENCY_UNKNOWN = 0,
    RPC_NO_SIDE_EFFECTS, /* a reading method */
    RPC_IDEMPOTENT,
};

enum rpc_access_kind {
    RPC_ACCESS_NONE = 0, /* never in generated tables: the dispatcher refuses to register it */
    RPC_ACCESS_PUBLIC,
    RPC_ACCESS_SIGNED_IN,
    RPC_ACCESS_RESOURCE,
};

struct rpc_access {
    enum rpc_access_kind kind;
    /* RPC_ACCESS_RESOURCE only: */
    const char *resource;     /* "campaign" */
    const char *field;        /* path of a string field of the request, original names */
    const char *const *roles; /* NULL-terminated; NULL: any role */
};

struct rpc_http_rule {
    const char *verb;          /* "GET", "PUT", "POST", "DELETE", "PATCH" */
    const char *path;          /* template as in the .proto, checked by the generator */
    const char *body;          /* NULL: none; "*": all that the path leaves; else a field's name */
    const char *response_body; /* NULL: the whole response */
};

/*
 * Calls the handler in `server`'s slot of this method, casting to its types; emitted for each
 * method. `server` is the generated struct of functions given to rpc_dispatcher_register. `context`
 * is what the service's handlers take first. By kind: unary (request, response), server stream
 * (request, stream), client stream (stream, response), both (stream); what the kind lacks is NULL.
 * An empty slot returns rpc_unimplemented(full_name, error).
 */
typedef enum bs_code (*rpc_invoke)(const void *server, void *context,
                                   const ProtobufCMessage *request, ProtobufCMessage *response,
                                   struct rpc_stream *stream, struct bs_error *error);

struct rpc_method {
    const char *name;      /* "AddConcertToCampaign" */
    const char *full_name; /* "bandstand.v1.ConcertService/AddConcertToCampaign" */
    const struct rpc_service *service;
    enum rpc_method_kind kind;
    enum rpc_idempotency idempotency;
    const struct rpc_message *request;
    const struct rpc_message *response;
    struct rpc_access access;
    const struct rpc_http_rule *http; /* additional bindings follow their rule; NULL when none */
    size_t http_count;
    uint32_t deadline_ms; /* 0: the server's */
    uint64_t max_request_bytes;
    uint64_t max_response_bytes; /* 0: the server's */
    rpc_invoke invoke;
};

/* One .proto file. Generated: `extern const struct rpc_file <path with _>_file`. */
struct rpc_file {
    const char *name;          /* "bandstand/v1/concert.proto" */
    const char *package;       /* "bandstand.v1" */
    const uint8_t *descriptor; /* FileDescriptorProto as protoc wrote it, never re-packed */
    size_t descriptor_size;
    const struct rpc_file *const *dependencies; /* NULL-terminated */
    const struct rpc_message *const
        *messages; /* nested ones too, map entries not; NULL-terminated */
    const ProtobufCEnumDescriptor *const *enums; /* nested ones too; NULL-terminated */
    const struct rpc_service *const *services;   /* NULL-terminated */
};

struct rpc_service {
    const char *full_name;            /* "bandstand.v1.ConcertService" */
    const struct rpc_method *methods; /* in the order of the file */
    size_t methods_count;
    const struct rpc_file *file;
    const char
        *context_type; /* "struct universe"; NULL: handlers take the struct rpc_call itself */
};

/* Raises RPC_UNKNOWN_METHOD (UNIMPLEMENTED) naming the method. */
BS_API enum bs_code rpc_unimplemented(const char *full_name, struct bs_error *error);

/* Linear in the methods; NULL when there is none. `name` is the short name. */
BS_API const struct rpc_method *rpc_service_find_method(const struct rpc_service *service,
                                                        struct bs_str name);

/*
 * The string at a path of original field names ("filter.org_id"), as access rules name it. Empty
 * when a message on the way is unset. BS_ASSERTs that the path exists: the generator checked it.
 */
BS_API struct bs_str rpc_message_string_at(const struct rpc_message *table,
                                           const ProtobufCMessage *message, const char *path);

#endif
