#ifndef EDN_CHARS_H
#define EDN_CHARS_H

/* What the reader and the printer must agree on about single characters. Inside the room only. */

#include "edn/edn.h"

/* "newline" of \newline; NULL when the code point has no name. */
const char *edn_char_name(uint32_t code_point);
/* False when no character has this name. */
bool edn_char_from_name(struct bs_str name, uint32_t *ret_code_point);
/* Blanks of Unicode beyond ASCII (no-break space, line separator, byte order mark ...): EDN has
 * none of them, and inside a token nobody would see them. */
bool edn_is_foreign_blank(uint32_t code_point);

#endif
