#!/usr/bin/env bash
# clang-format has nothing to change, no file is longer than the limit. usage: format.sh SOURCE_ROOT
set -uo pipefail
cd "$1" || exit 2
command -v clang-format >/dev/null || { echo 'clang-format is not installed: run tools/setup'; exit 1; }
status=0
find src tools tests clients -name node_modules -prune -o \( -name '*.c' -o -name '*.h' \) -print0 |
  sort -z | xargs -0 clang-format --dry-run -Werror || status=1
while read -r lines file; do
  [ "$file" = total ] && continue
  if [ "$lines" -gt 800 ]; then
    echo "$file has $lines lines: at most 800"
    status=1
  fi
done < <(find src tools tests -name node_modules -prune -o \( -name '*.c' -o -name '*.h' \) -print0 |
  xargs -0 wc -l)
exit $status
