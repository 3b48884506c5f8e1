#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

/*
 * The outside world, as the application asks it: each service an interface (functions and a self),
 * real clients, and a double that keeps what it was told. So far: mail. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct services_mail_message {
    /* Idempotency key: a service that has taken a message takes it again without sending it twice.
     */
    struct bs_str id;
    struct bs_str to;
    struct bs_str kind; /* "subscription-confirmation": for templates and statistics */
    struct bs_str subject;
    struct bs_str text;
};

/*
 * The interface. `send` hands a message over and returns OK once the service has it.
 * INVALID_ARGUMENT is final (the address can't be one); everything else may be tried again, and may
 * have been sent all the same.
 */
struct services_mail {
    enum bs_code (*send)(void *self, const struct services_mail_message *message,
                         struct bs_error *error);
    void *self;
};

/*
 * A double that behaves as a real service does and keeps what it was told: messages by id, each
 * once.
 */
struct services_mail_double;

enum services_mail_fault {
    SERVICES_MAIL_REFUSES, /* answers UNAVAILABLE and has not taken the message */
    SERVICES_MAIL_FORGETS, /* takes the message, but its answer is lost: UNAVAILABLE */
    SERVICES_MAIL_REJECTS, /* answers INVALID_ARGUMENT */
};

/* A message that it has taken; texts are the double's. */
struct services_mail_record {
    struct services_mail_message message;
    unsigned attempts; /* how often it was handed over, refusals not counted */
};

BS_API struct services_mail_double *services_mail_double_new(void);
/* Takes NULL. */
BS_API void services_mail_double_free(struct services_mail_double *mail);
/* The interface on it; borrowed from it. */
BS_API const struct services_mail *services_mail_double_service(struct services_mail_double *mail);

/* The next `count` sends go wrong so; further calls add to the list. */
BS_API void services_mail_double_fail(struct services_mail_double *mail,
                                      enum services_mail_fault fault, unsigned count);
/* Every message to this address is rejected. */
BS_API void services_mail_double_add_bad_recipient(struct services_mail_double *mail,
                                                   struct bs_str address);
/* Each send takes so long: the clock is put forward, or the thread sleeps when it is NULL. */
BS_API void services_mail_double_set_latency(struct services_mail_double *mail, int64_t latency_ms,
                                             struct bs_clock_fixed *clock);

/* How many different messages it has taken. */
BS_API size_t services_mail_double_count(struct services_mail_double *mail);
/* How often it was asked, refusals and repetitions too. */
BS_API size_t services_mail_double_asked(struct services_mail_double *mail);
/* By order of taking; copied into the arena. False past the end. */
BS_API bool services_mail_double_at(struct services_mail_double *mail, size_t idx,
                                    struct bs_arena *arena,
                                    struct services_mail_record *ret_record);

#endif
