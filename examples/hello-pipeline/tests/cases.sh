#!/bin/sh
# cases.sh PROGRAM: gives PROGRAM every title of cases.tsv and compares the names.
set -eu
tab=$(printf '\t')
number=0
passed=0
failed=0
while IFS= read -r line; do
  number=$((number + 1))
  title=${line%%"$tab"*}
  expected=${line#*"$tab"}
  # PROGRAM may be two words: a shell and a file.
  found=$($1 "$title")
  if [ "$found" = "$expected" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "::error file=tests/cases.tsv,line=$number::'$title' became '$found', not '$expected'"
  fi
done < tests/cases.tsv
echo "passed=$passed" >> "${GITHUB_OUTPUT:-/dev/null}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
