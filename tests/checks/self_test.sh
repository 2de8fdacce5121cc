#!/usr/bin/env bash
# The checks must be able to fail: each passes on a small clean tree and reports each planted violation.
# Usage: self_test.sh
set -euo pipefail
checks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0

# header FILE [INCLUDE...]: a well-formed header in the current tree.
header() {
  mkdir -p "$(dirname "$1")"
  { printf '// What it is for.\n#pragma once\n'; printf '#include %s\n' "${@:2}"; } | grep -v '^#include $' >"$1"
}

clean_tree() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree"
  cd "$work/tree"
  header schema/value.h '<vector>'
  header actors/twin.h '"schema/value.h"'
  header actors/probe.h
  header scenarios/fork.h '"actors/twin.h"'
  header monitoring/metrics.h '"actors/probe.h"' '"monitoring/logging.h"'
  header monitoring/logging.h
  header server/http/client.h '"scenarios/fork.h"' '"monitoring/metrics.h"'
  header tests/value_test.h '"schema/value.h"'
  printf '#!/bin/sh\necho "  demo   x"\necho "  test   x"\n' >dev
  printf '#!/bin/sh\necho "  serve   x"\n' >../pollux
  chmod +x dev ../pollux
  cat >README.md <<'README'
Run `./dev demo` or `./dev test`, then `pollux serve` and see [the client](server/http/client.h).
| folder | is |
|---|---|
| `schema/` | a |
| `actors/` | b |
| `scenarios/` | c |
| `monitoring/` | d |
| `server/` | e |
| `server/http/` | f |
| `tests/` | g |
README
}

report_failure() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n%s\n' "$1" "$2"
}

# passes CHECK: on the tree as it stands.
passes() {
  local said
  cases=$((cases + 1))
  said=$("$checks/$1.sh" "$work/tree" "$work/pollux" 2>&1) || report_failure "$1 on a clean tree" "$said"
}

# reports CHECK MESSAGE: it fails on the tree as it stands and says so; then the tree is clean again.
reports() {
  local said
  cases=$((cases + 1))
  if said=$("$checks/$1.sh" "$work/tree" "$work/pollux" 2>&1); then
    report_failure "$1 did not see: $2" "$said"
  elif ! grep -qF -- "$2" <<<"$said"; then
    report_failure "$1 did not say: $2" "$said"
  fi
  clean_tree
}

clean_tree
for check in layering files top_level readme; do passes "$check"; done

header schema/unit.h '"actors/twin.h"'
reports layering 'schema/unit.h:3: schema may not include "actors/twin.h"'
header schema/unit.h '<caf/all.hpp>'
reports layering 'schema is free of actors'
header actors/domain.h '"scenarios/fork.h"'
reports layering 'actors may not include "scenarios/fork.h"'
header scenarios/sweep.h '"server/http/client.h"'
reports layering 'scenarios may not include "server/http/client.h"'
header monitoring/health.h '"actors/twin.h"'
reports layering 'monitoring may not include "actors/twin.h"'
header monitoring/health.h '"actors/notaprobe.h"'
reports layering 'monitoring may not include "actors/notaprobe.h"'
header server/api.h '"tests/value_test.h"'
reports layering 'server may not include "tests/value_test.h"'
header actors/journal/journal.h '"actors/supervision/door.h"'
reports layering 'actors/journal may not include "actors/supervision/door.h"'
header actors/domain.h '"../schema/value.h"'
reports layering 'actors may not include "../schema/value.h"'
header actors/domain.h '<schema/value.h>'
reports layering 'to be included with quotes'
header schema/a.h '"schema/b.h"'
header schema/b.h '"schema/a.h"'
reports layering 'schema/a.h: is part of a cycle'

seq --format='// line %g' 801 >>schema/value.h
reports files 'a file over 800 lines is two files'
printf '// What for.\n' >schema/value.h
reports files 'has #pragma once'
printf '#pragma once\n' >schema/value.h
reports files 'starts with a comment'

touch notes.txt
reports top_level 'notes.txt: does not belong at the top level'
mkdir src && touch src/a.cpp
reports top_level 'src: does not belong at the top level'
touch .travis.yml
reports top_level '.travis.yml: does not belong at the top level'

header actors/journal/store.h
reports readme 'its map lacks actors/journal/'
rm -r monitoring
reports readme 'its map has monitoring/, which does not exist'
sed -i 's/client.h/agent.h/' README.md
reports readme 'it names server/http/agent.h, which does not exist'
echo '[notes](docs/notes.md)' >>README.md
reports readme 'it links to docs/notes.md, which does not exist'
echo 'then ./dev deploy' >>README.md
reports readme 'it shows ./dev deploy'
echo 'build/dev/pollux fly' >>README.md
reports readme 'it shows pollux fly'
sed -i 's|./dev test|ctest|' README.md
reports readme 'it does not show ./dev test'
rm README.md
reports readme 'README.md: is missing'

printf '%d cases, %d failed\n' "$cases" "$failures"
((failures == 0))
