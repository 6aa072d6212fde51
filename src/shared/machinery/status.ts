// Every failure that a client can see: an error carrying the metav1 Status that Kubernetes documents.
import type { Status, StatusCause, StatusDetails } from '../api/meta/v1.ts'
import { type FieldError, causesOf, describeFieldErrors } from './field-error.ts'
import { type ResourceType, groupResourceOf } from './resource-type.ts'

type Named = Pick<ResourceType<unknown>, 'group' | 'plural'>
type Kinded = Pick<ResourceType<unknown>, 'group' | 'kind'>

/**
 * An error that answers with a metav1 Status.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/ and the API conventions, "Response Status Kind"
 */
export class ApiError extends Error {
  readonly status: Status
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.name = 'ApiError'
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
      code,
    }
  }
  /** HTTP status code. */
  get code(): number {
    return this.status.code ?? 500
  }
  /** Machine-readable reason such as `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`. */
  get reason(): string {
    return this.status.reason ?? ''
  }
  /** @returns the error for a Status that a server sent. */
  static from(status: Status): ApiError {
    const error = new ApiError(status.code ?? 500, status.reason ?? '', status.message ?? '', status.details)
    Object.assign(error.status, status)
    return error
  }
}

const details = (type: Named, name: string, extra?: Partial<StatusDetails>): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(type.group ? { group: type.group } : {}),
  kind: type.plural,
  ...extra,
})

export const notFound = (type: Named, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${groupResourceOf(type)} "${name}" not found`, details(type, name))

export const alreadyExists = (type: Named, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${groupResourceOf(type)} "${name}" already exists`, details(type, name))

export const conflict = (type: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${groupResourceOf(type)} "${name}": ${why}`,
    details(type, name),
  )

/** The optimistic-concurrency conflict, in upstream's words. */
export const staleVersion = (type: Named, name: string): ApiError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again')

export const forbidden = (type: Named, name: string, why: string): ApiError =>
  new ApiError(
    403,
    'Forbidden',
    `${groupResourceOf(type)}${name ? ` "${name}"` : ''} is forbidden: ${why}`,
    details(type, name),
  )

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

export const unauthorized = (message = 'Unauthorized'): ApiError => new ApiError(401, 'Unauthorized', message)

export const methodNotSupported = (type: Named, action: string): ApiError =>
  new ApiError(
    405,
    'MethodNotAllowed',
    `${action} is not supported on resources of kind "${groupResourceOf(type)}"`,
    details(type, ''),
  )

export const gone = (message: string): ApiError => new ApiError(410, 'Expired', message)

export const tooManyRequests = (message: string, retryAfterSeconds: number): ApiError =>
  new ApiError(429, 'TooManyRequests', message, { retryAfterSeconds })

export const timeout = (message: string, retryAfterSeconds = 1): ApiError =>
  new ApiError(504, 'Timeout', message, { retryAfterSeconds })

/** Of a request, whoever notices. */
export const tooLate = (): ApiError =>
  timeout('Timeout: request did not complete within requested timeout - context deadline exceeded')

export const internalError = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })

/**
 * 422 with one cause per field error, worded `Kind.group "name" is invalid: …`.
 * @param described what the errors are told as, where that is known
 */
export function invalid(
  type: Kinded,
  name: string | undefined,
  errors: readonly FieldError[],
  described = describeFieldErrors(errors),
): ApiError {
  const causes: StatusCause[] = causesOf(errors)
  const kind = type.group ? `${type.kind}.${type.group}` : type.kind
  return new ApiError(422, 'Invalid', `${kind} "${name ?? ''}" is invalid: ${described}`, {
    ...(name ? { name } : {}),
    ...(type.group ? { group: type.group } : {}),
    ...(type.kind ? { kind: type.kind } : {}),
    causes,
  })
}

/** @returns whether the error is an ApiError with this reason. */
export const isReason = (error: unknown, reason: string): error is ApiError =>
  error instanceof ApiError && error.reason === reason
export const isNotFound = (error: unknown): error is ApiError => isReason(error, 'NotFound')
export const isConflict = (error: unknown): error is ApiError => isReason(error, 'Conflict')
export const isAlreadyExists = (error: unknown): error is ApiError => isReason(error, 'AlreadyExists')
/** The API server's own cause for a write into a namespace that goes away. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  isReason(error, 'Forbidden') && (error.status.details?.causes ?? []).some(c => c.reason === 'NamespaceTerminating')
