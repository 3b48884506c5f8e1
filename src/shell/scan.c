/* Brackets, strings, comments and characters: enough of EDN to know where a form may end. */

#include "shell/scan.h"

static void look_at(struct shell_scan *scan, char c)
{
    if (scan->escaped) {
        scan->escaped = false;
    } else if (scan->in_comment) {
        scan->in_comment = c != '\n';
    } else if (c == '\\') {
        scan->escaped = true;
    } else if (c == '"') {
        scan->in_string = !scan->in_string;
    } else if (scan->in_string) {
        return;
    } else if (c == ';') {
        scan->in_comment = true;
    } else if (c == '(' || c == '[' || c == '{') {
        scan->depth++;
    } else if ((c == ')' || c == ']' || c == '}') && scan->depth > 0) {
        scan->depth--;
    }
}

bool shell_scan_closes(struct shell_scan *scan, struct bs_str text, size_t end)
{
    for (; scan->offset < end; scan->offset++)
        look_at(scan, text.ptr[scan->offset]);
    return scan->depth == 0 && !scan->in_string;
}
