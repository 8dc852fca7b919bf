#!/bin/sh
# coverage.sh: says which letters of the table no test case has.
set -eu
tab=$(printf '\t')
number=0
while IFS="$tab" read -r letter _; do
  number=$((number + 1))
  if ! grep -qF "$letter" tests/cases.tsv; then
    echo "::notice file=data/letters.tsv,line=$number,title=Untested letter::no case has '$letter'"
  fi
done < data/letters.tsv
echo "$number letters looked for"
