#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

/*
 * Golden files: what a format looks like, kept in tests/golden and compared byte by byte. A run
 * with BS_GOLDEN=update in the environment writes them instead; git then shows what changed.
 */

#include "base/str.h"

/*
 * Fails the test (naming file and line) when tests/golden/<name> does not hold exactly `actual`.
 * After tests/support.h; the environment names the sources in BANDSTAND_SOURCE.
 */
void golden_check(const char *name, struct bs_str actual);

#endif
