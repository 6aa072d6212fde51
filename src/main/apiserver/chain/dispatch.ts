// The one chain that every request goes through, whether it came over TLS or from inside the program:
// impersonate → authorize → bound → route → time out → measure.
import type { Clock } from '../../../shared/machinery/clock.ts'
import { parseFieldSelector, SelectorError } from '../../../shared/machinery/selectors.ts'
import { ApiError, timeout } from '../../../shared/machinery/status.ts'
import { StoreError } from '../../store/contract.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { Metrics } from '../health/metrics.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { toApiError } from '../store-error.ts'
import { assertAllowed } from './authorize.ts'
import { impersonate } from './impersonate.ts'
import type { InFlight } from './max-in-flight.ts'
import type { Router } from './router.ts'

const REQUEST_TIMEOUT_MS = 60_000
const READING = new Set(['get', 'list', 'watch', 'head', 'options'])
const COLLECTION = new Set(['list', 'watch', 'deletecollection'])

export interface DispatchParts {
  readonly authorize: (attributes: AuthorizationAttributes) => AuthorizationDecision
  readonly router: Router
  readonly inFlight: InFlight
  readonly metrics: Metrics
  readonly clock: Clock
}

/** A collection request that selects one name is authorized for that name, so that resourceNames rules cover it. */
function selectedName({ info, query }: ApiRequest): string {
  if (info.name !== '' || !COLLECTION.has(info.verb)) return info.name
  const selector = query.get('fieldSelector')
  if (!selector) return ''
  try {
    return parseFieldSelector(selector).find(({ field, op }) => field === 'metadata.name' && op !== '!=')?.value ?? ''
  } catch (error) {
    if (error instanceof SelectorError) return '' // the endpoint answers 400
    throw error
  }
}

export const attributesOf = (request: ApiRequest): AuthorizationAttributes => ({
  ...request.info,
  name: selectedName(request),
  user: request.user,
})

async function withDeadline(clock: Clock, work: Promise<ApiResponse>): Promise<ApiResponse> {
  let cancel: () => void = () => undefined
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(REQUEST_TIMEOUT_MS, () =>
      reject(timeout('Timeout: request did not complete within requested timeout - context deadline exceeded')),
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel()
  }
}

/** @throws ApiError for every refusal and failure */
export type Dispatch = (request: ApiRequest) => Promise<ApiResponse>

export function createDispatch(parts: DispatchParts): Dispatch {
  const { authorize, router, inFlight, metrics, clock } = parts

  async function run(given: ApiRequest): Promise<ApiResponse> {
    const request = impersonate(given, authorize)
    assertAllowed(attributesOf(request), authorize)
    if (router.isLongRunning(request)) return router.route(request)
    return inFlight.run(READING.has(request.info.verb) ? 'reading' : 'mutating', () =>
      withDeadline(clock, router.route(request)),
    )
  }

  return async request => {
    const startMs = clock.monotonic()
    const longRunning = request.info.verb === 'watch' || request.upgrade !== undefined
    try {
      const answer = await run(request)
      metrics.observe(request.info, answer.code, clock.monotonic() - startMs, longRunning)
      return answer
    } catch (error) {
      const known =
        error instanceof StoreError
          ? toApiError(error, { group: request.info.group, plural: request.info.resource }, request.info.name)
          : error
      const code = known instanceof ApiError ? known.code : 500
      metrics.observe(request.info, code, clock.monotonic() - startMs, longRunning)
      throw known
    }
  }
}
