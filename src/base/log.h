#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * One line a record, logfmt, on stderr or where bs_log_set_output says:
 *   time=2024-05-01T12:00:00.123Z level=info msg="ready" transport=rpc url=tcp://127.0.0.1:7400
 * Libraries do not log; the edge (server, commands) does, each failure once. Any thread.
 */

#include <stdio.h>

#include "base/attributes.h"
#include "base/str.h"

enum bs_log_level {
    BS_LOG_DEBUG,
    BS_LOG_INFO,
    BS_LOG_WARN,
    BS_LOG_ERROR,
};

struct bs_log_field {
    const char *key; /* [a-z0-9_.-]+ */
    struct bs_str value;
};

/* Quiet below `level`; INFO at first. */
BS_API void bs_log_set_level(enum bs_log_level level);
BS_API void bs_log_set_output(FILE *file);
/* `fields` may be NULL when count is 0. */
BS_API void bs_log_write(enum bs_log_level level, const char *message,
                         const struct bs_log_field *fields, size_t fields_count);
#define bs_log(level, message, ...)                                                                \
    do {                                                                                           \
        const struct bs_log_field bs_log_fields_[] = {__VA_ARGS__};                                \
        bs_log_write((level), (message), bs_log_fields_, BS_ARRAY_COUNT(bs_log_fields_));          \
    } while (0)

#endif
