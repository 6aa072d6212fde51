// What a build knows about its updates: where they are published, and the keys that they are signed with.
import { type KeyObject, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as v from 'valibot'

export interface UpdateFeed {
  /** Ends in a slash; everything that is published lies below it. */
  readonly url: URL
  /** Ed25519; one of them must have signed. Two while a key is replaced. */
  readonly keys: readonly KeyObject[]
}

const FEED = v.object({
  url: v.pipe(v.string(), v.url()),
  keys: v.pipe(v.array(v.string()), v.minLength(1)),
})
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** @throws Error for what is no feed */
export function parseFeed(text: string): UpdateFeed {
  const { url, keys } = v.parse(FEED, JSON.parse(text))
  const base = new URL(url.endsWith('/') ? url : `${url}/`)
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && LOOPBACK.has(base.hostname)))
    throw new Error(`updates come over https only, not from ${base.href}`)
  const parsed = keys.map(key => createPublicKey(key))
  if (parsed.some(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519'))
    throw new Error('the keys of an update feed are Ed25519')
  return { url: base, keys: parsed }
}

/** @returns undefined for a build that is not published anywhere */
export function readFeed(path: string): UpdateFeed | undefined {
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return parseFeed(text)
}
