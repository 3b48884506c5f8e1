#!/usr/bin/env bash
# What a program prints is what a file holds. usage: same.sh FILE PROGRAM...; BS_GOLDEN=update rewrites
set -euo pipefail
file=$1
shift
if [ "${BS_GOLDEN:-}" = update ]; then
  "$@" >"$file"
fi
"$@" | diff -u "$file" -
