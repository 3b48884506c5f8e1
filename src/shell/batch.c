/*
 * Forms from a descriptor, run as they come: whoever writes a form and waits for its line gets it
 * before they write the next. A form is tried when its line is there; one that is not finished is
 * tried again only where its brackets close, so that a form of many lines costs two readings.
 */

#include <errno.h>
#include <unistd.h>

#include "shell/scan.h"
#include "shell/session.h"

#define READ_BYTES (1u << 16)

struct batch {
    struct shell *shell;
    int input;
    int output;
    struct bs_buf text; /* read, from the form that comes next */
    size_t offset;      /* of that form in `text` */
    uint32_t line;      /* where that is */
    uint32_t column;
    bool is_over; /* the input has ended */
    bool any_failed;
    bool is_gone;           /* nobody reads the output */
    struct shell_scan scan; /* of the form that is not finished */
    bool is_scanning;
    struct bs_arena *arena; /* of the form under way */
    struct bs_buf out;
};

static enum bs_code read_more(struct batch *batch, struct bs_error *error)
{
    bs_buf_consume(&batch->text, batch->offset);
    batch->scan.offset -= BS_MIN(batch->offset, batch->scan.offset);
    batch->offset = 0;
    char *at = bs_buf_reserve(&batch->text, READ_BYTES);
    BS_ASSERT(at); /* no maximum */
    ssize_t size;
    do {
        size = read(batch->input, at, READ_BYTES);
    } while (size < 0 && errno == EINTR);
    if (size < 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "the forms can't be read: %s",
                            strerror(errno));
    batch->text.len += (size_t)size;
    batch->is_over = size == 0;
    return BS_OK;
}

/* What is there in whole lines; all of it at the end. */
static struct bs_str whole_lines(const struct batch *batch)
{
    struct bs_str text = bs_str_from_offset(bs_buf_str(&batch->text), batch->offset);
    while (!batch->is_over && text.len > 0 && text.ptr[text.len - 1] != '\n')
        text.len--;
    return text;
}

static enum bs_code write_out(struct batch *batch, struct bs_error *error)
{
    struct bs_str left = bs_buf_str(&batch->out);
    while (left.len > 0) {
        ssize_t size = write(batch->output, left.ptr, left.len);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EPIPE) {
            batch->is_gone = true;
            return BS_OK;
        }
        if (size < 0)
            return bs_error_set(error, BS_REASON_STORE_IO, "a result can't be written: %s",
                                strerror(errno));
        left = bs_str_from_offset(left, (size_t)size);
    }
    bs_buf_reset(&batch->out);
    return BS_OK;
}

static enum bs_code print_failure(struct batch *batch, const struct bs_error *failure,
                                  struct bs_error *error)
{
    batch->any_failed = true;
    shell_print_error(failure, &batch->out);
    bs_buf_append_byte(&batch->out, '\n');
    return write_out(batch, error);
}

static enum bs_code run_form(struct batch *batch, struct edn form, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct edn value;
    if (shell_eval(batch->shell, form, &value, &failure) != BS_OK)
        return print_failure(batch, &failure, error);
    edn_print(value, &batch->out);
    bs_buf_append_byte(&batch->out, '\n');
    return write_out(batch, error);
}

/* The reader's place is the batch's from here on. */
static void advance(struct batch *batch, const struct edn_reader *reader)
{
    batch->offset += reader->offset;
    batch->line = reader->line;
    batch->column = reader->column;
    batch->is_scanning = false;
}

static enum bs_code refuse(struct batch *batch, struct edn_reader *reader,
                           const struct bs_error *failure, bool *ret_wants_more,
                           struct bs_error *error)
{
    if (reader->incomplete && !batch->is_over) {
        batch->scan = (struct shell_scan){.offset = batch->offset};
        batch->is_scanning = true;
        *ret_wants_more = true;
        return BS_OK;
    }
    if (!edn_reader_skip_line(reader))
        reader->offset = reader->text.len;
    advance(batch, reader);
    return print_failure(batch, failure, error);
}

/* Runs the next form that is whole, or says that more text is wanted. */
static enum bs_code step(struct batch *batch, bool *ret_wants_more, struct bs_error *error)
{
    struct edn_reader reader;
    struct bs_error failure = BS_ERROR_INIT;
    struct edn form;
    bool found;
    struct bs_str text = whole_lines(batch);
    if (batch->is_scanning && !batch->is_over &&
        !shell_scan_closes(&batch->scan, bs_buf_str(&batch->text), batch->offset + text.len)) {
        *ret_wants_more = true;
        return BS_OK;
    }
    edn_reader_init(&reader, text);
    reader.line = batch->line;
    reader.column = batch->column;
    reader.allow_unquote = true;
    bs_arena_reset(batch->arena);
    if (edn_read_next(&reader, batch->arena, &form, &found, &failure) != BS_OK)
        return refuse(batch, &reader, &failure, ret_wants_more, error);
    advance(batch, &reader);
    *ret_wants_more = !found;
    return found ? run_form(batch, form, error) : BS_OK;
}

static enum bs_code run(struct batch *batch, struct bs_error *error)
{
    while (!batch->is_gone) {
        bool wants_more = false;
        BS_TRY(step(batch, &wants_more, error));
        if (!wants_more)
            continue;
        if (batch->is_over)
            return BS_OK;
        BS_TRY(read_more(batch, error));
    }
    return BS_OK;
}

enum bs_code shell_run_batch(struct shell *shell, int input, int output, bool *ret_any_failed,
                             struct bs_error *error)
{
    struct batch batch = {
        .shell = shell,
        .input = input,
        .output = output,
        .text = BS_BUF_INIT(0),
        .line = 1,
        .column = 1,
        .arena = bs_arena_new(0),
        .out = BS_BUF_INIT(0),
    };
    enum bs_code code = run(&batch, error);
    *ret_any_failed = batch.any_failed;
    bs_arena_free(batch.arena);
    bs_buf_fini(&batch.text);
    bs_buf_fini(&batch.out);
    return code;
}
