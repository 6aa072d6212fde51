// What a failed call to etcd means: for the caller of the store, and for whether it may be tried again.
import { type ServiceError, status } from '@grpc/grpc-js'
import { StoreError } from '../contract.ts'

export type FailureKind =
  /** Nobody has worked on it: any endpoint may be asked again. */
  | 'not-sent'
  /** It may or may not have happened. */
  | 'unknown'
  /** The token ran out. */
  | 'token'
  /** etcd's answer is no. */
  | 'refused'

export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && 'details' in error

// etcd puts its own reasons into the text only. These come before a proposal reaches the raft log.
const BEFORE_PROPOSAL =
  /No connection established|Name resolution failed|etcdserver: (no leader|too many requests|not capable)/i

export function failureKind({ code, details }: ServiceError): FailureKind {
  if (BEFORE_PROPOSAL.test(details)) return 'not-sent'
  if (/invalid auth token|revision of auth store is old/.test(details)) return 'token'
  switch (code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
    case status.UNKNOWN:
    case status.INTERNAL:
    case status.ABORTED:
      return 'unknown'
    default:
      return 'refused'
  }
}

export const isCompacted = (error: unknown): boolean =>
  isServiceError(error) && error.details.includes('required revision has been compacted')

export const isNoSpace = (error: unknown): boolean =>
  isServiceError(error) && error.details.includes('database space exceeded')

/** It has run out, or somebody revoked it. */
export const isLeaseGone = (error: unknown): boolean =>
  isServiceError(error) && error.details.includes('requested lease not found')

export const isLeaseTaken = (error: unknown): boolean =>
  isServiceError(error) && error.details.includes('lease already exists')

/** @param doing what was tried, as the start of a sentence */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error
  if (!isServiceError(error)) throw error
  const { details, code } = error
  const cause = { cause: error }
  if (isCompacted(error)) return new StoreError('Compacted', `${doing}: the revision is compacted away`, cause)
  if (details.includes('required revision is a future revision'))
    return new StoreError('FutureRevision', `${doing}: the revision does not exist yet`, cause)
  if (isNoSpace(error))
    return new StoreError(
      'NoSpace',
      'etcd has reached its space quota: deletes go on; compact and defragment it, then disarm its alarm',
      cause,
    )
  if (/request is too large|message larger than max|too many operations/.test(details))
    return new StoreError(
      'TooLarge',
      `${doing}: more than etcd takes in one transaction (${details}); its --max-request-bytes and --max-txn-ops set that`,
      cause,
    )
  if (code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED)
    return new StoreError('Unavailable', `${doing}: etcd does not allow it to this user (${details})`, cause)
  return new StoreError('Unavailable', `${doing}: ${details || error.message}`, cause)
}
