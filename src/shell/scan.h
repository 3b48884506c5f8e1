#ifndef SHELL_SCAN_H
#define SHELL_SCAN_H

/*
 * Internal: whether the brackets of a form that is not finished have closed, without reading it:
 * each byte is looked at once, however often more text comes.
 */

#include "base/base.h"

struct shell_scan {
    size_t offset; /* of what was not looked at yet */
    size_t depth;  /* brackets that are open */
    bool in_string;
    bool in_comment;
    bool escaped; /* the last byte was a backslash: the next one means nothing */
};

/*
 * Looks at text[scan->offset, end), which ends with a line; true when no bracket, string or comment
 * is open there, so that it is worth reading.
 */
bool shell_scan_closes(struct shell_scan *scan, struct bs_str text, size_t end);

#endif
