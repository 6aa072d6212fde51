// The one chain that every request goes through, whether it came over TLS or from inside the program:
// impersonate → write down → authorize → bound → route → time out → measure.
import type { Clock } from '../../../shared/machinery/clock.ts'
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { SharedTimer } from '../../../shared/machinery/shared-timer.ts'
import { ApiError, badRequest, tooLate } from '../../../shared/machinery/status.ts'
import { StoreError } from '../../store/contract.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { Metrics } from '../health/metrics.ts'
import { type AuditEntry, auditEntry, auditRefusal, type AuditParts } from '../audit/audit.ts'
import type { Annotate, ApiRequest, ApiResponse } from '../request.ts'
import { toApiError } from '../store-error.ts'
import { attributesOf } from './attributes.ts'
import { assertAllowed } from './authorize.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import { impersonation } from './impersonation/impersonate.ts'
import type { InFlight } from './max-in-flight.ts'
import type { Router } from './router.ts'

const REQUEST_TIMEOUT_MS = 60_000
const TOO_LATE = 504
const READING = new Set(['get', 'list', 'watch', 'head', 'options'])

export interface DispatchParts {
  readonly authorize: (attributes: AuthorizationAttributes) => AuthorizationDecision
  readonly router: Router
  readonly inFlight: InFlight
  readonly metrics: Metrics
  readonly clock: Clock
  /** Default: a minute. */
  readonly requestTimeoutMs?: number | undefined
  /** Without it, requests are bounded by their number alone. */
  readonly flowControl?: FlowControl | undefined
  readonly audit?: AuditParts | undefined
}

/** A client may ask for less time than the server gives. @throws ApiError 400 */
function deadlineOf({ query }: ApiRequest, mostMs: number): number {
  const text = query.get('timeout')
  if (!text) return mostMs
  const asked = parseDuration(text)
  if (asked === undefined)
    throw badRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text.slice(0, 64))}`,
    )
  return asked > 0 ? Math.min(asked, mostMs) : mostMs
}

const withDeadline = (timer: SharedTimer, work: Promise<ApiResponse>, ended: () => void): Promise<ApiResponse> =>
  new Promise((resolve, reject) => {
    const cancel = timer.after(() => {
      ended()
      reject(tooLate())
    })
    work.then(
      answer => {
        cancel()
        resolve(answer)
      },
      (error: Error) => {
        cancel()
        reject(error)
      },
    )
  })

/** @throws ApiError for every refusal and failure */
export type Dispatch = (request: ApiRequest) => Promise<ApiResponse>

export function createDispatch(parts: DispatchParts): Dispatch {
  const { authorize, router, inFlight, metrics, clock, flowControl, audit } = parts
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS } = parts
  const usual = new SharedTimer(clock, requestTimeoutMs)
  const impersonate = impersonation(authorize)

  /** @returns (a promise of) what is to be called at its end @throws ApiError 429 when there is no room */
  function turnOf(request: ApiRequest, attributes: AuthorizationAttributes, kind?: 'reading' | 'mutating') {
    const refuse = (error: unknown): never => {
      if (error instanceof ApiError) metrics.terminated(request, error.code)
      throw error
    }
    try {
      if (!flowControl && kind) inFlight.assertRoom(kind)
      const taking = flowControl?.take(attributes, request)
      if (!(taking instanceof Promise)) return taking
      const startMs = clock.monotonic()
      return taking.catch(refuse).finally(() => {
        if (request.waited) request.waited.ms += clock.monotonic() - startMs
      })
    } catch (error) {
      return refuse(error)
    }
  }

  async function answer(request: ApiRequest, attributes: AuthorizationAttributes): Promise<ApiResponse> {
    assertAllowed(attributes, authorize)
    if (request.info.verb === 'watch') return beginWatch(request, attributes)
    if (router.isLongRunning(request)) return router.route(request)
    const kind = READING.has(request.info.verb) ? 'reading' : 'mutating'
    const deadlineMs = deadlineOf(request, requestTimeoutMs)
    const timer = deadlineMs === requestTimeoutMs ? usual : new SharedTimer(clock, deadlineMs)
    const work = () => {
      if (kind === 'mutating') request.deadlineMs = clock.monotonic() + deadlineMs
      return withDeadline(timer, router.route(request), () => metrics.terminated(request, TOO_LATE))
    }
    const taking = turnOf(request, attributes, kind)
    const leave = taking instanceof Promise ? await taking : taking
    try {
      const answered = await inFlight.run(kind, work)
      // To encode it is a part of the work.
      if (leave && request.afterAnswer) request.afterAnswer(leave)
      else leave?.()
      return answered
    } catch (error) {
      leave?.()
      throw error
    }
  }

  /** Its seats are taken until it has begun. */
  async function beginWatch(request: ApiRequest, attributes: AuthorizationAttributes): Promise<ApiResponse> {
    const taking = turnOf(request, attributes)
    const leave = taking instanceof Promise ? await taking : taking
    try {
      const answered = await router.route(request)
      if (flowControl && 'frames' in answered) void answered.frames.over.then(flowControl.watches.begin(attributes))
      return answered
    } finally {
      leave?.()
    }
  }

  async function audited(
    entry: AuditEntry,
    request: ApiRequest,
    attributes: AuthorizationAttributes,
  ): Promise<ApiResponse> {
    const annotate: Annotate = (key, value) => entry.annotate(key, value)
    for (const [key, value] of Object.entries(request.annotations ?? {})) entry.annotate(key, value)
    const noted = Object.create(request, { annotate: { value: annotate } }) as ApiRequest
    await entry.received()
    try {
      const answered = await answer(noted, attributes)
      if ('frames' in answered) {
        await entry.started(answered.code)
        // A watch is complete when it ends.
        void answered.frames.over.then(() => entry.completed({ code: answered.code, hijacked: true }, undefined))
        return answered
      }
      await entry.completed(answered, undefined)
      return answered
    } catch (error) {
      await entry.completed(undefined, error)
      throw error
    }
  }

  /** Who tries to act as somebody else and may not is written down under the own name. */
  async function impersonationRefused(given: ApiRequest, error: unknown): Promise<never> {
    if (audit && error instanceof ApiError) await auditRefusal(audit, given, error)
    throw error
  }

  function run(given: ApiRequest): Promise<ApiResponse> {
    let request: ApiRequest
    try {
      request = impersonate(given)
    } catch (error) {
      return impersonationRefused(given, error)
    }
    const attributes = attributesOf(request)
    const entry = audit && auditEntry(audit, request, given.user, attributes)
    return entry ? audited(entry, request, attributes) : answer(request, attributes)
  }

  return async request => {
    const startMs = clock.monotonic()
    const longRunning = request.info.verb === 'watch' || request.upgrade !== undefined
    // Not a function: V8 takes one that is assigned to a property for a method and makes it where only what stays is
    // kept. It would keep its request, and all that hangs on that, until the next full collection of garbage.
    const waited = (request.waited = { ms: 0 })
    const observe = (code: number) =>
      metrics.observe(request, code, { tookMs: clock.monotonic() - startMs, waitedMs: waited.ms }, longRunning)
    try {
      const answer = await run(request)
      observe(answer.code)
      if ('frames' in answer) void answer.frames.over.then(metrics.longRunning(request))
      if ('hijacked' in answer) request.upgrade?.socket.once('close', metrics.longRunning(request))
      return answer
    } catch (error) {
      const known =
        error instanceof StoreError
          ? toApiError(error, { group: request.info.group, plural: request.info.resource }, request.info.name)
          : error
      const code = known instanceof ApiError ? known.code : 500
      observe(code)
      throw known
    }
  }
}
