// What a feed says is the newest version: believed only when it is signed, and only what the signature covers.
import { verify } from 'node:crypto'
import * as v from 'valibot'
import { parse } from 'yaml'
import type { UpdateFeed } from './feed.ts'

export interface ReleaseFile {
  readonly url: URL
  /** Base64. */
  readonly sha512: string
  readonly size: number
  /** Of the map at the file's end, by which only what changed is downloaded. */
  readonly blockMapSize?: number
}

export interface Release {
  readonly version: string
  readonly releaseDate: string
  readonly notes: string | undefined
  readonly files: readonly ReleaseFile[]
}

const bytes = v.pipe(v.number(), v.integer(), v.minValue(1))
/** Of electron-builder's `latest*.yml`; all else that it may say (staged rollouts, packages) is passed over. */
const METADATA = v.object({
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/)),
  releaseDate: v.optional(v.string(), ''),
  releaseNotes: v.optional(v.nullable(v.string())),
  files: v.pipe(
    v.array(
      v.object({
        url: v.string(),
        sha512: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{86}==$/)),
        size: bytes,
        blockMapSize: v.optional(bytes),
      }),
    ),
    v.minLength(1),
  ),
})

/**
 * @param metadata the file as it was served
 * @param signature base64 of the Ed25519 signature over its bytes
 * @throws Error when it is not signed with a key of the feed, or leads elsewhere
 */
export function openRelease(feed: UpdateFeed, metadata: string, signature: string): Release {
  const signed = Buffer.from(metadata, 'utf8')
  const claimed = Buffer.from(signature.trim(), 'base64')
  if (!feed.keys.some(key => verify(null, signed, key, claimed)))
    throw new Error('what the update feed says is not signed with a key that this app knows')
  const { version, releaseDate, releaseNotes, files } = v.parse(METADATA, parse(metadata, { schema: 'core' }))
  return {
    version,
    releaseDate,
    notes: releaseNotes ?? undefined,
    files: files.map(({ url, sha512, size, blockMapSize }) => {
      const resolved = new URL(url, feed.url)
      if (!resolved.href.startsWith(feed.url.href)) throw new Error(`${url} is not below the update feed`)
      return { url: resolved, sha512, size, ...(blockMapSize === undefined ? {} : { blockMapSize }) }
    }),
  }
}
