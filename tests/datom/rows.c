#include "support.h"

#include "datom/rows.h"

struct datom_conn *rows_fork(struct datom_conn *conn)
{
    struct datom_conn *fork = NULL;
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
    datom_db_unref(db);
    return fork;
}

void rows_print_datoms(struct datom_report *report, struct bs_buf *out)
{
    uint64_t t = datom_db_next_t(report->db_before);
    for (size_t i = 1; i < report->datoms_count; i++) {
        const struct datom *datom = &report->datoms[i];
        struct bs_str ident = datom_db_ident(report->db_after, datom->a);
        bs_buf_printf(out, "%s%c", i > 1 ? " " : "", datom->added ? '+' : '-');
        if (datom_id_part(datom->e) == DATOM_PART_USER && datom_id_counter(datom->e) > t)
            bs_buf_printf(out, "new%llu", (unsigned long long)(datom_id_counter(datom->e) - t));
        else if (datom->e == datom_t_to_tx(report->t))
            bs_buf_append_cstr(out, "tx");
        else
            bs_buf_printf(out, "%llu", (unsigned long long)datom_id_counter(datom->e));
        bs_buf_printf(out, ":%.*s:", BS_STR_ARGS(ident));
        const struct datom_attribute *attribute = datom_db_attribute(report->db_after, datom->a);
        if (attribute->type == DATOM_TYPE_REF)
            bs_buf_printf(out, "%llu",
                          (unsigned long long)datom_id_counter((datom_id)datom->v.as.integer));
        else
            edn_print(datom->v, out);
    }
}

static void run_before(struct datom_conn *conn, const struct row *row)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct edn_reader reader;
    edn_reader_init(&reader, bs_str_from(row->before));
    for (;;) {
        struct edn forms;
        bool found;
        enum bs_code code = edn_read_next(&reader, arena, &forms, &found, &error);
        if (code == BS_OK && !found)
            break;
        if (code == BS_OK)
            code = datom_transact(conn, forms, NULL, NULL, &error);
        if (code != BS_OK)
            fail_msg("%s: before: %s", row->name, error.message);
    }
    bs_arena_free(arena);
}

static void run_row(struct datom_conn *base, const struct row *row)
{
    struct datom_conn *conn = rows_fork(base);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    run_before(conn, row);
    enum bs_code code = datom_transact_text(conn, bs_str_from(row->tx), NULL, &report, &error);
    if (row->datoms) {
        test_row(row->name, code == BS_OK, "%s", error.message);
        if (code != BS_OK) {
            datom_conn_unref(conn);
            return;
        }
        struct bs_buf out = BS_BUF_INIT(0);
        rows_print_datoms(report, &out);
        if (strcmp(bs_buf_cstr(&out), row->datoms) != 0)
            test_row(row->name, false, "is %s expected %s", bs_buf_cstr(&out), row->datoms);
        bs_buf_fini(&out);
    } else {
        if (code == BS_OK)
            test_row(row->name, false, "went through");
        else if (error.reason != row->reason || !strstr(error.message, row->message))
            test_row(row->name, false, "%s: %s", bs_reason_name(error.reason), error.message);
    }
    struct datom_check_report check;
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_db_check(db, NULL, NULL, &check, &error), BS_OK);
    if (check.differences > 0)
        fail_msg("%s: check found %llu differences", row->name,
                 (unsigned long long)check.differences);
    datom_db_unref(db);
    datom_report_free(report);
    datom_conn_unref(conn);
}

void rows_run(struct datom_conn *conn, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_row(conn, &rows[i]);
    test_rows_end();
}

static void print_fields(const struct bs_error *error, struct bs_buf *out)
{
    for (size_t i = 0; i < error->fields_count; i++) {
        const struct bs_error_field *field = &error->fields[i];
        bs_buf_printf(out, "%s%s=", i > 0 ? " " : "", field->key);
        if (field->is_text)
            bs_buf_append_cstr(out, field->text);
        else
            bs_buf_printf(out, "%lld", (long long)field->integer);
    }
}

static uint64_t basis_of(struct datom_conn *conn)
{
    struct datom_db *db = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    return t;
}

void rows_run_errors(struct datom_conn *conn, const struct error_row *rows, size_t count)
{
    uint64_t before = basis_of(conn);
    for (size_t i = 0; i < count; i++) {
        const struct error_row *row = &rows[i];
        struct bs_error error = BS_ERROR_INIT;
        BS_CLEANUP(bs_buf_fini) struct bs_buf fields = BS_BUF_INIT(0);
        enum bs_code code = datom_transact_text(conn, bs_str_from(row->tx), NULL, NULL, &error);
        print_fields(&error, &fields);
        test_row(row->name, code != BS_OK, "went through");
        test_row(row->name, code == error.code, "%s and %s", bs_code_name(code),
                 bs_code_name(error.code));
        test_row(row->name, error.reason == row->reason, "%s", bs_error_reason_name(&error));
        test_row(row->name, strstr(error.message, row->message) != NULL, "%s", error.message);
        test_row(row->name, strcmp(bs_buf_cstr(&fields), row->fields) == 0, "%s",
                 bs_buf_cstr(&fields));
        /* the same without anybody who wants to know */
        assert_int_equal(datom_transact_text(conn, bs_str_from(row->tx), NULL, NULL, NULL), code);
    }
    assert_int_equal(basis_of(conn), before);
    test_rows_end();
}
