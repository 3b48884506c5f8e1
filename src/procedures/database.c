/* datom.v1.DatabaseService */

#include "procedures/internal.h"

const struct datom__v1__database_service__server procedures_database = {0};
