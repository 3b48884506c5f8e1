/* Prints docs/errors.md from the tables of base: codes, categories, reasons. */

#include <stdio.h>

#include "base/error.h"

int main(void)
{
    printf(
        "# Errors\n\nMade from `src/base/codes.def` and `src/base/reasons.def` by "
        "`build/tools/errors-page`; a test compares.\n\n"
        "An error has a category, a code (the reason below, printed as a keyword), a message and "
        "data. A *retryable* one may go through when the same is asked again.\n\n"
        "| status | number | category | HTTP |\n|---|---|---|---|\n");
    for (int number = 0; number <= BS_UNAUTHENTICATED; number++) {
        enum bs_code code = bs_code_from_number(number);
        printf("| `%s` | %d | `:%s` | %d |\n", bs_code_name(code), number, bs_code_category(code),
               bs_code_http_status(code));
    }
    printf("\n| reason | status | retryable | what it is about |\n|---|---|---|---|\n");
    for (int reason = 1; reason < BS_REASON_COUNT; reason++) {
        enum bs_reason r = (enum bs_reason)reason;
        printf("| `:%s` | `%s` | %s | %s |\n", bs_reason_name(r), bs_code_name(bs_reason_code(r)),
               bs_reason_retryable(r) ? "yes" : "", bs_reason_text(r));
    }
    return 0;
}
