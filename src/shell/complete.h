#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

/* Internal: what a word at the cursor may become. */

#include "shell/session.h"

struct shell_completion {
    struct bs_str word; /* what stands before the cursor already; points into the text given */
    struct bs_str *candidates; /* whole words, sorted, different */
    size_t count;
    struct bs_str common; /* what all of them begin with; at least `word` */
    const char *after;    /* to add behind the only candidate: " " or "\"" */
};

/*
 * Of the text from the form's beginning to the cursor: attributes after a colon (:ns/_ the reverse
 * ones), functions after a bracket, methods in (call "..., else names. In the arena.
 */
struct shell_completion shell_complete(struct shell *shell, struct bs_str before,
                                       struct bs_arena *arena);

#endif
