// Static bearer tokens, handed to the server when it starts, such as those of a token file.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../request.ts'

export interface StaticToken {
  readonly token: string
  readonly user: UserInfo
}

const digest = (text: string) => createHash('sha256').update(text).digest()

export function staticTokenUser(tokens: readonly StaticToken[]): (token: string) => UserInfo | undefined {
  const known = tokens.map(({ token, user }) => ({ hash: digest(token), user }))
  return token => {
    const hash = digest(token)
    return known.find(candidate => timingSafeEqual(candidate.hash, hash))?.user
  }
}

/** A field is plain, or in quotes, where two stand for one. */
const FIELD = /(?:^|,)\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^",]*))/g

const fieldsOf = (line: string): string[] =>
  [...line.matchAll(FIELD)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '')

/**
 * @param text a line a token: `token,user,uid[,"group1,group2"]`
 * @throws Error that names the line
 */
export function parseTokenFile(text: string): StaticToken[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }))
  return lines
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const [token = '', name = '', uid = '', groups = ''] = fieldsOf(line)
      if (token === '' || name === '' || line.split(',').length < 3)
        throw new Error(`line ${number} of the token file is not token,user,uid[,"group1,group2"]`)
      const list = groups.split(',').map(group => group.trim()).filter(group => group !== '') // prettier-ignore
      return { token, user: { name, ...(uid ? { uid } : {}), groups: list } }
    })
}
