#include "emit.h"
void gen_emit_openapi(struct gen *gen, struct bs_buf *out)
{
    (void)gen;
    (void)out;
}
void gen_emit_openapi_c(struct bs_str document, struct bs_buf *header, struct bs_buf *source)
{
    (void)document;
    (void)header;
    (void)source;
}
