// Files of variables that one container leaves for another: lines of NAME='value', as a POSIX shell reads them, and no
// more of the shell than that.
// @see https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/

const BLANKS = /^[ \t]+/

/**
 * @returns the variable's value: empty where nothing follows its `=` at once; undefined where the file has none of it
 * @throws Error for a line before it that is no assignment
 */
export function valueInEnvFile(text: string, name: string): string | undefined {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').replace(BLANKS, '')
    if (line === '' || line.startsWith('#')) continue
    const fail = (what: string, number = at + 1) => new Error(`line ${number}: ${what}`)
    const equals = line.indexOf('=')
    const key = line.slice(0, Math.max(0, equals))
    if (equals === -1) throw fail("missing '='")
    if (key === '') throw fail('empty variable name')
    if (/[ \t]$/.test(key)) throw fail("whitespace before '=' is not allowed")
    if (/^[ \t]/.test(line.slice(equals + 1))) {
      if (key === name) return ''
      continue
    }
    if (line[equals + 1] !== "'") throw fail('value must be enclosed in single quotes')
    // Everything up to the next quote is meant as it is, line ends as well.
    const begin = at
    const value: string[] = []
    let rest = line.slice(equals + 2)
    for (let end = rest.indexOf("'"); ; end = rest.indexOf("'")) {
      if (end !== -1) {
        value.push(rest.slice(0, end))
        rest = rest.slice(end + 1).replace(BLANKS, '')
        break
      }
      value.push(rest)
      const next = lines[++at]
      if (next === undefined) throw fail('unclosed single quote', begin + 1)
      rest = next
    }
    if (rest !== '' && !rest.startsWith('#')) throw fail('unexpected content after closing quote')
    if (key === name) return value.join('\n')
  }
  return undefined
}
