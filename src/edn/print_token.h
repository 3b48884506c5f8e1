#ifndef EDN_PRINT_TOKEN_H
#define EDN_PRINT_TOKEN_H

/* The printed forms of what is no collection. Inside the room only. */

#include "edn/edn.h"

/* Appends anything but a list, vector, set, map or tagged value. */
void edn_print_token(struct edn value, struct bs_buf *out);

#endif
