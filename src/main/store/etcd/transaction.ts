// One commit as one etcd transaction: compares, writes, and what is read back when a compare fails.
import { type EngineWrite, type Fence, StoreError } from '../contract.ts'
import type { KeySpace } from './key-space.ts'
import {
  type Compare,
  EQUAL,
  GREATER,
  MOD_REVISION,
  type RequestOp,
  type TxnRequest,
  type TxnResponse,
} from './messages.ts'

/** @throws TypeError for an empty transaction, a key written twice, or one outside the contract's form */
export function checkWrites(writes: readonly EngineWrite[], space: KeySpace): void {
  if (writes.length === 0 || new Set(writes.map(({ key }) => key)).size < writes.length)
    throw new TypeError('a transaction writes at least one key, and each only once')
  for (const { key } of writes) space.toEtcd(key)
}

/** What a transaction goes with, beside its writes. */
export interface Terms {
  /** Becomes the head's value, by which the watch recognises the transaction; undefined leaves the head. */
  readonly token: string | undefined
  /** Newest known one of the head: an etcd that is older than that takes nothing. */
  readonly headRevision: number
  readonly fence: Fence | undefined
  /** Of each write, in their order; those without a time to live have none. */
  readonly leases: readonly (number | undefined)[]
}

export function transactionOf(
  writes: readonly EngineWrite[],
  space: KeySpace,
  { token, headRevision, fence, leases }: Terms,
): TxnRequest {
  const fenceKeys = fence ? [space.toEtcd(fence.key)] : []
  const head: RequestOp[] = token === undefined ? [] : [{ requestPut: { key: space.head, value: Buffer.from(token) } }]
  return {
    compare: [
      ...writes.flatMap(write => compareOf(write, space.toEtcd(write.key))),
      ...(headRevision > 0 ? [modRevision(GREATER, space.head, headRevision - 1)] : []),
      ...fenceKeys.map(key => modRevision(EQUAL, key, fence?.revision ?? 0)),
    ],
    success: [
      ...writes.map(({ key, value }, i): RequestOp => {
        const at = space.toEtcd(key)
        if (value === null) return { requestDeleteRange: { key: at } }
        const lease = leases[i]
        return { requestPut: { key: at, value: Buffer.from(value), ...(lease === undefined ? {} : { lease }) } }
      }),
      ...head,
    ],
    failure: [...writes.map(({ key }) => space.toEtcd(key)), space.head, ...fenceKeys].map(key => ({
      requestRange: { key, keysOnly: true },
    })),
  }
}

const modRevision = (result: number, key: Buffer, revision: number): Compare => ({
  target: MOD_REVISION,
  result,
  key,
  modRevision: revision,
})

function compareOf({ value, expect }: EngineWrite, key: Buffer): Compare[] {
  return [
    ...(expect === undefined ? [] : [modRevision(EQUAL, key, expect)]),
    ...(value === null ? [modRevision(GREATER, key, 0)] : []),
  ]
}

export interface Conflict {
  readonly error: StoreError
  /** The cluster's newest revision when the transaction was refused. */
  readonly revision: number
}

/** @returns why etcd refused, judged by what it read back in the same transaction; undefined: it is an older etcd */
export function conflictOf(
  writes: readonly EngineWrite[],
  { responses }: TxnResponse,
  fence?: Fence,
): Conflict | undefined {
  const found = responses.map(({ responseRange }) => responseRange?.kvs[0]?.modRevision ?? 0)
  // First: what else does not fit then is the work of whoever was there.
  if (fence && found.at(-1) !== fence.revision)
    return { error: new StoreError('Overtaken', fence.overtaken), revision: Math.max(...found) }
  for (const [i, write] of writes.entries()) {
    const error = faultOf(write, found[i] ?? 0)
    if (error) return { error, revision: Math.max(...found) }
  }
  return undefined
}

function faultOf({ key, value, expect }: EngineWrite, stored: number): StoreError | undefined {
  if (expect === 0 && stored > 0) return new StoreError('KeyExists', `${key} exists`)
  if (stored === 0 && (expect || value === null)) return new StoreError('KeyNotFound', `${key} does not exist`)
  if (expect && stored !== expect)
    return new StoreError('RevisionConflict', `${key} is at revision ${stored}, not ${expect}`)
  return undefined
}
