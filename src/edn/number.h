#ifndef EDN_NUMBER_H
#define EDN_NUMBER_H

/* The text of exact numbers, shared by the reader and the public parse functions. Inside the room
 * only. */

#include "edn/exact.h"

enum edn_number_result {
    EDN_NUMBER_OK,
    EDN_NUMBER_MALFORMED,
    EDN_NUMBER_TOO_LONG, /* more digits, or a larger scale, than the limit */
};

/* Optional sign, digits; for EDN_BIGDEC also point and exponent. No suffix. */
enum edn_number_result edn_exact_parse(struct edn_exact *exact, struct bs_str text,
                                       enum edn_type type);

/* Appends a bigint or bigdec in its decimal form, without suffix. */
void edn_exact_print(struct edn value, struct bs_buf *out);

#endif
