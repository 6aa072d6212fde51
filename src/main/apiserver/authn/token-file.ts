// Static bearer tokens, handed to the server when it starts.
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
