#ifndef BANDSTAND_APPLICATION_H
#define BANDSTAND_APPLICATION_H

/* The application for the shell: its universe and services on a dispatcher, made when asked for. */

#include "procedures/procedures.h"
#include "rpc/rpc.h"
#include "shell/shell.h"
#include "universe/universe.h"

struct application {
    struct universe *universe;         /* NULL until it is opened */
    struct rpc_dispatcher *dispatcher; /* the same */
};

/* What a shell takes; `application` is zero then, and outlives the shell. */
struct shell_procedures application_procedures(struct application *application);
/* Stops and frees what was opened. Also for BS_CLEANUP. */
void application_close(struct application *application);

#endif
