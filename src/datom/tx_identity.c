/*
 * Who is who: a tempid that is given a value of a unique identity is the entity that holds it in
 * db-before; tempids that are given the same one are the same entity, also when nobody holds it
 * yet. A value that is itself a tempid (an identity of type ref) can be compared once that tempid
 * is known or united, so this goes on until nothing changes. What remains unknown gets a new id, in
 * the order in which the tempids were met.
 */

#include "datom/bootstrap.h"
#include "datom/tx.h"

/* A claim: "the entity of this operation has this identity", keyed by attribute and value. */
struct claim {
    const struct datom_attribute *attribute;
    struct bs_str value; /* ordered bytes; or the root of an unknown tempid; or ordered bytes of a
                            tuple with unknown tempids */
    bool is_unknown;
    uint32_t op_idx;
};

struct claims {
    struct tx *tx;
    struct datom_table table;
    struct claim *items;
    size_t count;
    bool changed;
};

uint32_t tx_temp_root(struct tx *tx, uint32_t temp)
{
    while (tx->temps[temp].parent != temp) {
        tx->temps[temp].parent = tx->temps[tx->temps[temp].parent].parent;
        temp = tx->temps[temp].parent;
    }
    return temp;
}

static const char *temp_label(struct tx *tx, uint32_t temp, char ret_text[80])
{
    const struct tx_temp *t = &tx->temps[temp];
    if (t->name.len > 0)
        snprintf(ret_text, 80, "the tempid \"%.*s\"", BS_MIN((int)t->name.len, 50), t->name.ptr);
    else
        snprintf(ret_text, 80, "the map");
    return ret_text;
}

/* Binds a tempid to an existing entity. */
static enum bs_code bind(struct claims *claims, const struct tx_op *op, datom_id id,
                         struct bs_error *error)
{
    struct tx *tx = claims->tx;
    uint32_t root = tx_temp_root(tx, op->e.temp);
    struct tx_temp *temp = &tx->temps[root];
    if (temp->id == id)
        return BS_OK;
    if (temp->id != DATOM_NO_ID) {
        char label[80];
        char value[120];
        bs_error_set(error, BS_REASON_DB_UNIQUE_CONFLICT,
                     "%s is two entities at once: %llu, and %llu by :%.*s %s",
                     temp_label(tx, op->e.temp, label), (unsigned long long)temp->id,
                     (unsigned long long)id, BS_STR_ARGS(op->attribute->ident),
                     edn_print_cut(op->v, value, sizeof(value)));
        bs_error_add_integer(error, "entity", (int64_t)temp->id);
        bs_error_add_integer(error, "holder", (int64_t)id);
        tx_note_text(error, "attribute", op->attribute->ident);
        tx_note_value(error, "value", op->v);
        return tx_blame(tx, op->form_idx, BS_ALREADY_EXISTS, error);
    }
    temp->id = id;
    claims->changed = true;
    return BS_OK;
}

static enum bs_code unite(struct claims *claims, const struct tx_op *op, uint32_t a, uint32_t b,
                          struct bs_error *error)
{
    struct tx *tx = claims->tx;
    /* the one met first speaks for both, so that ids come in order */
    uint32_t root = BS_MIN(a, b);
    uint32_t other = BS_MAX(a, b);
    struct tx_temp *to = &tx->temps[root];
    struct tx_temp *from = &tx->temps[other];
    if (to->id != DATOM_NO_ID && from->id != DATOM_NO_ID && to->id != from->id) {
        char x[80], y[80];
        bs_error_set(error, BS_REASON_DB_UNIQUE_CONFLICT,
                     "%s and %s claim the same :%.*s, but are the entities %llu and %llu",
                     temp_label(tx, root, x), temp_label(tx, other, y),
                     BS_STR_ARGS(op->attribute->ident), (unsigned long long)to->id,
                     (unsigned long long)from->id);
        bs_error_add_integer(error, "entity", (int64_t)to->id);
        bs_error_add_integer(error, "holder", (int64_t)from->id);
        tx_note_text(error, "attribute", op->attribute->ident);
        return tx_blame(tx, op->form_idx, BS_ALREADY_EXISTS, error);
    }
    if (to->id == DATOM_NO_ID)
        to->id = from->id;
    to->is_entity |= from->is_entity;
    to->is_value |= from->is_value;
    to->is_element |= from->is_element;
    tx_unite_partitions(tx, root, other, op->form_idx);
    from->parent = root;
    claims->changed = true;
    return BS_OK;
}

static bool claim_equals(const void *self, uint32_t idx, const void *key)
{
    const struct claims *claims = self;
    const struct claim *a = &claims->items[idx];
    const struct claim *b = key;
    return a->attribute == b->attribute && a->is_unknown == b->is_unknown &&
           bs_str_equal(a->value, b->value);
}

/* Makes the claim of an operation; *ret_value is known unless the claim says otherwise. */
static void make_claim(struct claims *claims, uint32_t op_idx, struct claim *ret_claim,
                       struct edn *ret_value)
{
    struct tx *tx = claims->tx;
    struct tx_op *op = &tx->ops[op_idx];
    *ret_claim = (struct claim){.attribute = op->attribute, .op_idx = op_idx};
    struct edn value = op->v;
    if (op->v_is_temp) {
        uint32_t root = tx_temp_root(tx, op->v_temp);
        datom_id id = tx->temps[root].id;
        if (id == DATOM_NO_ID) {
            uint32_t *bytes = bs_arena_new_item(tx->scratch, uint32_t);
            *bytes = root;
            ret_claim->is_unknown = true;
            ret_claim->value = bs_str_make((const char *)bytes, sizeof(*bytes));
            return;
        }
        value = edn_long((int64_t)id);
    } else if (op->v_temps) {
        ret_claim->is_unknown = !tx_tuple_resolve(tx, op, &value);
    }
    struct datom_key_value key_value;
    datom_key_value_encode(value, op->attribute->type, &key_value);
    ret_claim->value =
        bs_arena_dup(tx->scratch, bs_str_make((const char *)key_value.bytes, key_value.len));
    *ret_value = value;
}

/* The holder of a claim's value in db-before, as an equal claim has found it or by a look-up. */
static enum bs_code find_holder(struct claims *claims, const struct claim *claim, struct edn value,
                                uint32_t equal, struct bs_error *error)
{
    struct tx *tx = claims->tx;
    struct tx_op *op = &tx->ops[claim->op_idx];
    if (equal != DATOM_TABLE_NONE)
        op->holder = tx->ops[claims->items[equal].op_idx].holder;
    else
        BS_TRY(tx_lookup(tx, op->attribute, value, &op->holder, error));
    op->has_holder = true;
    return BS_OK;
}

static enum bs_code take_claim(struct claims *claims, uint32_t op_idx, struct bs_error *error)
{
    struct tx *tx = claims->tx;
    struct claim claim;
    struct edn value = edn_nil();
    make_claim(claims, op_idx, &claim, &value);
    const struct tx_op *op = &tx->ops[op_idx];
    uint64_t hash = tx_hash(claim.value.ptr, claim.value.len, claim.attribute->id);
    uint32_t found = datom_table_find(&claims->table, hash, claim_equals, claims, &claim);
    if (!op->has_holder && !claim.is_unknown)
        BS_TRY(find_holder(claims, &claim, value, found, error));
    if (op->has_holder && op->holder != DATOM_NO_ID)
        BS_TRY(bind(claims, op, op->holder, error));
    if (found == DATOM_TABLE_NONE) {
        claims->items[claims->count] = claim;
        datom_table_add(&claims->table, hash, (uint32_t)claims->count++);
        return BS_OK;
    }
    uint32_t mine = tx_temp_root(tx, op->e.temp);
    uint32_t theirs = tx_temp_root(tx, tx->ops[claims->items[found].op_idx].e.temp);
    return mine == theirs ? BS_OK : unite(claims, op, mine, theirs, error);
}

static bool is_claim(const struct tx_op *op)
{
    return op->kind == TX_ADD && op->attribute->unique == DATOM_UNIQUE_IDENTITY && op->e.is_temp;
}

static enum bs_code bind_all(struct tx *tx, struct bs_error *error)
{
    size_t claims_max = 0;
    bool has_temp_values = false;
    for (size_t i = 0; i < tx->ops_count; i++) {
        if (!is_claim(&tx->ops[i]))
            continue;
        claims_max++;
        has_temp_values |= tx->ops[i].v_is_temp || tx->ops[i].v_temps;
    }
    if (claims_max == 0)
        return BS_OK;
    struct claims claims = {.tx = tx};
    claims.items = bs_arena_new_array(tx->scratch, claims_max, struct claim);
    enum bs_code code = BS_OK;
    do {
        claims.changed = false;
        claims.count = 0;
        datom_table_reset(&claims.table);
        for (size_t i = 0; i < tx->ops_count && code == BS_OK; i++) {
            if (is_claim(&tx->ops[i]))
                code = take_claim(&claims, (uint32_t)i, error);
        }
        /* without tempids among the values one pass says it all */
    } while (code == BS_OK && claims.changed && has_temp_values);
    datom_table_fini(&claims.table);
    return code;
}

static enum bs_code issue_ids(struct tx *tx, struct bs_error *error)
{
    for (uint32_t i = 0; i < tx->temps_count; i++) {
        struct tx_temp *temp = &tx->temps[tx_temp_root(tx, i)];
        if (temp->id != DATOM_NO_ID)
            continue;
        if (!temp->is_entity && temp->is_value) {
            bs_error_set(error, BS_REASON_DB_TEMPID_NOT_AN_ENTITY,
                         "the tempid \"%.*s\" is only referred to: expected a form that says "
                         "something of it",
                         BS_STR_ARGS(tx->temps[i].name));
            tx_note_text(error, "entity", tx->temps[i].name);
            return tx_blame(tx, tx->temps[i].form_idx, BS_INVALID_ARGUMENT, error);
        }
        if (!temp->is_entity)
            continue;
        BS_TRY(tx_issue_id(tx, temp, error));
    }
    return BS_OK;
}

enum bs_code tx_bind_identities(struct tx *tx, struct bs_error *error)
{
    BS_TRY(bind_all(tx, error));
    BS_TRY(tx_match_partitions(tx, error));
    return issue_ids(tx, error);
}

datom_id tx_place_id(struct tx *tx, const struct tx_place *place)
{
    return place->is_temp ? tx->temps[tx_temp_root(tx, place->temp)].id : place->id;
}

bool tx_is_new_id(const struct tx *tx, datom_id id)
{
    if (datom_id_part(id) == DATOM_PART_DB)
        return id >= tx->db->body->next_element;
    return datom_id_counter(id) >= tx->db->body->next_t;
}
