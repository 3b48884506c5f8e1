/* The double of the mail service: an array of records under a lock. */

#include "services/services.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

struct services_mail_double {
    struct services_mail service;
    pthread_mutex_t lock;
    struct bs_arena *arena; /* of the records and addresses */
    struct services_mail_record *records;
    size_t records_count, records_capacity;
    enum services_mail_fault *faults; /* from next_fault on, those to come */
    size_t faults_count, faults_capacity, next_fault;
    struct bs_str *bad;
    size_t bad_count, bad_capacity;
    size_t asked;
    int64_t latency_ms;
    struct bs_clock_fixed *clock; /* borrowed; NULL: real time */
};

static struct services_mail_record *find_locked(struct services_mail_double *mail, struct bs_str id)
{
    for (size_t i = 0; i < mail->records_count; i++) {
        if (bs_str_equal(mail->records[i].message.id, id))
            return &mail->records[i];
    }
    return NULL;
}

static void take_locked(struct services_mail_double *mail,
                        const struct services_mail_message *message)
{
    struct services_mail_record *record = find_locked(mail, message->id);
    if (record) {
        record->attempts++;
        return;
    }
    bs_grow(&mail->records, mail->records_count, &mail->records_capacity, sizeof(*mail->records));
    mail->records[mail->records_count++] = (struct services_mail_record){
        .message =
            {
                .id = bs_arena_dup(mail->arena, message->id),
                .to = bs_arena_dup(mail->arena, message->to),
                .kind = bs_arena_dup(mail->arena, message->kind),
                .subject = bs_arena_dup(mail->arena, message->subject),
                .text = bs_arena_dup(mail->arena, message->text),
            },
        .attempts = 1,
    };
}

static enum bs_code reject(const struct services_mail_message *message, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_MAIL_REJECTED,
                        "the mail service takes no mail for \"%.*s\"", BS_STR_ARGS(message->to));
}

static enum bs_code lose(const struct services_mail_message *message, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_MAIL_UNAVAILABLE,
                        "the mail service did not confirm mail %.*s", BS_STR_ARGS(message->id));
}

static enum bs_code send_locked(struct services_mail_double *mail,
                                const struct services_mail_message *message, struct bs_error *error)
{
    mail->asked++;
    if (mail->next_fault < mail->faults_count) {
        switch (mail->faults[mail->next_fault++]) {
        case SERVICES_MAIL_REJECTS:
            return reject(message, error);
        case SERVICES_MAIL_FORGETS:
            take_locked(mail, message);
            return lose(message, error);
        case SERVICES_MAIL_REFUSES:
        default:
            return lose(message, error);
        }
    }
    for (size_t i = 0; i < mail->bad_count; i++) {
        if (bs_str_equal_ignoring_case(mail->bad[i], message->to))
            return reject(message, error);
    }
    take_locked(mail, message);
    return BS_OK;
}

static void wait_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static enum bs_code send(void *self, const struct services_mail_message *message,
                         struct bs_error *error)
{
    struct services_mail_double *mail = self;
    pthread_mutex_lock(&mail->lock);
    int64_t latency_ms = mail->latency_ms;
    struct bs_clock_fixed *clock = mail->clock;
    enum bs_code code = send_locked(mail, message, error);
    pthread_mutex_unlock(&mail->lock);
    if (latency_ms > 0 && clock)
        clock->now_ms += latency_ms;
    else if (latency_ms > 0)
        wait_ms(latency_ms);
    return code;
}

struct services_mail_double *services_mail_double_new(void)
{
    struct services_mail_double *mail = bs_calloc(1, sizeof(*mail));
    mail->service = (struct services_mail){.send = send, .self = mail};
    mail->arena = bs_arena_new(0);
    pthread_mutex_init(&mail->lock, NULL);
    return mail;
}

void services_mail_double_free(struct services_mail_double *mail)
{
    if (!mail)
        return;
    pthread_mutex_destroy(&mail->lock);
    bs_arena_free(mail->arena);
    free(mail->records);
    free(mail->faults);
    free(mail->bad);
    free(mail);
}

const struct services_mail *services_mail_double_service(struct services_mail_double *mail)
{
    return &mail->service;
}

void services_mail_double_fail(struct services_mail_double *mail, enum services_mail_fault fault,
                               unsigned count)
{
    pthread_mutex_lock(&mail->lock);
    for (unsigned i = 0; i < count; i++) {
        bs_grow(&mail->faults, mail->faults_count, &mail->faults_capacity, sizeof(*mail->faults));
        mail->faults[mail->faults_count++] = fault;
    }
    pthread_mutex_unlock(&mail->lock);
}

void services_mail_double_add_bad_recipient(struct services_mail_double *mail,
                                            struct bs_str address)
{
    pthread_mutex_lock(&mail->lock);
    bs_grow(&mail->bad, mail->bad_count, &mail->bad_capacity, sizeof(*mail->bad));
    mail->bad[mail->bad_count++] = bs_arena_dup(mail->arena, address);
    pthread_mutex_unlock(&mail->lock);
}

void services_mail_double_set_latency(struct services_mail_double *mail, int64_t latency_ms,
                                      struct bs_clock_fixed *clock)
{
    pthread_mutex_lock(&mail->lock);
    mail->latency_ms = latency_ms;
    mail->clock = clock;
    pthread_mutex_unlock(&mail->lock);
}

size_t services_mail_double_count(struct services_mail_double *mail)
{
    pthread_mutex_lock(&mail->lock);
    size_t count = mail->records_count;
    pthread_mutex_unlock(&mail->lock);
    return count;
}

size_t services_mail_double_asked(struct services_mail_double *mail)
{
    pthread_mutex_lock(&mail->lock);
    size_t asked = mail->asked;
    pthread_mutex_unlock(&mail->lock);
    return asked;
}

bool services_mail_double_at(struct services_mail_double *mail, size_t idx, struct bs_arena *arena,
                             struct services_mail_record *ret_record)
{
    pthread_mutex_lock(&mail->lock);
    bool found = idx < mail->records_count;
    if (found) {
        const struct services_mail_record *record = &mail->records[idx];
        const struct services_mail_message *message = &record->message;
        *ret_record = (struct services_mail_record){
            .message =
                {
                    .id = bs_arena_dup(arena, message->id),
                    .to = bs_arena_dup(arena, message->to),
                    .kind = bs_arena_dup(arena, message->kind),
                    .subject = bs_arena_dup(arena, message->subject),
                    .text = bs_arena_dup(arena, message->text),
                },
            .attempts = record->attempts,
        };
    }
    pthread_mutex_unlock(&mail->lock);
    return found;
}
