#!/usr/bin/env bash
# Dependencies point one way: schema <- actors <- scenarios <- server; monitoring sees only the probes that
# others publish; schema knows no CAF; what actors store knows no supervision; no file includes itself by a
# detour. Usage: layering.sh ROOT
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

# What a quoted include may start with, by the folder of the file that has it.
allowed_in() {
  case $1 in
    schema) echo '^schema/' ;;
    actors) echo '^(schema|actors)/' ;;
    scenarios) echo '^(schema|actors|scenarios)/' ;;
    monitoring) echo '^(monitoring/.*|(schema|actors|scenarios|server)/(.*[/_])?probe\.h$)' ;;
    server) echo '^(schema|actors|scenarios|monitoring|server)/' ;;
    examples) echo '^(schema|actors|scenarios|monitoring|server|examples)/' ;;
    tests) echo '^(schema|actors|scenarios|monitoring|server|examples|tests)/' ;;
    *) echo '^$' ;;
  esac
}

# FILE:LINE:INCLUDED for every include of own code; quotes and brackets kept.
includes() {
  own_code | (cd "$root" && xargs --no-run-if-empty grep -HnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]+[">]') |
    sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/:/'
}

edges=$(mktemp)
trap 'rm -f "$edges"' EXIT
while IFS=: read -r file line included; do
  folder=${file%%/*}
  name=${included:1:-1}
  if [[ $included == '"'* ]]; then
    allowed=$(allowed_in "$folder")
    [[ $name =~ $allowed ]] || problem "$file:$line" "$folder may not include \"$name\""
    # What is stored knows nothing of who decides what is.
    if [[ $file =~ ^actors/(journal|history|storage)/ && $name == actors/supervision/* ]]; then
      problem "$file:$line" "${file%/*} may not include \"$name\""
    fi
    printf '%s %s\n' "$file" "$name" >>"$edges"
  elif [[ $name =~ ^(schema|actors|scenarios|monitoring|server|examples|tests)/ ]]; then
    problem "$file:$line" "own header <$name> is to be included with quotes"
  fi
  if [[ $folder == schema && $name == caf/* ]]; then
    problem "$file:$line" "schema is free of actors and may not include <$name>"
  fi
done < <(includes)

# tsort names the members of a loop on standard error.
while read -r _ file; do
  problem "${file:-?}" "is part of a cycle of includes"
done < <(tsort "$edges" 2>&1 >/dev/null | grep -v 'input contains a loop' || true)
verdict
