#!/usr/bin/env bash
# The demo, shortened: it ends by itself, tells the violated constraint and its chain of causes down to the worn
# pump, and leaves nothing behind. Usage: demo_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tmp"

TMPDIR=$scratch/tmp timeout 100 "$1/examples/chilled-water/demo" "$2" --for 15s >"$scratch/said" 2>&1 </dev/null || {
  cat "$scratch/said"
  echo "the demo failed"
  exit 1
}
cat "$scratch/said"
summary=$(sed -n '/^== after /,$p' "$scratch/said")

expect() {
  grep -qF -- "$1" <<<"$summary" || {
    echo "FAILED: the summary does not say: $1"
    exit 1
  }
}
expect 'violated  pump-1-delivery  critical'
expect 'violated  zone-3-comfort  warning'
expect 'chain: zone-3-comfort <- zone-3.cooling <- ahu-1.delivered <- coil-1.cooling <- loop-1.flow <- pump-1.flow'
expect '<< pump-1-delivery is violated too'
grep -q '^satisfied.* pump-2-delivery' <<<"$summary" || {
  echo "FAILED: the healthy pump is not among the satisfied"
  exit 1
}
[[ -z $(ls -A "$scratch/tmp") ]] || {
  echo "FAILED: it left $(ls -A "$scratch/tmp") behind"
  exit 1
}
