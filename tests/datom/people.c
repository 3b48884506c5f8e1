#include "datom/people.h"

#include <stdio.h>
#include <stdlib.h>

static const char schema_text[] =
    "[{:db/ident :p/email :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/login :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/value}"
    " {:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/ok :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/flags :db/valueType :db.type/boolean :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/boss :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/twin :db/valueType :db.type/ref :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/slug :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :color/red}]";

static const char people_text[] =
    "[{:db/id \"ann\" :p/email \"ann@x\" :p/login \"ann\" :p/name \"Ann\" :p/age 30 :p/ok false"
    "  :p/tags [:a :b]}"
    " {:db/id \"bob\" :p/email \"bob@x\" :p/name \"Bob\" :p/friends \"ann\""
    "  :p/parts {:p/name \"leg\"}}]";

struct datom_conn *people_new(const struct datom_options *options)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = datom_conn_new_memory(options);
    if (datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, &error) != BS_OK ||
        datom_transact_text(conn, bs_str_from(people_text), NULL, NULL, &error) != BS_OK) {
        fprintf(stderr, "the people: %s\n", error.message);
        abort();
    }
    return conn;
}
