/*
 * bandstand.v1.AuthService. Passwords are kept as scrypt hashes, tokens as SHA-256; what fails
 * fails in one way and takes the same time, whether the address or the password was wrong.
 */

#include "procedures/internal.h"

#define SESSION_MS (INT64_C(14) * 24 * 3600 * 1000)

/* ---- finding ---- */

static enum bs_code find_user_by_email(struct datom_db *db, struct bs_str email, datom_id *ret_user,
                                       struct bs_error *error)
{
    return universe_find(db, "user/email", edn_string(email), ret_user, error);
}

/* ---- rule ---- */

static enum bs_code check_credentials(struct universe *u, datom_id user, const char *password,
                                      struct bs_error *error)
{
    struct bs_str hash = BS_STR_EMPTY;
    if (user != DATOM_NO_ID)
        BS_TRY(universe_get_text(u->db, u->arena, user, "user/password-hash", &hash, error));
    if (!universe_check_password(hash, bs_str_from(password)))
        return bs_error_set(error, BS_REASON_AUTH_BAD_CREDENTIALS,
                            "the address or the password is wrong");
    return BS_OK;
}

/* ---- tx-data ---- */

static void tx_session(struct universe_tx *tx, struct universe *u, datom_id user,
                       struct bs_str token, int64_t expires_ms)
{
    const struct edn session = universe_tempid("session");
    universe_tx_add(tx, session, "session/token-hash",
                    edn_string(universe_hash_token(u->arena, token)));
    universe_tx_add(tx, session, "session/user", universe_entity(user));
    universe_tx_add(tx, session, "session/created-at", edn_instant(u->now_ms));
    universe_tx_add(tx, session, "session/expires-at", edn_instant(expires_ms));
}

/* The user's sessions that have run out go, so that they do not pile up. */
static enum bs_code tx_forget_old_sessions(struct universe_tx *tx, struct universe *u,
                                           datom_id user, struct bs_error *error)
{
    struct universe_ids sessions = {.arena = u->arena};
    BS_TRY(universe_find_referring(u->db, "session/user", user, &sessions, error));
    for (size_t i = 0; i < sessions.count; i++) {
        int64_t expires_ms;
        bool found;
        BS_TRY(universe_get_long(u->db, sessions.ids[i], "session/expires-at", &expires_ms, &found,
                                 error));
        if (!found || expires_ms <= u->now_ms)
            universe_tx_retract_entity(tx, sessions.ids[i]);
    }
    return BS_OK;
}

/* ---- for clients ---- */

static enum bs_code cl_user(struct datom_db *db, struct bs_arena *arena, datom_id user,
                            Bandstand__V1__User **ret, struct bs_error *error)
{
    Bandstand__V1__User *message = bs_arena_new_item(arena, Bandstand__V1__User);
    bandstand__v1__user__init(message);
    BS_TRY(cl_fact(db, arena, user, "user/id", &message->id, error));
    BS_TRY(cl_fact(db, arena, user, "user/email", &message->email, error));
    BS_TRY(cl_fact(db, arena, user, "user/name", &message->name, error));
    *ret = message;
    return BS_OK;
}

/* In the order of their weight. */
static enum bs_code cl_roles(struct datom_db *db, struct bs_arena *arena, datom_id membership,
                             Bandstand__V1__Membership *message, struct bs_error *error)
{
    static const char *const known[] = {"owner",  "admin",     "editor", "analyst",
                                        "mailer", "boxoffice", "door"};
    struct edn_list roles;
    edn_list_init(&roles, arena);
    BS_TRY(universe_get_all(db, membership, "membership/roles", &roles, error));
    const struct edn all = edn_list_finish(&roles, EDN_VECTOR);
    message->roles = bs_arena_new_array(arena, BS_ARRAY_COUNT(known), char *);
    for (size_t i = 0; i < BS_ARRAY_COUNT(known); i++) {
        if (edn_contains(all, edn_keyword(bs_str_from(known[i]))))
            message->roles[message->n_roles++] = cl_text(arena, bs_str_from(known[i]));
    }
    return BS_OK;
}

static int compare_memberships(const void *a, const void *b)
{
    const Bandstand__V1__Membership *const *x = a;
    const Bandstand__V1__Membership *const *y = b;
    int order = strcmp((*x)->org_name, (*y)->org_name);
    return order ? order : strcmp((*x)->org_id, (*y)->org_id);
}

static enum bs_code cl_memberships(struct datom_db *db, struct bs_arena *arena, datom_id user,
                                   Bandstand__V1__Membership ***ret, size_t *ret_count,
                                   struct bs_error *error)
{
    struct universe_ids ids = {.arena = arena};
    BS_TRY(universe_find_referring(db, "membership/user", user, &ids, error));
    *ret = bs_arena_new_array(arena, ids.count, Bandstand__V1__Membership *);
    for (size_t i = 0; i < ids.count; i++) {
        Bandstand__V1__Membership *message = bs_arena_new_item(arena, Bandstand__V1__Membership);
        datom_id org;
        bandstand__v1__membership__init(message);
        BS_TRY(universe_get_ref(db, ids.ids[i], "membership/org", &org, error));
        BS_TRY(cl_fact(db, arena, org, "org/id", &message->org_id, error));
        BS_TRY(cl_fact(db, arena, org, "org/name", &message->org_name, error));
        BS_TRY(cl_roles(db, arena, ids.ids[i], message, error));
        (*ret)[i] = message;
    }
    qsort(*ret, ids.count, sizeof(**ret), compare_memberships);
    *ret_count = ids.count;
    return BS_OK;
}

/* ---- procedures ---- */

static enum bs_code sign_in(struct universe *u, const Bandstand__V1__SignInRequest *request,
                            Bandstand__V1__SignInResponse *response, struct bs_error *error)
{
    struct universe_tx tx;
    struct datom_db *db_after;
    datom_id user;
    BS_TRY(find_user_by_email(u->db, normal_email(u->arena, request->email), &user, error));
    BS_TRY(check_credentials(u, user, request->password, error));
    struct bs_str token = universe_new_token(u);
    int64_t expires_ms = u->now_ms + SESSION_MS;
    universe_tx_init(&tx, u);
    tx_session(&tx, u, user, token, expires_ms);
    BS_TRY(tx_forget_old_sessions(&tx, u, user, error));
    BS_TRY(universe_transact(u, &tx, &db_after, error));
    universe_set_session(u, token, expires_ms);
    response->token = cl_text(u->arena, token);
    response->expires_at = cl_time(u->arena, expires_ms);
    BS_TRY(cl_user(db_after, u->arena, user, &response->user, error));
    return cl_memberships(db_after, u->arena, user, &response->memberships,
                          &response->n_memberships, error);
}

static enum bs_code sign_out(struct universe *u, const Bandstand__V1__SignOutRequest *request,
                             Bandstand__V1__SignOutResponse *response, struct bs_error *error)
{
    struct universe_tx tx;
    (void)request;
    (void)response;
    universe_set_session(u, BS_STR_EMPTY, 0);
    if (u->caller.session == DATOM_NO_ID)
        return BS_OK;
    universe_tx_init(&tx, u);
    universe_tx_retract_entity(&tx, u->caller.session);
    return universe_transact(u, &tx, NULL, error);
}

static enum bs_code who_am_i(struct universe *u, const Bandstand__V1__WhoAmIRequest *request,
                             Bandstand__V1__WhoAmIResponse *response, struct bs_error *error)
{
    (void)request;
    if (!u->caller.is_signed_in)
        return bs_error_set(error, BS_REASON_AUTH_NOT_SIGNED_IN, "nobody is signed in");
    BS_TRY(cl_user(u->db, u->arena, u->caller.user, &response->user, error));
    return cl_memberships(u->db, u->arena, u->caller.user, &response->memberships,
                          &response->n_memberships, error);
}

const struct bandstand__v1__auth_service__server procedures_auth = {
    .sign_in = sign_in,
    .sign_out = sign_out,
    .who_am_i = who_am_i,
};
