#ifndef PROTOC_GEN_BANDSTAND_OPENAPI_SCHEMA_H
#define PROTOC_GEN_BANDSTAND_OPENAPI_SCHEMA_H

/* Schemas of the OpenAPI document: how messages and fields look as JSON. */

#include "json.h"
#include "model.h"

/* The schema of a field, list or map or single, with its rules and its comment. */
void openapi_field(struct gen *gen, struct json *json, const char *key,
                   const struct gen_field *field);
/* The schema of one value of a field, as it stands in a path. */
void openapi_value(struct json *json, const char *key, const struct gen_field *field);
/* A reference to a message, or the form of a well-known one. */
void openapi_message_ref(struct json *json, const char *key, const struct gen_message *message);
/* The object of a message, without the top-level fields for which `skip` says so (NULL: all). */
void openapi_message(struct gen *gen, struct json *json, const char *key,
                     const struct gen_message *message,
                     bool (*skip)(const void *self, const struct gen_field *field),
                     const void *self);

#endif
