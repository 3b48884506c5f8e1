#ifndef PROTOC_GEN_BANDSTAND_EMIT_H
#define PROTOC_GEN_BANDSTAND_EMIT_H

/* The emitters: each appends text to a buffer and can't fail, as everything was checked before. The
 * same input gives the same bytes. */

#include "model.h"

/* emit_tables.c: what src/rpc/table.h declares, for one file. */
void gen_emit_table_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out);
void gen_emit_tables(struct gen *gen, const struct gen_file *file, struct bs_buf *out);

/* emit_server.c: the struct of handlers, and what calls them from generic ones. */
void gen_emit_server_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out);
void gen_emit_adapters(struct gen *gen, const struct gen_file *file, struct bs_buf *out);
/* "rpc__v1__health_service__invoke_check" */
const char *gen_adapter_name(struct gen *gen, const struct gen_method *method);

/* emit_client.c: C stubs on rpc_channel. */
void gen_emit_stub_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out);
void gen_emit_stubs(struct gen *gen, const struct gen_file *file, struct bs_buf *out);

/* emit_js.c: the client of a package; false when none of its methods has an HTTP form. */
bool gen_emit_js(struct gen *gen, const char *package, struct bs_buf *out);
/* emit_js_runtime.c: what all clients share; NULL-terminated pieces. */
extern const char *const gen_js_runtime[];

/* emit_openapi.c: one document for all files of the run. */
void gen_emit_openapi(struct gen *gen, struct bs_buf *out);
/* The document as C bytes: header and source. */
void gen_emit_openapi_c(struct bs_str document, struct bs_buf *header, struct bs_buf *source);

/* text.c */
/* A string literal of C, quotes included. */
void gen_append_c_string(struct bs_buf *out, const char *text);
/* The shortest decimal that reads back to a finite number. */
void gen_append_double(struct bs_buf *out, double value);
/* A string of JSON (and JavaScript), quotes included. */
void gen_append_json_string(struct bs_buf *out, struct bs_str text);
/* Bytes as the inside of an array initializer, 16 a line. */
void gen_append_bytes(struct bs_buf *out, struct bs_str bytes);
/* A comment block of C or JavaScript, indented; nothing for an empty text. */
void gen_append_comment(struct bs_buf *out, const char *indent, const char *text);
/* "searchArtists" of "SearchArtists". */
const char *gen_lower_camel(struct gen *gen, const char *name);

#endif
