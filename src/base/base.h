#ifndef BASE_BASE_H
#define BASE_BASE_H

/*
 * libbandstand-base: what both libraries and the application stand on. Errors, text and bytes,
 * arenas, clocks, encodings, logs, limits. Prefix bs_.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/ref.h"
#include "base/str.h"

#endif
