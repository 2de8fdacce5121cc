#!/usr/bin/env bash
# A file holds one concept: none over 800 lines (typical sizes, of which it warns: header 250, source 500).
# A header has #pragma once and starts with what it is for. Usage: files.sh ROOT
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

readonly lines_max=800 header_lines_typical=250 source_lines_typical=500

check_size() {
  local file=$1 lines typical
  lines=$(wc -l <"$root/$file")
  case $file in *.h) typical=$header_lines_typical ;; *) typical=$source_lines_typical ;; esac
  if ((lines > lines_max)); then
    problem "$file" "$lines lines; a file over $lines_max lines is two files"
  elif ((lines > typical)); then
    printf '%s: warning: %d lines, typical is up to %d\n' "$file" "$lines" "$typical"
  fi
}

check_header() {
  local file=$1 first
  IFS= read -r first <"$root/$file" || true
  [[ $first == //* ]] || problem "$file:1" "a header starts with a comment that says what it is for"
  grep -q '^#pragma once$' "$root/$file" || problem "$file" "a header has #pragma once"
}

while read -r file; do
  case $file in
    tests/data/*) continue ;; # recorded material, not written by anyone here
    *.h | *.cpp | *.capnp | *.sh | *.cmake | */CMakeLists.txt | dev) check_size "$file" ;;
  esac
  if [[ $file == *.h ]]; then check_header "$file"; fi
done < <(tree_files)
verdict
