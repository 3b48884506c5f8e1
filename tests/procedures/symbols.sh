#!/usr/bin/env bash
# Procedures touch nothing but their universe: their objects name no clock, no chance, no environment,
# no file, and keep nothing that can change. usage: symbols.sh ARCHIVE...
set -euo pipefail
forbidden='time|gettimeofday|clock|clock_gettime|clock_getres|timespec_get|ftime|nanosleep|sleep|usleep'
forbidden+='|getenv|secure_getenv|setenv|putenv|environ'
forbidden+='|rand|rand_r|srand|random|drand48|lrand48|arc4random|getrandom|getentropy|RAND_bytes'
forbidden+='|open|open64|openat|fopen|fopen64|popen|socket|connect|system|fork|pthread_create'
forbidden+='|bs_clock_system|bs_monotonic_ns|bs_random_system|bs_deadline_after_ns|bs_log_write'
forbidden+='|datom_conn_open|datom_conn_new_memory|services_mail_double_new'
status=0
[ $# -gt 0 ] || { echo "usage: symbols.sh ARCHIVE..." >&2; exit 2; }
for archive in "$@"; do
  symbols=$(nm --undefined-only --format=just-symbols "$archive" | sort -u)
  grep -q '^universe_transact$' <<<"$symbols" ||
    { echo "$archive names no universe_transact: is it the procedures' archive?"; status=1; }
  if found=$(grep -Ex "_*($forbidden)(@.*)?" <<<"$symbols"); then
    echo "$archive reaches past its universe:"
    echo "$found"
    status=1
  fi
  # sanitizers and coverage keep state of their own
  grep -qE '^__(asan|tsan|ubsan|gcov|sanitizer)' <<<"$symbols" && continue
  if found=$(size -A "$archive" | awk '/ :$|ex /{file=$1} ($1==".data"||$1==".bss") && $2>0 {print file": "$2" bytes of "$1}' | grep .); then
    echo "$archive keeps state that can change:"
    echo "$found"
    status=1
  fi
done
exit $status
