// Static bearer tokens, such as the admin's, handed to the server when it starts.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../request.ts'
import { type AuthenticationMethod, bearerToken } from './authenticator.ts'

export interface StaticToken {
  readonly token: string
  readonly user: UserInfo
}

const digest = (text: string) => createHash('sha256').update(text).digest()

export function staticTokens(tokens: readonly StaticToken[]): AuthenticationMethod {
  const known = tokens.map(({ token, user }) => ({ hash: digest(token), user }))
  return {
    name: 'static-token',
    authenticate({ headers }) {
      const token = bearerToken(headers)
      if (!token || known.length === 0) return undefined
      const hash = digest(token)
      return known.find(candidate => timingSafeEqual(candidate.hash, hash))?.user
    },
  }
}
