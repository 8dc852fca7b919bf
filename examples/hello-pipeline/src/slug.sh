#!/bin/sh
# slug TITLE…: turns each title into a name for files and addresses, one a line.
set -eu

# Letters are replaced byte by byte, so that every locale gives the same.
LC_ALL=C
export LC_ALL

# Filled in by build.sh: commands for sed.
letters=''

for title in "$@"; do
  printf '%s\n' "$title" | sed "$letters" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9\n' '-' | sed 's/^-//; s/-$//'
done
