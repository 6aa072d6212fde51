// How an account's authorized_keys are changed: the new ones take the place of the old ones at once, or not at all. On a
// full disk nobody may be locked out of what they would have to mend.

/**
 * For a script of sh with `set -e` and \`$file\`: \`begin\` makes \`$new\` beside it, with the same owner and mode, also where
 * the file is a link; the script writes it; \`keep\` puts it in its place.
 */
export const IN_ITS_PLACE = `
new=
trap '[ -z "$new" ] || rm -f "$new"' EXIT
begin() {
  target=$(readlink -f "$file")
  new=$(mktemp "$target.XXXXXX")
  cp -p "$target" "$new"
}
keep() { mv -f "$new" "$target"; }
`
