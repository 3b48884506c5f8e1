#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Functions that nobody here calls; forced into every file of ours by the build. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* some C libraries make macros of these when they check sizes */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncat stpcpy sprintf vsprintf strtok gets atoi atol atoll atof
#pragma GCC poison strtol strtoll strtoul strtoull gmtime localtime ctime asctime mktime srand

/* OpenSSL's headers use this name for parameters: only a call is an error, where gcc compiles. */
#ifndef __clang__
int rand(void) __attribute__((error("banned: take base/random.h")));
#endif

#endif
