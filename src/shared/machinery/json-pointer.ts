// JSON pointers (RFC 6901).

/** @returns the reference tokens, or undefined when the text is no pointer. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** @returns a key as it stands in a pointer. */
export const escapeToken = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1')

export const formatPointer = (tokens: readonly string[]): string =>
  tokens.map(token => `/${escapeToken(token)}`).join('')
