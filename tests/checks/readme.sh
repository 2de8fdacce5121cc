#!/usr/bin/env bash
# README.md tells the truth: its map of the folders is that of the tree, the files it names exist, the
# commands it shows are commands. Usage: readme.sh ROOT [POLLUX], where POLLUX is the built program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
pollux=${2:-}
readme=$root/README.md
[[ -f $readme ]] || {
  problem README.md "is missing"
  verdict
}

# The map: table rows that start with a folder, `| `server/http/` | ... |`.
mapped_folders() { sed -nE 's#^\| *`([^`]+)/` *\|.*#\1#p' "$readme" | sort -u; }

# The tree's folders, two levels deep.
folders() {
  tree_files | grep -v '^\.' | awk -F/ 'NF > 1 { print $1 } NF > 2 { print $1 "/" $2 }' | sort -u
}

check_map() {
  local folder
  while read -r folder; do
    problem README.md "its map lacks $folder/"
  done < <(comm -13 <(mapped_folders) <(folders))
  while read -r folder; do
    [[ -d $root/$folder ]] || problem README.md "its map has $folder/, which does not exist"
  done < <(mapped_folders)
}

# Paths of the tree wherever they stand in the text, not as part of a longer path.
check_paths() {
  local path
  while read -r path; do
    [[ -e $root/$path ]] || problem README.md "it names $path, which does not exist"
  done < <(grep -oP '(?<![\w./-])(schema|actors|server|scenarios|monitoring|tests|examples|\.ci)/[\w./-]*[\w/]' "$readme" | sort -u)
  while read -r path; do
    [[ -e $root/$path ]] || problem README.md "it links to $path, which does not exist"
  done < <(grep -oP '\]\(\K[^)#:]+(?=\))' "$readme" | sort -u)
}

check_commands() {
  local verb
  while read -r verb; do
    "$root/dev" help | grep -cE "^  $verb\b" > /dev/null || problem README.md "it shows ./dev $verb, which ./dev help does not know"
  done < <(grep -oP '(?<![\w/])\./dev \K[a-z]+' "$readme" | sort -u)
  [[ -n $pollux ]] || return 0
  while read -r verb; do
    "$pollux" --help | grep -cE "^  $verb\b" > /dev/null || problem README.md "it shows pollux $verb, which pollux --help does not know"
  done < <(grep -oP '(^|`|\$ |/)pollux \K[a-z]+' "$readme" | sort -u)
}

for command in ./dev\ demo ./dev\ test; do
  grep -qF "$command" "$readme" || problem README.md "it does not show $command"
done
check_map
check_paths
check_commands
verdict
