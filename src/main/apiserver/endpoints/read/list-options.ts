// The query of list, watch and deletecollection, parsed and checked once.
import { type FieldError, forbiddenField, notSupported } from '../../../../shared/machinery/field-error.ts'
import { badRequest, invalid } from '../../../../shared/machinery/status.ts'
import { assertReadable } from './selection.ts'

export interface ListOptions {
  readonly labelSelector: string
  readonly fieldSelector: string
  /** 0 = no limit. */
  readonly limit: number
  readonly continue: string
  /** As sent; '' = the newest state. */
  readonly resourceVersion: string
  /** The number, or undefined when absent or "0". */
  readonly revision: number | undefined
  readonly match: '' | 'Exact' | 'NotOlderThan'
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean
  /** Undefined = as the server likes. */
  readonly timeoutSeconds: number | undefined
}

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' }

export function boolParameter(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name)
  if (value === null) return undefined
  return value !== '0' && value.toLowerCase() !== 'false'
}

export const integerParameter = (query: URLSearchParams, name: string): number | undefined =>
  query.get(name) === '' ? undefined : wholeParameter(query, name)

/** The same where an empty value is a mistake. @throws ApiError 400 */
export function wholeParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null) return undefined
  const isNumber = /^[+-]?\d+$/.test(value)
  const exact = isNumber ? BigInt(value.replace(/^\+/, '')) : undefined
  // Beyond 2⁵³ all is the same: so long nobody waits, and so many there are not.
  if (exact !== undefined && BigInt.asIntN(64, exact) === exact)
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(exact)))
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`)
}

/** @returns the revision that a resourceVersion names; undefined for '' and '0'. @throws ApiError 400 */
export function parseResourceVersion(text: string): number | undefined {
  if (text === '' || text === '0') return undefined
  const revision = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(revision))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  return revision
}

/** @throws ApiError 400 or 422 with upstream's messages for parameters that contradict each other */
export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const resourceVersion = query.get('resourceVersion') ?? ''
  const matchText = query.get('resourceVersionMatch') ?? ''
  const limit = integerParameter(query, 'limit') ?? 0
  const token = query.get('continue') ?? ''
  const sendInitialEvents = boolParameter(query, 'sendInitialEvents')
  const errors: FieldError[] = []
  const forbid = (field: string, why: string) => errors.push(forbiddenField(field, why))
  const knownMatch = matchText === 'Exact' || matchText === 'NotOlderThan' ? matchText : ''
  if (matchText !== '' && knownMatch === '')
    errors.push(notSupported('resourceVersionMatch', matchText, ['Exact', 'NotOlderThan', '']))
  const isAnyVersion = resourceVersion === '' || resourceVersion === '0'
  if (watch) {
    if (matchText === 'Exact') errors.push(notSupported('resourceVersionMatch', matchText, ['NotOlderThan']))
    if (sendInitialEvents === undefined && matchText !== '')
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
    if (sendInitialEvents !== undefined && matchText !== 'NotOlderThan')
      forbid('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  } else {
    if (sendInitialEvents !== undefined) forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list')
    if (matchText !== '' && token !== '')
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
    if (matchText !== '' && resourceVersion === '')
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
    if (matchText === 'Exact' && resourceVersion === '0')
      forbid('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
  if (errors.length > 0) {
    assertReadable(query)
    throw invalid(LIST_OPTIONS, '', errors)
  }
  if (token !== '' && resourceVersion !== '' && resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue')
  return {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    // A negative one is none.
    limit: Math.max(0, limit),
    continue: token,
    resourceVersion,
    revision: parseResourceVersion(resourceVersion),
    match: knownMatch,
    allowWatchBookmarks: boolParameter(query, 'allowWatchBookmarks') ?? false,
    // A watch of whatever there is begins with that.
    sendInitialEvents: sendInitialEvents ?? (watch && isAnyVersion && matchText === ''),
    timeoutSeconds: integerParameter(query, 'timeoutSeconds'),
  }
}
