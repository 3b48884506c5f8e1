/* Rules of fields: each must fit the field's type, and be one that a value can keep. */

#include "model.h"

#include <math.h>
#include <regex.h>

enum family {
    FAMILY_STRING,
    FAMILY_BYTES,
    FAMILY_INTEGER,
    FAMILY_NUMBER,
    FAMILY_ENUM,
    FAMILY_OTHER
};

/* Of the value that the rules speak of: a list's item, a map's value. */
static enum family family_of(const struct gen_field *field)
{
    if (field->is_map)
        return family_of(&field->message->fields[1]);
    switch (field->proto->type) {
    case GEN_TYPE(STRING):
        return FAMILY_STRING;
    case GEN_TYPE(BYTES):
        return FAMILY_BYTES;
    case GEN_TYPE(FLOAT):
    case GEN_TYPE(DOUBLE):
        return FAMILY_NUMBER;
    case GEN_TYPE(ENUM):
        return FAMILY_ENUM;
    case GEN_TYPE(BOOL):
    case GEN_TYPE(MESSAGE):
    case GEN_TYPE(GROUP):
        return FAMILY_OTHER;
    default:
        return FAMILY_INTEGER;
    }
}

static void check_pattern(struct gen *gen, const struct gen_path *path, const char *name,
                          const char *pattern)
{
    regex_t compiled;
    char reason[200];
    int code = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
        regfree(&compiled);
        return;
    }
    regerror(code, &compiled, reason, sizeof(reason));
    gen_complain(gen, path, name, "pattern \"%s\" is no POSIX extended regular expression: %s",
                 pattern, reason);
}

static void check_ranges(struct gen *gen, const struct gen_path *path, const char *name,
                         const Rpc__V1__FieldRules *rules)
{
    if ((rules->has_min_len && rules->has_max_len && rules->min_len > rules->max_len) ||
        (rules->has_min_bytes && rules->has_max_bytes && rules->min_bytes > rules->max_bytes) ||
        (rules->has_min_items && rules->has_max_items && rules->min_items > rules->max_items) ||
        (rules->has_ge && rules->has_le && rules->ge > rules->le) ||
        (rules->has_ge && rules->has_lt && rules->ge >= rules->lt) ||
        (rules->has_gt && rules->has_le && rules->gt >= rules->le) ||
        (rules->has_gt && rules->has_lt && rules->gt >= rules->lt) ||
        (rules->has_number_ge && rules->has_number_le && rules->number_ge > rules->number_le) ||
        (rules->has_number_ge && rules->has_number_lt && rules->number_ge >= rules->number_lt) ||
        (rules->has_number_gt && rules->has_number_le && rules->number_gt >= rules->number_le) ||
        (rules->has_number_gt && rules->has_number_lt && rules->number_gt >= rules->number_lt))
        gen_complain(gen, path, name, "its rules leave no value: the least is above the greatest");
    if ((rules->has_number_ge && !isfinite(rules->number_ge)) ||
        (rules->has_number_le && !isfinite(rules->number_le)) ||
        (rules->has_number_gt && !isfinite(rules->number_gt)) ||
        (rules->has_number_lt && !isfinite(rules->number_lt)))
        gen_complain(gen, path, name, "an end of its range is no finite number");
    if ((rules->has_ge && rules->has_gt) || (rules->has_le && rules->has_lt) ||
        (rules->has_number_ge && rules->has_number_gt) ||
        (rules->has_number_le && rules->has_number_lt))
        gen_complain(gen, path, name, "two rules for one end of a range; expected one");
}

void gen_check_rules(struct gen *gen, const struct gen_field *field)
{
    const Rpc__V1__FieldRules *rules = field->rules;
    const char *name = gen_field_name(gen, field);
    struct gen_path path = gen_path_option(&field->path, 77031);
    if (!rules)
        return;
    enum family family = family_of(field);
    const struct {
        bool given, fits;
        const char *rule, *wanted;
    } table[] = {
        {rules->has_min_len, family == FAMILY_STRING, "min_len", "a string"},
        {rules->has_max_len, family == FAMILY_STRING, "max_len", "a string"},
        {rules->has_min_bytes, family <= FAMILY_BYTES, "min_bytes", "a string or bytes"},
        {rules->has_max_bytes, family <= FAMILY_BYTES, "max_bytes", "a string or bytes"},
        {rules->pattern, family == FAMILY_STRING, "pattern", "a string"},
        {rules->has_format, family == FAMILY_STRING, "format", "a string"},
        {rules->n_in > 0, family == FAMILY_STRING, "in", "a string"},
        {rules->has_ge, family == FAMILY_INTEGER, "ge", "an integer"},
        {rules->has_le, family == FAMILY_INTEGER, "le", "an integer"},
        {rules->has_gt, family == FAMILY_INTEGER, "gt", "an integer"},
        {rules->has_lt, family == FAMILY_INTEGER, "lt", "an integer"},
        {rules->has_number_ge, family == FAMILY_NUMBER, "number_ge", "a float or double"},
        {rules->has_number_le, family == FAMILY_NUMBER, "number_le", "a float or double"},
        {rules->has_number_gt, family == FAMILY_NUMBER, "number_gt", "a float or double"},
        {rules->has_number_lt, family == FAMILY_NUMBER, "number_lt", "a float or double"},
        {rules->has_min_items, field->is_repeated, "min_items", "a list or map"},
        {rules->has_max_items, field->is_repeated, "max_items", "a list or map"},
        {rules->has_defined_only, family == FAMILY_ENUM, "defined_only", "an enum"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(table); i++) {
        if (table[i].given && !table[i].fits)
            gen_complain(gen, &path, name, "rule %s does not fit its type; expected %s",
                         table[i].rule, table[i].wanted);
    }
    if (rules->has_format && (rules->format <= RPC__V1__FORMAT__FORMAT_UNSPECIFIED ||
                              rules->format > RPC__V1__FORMAT__FORMAT_URL))
        gen_complain(gen, &path, name, "format %d is none; expected one of rpc.v1.Format",
                     (int)rules->format);
    if (rules->pattern)
        check_pattern(gen, &path, name, rules->pattern);
    check_ranges(gen, &path, name, rules);
}
