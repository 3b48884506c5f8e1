#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

/* Other programs: peers, tools, and our own server as its users start it. */

#include <sys/types.h>

#include "bench.h"

/* The file that a name means: by PATH, then where administrators' programs are. */
bool child_find(const char *program, char *ret_path, size_t size);

struct child {
    pid_t pid;    /* 0: none */
    FILE *errors; /* what it says on stderr */
};

/* Starts argv[0] (a path), its stdout to /dev/null. */
BS_MUST_CHECK enum bs_code child_start(char *const argv[], struct child *ret_child,
                                       struct bs_error *error);
/* SIGTERM, and waits; a zeroed one is none. Returns its status as waitpid gives it. */
int child_stop(struct child *child);
/* Runs it to its end and gives what it wrote to stdout; fails when its status is not 0. */
BS_MUST_CHECK enum bs_code child_output(char *const argv[], struct bs_buf *out,
                                        struct bs_error *error);

/* `bandstand serve --memory --demo` on free ports; the URL of its HTTP. */
BS_MUST_CHECK enum bs_code child_serve(struct child *ret_child, char *ret_url, size_t size,
                                       struct bs_error *error);

#endif
