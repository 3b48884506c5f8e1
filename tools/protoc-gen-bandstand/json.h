#ifndef PROTOC_GEN_BANDSTAND_JSON_H
#define PROTOC_GEN_BANDSTAND_JSON_H

/* Writes indented JSON: begin, keys and values, end. The caller nests rightly. */

#include "base/buf.h"

#define JSON_DEPTH_MAX 64

struct json {
    struct bs_buf *out;
    unsigned depth;
    bool filled[JSON_DEPTH_MAX]; /* whether the list or object at this depth has an item */
};

/* `bracket` is '{' or '['; the key is NULL inside lists and at the top. */
void json_begin(struct json *json, const char *key, char bracket);
void json_end(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *value);
/* A number, true, false: as it is. */
void json_raw(struct json *json, const char *key, const char *value);

#endif
