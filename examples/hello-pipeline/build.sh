#!/bin/sh
# build.sh table     makes out/letters.sed from data/letters.tsv
# build.sh program   makes out/slug from it and src/slug.sh
set -eu
mkdir -p out
tab=$(printf '\t')

table() {
  while IFS="$tab" read -r letter replacement; do
    printf 's/%s/%s/g\n' "$letter" "$replacement"
  done < data/letters.tsv > out/letters.sed
  echo "out/letters.sed: $(grep -c . out/letters.sed) letters"
}

program() {
  while IFS= read -r line; do
    if [ "$line" = "letters=''" ]; then
      printf "letters='"
      cat out/letters.sed
      echo "'"
    else
      printf '%s\n' "$line"
    fi
  done < src/slug.sh > out/slug
  chmod +x out/slug
  echo "out/slug: $(wc -c < out/slug) bytes"
  echo "version=$(cat VERSION)" >> "${GITHUB_OUTPUT:-/dev/null}"
  echo "letters=$(grep -c . out/letters.sed)" >> "${GITHUB_OUTPUT:-/dev/null}"
}

"$1"
