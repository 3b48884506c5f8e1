#ifndef SHELL_VALUE_H
#define SHELL_VALUE_H

/* How datoms, reports and the like are shown, by the shell's names; query has them, as the database
 * service shows them too. */

#include "query/query.h"

#define shell_datom_value query_datom_value
#define shell_datoms_value query_datoms_value
#define shell_report_value query_report_value
#define shell_log_entry_value query_log_entry_value
#define shell_range_of query_range_of
#define shell_index_of query_index_of

#endif
