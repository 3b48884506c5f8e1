#ifndef BASE_REGEXP_H
#define BASE_REGEXP_H

/*
 * Regular expressions: POSIX's extended ones, with what people write in Java's that has a plain
 * counterpart: \d \D, (?:...), and (?i) at the start. Everything else of Java's is refused rather
 * than read as something else. Text is UTF-8, whatever the process's locale; \w and \s are the C
 * library's. A pattern's size and repetitions are bounded, because the matcher expands them in
 * memory. A compiled one is immutable: any thread. Matching a whole text takes one pass over it;
 * finding a part of one tries every place where it might begin, which is quadratic at worst, and
 * asks an interrupt on the way.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

#define BS_REGEXP_PATTERN_BYTES_MAX 1000
#define BS_REGEXP_REPEATS_MAX 1000
#define BS_REGEXP_GROUPS_MAX 64

struct bs_regexp;

/* Where a group matched: an offset and one past its end, both -1 when it took no part. */
struct bs_regexp_span {
    ptrdiff_t begin;
    ptrdiff_t end;
};

/* `whole`: a match must span the text. Handle: Q_UNSUPPORTED (what is not built, or too large),
 * Q_INVALID_ARGUMENT (what is no regular expression). */
BS_API BS_MUST_CHECK enum bs_code bs_regexp_new(struct bs_str pattern, bool whole,
                                                struct bs_regexp **ret_regex,
                                                struct bs_error *error);
BS_API void bs_regexp_free(struct bs_regexp *regex);
/* Those that the pattern has as (...), without (?:...). */
BS_API size_t bs_regexp_groups_count(const struct bs_regexp *regex);
/*
 * Finds the leftmost longest match. When *ret_found, ret_spans (may be NULL) has the whole match
 * first and the groups after it. `interrupt` may be NULL. Handle: RPC_DEADLINE, RPC_CANCELLED.
 */
BS_API BS_MUST_CHECK enum bs_code
bs_regexp_search(const struct bs_regexp *regex, struct bs_str text,
                 const struct bs_interrupt *interrupt, bool *ret_found,
                 struct bs_regexp_span ret_spans[BS_REGEXP_GROUPS_MAX + 1], struct bs_error *error);

#endif
