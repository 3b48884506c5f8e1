#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * One model of errors from the store to HTTP: gRPC's status codes, a stable reason, a message that
 * names the offending thing, and a few fields of data. A bs_error is a plain value on the caller's
 * stack: nothing in it is owned, nothing must be freed. It is written only on failure, and every
 * function takes NULL for it. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum bs_code {
#define BS_CODE(name, number, category, http) BS_##name = (number),
#include "base/codes.def"
#undef BS_CODE
};

enum bs_reason {
    BS_REASON_NONE = 0,
#define BS_REASON(id, reason, code, retryable, text) BS_REASON_##id,
#include "base/reasons.def"
#undef BS_REASON
    BS_REASON_COUNT
};

#define BS_ERROR_MESSAGE_MAX 1000
#define BS_ERROR_FIELDS_MAX 8
#define BS_ERROR_FIELD_TEXT_MAX 120

/* One datum of an error: `key` is static text without a colon ("line"), the value an integer or
 * text. */
struct bs_error_field {
    const char *key;
    bool is_text;
    int64_t integer;
    char text[BS_ERROR_FIELD_TEXT_MAX];
};

struct bs_error {
    enum bs_code code;
    enum bs_reason reason;
    char remote_reason[64]; /* the reason as a peer gave it, when it is none of ours; else "" */
    const char *file;       /* where it was raised first; static text */
    int line;
    size_t fields_count;
    struct bs_error_field fields[BS_ERROR_FIELDS_MAX];
    char message[BS_ERROR_MESSAGE_MAX]; /* NUL-terminated UTF-8, cut at a whole character */
};

#define BS_ERROR_INIT                                                                              \
    {                                                                                              \
        .code = BS_OK                                                                              \
    }

/* "NOT_FOUND"; "UNKNOWN" for a number that is no code. */
BS_API const char *bs_code_name(enum bs_code code);
/* "not-found": the category of contract section 3, without colon. */
BS_API const char *bs_code_category(enum bs_code code);
BS_API int bs_code_http_status(enum bs_code code);
/* The code of a gRPC number; UNKNOWN when there is none. */
BS_API enum bs_code bs_code_from_number(int64_t number);

/* "db.error/cas-failed", "" for BS_REASON_NONE. */
BS_API const char *bs_reason_name(enum bs_reason reason);
BS_API const char *bs_reason_text(enum bs_reason reason);
BS_API enum bs_code bs_reason_code(enum bs_reason reason);
BS_API bool bs_reason_retryable(enum bs_reason reason);
/* BS_REASON_NONE when no reason has this name. */
BS_API enum bs_reason bs_reason_from_name(struct bs_str name);

/*
 * Raises: fills `error` (when not NULL) with the reason, its code and the formatted message, and
 * returns the code, so that a function ends in `return bs_error_set(error, BS_REASON_X, "...")`.
 */
#define bs_error_set(error, reason, ...)                                                           \
    bs_error_set_at((error), (reason), __FILE__, __LINE__, __VA_ARGS__)
BS_API enum bs_code bs_error_set_at(struct bs_error *error, enum bs_reason reason, const char *file,
                                    int line, const char *format, ...) BS_PRINTF(5, 6);

/* The same with a code of the caller's choosing in place of the reason's own. */
#define bs_error_set_code(error, code, reason, ...)                                                \
    bs_error_set_code_at((error), (code), (reason), __FILE__, __LINE__, __VA_ARGS__)
BS_API enum bs_code bs_error_set_code_at(struct bs_error *error, enum bs_code code,
                                         enum bs_reason reason, const char *file, int line,
                                         const char *format, ...) BS_PRINTF(6, 7);

/* Puts formatted text before the message. Nothing when `error` is NULL. */
BS_API void bs_error_prefix(struct bs_error *error, const char *format, ...) BS_PRINTF(2, 3);

/* Adds a field (replaces one with the same key; beyond the maximum it is dropped). */
BS_API void bs_error_add_integer(struct bs_error *error, const char *key, int64_t value);
BS_API void bs_error_add_text(struct bs_error *error, const char *key, struct bs_str value);
/* NULL when there is none. */
BS_API const struct bs_error_field *bs_error_find(const struct bs_error *error, const char *key);

/* The reason's name, or the peer's when the reason is not one of ours. */
BS_API const char *bs_error_reason_name(const struct bs_error *error);

/* Passes a failure up untouched. Not inside loops that hold a lock. */
#define BS_TRY(expression)                                                                         \
    do {                                                                                           \
        enum bs_code bs_try_code_ = (expression);                                                  \
        if (bs_try_code_ != BS_OK)                                                                 \
            return bs_try_code_;                                                                   \
    } while (0)

#endif
