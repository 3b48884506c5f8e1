#ifndef PROTOC_GEN_BANDSTAND_MODEL_H
#define PROTOC_GEN_BANDSTAND_MODEL_H

/*
 * The .proto files of one run as the emitters see them: messages, enums and services linked to each
 * other, options decoded, C names worked out. Everything lives in the arena of struct gen. A run is
 * read (model.c), has its options decoded (options.c), is checked (check*.c), then emitted; each of
 * these collects its complaints by gen_complain, and nothing is written when there are any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "google/protobuf/compiler/plugin.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "rpc/http_template.h"
#include "rpc/v1/options.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto gen_file_proto;
typedef Google__Protobuf__DescriptorProto gen_message_proto;
typedef Google__Protobuf__FieldDescriptorProto gen_field_proto;
typedef Google__Protobuf__EnumDescriptorProto gen_enum_proto;
typedef Google__Protobuf__ServiceDescriptorProto gen_service_proto;
typedef Google__Protobuf__MethodDescriptorProto gen_method_proto;
typedef Google__Protobuf__SourceCodeInfo__Location gen_location;

/* Short names of the long ones. */
#define GEN_TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define GEN_REPEATED GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED

/* Deeper nesting of declarations than this is refused. */
#define GEN_PATH_MAX 64

/* Where a declaration stands in its file, as source_code_info numbers it. */
struct gen_path {
    const struct gen_file *file;
    size_t len;
    int32_t steps[GEN_PATH_MAX];
};

struct gen_enum {
    struct gen_file *file;
    const gen_enum_proto *proto;
    const char *full_name;
    const char *c_lower; /* "bandstand__v1__state" */
    struct gen_path path;
};

struct gen_field {
    const gen_field_proto *proto;
    struct gen_message *owner;
    struct gen_message *message;      /* of a message field, else NULL */
    struct gen_enum *enumeration;     /* of an enum field, else NULL */
    const Rpc__V1__FieldRules *rules; /* NULL: none */
    struct gen_path path;
    bool is_repeated, is_map, has_presence;
};

struct gen_message {
    struct gen_file *file;
    const gen_message_proto *proto;
    const char *full_name;    /* without leading dot */
    const char *c_type;       /* "Bandstand__V1__Concert" */
    const char *c_lower;      /* "bandstand__v1__concert" */
    const char *well_known;   /* "RPC_TIMESTAMP"; NULL: a plain message */
    struct gen_field *fields; /* by number, as protobuf-c has them */
    size_t fields_count;
    struct gen_path path;
    bool is_map_entry;
    bool has_rules; /* its own, or those of a message below it */
    bool visited;   /* scratch of walks over the graph of messages */
};

/* One HTTP form of a method. */
struct gen_http {
    const char *verb;
    const char *text;                 /* the template as written */
    const char *body, *response_body; /* NULL: absent */
    struct rpc_http_template template;
    struct gen_field **variables; /* the last field of each variable's path, as in `template` */
    const char *shape;            /* the template with variables erased */
    struct gen_method *method;
    struct gen_path path;
};

struct gen_method {
    struct gen_service *service;
    const gen_method_proto *proto;
    const char *full_name; /* "bandstand.v1.ConcertService/AddConcert" */
    const char *c_name;    /* "add_concert" */
    struct gen_message *request, *response;
    const Rpc__V1__Access *access;
    const Rpc__V1__MethodLimits *limits; /* NULL: none */
    struct gen_http *http;
    size_t http_count;
    struct gen_path path;
    bool client_streaming, server_streaming;
};

struct gen_service {
    struct gen_file *file;
    const gen_service_proto *proto;
    const char *full_name;
    const char *c_lower;
    const char *context; /* NULL: handlers take struct rpc_call */
    struct gen_method *methods;
    size_t methods_count;
    struct gen_path path;
};

struct gen_file {
    struct gen *gen;
    const gen_file_proto *proto;
    struct bs_str bytes; /* protoc's, without source_code_info */
    const char *stem;    /* "bandstand/v1/concert" */
    const char *c_stem;  /* "bandstand_v1_concert" */
    const char *context, *context_header;
    struct gen_file **dependencies;
    struct gen_message **messages; /* nested ones and map entries too, in order of declaration */
    struct gen_enum **enums;
    struct gen_service *services;
    size_t dependencies_count, messages_count, enums_count, services_count;
    size_t messages_capacity, enums_capacity;
    bool is_proto3;
    bool generate; /* asked for; else only imported */
};

struct gen {
    struct bs_arena *arena;
    struct gen_file *files; /* each after those that it imports */
    size_t files_count;
    struct bs_buf complaints;
};

/* model.c: false when the request can't be read at all; complaints say why. */
bool gen_read(struct gen *gen, struct bs_str request_bytes,
              const Google__Protobuf__Compiler__CodeGeneratorRequest *request);
/* NULL when there is none; `name` with or without its leading dot. */
struct gen_message *gen_find_message(const struct gen *gen, const char *name);
struct gen_enum *gen_find_enum(const struct gen *gen, const char *name);
/* By original name, and by JSON name too when `json` is set. NULL when there is none. */
struct gen_field *gen_find_field(const struct gen_message *message, struct bs_str name, bool json);

/* Take a varint, or a whole field, off the front of packed bytes: its number, and its bytes with
 * and without key and length. False when the bytes are cut. */
bool gen_wire_varint(struct bs_str *rest, uint64_t *ret_value);
bool gen_wire_field(struct bs_str *rest, uint64_t *ret_number, struct bs_str *ret_whole,
                    struct bs_str *ret_value);

/* names.c: as protoc-c makes them. */
const char *gen_c_type(struct bs_arena *arena, const char *full_name);
const char *gen_c_lower(struct bs_arena *arena, const char *full_name);
/* "add_concert" of "AddConcert". */
const char *gen_c_member(struct bs_arena *arena, const char *name);
/* Of C, or of C++, which may read the headers. */
bool gen_is_keyword(const char *name);

/* source.c */
void gen_path_push(struct gen_path *path, int32_t a, int32_t b);
/* The same place with an option's field number behind; for complaints. */
struct gen_path gen_path_option(const struct gen_path *path, uint32_t tag);
/* The first line of a place, or of what encloses it; 0 when the file has no source info. */
int gen_line(const struct gen_path *path);
/* The comment before a declaration, else the one behind it, lines trimmed and joined by '\n'; ""
 * when there is none. */
const char *gen_comment(struct gen *gen, const struct gen_path *path);
/* Adds "file:line: subject: text". */
void gen_complain(struct gen *gen, const struct gen_path *path, const char *subject,
                  const char *format, ...) BS_PRINTF(4, 5);

/* options.c */
void gen_read_options(struct gen *gen);

/* check.c, check_rules.c, check_http.c */
void gen_check(struct gen *gen);
void gen_check_rules(struct gen *gen, const struct gen_field *field);
/* Links and checks the HTTP forms of one method, then of all methods. */
void gen_check_http(struct gen *gen, struct gen_method *method);
void gen_check_routes(struct gen *gen);
/* The field at a path of names; complains and returns NULL when the path is not one. */
struct gen_field *gen_resolve_path(struct gen *gen, const struct gen_path *where,
                                   const char *subject, const struct gen_message *message,
                                   struct bs_str path, bool json);
/* "bandstand.v1.Concert.starts_at" */
const char *gen_field_name(struct gen *gen, const struct gen_field *field);

#endif
