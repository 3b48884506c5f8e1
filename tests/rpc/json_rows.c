#include "support.h"

#include "rpc/json_rows.h"

void json_rows_run(const struct json_row *rows, size_t count, unsigned parse_flags,
                   unsigned print_flags)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got =
            json_again(all, bs_str_from(rows[i].json), parse_flags, print_flags, arena);
        if (rows[i].expected)
            test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "%s gives %s, not %s",
                     rows[i].json, got, rows[i].expected);
        else
            test_row(rows[i].name, got[0] == '!', "%s is taken: %s", rows[i].json, got);
        bs_arena_free(arena);
    }
    test_rows_end();
}
