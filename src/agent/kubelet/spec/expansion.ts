// `$(NAME)` references in commands, arguments and values.

/**
 * Replaces `$(NAME)` by its value; `$$` is a literal `$`; references that nothing defines stay as they are.
 * @param lookup returns undefined for names that are not defined
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = ''
  let at = 0
  for (let dollar = text.indexOf('$'); dollar !== -1; dollar = text.indexOf('$', at)) {
    out += text.slice(at, dollar)
    const next = text[dollar + 1]
    const end = next === '(' ? text.indexOf(')', dollar + 2) : -1
    if (next === '$') {
      out += '$'
      at = dollar + 2
    } else if (end !== -1) {
      const reference = text.slice(dollar, end + 1)
      out += lookup(reference.slice(2, -1)) ?? reference
      at = end + 1
    } else {
      out += '$'
      at = dollar + 1
    }
  }
  return out + text.slice(at)
}
