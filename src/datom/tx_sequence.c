/*
 * Strings numbered in sequence: base, base-1, base-2, ... (datofu's algorithm). A counter for each
 * namespace and base stands in the store; a base that looks like a numbered one has its dash
 * doubled, so that no two bases ever give the same string. Counters are read from db-before, and
 * what a transaction takes is counted in it: several calls with one base get different numbers, the
 * same call again gets the same one.
 */

#include "datom/bootstrap.h"
#include "datom/tx_expand.h"

struct sequence {
    struct bs_str id; /* "namespace:base" */
    uint32_t form_idx;
    int64_t next;
};

/* A number that was taken: again asked for by the same entity and attribute it is the same. */
struct taken {
    uint32_t sequence;
    struct tx_place e;
    datom_id a;
    int64_t number;
};

struct tx_sequences {
    struct sequence *items;
    size_t count, capacity;
    struct datom_table by_id;
    struct taken *taken;
    size_t taken_count, taken_capacity;
    struct datom_table by_holder;
};

void tx_sequences_free(struct tx_sequences *sequences)
{
    if (!sequences)
        return;
    datom_table_fini(&sequences->by_id);
    datom_table_fini(&sequences->by_holder);
    free(sequences->items);
    free(sequences->taken);
    free(sequences);
}

/* ---- names ---- */

static struct bs_str escape_base(struct tx *tx, struct bs_str base)
{
    size_t digits = 0;
    while (digits < base.len && base.ptr[base.len - 1 - digits] >= '0' &&
           base.ptr[base.len - 1 - digits] <= '9')
        digits++;
    if (digits == 0 || digits == base.len || base.ptr[base.len - 1 - digits] != '-')
        return base;
    BS_CLEANUP(bs_buf_fini) struct bs_buf escaped = BS_BUF_INIT(0);
    size_t front = base.len - digits;
    bs_buf_append_str(&escaped, bs_str_slice(base, 0, front));
    bs_buf_append_byte(&escaped, '-');
    bs_buf_append_str(&escaped, bs_str_from_offset(base, front));
    return bs_arena_dup(tx->scratch, bs_buf_str(&escaped));
}

static void append_escaped(struct bs_buf *out, struct bs_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ':' || text.ptr[i] == '\\')
            bs_buf_append_byte(out, '\\');
        bs_buf_append_byte(out, text.ptr[i]);
    }
}

static struct bs_str id_of(struct tx *tx, struct bs_str namespace, struct bs_str base)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf id = BS_BUF_INIT(0);
    append_escaped(&id, namespace);
    bs_buf_append_byte(&id, ':');
    append_escaped(&id, base);
    return bs_arena_dup(tx->scratch, bs_buf_str(&id));
}

/* ---- counters ---- */

static bool sequence_has_id(const void *self, uint32_t idx, const void *key)
{
    const struct tx_sequences *sequences = self;
    return bs_str_equal(sequences->items[idx].id, *(const struct bs_str *)key);
}

static enum bs_code read_next(struct tx *tx, struct bs_str id, int64_t *ret_next,
                              struct bs_error *error)
{
    const struct datom_schema *schema = tx->db->body->schema;
    datom_id cell;
    struct edn next;
    bool found;
    *ret_next = 0;
    BS_TRY(tx_lookup(tx, datom_schema_attribute(schema, DATOM_DB_SEQUENCE_ID), edn_string(id),
                     &cell, error));
    if (cell == DATOM_NO_ID)
        return BS_OK;
    BS_TRY(datom_db_get(tx->db, cell, datom_schema_attribute(schema, DATOM_DB_SEQUENCE_NEXT),
                        tx->scratch, &next, &found, error));
    if (found)
        *ret_next = next.as.integer;
    return BS_OK;
}

static enum bs_code sequence_of(struct tx *tx, struct bs_str id, uint32_t form_idx,
                                uint32_t *ret_idx, struct bs_error *error)
{
    if (!tx->sequences)
        tx->sequences = bs_calloc(1, sizeof(*tx->sequences));
    struct tx_sequences *sequences = tx->sequences;
    uint64_t hash = tx_hash(id.ptr, id.len, 0);
    *ret_idx = datom_table_find(&sequences->by_id, hash, sequence_has_id, sequences, &id);
    if (*ret_idx != DATOM_TABLE_NONE)
        return BS_OK;
    int64_t next;
    BS_TRY(read_next(tx, id, &next, error));
    bs_grow(&sequences->items, sequences->count, &sequences->capacity, sizeof(*sequences->items));
    *ret_idx = (uint32_t)sequences->count++;
    sequences->items[*ret_idx] = (struct sequence){.id = id, .form_idx = form_idx, .next = next};
    datom_table_add(&sequences->by_id, hash, *ret_idx);
    return BS_OK;
}

static bool is_held_by(const void *self, uint32_t idx, const void *key)
{
    const struct taken *a = &((const struct tx_sequences *)self)->taken[idx];
    const struct taken *b = key;
    return a->sequence == b->sequence && a->a == b->a && a->e.is_temp == b->e.is_temp &&
           (a->e.is_temp ? a->e.temp == b->e.temp : a->e.id == b->e.id);
}

static int64_t take_number(struct tx_sequences *sequences, struct taken holder)
{
    uint64_t words[] = {holder.sequence, holder.a, holder.e.is_temp,
                        holder.e.is_temp ? holder.e.temp : holder.e.id};
    uint64_t hash = tx_hash(words, sizeof(words), 0);
    uint32_t found = datom_table_find(&sequences->by_holder, hash, is_held_by, sequences, &holder);
    if (found != DATOM_TABLE_NONE)
        return sequences->taken[found].number;
    bs_grow(&sequences->taken, sequences->taken_count, &sequences->taken_capacity,
            sizeof(*sequences->taken));
    holder.number = sequences->items[holder.sequence].next++;
    datom_table_add(&sequences->by_holder, hash, (uint32_t)sequences->taken_count);
    sequences->taken[sequences->taken_count++] = holder;
    return holder.number;
}

enum bs_code tx_sequences_finish(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; tx->sequences && i < tx->sequences->count; i++) {
        const struct sequence *sequence = &tx->sequences->items[i];
        const struct datom_schema *schema = tx->db->body->schema;
        struct edn pairs[] = {
            edn_keyword(datom_schema_ident(schema, DATOM_DB_SEQUENCE_ID)),
            edn_string(sequence->id),
            edn_keyword(datom_schema_ident(schema, DATOM_DB_SEQUENCE_NEXT)),
            edn_long(sequence->next),
        };
        struct edn cell = edn_map_of(tx->scratch, pairs, 2);
        enum bs_code code = tx_expand_form(tx, cell, sequence->form_idx, error);
        if (code != BS_OK)
            return tx_blame(tx, sequence->form_idx, code, error);
    }
    return BS_OK;
}

/* ---- the forms ---- */

struct numbering {
    uint32_t form_idx;
    struct edn namespace; /* nil: the attribute's name */
    struct edn base;
};

static enum bs_code add_numbered(struct tx *tx, const struct numbering *numbering, struct edn e,
                                 struct edn a, struct bs_error *error)
{
    struct taken holder = {0};
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e(tx, e, numbering->form_idx, &holder.e, error));
    BS_TRY(tx_expand_attribute(tx, a, &attribute, error));
    holder.a = attribute->id;
    struct bs_str base = escape_base(tx, edn_text_of(numbering->base));
    struct bs_str namespace =
        edn_is_nil(numbering->namespace) ? attribute->ident : edn_text_of(numbering->namespace);
    BS_TRY(
        sequence_of(tx, id_of(tx, namespace, base), numbering->form_idx, &holder.sequence, error));
    int64_t number = take_number(tx->sequences, holder);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_str(&text, base);
    if (number > 0)
        bs_buf_printf(&text, "-%lld", (long long)number);
    return tx_add_op(tx, TX_ADD, numbering->form_idx, holder.e, attribute,
                     edn_string(bs_buf_str(&text)), error);
}

static enum bs_code check_text(struct edn value, const char *what, struct bs_error *error)
{
    char text[120];
    if (value.type == EDN_STRING)
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                        "%s is no %s of a sequence: expected a string",
                        edn_print_cut(value, text, sizeof(text)), what);
}

enum bs_code tx_form_add_sequential_string(struct tx *tx, struct edn form, uint32_t form_idx,
                                           struct bs_error *error)
{
    struct numbering numbering = {.form_idx = form_idx, .base = form.as.items[3]};
    BS_TRY(check_text(numbering.base, "base", error));
    return add_numbered(tx, &numbering, form.as.items[1], form.as.items[2], error);
}

enum bs_code tx_form_add_sequential_strings(struct tx *tx, struct edn form, uint32_t form_idx,
                                            struct bs_error *error)
{
    struct numbering numbering = {
        .form_idx = form_idx,
        .namespace = form.as.items[1],
        .base = form.as.items[2],
    };
    char text[120];
    if (!edn_is_nil(numbering.namespace))
        BS_TRY(check_text(numbering.namespace, "namespace", error));
    BS_TRY(check_text(numbering.base, "base", error));
    struct edn holders = form.as.items[3];
    if (!edn_is_sequential(holders))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s are no holders of a sequence: expected [[entity attribute] ...]",
                            edn_print_cut(holders, text, sizeof(text)));
    for (uint32_t i = 0; i < holders.len; i++) {
        struct edn holder = holders.as.items[i];
        if (!edn_is_sequential(holder) || holder.len != 2)
            return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                                "%s is no holder in a sequence: expected [entity attribute]",
                                edn_print_cut(holder, text, sizeof(text)));
        BS_TRY(add_numbered(tx, &numbering, holder.as.items[0], holder.as.items[1], error));
    }
    return BS_OK;
}
