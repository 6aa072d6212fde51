// Takes secrets out of text that leaves the computer: keys, tokens, passwords, and what a kubeconfig keeps.

export interface Redacted {
  readonly text: string
  /** How many secrets were taken out. */
  readonly hidden: number
}

/** In place of a secret, so that one sees that something was there. */
export const HIDDEN = '[hidden]'

/** Names of fields, in JSON, YAML, URLs and command lines, whose values are secrets. The bound keeps long lines quick. */
const SECRET_WORD =
  '(?:password|passwd|passphrase|secret|token|(?:api|access|secret|private|signing|encryption)[_-]?key|authorization|cookie|client-key-data|client-certificate-data|credentials?)'
const SECRET_NAME = `[\\w.-]{0,120}${SECRET_WORD}`

/** A quote of JSON, which may be inside of JSON, as often as three times. */
const QUOTE = '\\\\{0,7}"'
/** A text in such quotes, to where it ends: a quote of its own is escaped more often, a backslash before its end twice. */
const QUOTED = `(?:"(?:[^"\\\\]|\\\\.)*"|${[1, 3, 7].map(quotedInside).join('|')})`
function quotedInside(escapes: number): string {
  const end = `(?<!\\\\)(?:\\\\{${2 * escapes + 2}})*\\\\{${escapes}}"`
  return `\\\\{${escapes}}"(?:(?!${end}).)*${end}`
}
/** What names a value beside it: a variable, or where a patch puts something. */
const NAMED = `${QUOTE}(?:name|path)${QUOTE}\\s*:\\s*${QUOTE}[\\w./~-]{0,120}${SECRET_WORD}${QUOTE}`
const NAMED_IN_YAML = `(?:name|path):[ \\t]*["']?[\\w./~-]{0,120}${SECRET_WORD}["']?[ \\t]*(?:\\n|$)`

/** Lines of YAML that belong to the one before them, and the empty ones in between. */
const INDENTED = '(?:[ \\t]*\\n)*[ \\t]+\\S.*(?:\\n(?:[ \\t]*\\n)*[ \\t]+\\S.*)*'

/** What such a line begins with, where the one before it is indented as the second group. */
const DEEPER = '\\n(?:[ \\t]*\\n)*\\2[ \\t]+\\S'

/** Each keeps its first group, where there is one; the rest of the match goes. The order matters. */
const PATTERNS: readonly RegExp[] = [
  // PEM: a block of lines, or one JSON string with \n in it. A block that was cut off goes to where the next one begins.
  /-----BEGIN [A-Z0-9 ]+-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END [A-Z0-9 ]+-----|(?=-----BEGIN )|$)/g,
  // JWTs, signed or not.
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /\b((?:Bearer|Basic)\s+)[\w+/=.~-]{6,}/gi,
  // user:password@host
  /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"']*:)[^\s/@"']+(?=@)/gi,
  // "name": "value", with escaped quotes inside
  new RegExp(`((?:\\\\{0,7}["'])${SECRET_NAME}(?:\\\\{0,7}["'])\\s*:\\s*)(?:${QUOTED}|'[^']*')`, 'gi'),
  // "name": "NAME", "value": "value", as variables and patches have it, in any order, and the same in YAML
  new RegExp(`(${NAMED}\\s*,\\s*${QUOTE}value${QUOTE}\\s*:\\s*)${QUOTED}`, 'gi'),
  new RegExp(`(${QUOTE}value${QUOTE}\\s*:\\s*)${QUOTED}(?=\\s*,[^{}]{0,100}${NAMED})`, 'gi'),
  new RegExp(`(\\b${NAMED_IN_YAML}([ \\t]*)value:[ \\t]*)(?=\\S|${DEEPER})(?:\\S.*)?(?:${DEEPER}.*)*`, 'gi'),
  new RegExp(`(\\bvalue:[ \\t]*)\\S.*(?=\\n[ \\t]*${NAMED_IN_YAML})`, 'gi'),
  // Data of a Secret, written out whole: behind its kind, or before it, where fields are in order, as kubectl keeps them
  /((?:\\{0,7}")kind(?:\\{0,7}")\s*:\s*(?:\\{0,7}")Secret\b[\s\S]{0,2000}?(?:\\{0,7}")data(?:\\{0,7}")\s*:\s*)\{[^{}]*\}/g,
  /((?:\\{0,7}")data(?:\\{0,7}")\s*:\s*)\{[^{}]*\}(?=[^{}]{0,200}(?:\\{0,7}")kind(?:\\{0,7}")\s*:\s*(?:\\{0,7}")Secret\b)/g,
  /("stringData"\s*:\s*)\{\s*(?:"(?:[^"\\]|\\.)*"\s*:\s*"(?:[^"\\]|\\.)*"\s*,?\s*)*\}/g,
  /((?:\\{0,7}")stringData(?:\\{0,7}")\s*:\s*)\{[^{}]*\}/g,
  // The same in YAML
  new RegExp(`(\\bkind:[ \\t]*Secret[ \\t]*\\n(?:(?!---).*\\n){0,60}?[ \\t]*data:[ \\t]*\\n)${INDENTED}`, 'g'),
  /(\bdata:[ \t]*\n)(?:[ \t]+\S.*\n){1,200}?(?=[ \t]*(?:immutable:.*\n[ \t]*)?kind:[ \t]*Secret\b)/g,
  // Blocks of lines in YAML
  new RegExp(`(\\b(?:stringData\\s*:|${SECRET_NAME}\\s*:\\s*[|>][-+]?)[ \\t]*\\n)${INDENTED}`, 'gi'),
  // Log-ins to registries and to etcd, tokens of browsers, and those that their makers marked
  /((?:\\?["'])_?auth(?:\\?["'])\s*:\s*(?:\\?["']))[\w+/=-]{8,}/g,
  /((?:--etcd-user(?:\s+|=)|ETCDCTL_USER=)["']?[^\s:"']{1,120}:)[^\s"']+/g,
  /(\bbase64url\.bearer\.authorization\.k8s\.io\.)[\w-]+/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|npm_|AKIA)[\w-]{12,}/g,
  // --name "value", name="value", name: 'value'
  new RegExp(`((?:--${SECRET_NAME}\\s+|\\b${SECRET_NAME}\\s*[=:]\\s*))(?:"(?:[^"\\\\\\n]|\\\\.)*"|'[^'\\n]*')`, 'gi'),
  // --name value, name=value, name: value
  new RegExp(`(--${SECRET_NAME}(?:\\s+|=))(?!\\[hidden\\])[^\\s"'\\\\]+`, 'gi'),
  new RegExp(`(\\b${SECRET_NAME}\\s*[=:]\\s*)(?![\\s"'{\\[\\\\])[^\\s"'&,;\\\\]{4,}`, 'gi'),
  // Bootstrap tokens, and base64 too long to be a name or a hash.
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  /(?<![\w+/=-])[A-Za-z0-9+/]{80,}={0,2}(?![\w+/=-])/g,
]

/** @param text at most some megabytes; whole lines */
export function redact(text: string): Redacted {
  let hidden = 0
  let rest = text
  for (const pattern of PATTERNS)
    rest = rest.replace(pattern, (match: string, kept: unknown) => {
      const start = typeof kept === 'string' ? kept : ''
      if (match === start + HIDDEN || match === `${start}"${HIDDEN}"`) return match
      hidden++
      return start + HIDDEN
    })
  return { text: rest, hidden }
}
