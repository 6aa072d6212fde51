// Members of character classes that RE2 has and JavaScript spells otherwise: `[[:alpha:]]`, `\s`, `\x{2f}`, `\a`.
//
// Classes of Unicode (`\p{L}`) are left out: V8's linear-time engine tries each of their hundreds of ranges for every
// letter of a text, which takes seconds for a long one.

/** ASCII only, as in RE2; what stands between the brackets. */
const NAMED: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}
/** Perl's space has no `\v`, and JavaScript's much beyond ASCII. */
export const SPACE = '\\t\\n\\f\\r '

const unit = (code: number) => `\\x${code.toString(16).padStart(2, '0')}`

/** All but some ASCII characters. */
function allBut(ascii: string): string {
  const inside = new RegExp(`[${ascii}]`)
  const others = Array.from({ length: 0x80 }, (_, code) => code).filter(code => !inside.test(String.fromCharCode(code)))
  return `${others.map(unit).join('')}\\x80-\\uffff`
}

export interface Member {
  /** In the pattern. */
  readonly length: number
  /** For JavaScript, between brackets; undefined where there is no such class or character. */
  readonly text: string | undefined
}

/** @returns the member that `text` starts with, where JavaScript needs it in other words */
export function specialMember(text: string): Member | undefined {
  const [space] = /^\\[sS]/.exec(text) ?? []
  if (space !== undefined) return { length: 2, text: space === '\\s' ? SPACE : allBut(SPACE) }
  if (text.startsWith('\\a')) return { length: 2, text: unit(7) }
  const [coded, digits = ''] = /^\\x\{([0-9A-Fa-f]+)\}/.exec(text) ?? []
  if (coded === undefined) return undefined
  const code = parseInt(digits, 16)
  // The engine reads UTF-16 units: what takes two of them cannot be told.
  return { length: coded.length, text: code > 0xffff ? undefined : `\\u${code.toString(16).padStart(4, '0')}` }
}

/** @returns the named class that `text`, within brackets, starts with */
export function namedClass(text: string): Member | undefined {
  const [whole, negated, name = ''] = /^\[:(\^?)(\w+):\]/.exec(text) ?? []
  if (whole === undefined) return undefined
  const members = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined
  return { length: whole.length, text: negated && members !== undefined ? allBut(members) : members }
}
