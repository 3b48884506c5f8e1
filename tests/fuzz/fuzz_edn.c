/*
 * Text as EDN. What reads must print to a text that reads back to an equal value, on one line and
 * pretty; what does not must say where, inside the text, and leave the reader able to go on.
 */

#include <stddef.h>
#include <stdint.h>

#include "edn/edn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct edn value, struct bs_buf *printed, struct bs_arena *arena)
{
    struct edn again;
    struct bs_error error;
    BS_ASSERT(edn_read(bs_buf_str(printed), arena, &again, &error) == BS_OK);
    BS_ASSERT(edn_equal(value, again) && edn_equal(again, value));
    BS_ASSERT(edn_compare(value, again) == 0);
    BS_ASSERT(edn_hash(value) == edn_hash(again));
}

static void check_value(struct edn value, struct bs_arena *arena)
{
    struct bs_buf printed = BS_BUF_INIT(0);
    struct edn_print_options options = {.max_width = 30};
    edn_print(value, &printed);
    BS_ASSERT(bs_utf8_is_valid(bs_buf_str(&printed)));
    BS_ASSERT(bs_str_find_byte(bs_buf_str(&printed), '\n') < 0);
    check_same(value, &printed, arena);

    struct edn copy = edn_dup(arena, value);
    BS_ASSERT(edn_equal(value, copy));
    struct bs_str before = bs_arena_dup(arena, bs_buf_str(&printed));
    bs_buf_reset(&printed);
    edn_print(copy, &printed);
    BS_ASSERT(bs_str_equal(bs_buf_str(&printed), before));

    bs_buf_reset(&printed);
    edn_print_pretty(value, &options, &printed);
    check_same(value, &printed, arena);
    bs_buf_fini(&printed);

    char cut[20];
    BS_ASSERT(bs_utf8_is_valid(bs_str_from(edn_print_cut(value, cut, sizeof(cut)))));
}

static void check_error(const struct edn_reader *reader, const struct bs_error *error)
{
    const struct bs_error_field *line = bs_error_find(error, "line");
    const struct bs_error_field *column = bs_error_find(error, "column");
    BS_ASSERT(line && column && line->integer == reader->line && column->integer == reader->column);
    BS_ASSERT(reader->offset <= reader->text.len && reader->column >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(64u * 1024 * 1024);
    struct edn_reader reader;
    edn_reader_init(&reader, bs_str_make((const char *)data, size));
    reader.allow_unquote = true;
    for (;;) {
        struct edn value;
        struct bs_error error = BS_ERROR_INIT;
        bool found;
        if (edn_read_next(&reader, arena, &value, &found, &error) == BS_OK) {
            if (!found)
                break;
            check_value(value, arena);
            continue;
        }
        check_error(&reader, &error);
        if (!edn_reader_skip_line(&reader))
            break;
    }
    bs_arena_free(arena);
    return 0;
}
