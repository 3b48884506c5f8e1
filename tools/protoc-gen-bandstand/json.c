/* Indented JSON, two blanks a level. */

#include "json.h"

#include "emit.h"

static void begin_item(struct json *json, const char *key)
{
    if (json->filled[json->depth])
        bs_buf_append_byte(json->out, ',');
    json->filled[json->depth] = true;
    if (json->depth > 0)
        bs_buf_printf(json->out, "\n%*s", (int)(2 * json->depth), "");
    if (key) {
        gen_append_json_string(json->out, bs_str_from(key));
        bs_buf_append_cstr(json->out, ": ");
    }
}

void json_begin(struct json *json, const char *key, char bracket)
{
    begin_item(json, key);
    bs_buf_append_byte(json->out, bracket);
    json->depth++;
    BS_ASSERT(json->depth < JSON_DEPTH_MAX);
    json->filled[json->depth] = false;
}

void json_end(struct json *json, char bracket)
{
    bool filled = json->filled[json->depth];
    json->depth--;
    if (filled)
        bs_buf_printf(json->out, "\n%*s", (int)(2 * json->depth), "");
    bs_buf_append_byte(json->out, bracket);
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_item(json, key);
    gen_append_json_string(json->out, bs_str_from(value));
}

void json_raw(struct json *json, const char *key, const char *value)
{
    begin_item(json, key);
    bs_buf_append_cstr(json->out, value);
}
