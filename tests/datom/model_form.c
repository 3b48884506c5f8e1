/*
 * Forms that make more of their arguments than one operation: those of :db.fn/ and calls of
 * functions. See docs/transactions.md.
 */

#include "model_read.h"

#include "datom/bootstrap.h"

/* ---- numbered strings ---- */

struct model_sequence {
    struct bs_str id;
    int64_t next;
};

struct model_taken {
    size_t sequence;
    struct model_place e;
    datom_id a;
    int64_t number;
};

#define SEQUENCES_MAX 32
#define TAKEN_MAX 128

struct model_sequences {
    struct model_sequence items[SEQUENCES_MAX];
    size_t count;
    struct model_taken taken[TAKEN_MAX];
    size_t taken_count;
};

/* "x-12" would be what the thirteenth "x" gets, so it becomes "x--12". */
static struct bs_str escaped(struct model_tx *tx, struct bs_str base)
{
    size_t digits = 0;
    while (digits < base.len && strchr("0123456789", base.ptr[base.len - 1 - digits]))
        digits++;
    size_t front = base.len - digits;
    if (digits == 0 || front == 0 || base.ptr[front - 1] != '-')
        return base;
    return bs_arena_printf(tx->arena, "%.*s-%.*s", (int)front, base.ptr, (int)digits,
                           base.ptr + front);
}

static size_t find_sequence(struct model_tx *tx, struct bs_str id)
{
    if (!tx->sequences)
        tx->sequences = bs_calloc(1, sizeof(*tx->sequences));
    struct model_sequences *sequences = tx->sequences;
    for (size_t i = 0; i < sequences->count; i++) {
        if (bs_str_equal(sequences->items[i].id, id))
            return i;
    }
    datom_id cell = model_holder(tx->before, DATOM_DB_SEQUENCE_ID, edn_string(id));
    const struct model_life *next =
        cell == DATOM_NO_ID ? NULL : model_find(tx->before, cell, DATOM_DB_SEQUENCE_NEXT, NULL);
    BS_ASSERT(sequences->count < SEQUENCES_MAX);
    sequences->items[sequences->count] =
        (struct model_sequence){.id = id, .next = next ? next->v.as.integer : 0};
    return sequences->count++;
}

/* Who asks again gets the same. */
static int64_t take_number(struct model_sequences *sequences, struct model_taken wanted)
{
    for (size_t i = 0; i < sequences->taken_count; i++) {
        const struct model_taken *taken = &sequences->taken[i];
        if (taken->sequence == wanted.sequence && taken->a == wanted.a &&
            taken->e.is_temp == wanted.e.is_temp &&
            (wanted.e.is_temp ? taken->e.temp == wanted.e.temp : taken->e.id == wanted.e.id))
            return taken->number;
    }
    wanted.number = sequences->items[wanted.sequence].next++;
    BS_ASSERT(sequences->taken_count < TAKEN_MAX);
    sequences->taken[sequences->taken_count++] = wanted;
    return wanted.number;
}

static const struct model_attribute *read_attribute(struct model_tx *tx, struct edn ident)
{
    const struct model_attribute *attribute = model_attribute_named(tx->before, ident);
    if (!attribute)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    return attribute;
}

/* In names of sequences a colon of their parts is marked. */
static struct bs_str marked(struct model_tx *tx, struct bs_str text)
{
    struct bs_str all = BS_STR("");
    for (size_t i = 0; i < text.len; i++)
        all = bs_arena_printf(tx->arena, "%.*s%s%c", BS_STR_ARGS(all),
                              text.ptr[i] == ':' ? "\\" : "", text.ptr[i]);
    return all;
}

static void add_numbered(struct model_tx *tx, struct edn namespace, struct edn base_form,
                         struct edn e, struct edn a)
{
    struct model_taken holder = {0};
    const struct model_attribute *attribute;
    if (!model_read_place(tx, e, &holder.e))
        return;
    attribute = read_attribute(tx, a);
    if (!attribute)
        return;
    struct bs_str base = escaped(tx, edn_text_of(base_form));
    struct bs_str name = edn_is_nil(namespace) ? attribute->ident : edn_text_of(namespace);
    holder.a = attribute->id;
    holder.sequence =
        find_sequence(tx, bs_arena_printf(tx->arena, "%.*s:%.*s", BS_STR_ARGS(marked(tx, name)),
                                          BS_STR_ARGS(marked(tx, base))));
    int64_t number = take_number(tx->sequences, holder);
    if (number > 0)
        base = bs_arena_printf(tx->arena, "%.*s-%lld", BS_STR_ARGS(base), (long long)number);
    model_read_value(tx, MODEL_ADD, holder.e, attribute, edn_string(base));
}

/* [:db.fn/add-sequential-string E A BASE] */
static void read_numbered(struct model_tx *tx, struct edn form)
{
    add_numbered(tx, edn_nil(), form.as.items[3], form.as.items[1], form.as.items[2]);
}

/* [:db.fn/add-sequential-strings NAMESPACE BASE [[E A]...]] */
static void read_several_numbered(struct model_tx *tx, struct edn form)
{
    struct edn holders = form.as.items[3];
    if (form.as.items[2].type != EDN_STRING || !edn_is_sequential(holders)) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TX_FORM);
        return;
    }
    for (uint32_t i = 0; i < holders.len; i++) {
        const struct edn *holder = holders.as.items[i].as.items;
        if (holders.as.items[i].len == 2)
            add_numbered(tx, form.as.items[1], form.as.items[2], holder[0], holder[1]);
        else
            model_tx_refuse(tx, BS_REASON_DB_INVALID_TX_FORM);
    }
}

void model_finish_sequences(struct model_tx *tx)
{
    for (size_t i = 0; tx->sequences && i < tx->sequences->count; i++) {
        const struct model_sequence *sequence = &tx->sequences->items[i];
        int64_t next = sequence->next;
        if (tx->before->mistake == MODEL_MISTAKE_SEQUENCE)
            next = 1;
        struct edn pairs[] = {EDN_KEYWORD_LIT("db.sequence/id"), edn_string(sequence->id),
                              EDN_KEYWORD_LIT("db.sequence/next"), edn_long(next)};
        model_read_form(tx, edn_map_of(tx->arena, pairs, 2));
    }
    free(tx->sequences);
    tx->sequences = NULL;
}

/* ---- defaults, migrations ---- */

/* [:db.fn/add-default E A V] */
static void read_default(struct model_tx *tx, struct edn form)
{
    struct model_place e;
    if (!model_read_place(tx, form.as.items[1], &e))
        return;
    const struct model_attribute *attribute = read_attribute(tx, form.as.items[2]);
    if (attribute)
        model_read_value(tx, MODEL_ADD_DEFAULT, e, attribute, form.as.items[3]);
}

/* [:db.fn/add-default-attr-value MATCH A V] */
static void read_default_of_all(struct model_tx *tx, struct edn form)
{
    const struct model_attribute *match = read_attribute(tx, form.as.items[1]);
    const struct model_attribute *attribute = read_attribute(tx, form.as.items[2]);
    datom_id last = 0;
    while (match && attribute) {
        struct model_place e = {.id = DATOM_NO_ID};
        for (size_t i = 0; i < tx->before->count; i++) {
            const struct model_life *life = &tx->before->lives[i];
            if (model_is_live(life) && life->a == match->id && life->e > last)
                e.id = BS_MIN(e.id, life->e);
        }
        if (e.id == DATOM_NO_ID)
            return;
        last = e.id;
        model_read_value(tx, MODEL_ADD_DEFAULT, e, attribute, form.as.items[3]);
    }
}

static void read_forms(struct model_tx *tx, struct edn forms)
{
    for (uint32_t i = 0; i < forms.len; i++)
        model_read_form(tx, forms.as.items[i]);
}

/* [:db.fn/ensure-migration NAME FORMS] */
static void read_migration(struct model_tx *tx, struct edn form)
{
    struct edn pair[] = {EDN_KEYWORD_LIT("db.migration/name"), form.as.items[1]};
    if (model_holder(tx->before, DATOM_DB_MIGRATION_NAME, pair[1]) != DATOM_NO_ID)
        return;
    model_read_form(tx, edn_map_of(tx->arena, pair, 1));
    read_forms(tx, form.as.items[2]);
}

static void read_cancel(struct model_tx *tx, struct edn form)
{
    (void)form;
    model_tx_refuse(tx, BS_REASON_DB_CANCELLED);
}

/* ---- calls ---- */

struct edn model_call_both(struct bs_arena *arena, const struct edn *args)
{
    struct edn add[] = {EDN_KEYWORD_LIT("db/add"), args[0], args[1], args[2]};
    struct edn retract[] = {EDN_KEYWORD_LIT("db/retract"), args[0], args[1], args[3]};
    struct edn forms[] = {edn_vector_of(arena, add, 4), edn_vector_of(arena, retract, 4)};
    return edn_vector_of(arena, forms, 2);
}

struct edn model_call_next(struct bs_arena *arena, const struct edn *args, struct edn v)
{
    bool is_small = v.type == EDN_LONG && v.as.integer < 1000;
    struct edn add[] = {EDN_KEYWORD_LIT("db/add"), args[0], args[1],
                        edn_long(is_small ? v.as.integer + 1 : 0)};
    struct edn form = edn_vector_of(arena, add, 4);
    return edn_vector_of(arena, &form, 1);
}

/* The smallest value that [e a] has; nil. */
static struct edn value_of(const struct model *model, struct edn e, struct edn a)
{
    const struct model_attribute *attribute = model_attribute_named(model, a);
    struct edn v = edn_nil();
    for (size_t i = 0; i < model->count && attribute && e.type == EDN_LONG; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->e == (datom_id)e.as.integer && life->a == attribute->id &&
            (edn_is_nil(v) || edn_compare(life->v, v) < 0))
            v = life->v;
    }
    return v;
}

/* By a registered name, or by the ident of a function that is data. */
static void read_call(struct model_tx *tx, struct edn form)
{
    const struct edn *args = form.as.items + 1;
    struct bs_str code = edn_text_of(form.as.items[0]);
    if (bs_str_starts_with(code, BS_STR("f/"))) {
        datom_id function = model_entid(tx->before, form.as.items[0]);
        const struct model_life *life =
            function == DATOM_NO_ID ? NULL : model_find(tx->before, function, DATOM_DB_CODE, NULL);
        if (!life) {
            model_tx_refuse(tx, BS_REASON_DB_NOT_A_DATA_FUNCTION);
            return;
        }
        code = edn_text_of(life->v);
    }
    if (form.len != (bs_str_equals(code, MODEL_BOTH) ? 5 : 3))
        model_tx_refuse(tx, BS_REASON_Q_WRONG_ARITY);
    else if (bs_str_equals(code, MODEL_BOTH))
        read_forms(tx, model_call_both(tx->arena, args));
    else
        read_forms(tx, model_call_next(tx->arena, args, value_of(tx->before, args[0], args[1])));
}

/* ---- the whole ---- */

bool model_read_function(struct model_tx *tx, struct edn op, struct edn form)
{
    static const struct {
        const char *name;
        void (*read)(struct model_tx *tx, struct edn form);
    } functions[] = {
        {"db.fn/add-sequential-string", read_numbered},
        {"db.fn/add-sequential-strings", read_several_numbered},
        {"db.fn/add-default", read_default},
        {"db.fn/add-default-attr-value", read_default_of_all},
        {"db.fn/ensure-migration", read_migration},
        {"db.fn/cancel", read_cancel},
        {MODEL_BOTH, read_call},
        {MODEL_NEXT, read_call},
        {"f/both", read_call},
        {"f/next", read_call},
        {"f/none", read_call},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(functions); i++) {
        if (!bs_str_equals(edn_text_of(op), functions[i].name))
            continue;
        functions[i].read(tx, form);
        return true;
    }
    return false;
}
