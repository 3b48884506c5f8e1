/*
 * bandstand.v1.FanService. An address is one fan of an organisation (:fan/key) and subscribes to a
 * campaign once (:subscription/key): both are unique in the store, so that two calls at the same
 * time count a fan once too. The mail to confirm is in the transaction of the subscription.
 */

#include "procedures/internal.h"

#define SUBSCRIBE_ATTEMPTS 8

/* ---- finding ---- */

/* What a subscription is about. */
struct signup {
    datom_id campaign, org;
    struct bs_str campaign_id, campaign_name, slug, org_id;
    struct bs_str email, name;
};

/* What the store knows of it. */
struct known {
    datom_id fan, subscription; /* DATOM_NO_ID: not yet */
    struct bs_str fan_id;
};

static struct bs_str join(struct universe *u, struct bs_str a, struct bs_str b)
{
    return bs_arena_printf(u->arena, "%.*s|%.*s", BS_STR_ARGS(a), BS_STR_ARGS(b));
}

static enum bs_code find_signup(struct universe *u, const Bandstand__V1__SubscribeRequest *request,
                                struct signup *ret_signup, struct bs_error *error)
{
    struct signup *s = ret_signup;
    struct datom_db *db = u->db;
    s->email = normal_email(u->arena, request->email);
    s->name = bs_str_trim(bs_str_from(request->name));
    BS_TRY(find_live_campaign(db, u->arena, request->slug, &s->campaign, error));
    BS_TRY(universe_get_ref(db, s->campaign, "campaign/org", &s->org, error));
    BS_TRY(universe_get_text(db, u->arena, s->campaign, "campaign/id", &s->campaign_id, error));
    BS_TRY(universe_get_text(db, u->arena, s->campaign, "campaign/name", &s->campaign_name, error));
    BS_TRY(universe_get_text(db, u->arena, s->campaign, "campaign/slug", &s->slug, error));
    return universe_get_text(db, u->arena, s->org, "org/id", &s->org_id, error);
}

static enum bs_code find_known(struct universe *u, struct datom_db *db, const struct signup *signup,
                               struct known *ret_known, struct bs_error *error)
{
    struct bs_str fan_key = join(u, signup->org_id, signup->email);
    *ret_known = (struct known){.subscription = DATOM_NO_ID};
    BS_TRY(universe_find(db, "fan/key", edn_string(fan_key), &ret_known->fan, error));
    if (ret_known->fan == DATOM_NO_ID)
        return BS_OK;
    BS_TRY(universe_get_text(db, u->arena, ret_known->fan, "fan/id", &ret_known->fan_id, error));
    struct bs_str key = join(u, ret_known->fan_id, signup->campaign_id);
    return universe_find(db, "subscription/key", edn_string(key), &ret_known->subscription, error);
}

/* ---- rule ---- */

/* One address, no blanks or control characters: it goes into a mail's head. */
static enum bs_code check_email(struct bs_str email, struct bs_error *error)
{
    ptrdiff_t at = bs_str_find_byte(email, '@');
    bool is_good = at > 0 && (size_t)at + 1 < email.len && email.len <= 254 &&
                   bs_str_find_byte(bs_str_from_offset(email, (size_t)at + 1), '@') < 0;
    for (size_t i = 0; i < email.len; i++) {
        unsigned char c = (unsigned char)email.ptr[i];
        is_good = is_good && c > 0x20 && c != 0x7f && !strchr(",;<>()", c);
    }
    if (is_good)
        return BS_OK;
    return bs_error_set(error, BS_REASON_FAN_INVALID_EMAIL,
                        "\"%.*s\" can't be an address: expected name@domain", BS_STR_ARGS(email));
}

/* ---- tx-data ---- */

static void tx_confirmation_mail(struct universe_tx *tx, struct universe *u,
                                 const struct signup *signup, struct bs_str token)
{
    const struct universe_mail mail = {
        .kind = "subscription-confirmation",
        .to = signup->email,
        .subject = bs_arena_printf(u->arena, "Please confirm: news of %.*s",
                                   BS_STR_ARGS(signup->campaign_name)),
        .text = bs_arena_printf(u->arena,
                                "Somebody, you we hope, wants news of %.*s at this address.\n\n"
                                "If it was you, please confirm:\n"
                                "%.*s/campaign/%.*s/landing?confirm=%.*s\n\n"
                                "If not, forget this mail; you will get no other.\n",
                                BS_STR_ARGS(signup->campaign_name), BS_STR_ARGS(u->public_url),
                                BS_STR_ARGS(signup->slug), BS_STR_ARGS(token)),
    };
    universe_tx_mail(tx, u, universe_tempid("mail"), &mail);
}

static struct bs_str tx_fan(struct universe_tx *tx, struct universe *u, const struct signup *signup)
{
    const struct edn fan = universe_tempid("fan");
    struct bs_str id = universe_new_id(u);
    universe_tx_add(tx, fan, "fan/id", edn_string(id));
    universe_tx_add(tx, fan, "fan/key", edn_string(join(u, signup->org_id, signup->email)));
    universe_tx_add(tx, fan, "fan/org", universe_entity(signup->org));
    universe_tx_add(tx, fan, "fan/email", edn_string(signup->email));
    if (signup->name.len > 0)
        universe_tx_add(tx, fan, "fan/name", edn_string(signup->name));
    universe_tx_add(tx, fan, "fan/created-at", edn_instant(u->now_ms));
    return id;
}

static void tx_subscription(struct universe_tx *tx, struct universe *u, const struct signup *signup,
                            const struct known *known)
{
    const struct edn subscription = universe_tempid("subscription");
    bool is_new = known->fan == DATOM_NO_ID;
    struct bs_str fan_id = is_new ? tx_fan(tx, u, signup) : known->fan_id;
    struct bs_str token = universe_new_token(u);
    universe_tx_add(tx, subscription, "subscription/key",
                    edn_string(join(u, fan_id, signup->campaign_id)));
    universe_tx_add(tx, subscription, "subscription/fan",
                    is_new ? universe_tempid("fan") : universe_entity(known->fan));
    universe_tx_add(tx, subscription, "subscription/campaign", universe_entity(signup->campaign));
    universe_tx_add(tx, subscription, "subscription/status", EDN_KEYWORD_LIT("pending"));
    universe_tx_add(tx, subscription, "subscription/requested-at", edn_instant(u->now_ms));
    universe_tx_add(tx, subscription, "subscription/token-hash",
                    edn_string(universe_hash_token(u->arena, token)));
    tx_confirmation_mail(tx, u, signup, token);
}

static void tx_confirm(struct universe_tx *tx, struct universe *u, datom_id subscription)
{
    const struct edn e = universe_entity(subscription);
    universe_tx_cas(tx, e, "subscription/status", EDN_KEYWORD_LIT("pending"),
                    EDN_KEYWORD_LIT("confirmed"));
    universe_tx_add(tx, e, "subscription/confirmed-at", edn_instant(u->now_ms));
}

/* ---- procedures ---- */

/* Once; somebody else may subscribe the same address meanwhile. */
static enum bs_code try_subscribe(struct universe *u, struct datom_db *db,
                                  const struct signup *signup, struct bs_error *error)
{
    struct known known;
    struct universe_tx tx;
    BS_TRY(find_known(u, db, signup, &known, error));
    if (known.subscription != DATOM_NO_ID)
        return BS_OK;
    universe_tx_init(&tx, u);
    tx_subscription(&tx, u, signup, &known);
    return universe_transact(u, &tx, NULL, error);
}

static enum bs_code subscribe(struct universe *u, const Bandstand__V1__SubscribeRequest *request,
                              Bandstand__V1__SubscribeResponse *response, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct signup signup;
    BS_TRY(find_signup(u, request, &signup, error));
    BS_TRY(check_email(signup.email, error));
    enum bs_code code = try_subscribe(u, u->db, &signup, &failure);
    for (int attempt = 1;
         attempt < SUBSCRIBE_ATTEMPTS &&
         (is_taken(code, &failure, "fan/key") || is_taken(code, &failure, "subscription/key"));
         attempt++)
        code = try_subscribe(u, universe_newest_db(u), &signup, &failure);
    if (code != BS_OK)
        return pass_on(&failure, error);
    response->email = cl_text(u->arena, signup.email);
    response->campaign_name = cl_text(u->arena, signup.campaign_name);
    return BS_OK;
}

static enum bs_code confirm_subscription(struct universe *u,
                                         const Bandstand__V1__ConfirmSubscriptionRequest *request,
                                         Bandstand__V1__ConfirmSubscriptionResponse *response,
                                         struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct bs_str hash = universe_hash_token(u->arena, bs_str_from(request->token));
    datom_id subscription, campaign;
    struct universe_tx tx;
    BS_TRY(universe_find(u->db, "subscription/token-hash", edn_string(hash), &subscription, error));
    if (subscription == DATOM_NO_ID)
        return bs_error_set(error, BS_REASON_SUBSCRIPTION_NOT_FOUND,
                            "no subscription waits for this token: expected the one of the mail");
    universe_tx_init(&tx, u);
    tx_confirm(&tx, u, subscription);
    enum bs_code code = universe_transact(u, &tx, NULL, &failure);
    if (code != BS_OK && failure.reason != BS_REASON_DB_CAS_FAILED)
        return pass_on(&failure, error);
    BS_TRY(universe_get_ref(u->db, subscription, "subscription/campaign", &campaign, error));
    BS_TRY(cl_fact(u->db, u->arena, campaign, "campaign/name", &response->campaign_name, error));
    return cl_fact(u->db, u->arena, campaign, "campaign/slug", &response->slug, error);
}

const struct bandstand__v1__fan_service__server procedures_fan = {
    .subscribe = subscribe,
    .confirm_subscription = confirm_subscription,
};
