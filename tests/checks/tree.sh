# Shared by the checks of this folder: what files the tree has, and how a check says what is wrong.
# Sourced by each of them; usage of each: CHECK.sh ROOT.

root=$(cd "$1" && pwd)
problems=0

# problem WHERE WHAT
problem() {
  printf '%s: %s\n' "$1" "$2"
  problems=$((problems + 1))
}

# To be the last command of a check: its exit status.
verdict() {
  if ((problems)); then
    printf '%d problem(s); the rules are in README.md, "Rules of the tree"\n' "$problems"
    exit 1
  fi
}

# Every file of the tree, relative to its root: what git knows or would add; all of it where git is not used.
tree_files() {
  if [[ $(git -C "$root" rev-parse --show-toplevel 2>/dev/null) == "$root" ]]; then
    git -C "$root" ls-files --cached --others --exclude-standard
  else
    (cd "$root" && find . -type f -not -path './build/*' -not -path './.git/*' | sed 's|^\./||')
  fi | while read -r file; do
    if [[ -f $root/$file ]]; then printf '%s\n' "$file"; fi
  done | sort
}

own_code() { tree_files | grep -E '\.(h|cpp)$' || true; }
