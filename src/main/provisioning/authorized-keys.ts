// How an account's authorized_keys are changed: the new ones take the place of the old ones at once, or not at all. On a
// full disk nobody may be locked out of what they would have to mend.

/** Exit code where the account's home, or the folder in it, is read-only. */
export const NOT_WRITABLE = 9

/**
 * The beginning of a script of sh. `make` makes `$file` where there is none, and says so in `$made`, which is noted beside
 * the key; `unmake LINE` takes away what the note in that line tells of. Between `begin`, which makes `$new` beside the
 * file, with the same owner and mode, also where the file is a link, and `keep`, which puts it in its place, a script
 * writes `$new`.
 */
export const CHANGE_KEYS = `
set -e
umask 077
file="$HOME/.ssh/authorized_keys"
new=
trap '[ -z "$new" ] || rm -f "$new"' EXIT
make() {
  made=
  if [ -e "$file" ]; then place=$(dirname "$(readlink -f "$file")")
  elif [ -e "$HOME/.ssh" ]; then place="$HOME/.ssh"
  else place=$HOME; fi
  [ -w "$place" ] || { echo "$place cannot be written" >&2; exit ${NOT_WRITABLE}; }
  [ -d "$HOME/.ssh" ] || { mkdir "$HOME/.ssh"; made=":made-folder"; }
  [ -e "$file" ] || { : > "$file"; made="$made:made-file"; }
}
unmake() {
  case "$1" in *:made-file*) [ -s "$file" ] || rm -f "$file";; esac
  case "$1" in *:made-folder*) rmdir "$HOME/.ssh" 2>/dev/null || true;; esac
}
begin() {
  target=$(readlink -f "$file")
  new=$(mktemp "$target.XXXXXX")
  cp -p "$target" "$new"
}
keep() { mv -f "$new" "$target"; }
`
