#include "emit.h"
bool gen_emit_js(struct gen *gen, const char *package, struct bs_buf *out)
{
    (void)gen;
    (void)package;
    (void)out;
    return false;
}
