// A path as every reader has to take it. What one reader takes for `/public/x` and the next one for `/admin` would lead
// past the rules, so dot segments are taken out before anything is matched, and what stays open to interpretation is
// refused. @see RFC 3986, sections 5.2.4 and 6.2.2

/** Broken escapes, NUL, fragments, and backslashes, which some servers take for slashes. */
const NO_PATH = /[#\\]|%(?![0-9a-f]{2})|%00/i
/** A dot segment for servers that decode slashes before they split, or take a segment's parameters off. */
const HIDDEN_DOTS = /(?:\/|%2f|%5c)\.{1,2}(?:%2f|%5c|;)|(?:%2f|%5c)\.{1,2}(?:\/|$)/i
const UNRESERVED = /[\w.~-]/

/** @returns the path without dot segments and needless escapes; undefined for one that has no one meaning */
export function readPath(asked: string): string | undefined {
  if (!asked.startsWith('/') || NO_PATH.test(asked)) return undefined
  const path = asked.includes('%') ? asked.replace(/%([0-9a-f]{2})/gi, shortest) : asked
  if (HIDDEN_DOTS.test(path)) return undefined
  return path.includes('/.') ? withoutDotSegments(path) : path
}

function shortest(escape: string, hex: string): string {
  const character = String.fromCharCode(parseInt(hex, 16))
  return UNRESERVED.test(character) ? character : escape.toUpperCase()
}

function withoutDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  for (const [at, segment] of segments.entries()) {
    const isDots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!isDots) kept.push(segment)
    // What ends in dots is a folder.
    else if (at === segments.length - 1) kept.push('')
  }
  return `/${kept.join('/')}`
}

/** Rules take several slashes for one, as file systems and most servers do. */
export const mergeSlashes = (path: string): string => path.replace(/\/{2,}/g, '/')

/** What a rule says of a path, written as requests are read. */
export function rulePath(path: string): string {
  const escaped = path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
  return mergeSlashes(readPath(escaped) ?? path)
}
