#!/usr/bin/env bash
# The top level is fixed; whatever is new has a home in one of its folders. Usage: top_level.sh ROOT
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

readonly fixed='^(actors|schema|server|scenarios|monitoring|tests|examples|CMakeLists\.txt|README\.md|CMakePresets\.json|dev)$'
readonly dotfiles='^\.(ci|clang-format|clang-tidy|gitignore|gitattributes|editorconfig)$'

while read -r entry; do
  [[ $entry =~ $fixed || $entry =~ $dotfiles ]] || problem "$entry" "does not belong at the top level"
done < <(tree_files | cut -d/ -f1 | sort -u)
verdict
