/* The transactions of everything.h: those of the table of types are made, the others written. */

#include "support.h"

#include "datom/everything.h"

#define HUNDRED                                                                                    \
    "1234567890 2234567890 3234567890 4234567890 5234567890 "                                      \
    "6234567890 7234567890 8234567890 923456789 "

/* Two values of each type but ref, which are apart, and tuple. */
static const struct {
    const char *type, *first, *second;
} types[] = {
    {"boolean", "true", "false"},
    {"long", "-9223372036854775808", "1965"},
    {"bigint", "-123456789012345678901234567890N", "7N"},
    {"float", "-0.1", "1.5e30"},
    {"double", "0.1", "-1.0E-300"},
    {"bigdec", "1.50M", "-12345678901234567890.123M"},
    {"string", "\"Björk \\n \\\" \\u0001\"", "\"" HUNDRED HUNDRED HUNDRED "\""},
    {"symbol", "bank/deposit", "x"},
    {"keyword", ":artist/name", ":y"},
    {"instant", "#inst \"1914-06-28T10:50:00.123-00:00\"",
     "#inst \"2024-02-29T00:00:00.000-00:00\""},
    {"uuid", "#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
     "#uuid \"00000000-0000-0000-0000-000000000000\""},
    {"uri", "#uri \"https://example.org/a?b=c\"", "#uri \"mailto:ann@example.org\""},
    {"bytes", "#base64 \"AAEC/w==\"", "#base64 \"\""},
};

static const char *const texts[] = {
    /* uniqueness, references, parts, what has no history, tuples */
    "[{:db/ident :p/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity :db/doc \"Who it is\"}"
    " {:db/ident :p/badge :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/value}"
    " {:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/seen :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :p/place :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/alias :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/note :db/valueType :db.type/string :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/name+place :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:p/name :p/place] :db/unique :db.unique/identity}"
    " {:db/ident :p/mixed :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/long :db.type/string :db.type/bigdec :db.type/ref] :db/index true}"
    " {:db/ident :p/points :db/valueType :db.type/tuple :db/cardinality :db.cardinality/many"
    "  :db/tupleType :db.type/double}"
    " {:db/ident :color/red} {:db/ident :color/blue}]",
    "[{:db/id \"ann\" :p/id \"ann\" :p/badge 1 :p/name \"Ann\" :p/alias \"A\" :p/seen 1 :p/place "
    "\"hall\""
    "  :p/friends [\"bob\" \"eve\"] :p/mixed [-1 \"one\" 1.50M \"hall\"]"
    "  :p/points [[0.5 1.5] [0.5 1.5 2.5]] :p/parts [{:p/name \"arm\" :p/parts {:p/name "
    "\"hand\"}}]}"
    " {:db/id \"bob\" :p/id \"bob\" :p/badge 2 :p/name \"Bob\" :p/seen 7 :p/friends :color/red"
    "  :p/note [\"" HUNDRED HUNDRED HUNDRED "a\" \"" HUNDRED HUNDRED HUNDRED "b\"]}"
    " {:db/id \"eve\" :p/id \"eve\" :p/name \"secret Eve\" :p/seen 3 :p/note [\"secret note\"]"
    "  :p/place \"hall\" :p/friends \"ann\" :p/mixed [nil \"secret\" nil nil]}"
    " {:db/id \"hall\" :p/id \"hall\" :p/name \"The hall\"}"
    " {:db/id \"datomic.tx\" :db/doc \"the first people\"}]",
    "[[:db/add [:p/id \"ann\"] :p/name \"Ann Lee\"] [:db/add [:p/id \"ann\"] :p/seen 2]"
    " [:db/retract [:p/id \"ann\"] :p/points [0.5 1.5]] [:db/add [:p/id \"ann\"] :p/mixed"
    " [2 nil 1.500M nil]] [:db/add [:p/id \"eve\"] :p/name \"secret Eva\"]"
    " [:db/retract [:p/id \"bob\"] :p/note \"" HUNDRED HUNDRED HUNDRED "a\"]]",
    /* alterations: another name, another cardinality with new keys, an index, uniqueness gone */
    "[{:db/id :p/note :db/ident :p/remark :db/index true}"
    " {:db/id :p/name :db/index true :db/doc \"What it is called\"}"
    " {:db/id :p/alias :db/cardinality :db.cardinality/many}"
    " [:db/retract :p/badge :db/unique :db.unique/value]]",
    "[[:db/add [:p/id \"bob\"] :p/badge 1] [:db/add [:p/id \"ann\"] :p/alias \"Annie\"] [:db/add "
    "[:p/id \"bob\"] :p/note \"an old name\"]"
    " [:db/cas [:p/id \"ann\"] :p/seen 2 4]]",
    /* entities in partitions of their own, what is not to be used any more */
    "[{:db/ident :part/halls :db.install/_partition :db.part/db}"
    " {:db/id :p/badge :db/deprecated \"use :p/id\"}]",
    "[{:db/id #db/id[:part/halls -1] :p/id \"club\" :p/name \"The club\"}"
    " {:db/id \"bar\" :p/id \"bar\" :p/friends #db/id[:part/halls -1]"
    "  :db/force-partition {\"bar\" 524295}}]",
    "[{:p/id \"club\" :p/name \"The old club\"}]",
    /* checks and entity specs */
    "[{:db/id :p/seen :db.attr/check [(range 0 1000)]} {:db/ident :p/spec :db.entity/attrs :p/id}]",
    "[{:p/id \"ann\" :p/seen 3 :db/ensure :p/spec}]",
    /* what is erased, and what goes in the ordinary way */
    "[{:db/excise [:p/id \"eve\"]}]",
    "[[:db/retractEntity [:p/id \"bob\"]]]",
    "[{:p/id \"bob\" :p/name \"Bob again\" :p/friends [[:p/id \"ann\"]]}]",
};

static int64_t now_ms(void *self)
{
    (void)self;
    return 1714567890000;
}

struct bs_clock everything_clock(void)
{
    return (struct bs_clock){.now_ms = now_ms};
}

static void transact(struct datom_conn *conn, struct bs_str text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, text, NULL, NULL, &error) != BS_OK)
        fail_msg("%.*s: %s", BS_STR_ARGS(text), error.message);
}

/* For each type :v/TYPE of cardinality one and :v/TYPEs, indexed, of many; a first value, then the
 * second one too, then without the first. */
static void transact_types(struct datom_conn *conn)
{
    struct bs_buf schema = BS_BUF_INIT(0);
    struct bs_buf steps[3] = {BS_BUF_INIT(0), BS_BUF_INIT(0), BS_BUF_INIT(0)};
    bs_buf_append_cstr(&schema, "[{:db/ident :v/it}");
    for (size_t i = 0; i < BS_ARRAY_COUNT(types); i++) {
        const char *type = types[i].type;
        bs_buf_printf(&schema,
                      "{:db/ident :v/%s :db/valueType :db.type/%s :db/cardinality "
                      ":db.cardinality/one}"
                      "{:db/ident :v/%ss :db/valueType :db.type/%s :db/cardinality "
                      ":db.cardinality/many :db/index true}",
                      type, type, type, type);
        bs_buf_printf(&steps[0], "[:db/add :v/it :v/%s %s][:db/add :v/it :v/%ss %s]", type,
                      types[i].first, type, types[i].first);
        bs_buf_printf(&steps[1], "[:db/add :v/it :v/%s %s][:db/add :v/it :v/%ss %s]", type,
                      types[i].second, type, types[i].second);
        bs_buf_printf(&steps[2], "[:db/retract :v/it :v/%s][:db/retract :v/it :v/%ss %s]", type,
                      type, types[i].first);
    }
    bs_buf_append_cstr(&schema, "]");
    transact(conn, bs_buf_str(&schema));
    for (size_t i = 0; i < BS_ARRAY_COUNT(steps); i++) {
        struct bs_buf text = BS_BUF_INIT(0);
        bs_buf_printf(&text, "[%s]", bs_buf_cstr(&steps[i]));
        transact(conn, bs_buf_str(&text));
        bs_buf_fini(&text);
        bs_buf_fini(&steps[i]);
    }
    bs_buf_fini(&schema);
}

void everything_transact(struct datom_conn *conn)
{
    transact_types(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++)
        transact(conn, bs_str_from(texts[i]));
}
