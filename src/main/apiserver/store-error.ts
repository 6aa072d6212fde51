// The one place where the store's closed set of failures becomes what a client sees.
import { ApiError, alreadyExists, gone, internalError, notFound, staleVersion } from '../../shared/machinery/status.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { StoreError } from '../store/contract.ts'

/** A resourceVersion that this cluster has not reached yet, worded as upstream. */
export function futureVersion(asked: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** @returns the ApiError for a store failure; anything else as it came */
export function toApiError(
  error: unknown,
  type: Pick<ResourceType<unknown>, 'group' | 'plural'>,
  name: string,
): unknown {
  if (!(error instanceof StoreError)) return error
  switch (error.code) {
    case 'KeyExists':
      return alreadyExists(type, name)
    case 'KeyNotFound':
      return notFound(type, name)
    case 'RevisionConflict':
    case 'Overtaken':
      return staleVersion(type, name)
    case 'Compacted':
      return gone(error.message)
    case 'FutureRevision':
      return new ApiError(504, 'Timeout', `Timeout: ${error.message}`, {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      })
    case 'TooLarge':
      return new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: ${error.message}`)
    case 'NoSpace':
      return new ApiError(507, 'InsufficientStorage', `the cluster's disk is full: ${error.message}`)
    case 'Unavailable':
    case 'Closed':
      return new ApiError(503, 'ServiceUnavailable', `the store is unavailable: ${error.message}`, {
        retryAfterSeconds: 1,
      })
    case 'Locked':
    case 'Corrupt':
    case 'Unfinished':
    case 'NewerFormat':
    case 'KeyNeeded':
    case 'WrongKey':
      return internalError(error.message)
  }
}
