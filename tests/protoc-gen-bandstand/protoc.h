#ifndef TESTS_GENERATOR_PROTOC_H
#define TESTS_GENERATOR_PROTOC_H

/* Runs protoc with our plugin ($BANDSTAND_GENERATOR), in a directory of its own. */

#include "base/buf.h"
#include "base/str.h"

struct protoc {
    char directory[64]; /* outputs, and the inputs that tests write */
    struct bs_buf says; /* stdout and stderr of the last run */
};

void protoc_init(struct protoc *protoc);
/* Removes the directory. */
void protoc_fini(struct protoc *protoc);
void protoc_write(struct protoc *protoc, const char *name, const char *text);
/* Appends a file of the directory; fails the test when it is not there. */
void protoc_read(struct protoc *protoc, const char *name, struct bs_buf *out);
/* With what generator parameter, for which files (of the directory, proto/ and the good ones), all
 * separated by blanks. Returns protoc's exit status. */
int protoc_run(struct protoc *protoc, const char *parameter, const char *files);

#endif
