// A request's body, read and decoded once, when somebody first asks for it.
import type { Readable } from 'node:stream'
import { decodeBody } from '../codec/decode-body.ts'
import { readBody } from './read-body.ts'

export interface LazyBody {
  bytes(): Promise<Buffer>
  /** Undefined when the body is empty. */
  value(): Promise<unknown>
  duplicates(): readonly string[]
}

export function declaredLength(headers: Readonly<Record<string, string | undefined>>): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** @param user whose it is */
export function lazyBody(
  stream: Readable,
  headers: Readonly<Record<string, string | undefined>>,
  user: string,
): LazyBody {
  let bytes: Promise<Buffer> | undefined
  let value: Promise<unknown> | undefined
  let duplicates: readonly string[] = []
  const read = () => (bytes ??= readBody(stream, declaredLength(headers)))
  const decode = async () => {
    const body = await read()
    if (body.length === 0) return undefined
    const decoded = await decodeBody(headers['content-type'], body, undefined, user)
    duplicates = decoded.duplicates
    return decoded.value
  }
  return { bytes: read, value: () => (value ??= decode()), duplicates: () => duplicates }
}
