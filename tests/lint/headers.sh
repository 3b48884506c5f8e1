#!/usr/bin/env bash
# Every header compiles alone. usage: headers.sh SOURCE_ROOT CC...
set -uo pipefail
cd "$1" || exit 2
shift
status=0
while IFS= read -r header; do
  "$@" -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Isrc -isystem gen -x c \
    -include "$header" /dev/null || { echo "$header does not compile alone"; status=1; }
done < <(find src -name '*.h' | sort)
exit $status
