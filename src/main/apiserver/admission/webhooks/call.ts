// One call of one webhook: whether it is about the request, what it is shown, and what its failure means.
import { randomUUID } from 'node:crypto'
import { badRequest, forbidden, internalError, tooLate } from '../../../../shared/machinery/status.ts'
import type { Clock } from '../../../../shared/machinery/clock.ts'
import type { Log } from '../../../../shared/machinery/log.ts'
import { CelError } from '../../../cel/errors.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { WebhookCallError } from '../../webhook/exchange.ts'
import type { WebhookTransport } from '../../webhook/transport.ts'
import type { AdmissionRequest } from '../contract.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import type { Views, viewsOf } from '../matching/convert.ts'
import { matchRules } from '../matching/rules.ts'
import { namespaceMatches, objectMatches } from '../matching/selectors.ts'
import { cached } from '../policies/compile.ts'
import { compileConditions, conditionsHold } from '../policies/expressions.ts'
import type { ConfiguredWebhook, Webhook } from './configurations.ts'
import { admissionReview, denial, type Verdict, verifyAnswer } from './review.ts'
import type { WebhookMetrics } from './webhook-metrics.ts'

const NO_SIDE_EFFECTS = new Set(['None', 'NoneOnDryRun'])
const DEFAULT_TIMEOUT_SECONDS = 10

export interface CallParts {
  readonly store: ObjectStore
  readonly transport: WebhookTransport
  readonly server: ServerView
  readonly metrics: WebhookMetrics
  readonly clock: Clock
  readonly log: Log
}

/** A request as a webhook wants to see it. */
export interface View extends Views {
  /** The version of its rule. */
  readonly shown: ResourceDescriptor
}

/** What a webhook that failed is, unless its failure is to be ignored. */
class CallFailure extends Error {}

/** Webhooks may neither change nor refuse what could take them away again. */
export const isExempt = ({ resource: { type } }: AdmissionRequest): boolean =>
  type.group === 'admissionregistration.k8s.io'

/**
 * @returns what the webhook wants to see; undefined when it is not about the request
 * @throws ApiError when that cannot be told, or not be made
 */
export async function viewFor(
  { webhook }: ConfiguredWebhook,
  request: AdmissionRequest,
  viewsIn: ReturnType<typeof viewsOf>,
  { server, store }: CallParts,
): Promise<View | undefined> {
  const shown = matchRules(webhook.rules, webhook.matchPolicy, request, server.resources)
  if (!shown || !namespaceMatches(webhook.namespaceSelector, request, store)) return undefined
  if (!objectMatches(webhook.objectSelector, request)) return undefined
  const view = { shown, ...(await viewsIn(shown)) }
  return (await conditionsAllow(webhook, request, view, server)) ? view : undefined
}

const compiledConditions = cached(({ matchConditions }: Webhook) => compileConditions(matchConditions, false))

/** @throws ApiError 403 when a condition fails and failures are not to be ignored */
async function conditionsAllow(
  webhook: Webhook,
  request: AdmissionRequest,
  view: View,
  { authorize }: ServerView,
): Promise<boolean> {
  const conditions = compiledConditions(webhook)
  if (conditions.length === 0) return true
  const nothing = { params: undefined, namespace: undefined }
  try {
    return await conditionsHold(conditions, { request, ...view, authorize, ...nothing })
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    if (webhook.failurePolicy === 'Ignore') return false
    throw forbidden(request.resource.type, request.name, error.message)
  }
}

async function ask(
  webhook: Webhook,
  request: AdmissionRequest,
  view: View,
  mutating: boolean,
  { transport, clock }: CallParts,
): Promise<Verdict> {
  const uid = randomUUID()
  const review = admissionReview({ uid, request, ...view, versions: webhook.admissionReviewVersions })
  if (!review) throw new CallFailure('could not create admission objects: no supported admissionReviewVersions')
  let answer: unknown
  try {
    const ownMs = (webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000
    const leftMs =
      request.deadlineMs === undefined ? ownMs : Math.max(1, Math.ceil(request.deadlineMs - clock.monotonic()))
    answer = await transport.post(webhook.clientConfig, review.body, { timeoutMs: Math.min(ownMs, leftMs) })
  } catch (error) {
    if (error instanceof WebhookCallError) throw new CallFailure(`failed to call webhook: ${error.message}`)
    throw error
  }
  try {
    return verifyAnswer(answer, uid, review.apiVersion, mutating)
  } catch (error) {
    throw new CallFailure(`received invalid webhook response: ${(error as Error).message}`)
  }
}

const isLate = ({ deadlineMs }: AdmissionRequest, { clock }: CallParts) =>
  deadlineMs !== undefined && clock.monotonic() >= deadlineMs

/** Whose client has been told that it took too long changes nothing any more. @throws ApiError 504 */
function assertInTime(request: AdmissionRequest, parts: CallParts): void {
  if (isLate(request, parts)) throw tooLate()
}

/** By what webhooks take, a server is not measured. */
export async function whileWaiting<T>(
  { waited }: AdmissionRequest,
  { clock }: CallParts,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = clock.monotonic()
  try {
    return await work()
  } finally {
    if (waited) waited.ms += clock.monotonic() - startMs
  }
}

/**
 * @returns the answer of a webhook that allows the request; undefined when it failed and its failure is ignored
 * @throws ApiError when it refuses, fails, or cannot be asked on a dry run
 */
export async function callWebhook(
  { webhook }: ConfiguredWebhook,
  request: AdmissionRequest,
  view: View,
  mutating: boolean,
  parts: CallParts,
): Promise<Verdict | undefined> {
  const name = JSON.stringify(webhook.name)
  if (request.dryRun && !NO_SIDE_EFFECTS.has(webhook.sideEffects))
    throw badRequest(`admission webhook ${name} does not support dry run`)
  assertInTime(request, parts)
  const told = parts.metrics.call(webhook, request, mutating)
  const startMs = parts.clock.monotonic()
  const seconds = () => (parts.clock.monotonic() - startMs) / 1000
  let verdict: Verdict
  try {
    verdict = await ask(webhook, request, view, mutating, parts)
  } catch (error) {
    if (!(error instanceof CallFailure)) {
      told.rejected(seconds(), 'apiserver_internal_error', error)
      throw error
    }
    const message = `failed calling webhook ${name}: ${error.message}`
    if (webhook.failurePolicy !== 'Ignore' || isLate(request, parts)) {
      const failure = isLate(request, parts) ? tooLate() : internalError(message)
      told.rejected(seconds(), 'calling_webhook_error', failure)
      throw failure
    }
    told.ignored(seconds())
    parts.log.warn({ webhook: webhook.name }, `${message}; going on without it, as its failurePolicy says`)
    return undefined
  }
  for (const warning of verdict.warnings) request.warn(warning)
  for (const [key, value] of Object.entries(verdict.auditAnnotations))
    request.annotate?.(`${webhook.name}/${key}`, value)
  if (!verdict.allowed) {
    const refusal = denial(webhook.name, verdict.status)
    told.rejected(seconds(), 'no_error', refusal)
    throw refusal
  }
  told.allowed(seconds())
  assertInTime(request, parts)
  return verdict
}
