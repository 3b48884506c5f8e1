/* Making the house, and the echo in it. */

#include "house.h"

static enum bs_code echo(struct universe *context, const Bench__EchoRequest *request,
                         Bench__EchoResponse *response, struct bs_error *error)
{
    (void)context;
    (void)error;
    response->text = request->text;
    return BS_OK;
}

static enum bs_code echo_signed_in(struct universe *context,
                                   const Bench__EchoSignedInRequest *request,
                                   Bench__EchoSignedInResponse *response, struct bs_error *error)
{
    (void)context;
    (void)error;
    response->text = request->text;
    return BS_OK;
}

static const struct bench__echo_service__server echo_server = {
    .echo = echo,
    .echo_signed_in = echo_signed_in,
};

static enum bs_code sign_in(struct house *house, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    char email[] = PROCEDURES_DEMO_OWNER;
    char password[] = PROCEDURES_DEMO_PASSWORD;
    Bandstand__V1__SignInRequest request = BANDSTAND__V1__SIGN_IN_REQUEST__INIT;
    Bandstand__V1__SignInResponse *response = NULL;
    request.email = email;
    request.password = password;
    BS_TRY(bandstand__v1__auth_service__call_sign_in(house->direct, NULL, &request, arena,
                                                     &response, error));
    snprintf(house->bearer, sizeof(house->bearer), "Bearer %s", response->token);
    return BS_OK;
}

enum bs_code house_open(struct house *house, struct bs_error *error)
{
    *house = (struct house){.conn = datom_conn_new_memory(NULL)};
    memset(house->text, 'x', HOUSE_TEXT_LEN);
    BS_TRY(universe_new(&(struct universe_options){.conn = house->conn}, &house->universe, error));
    BS_TRY(procedures_install_demo(house->universe, error));
    house->dispatcher = rpc_dispatcher_new(NULL);
    BS_TRY(procedures_register(house->dispatcher, house->universe, error));
    BS_TRY(bench__echo_service__register(house->dispatcher, &echo_server, error));
    BS_TRY(rpc_dispatcher_start(house->dispatcher, error));
    house->direct = rpc_direct_channel_new(house->dispatcher);
    return sign_in(house, error);
}

void house_close(struct house *house)
{
    if (house->direct)
        rpc_channel_close(house->direct);
    rpc_dispatcher_free(house->dispatcher);
    universe_free(house->universe);
    datom_conn_unref(house->conn);
    *house = (struct house){0};
}

enum bs_code house_echo(const struct house *house, struct rpc_channel *channel,
                        struct bs_arena *arena, struct bs_error *error)
{
    Bench__EchoRequest request = BENCH__ECHO_REQUEST__INIT;
    Bench__EchoResponse *response = NULL;
    char text[HOUSE_TEXT_LEN + 1];
    memcpy(text, house->text, sizeof(text));
    request.text = text;
    bs_arena_reset(arena);
    BS_TRY(bench__echo_service__call_echo(channel, NULL, &request, arena, &response, error));
    BS_ASSERT(strlen(response->text) == HOUSE_TEXT_LEN);
    return BS_OK;
}
