// A request's body, read and decoded once, when somebody first asks for it.
import { Readable } from 'node:stream'
import { decodeBody } from '../codec/decode-body.ts'
import { type PassingBody, passingBody } from './passing-body.ts'
import { readBody } from './read-body.ts'
import type { HeldBytes } from './shared-bytes.ts'

export interface LazyBody {
  bytes(): Promise<Buffer>
  /** Undefined when the body is empty. */
  value(): Promise<unknown>
  duplicates(): readonly string[]
  /** As `DecodedBody` has them. */
  literals(): ReadonlyMap<string, string> | undefined
  /** The body for somebody else: afterwards nothing of it is here. Undefined when there is none. */
  passOn(): Promise<PassingBody | undefined>
}

export function declaredLength(headers: Readonly<Record<string, string | undefined>>): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Of methods that have none: what comes all the same, nobody looks at. */
export const NO_BODY: LazyBody = {
  bytes: () => Promise.resolve(Buffer.alloc(0)),
  value: () => Promise.resolve(undefined),
  duplicates: () => [],
  literals: () => undefined,
  passOn: () => Promise.resolve(undefined),
}

/** @param user whose it is @param hold accounts for what is read of it */
export function lazyBody(
  stream: Readable,
  headers: Readonly<Record<string, string | undefined>>,
  user: string,
  hold?: (refuse: () => void) => HeldBytes,
): LazyBody {
  let bytes: Promise<Buffer> | undefined
  let value: Promise<unknown> | undefined
  let duplicates: readonly string[] = []
  let literals: ReadonlyMap<string, string> | undefined
  const read = () => (bytes ??= readBody(stream, declaredLength(headers), { hold }))
  const passOn = async (): Promise<PassingBody | undefined> => {
    if (bytes) {
      const body = await bytes
      return body.length > 0 ? { stream: Readable.from([body]), length: body.length } : undefined
    }
    bytes = Promise.resolve(Buffer.alloc(0))
    return passingBody(stream, declaredLength(headers))
  }
  const decode = async () => {
    const body = await read()
    if (body.length === 0) return undefined
    const decoded = await decodeBody(headers['content-type'], body, undefined, user)
    duplicates = decoded.duplicates
    literals = decoded.literals
    return decoded.value
  }
  return {
    bytes: read,
    value: () => (value ??= decode()),
    duplicates: () => duplicates,
    literals: () => literals,
    passOn,
  }
}
