/* The application's procedures, for calls inside this process. */

#include "application.h"

static enum bs_code open_application(void *self, struct datom_conn *conn,
                                     struct universe **ret_universe,
                                     struct rpc_dispatcher **ret_dispatcher, struct bs_error *error)
{
    struct application *application = (struct application *)self;
    struct universe_options options = {.conn = conn, .as_it_stands = true};
    application_close(application); /* when opening failed half-way before */
    BS_TRY(universe_new(&options, &application->universe, error));
    application->dispatcher = rpc_dispatcher_new(NULL);
    BS_TRY(procedures_register(application->dispatcher, application->universe, error));
    BS_TRY(rpc_dispatcher_start(application->dispatcher, error));
    *ret_universe = application->universe;
    *ret_dispatcher = application->dispatcher;
    return BS_OK;
}

static enum bs_code install(void *self, struct datom_conn *conn, struct bs_error *error)
{
    (void)self;
    BS_TRY(universe_install_schema(conn, error));
    return procedures_install_schema(conn, error);
}

struct shell_procedures application_procedures(struct application *application)
{
    return (struct shell_procedures){
        .open = open_application,
        .install = install,
        .self = application,
    };
}

void application_close(struct application *application)
{
    rpc_dispatcher_free(application->dispatcher);
    universe_free(application->universe);
    *application = (struct application){0};
}
