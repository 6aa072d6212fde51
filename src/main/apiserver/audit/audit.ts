// Writes down what is asked of the server, by whom, and what came of it, as far as the policy says.
// @see https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
import { randomUUID } from 'node:crypto'
import { type Clock, formatMicroTime } from '../../../shared/machinery/clock.ts'
import { isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { ApiError, internalError } from '../../../shared/machinery/status.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { ApiRequest, ApiResponse, UserInfo } from '../request.ts'
import type { AuditSink } from './audit-log.ts'
import type { AuditCounts } from './metrics.ts'
import { type AuditDecision, type AuditPolicy, type AuditStage, decide, includes } from './policy.ts'

/**
 * Whether a request waits until it is written down: `blocking` does, and is served also when that fails;
 * `blocking-strict` is not served if it cannot be written down that it came; `batch` does not wait.
 * @see https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#log-backend
 */
export const AUDIT_MODES = ['blocking', 'batch', 'blocking-strict'] as const
export type AuditMode = (typeof AUDIT_MODES)[number]

export interface AuditOptions {
  readonly policy: AuditPolicy
  readonly sink: AuditSink
  /** Default: `blocking`. */
  readonly mode?: AuditMode
}

export interface AuditParts extends AuditOptions {
  readonly clock: Clock
  readonly counts: AuditCounts
  readonly authorize: (attributes: AuthorizationAttributes) => AuthorizationDecision
}

const COLLECTION = new Set(['list', 'deletecollection'])

/** Of nobody nothing is said. */
const userOf = ({ name, uid, groups, extra }: UserInfo) => ({
  ...(name ? { username: name } : {}),
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra ? { extra } : {}),
})

function objectRefOf({ info }: ApiRequest, object: unknown): object | undefined {
  if (!info.isResource) return undefined
  const metadata = isObject(object) && isObject(object['metadata']) ? object['metadata'] : {}
  const name = info.name || (typeof metadata['name'] === 'string' ? metadata['name'] : '')
  const uid = metadata['uid']
  return {
    resource: info.resource,
    ...(info.namespace ? { namespace: info.namespace } : {}),
    ...(name ? { name } : {}),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(info.group ? { apiGroup: info.group } : {}),
    apiVersion: info.version,
    ...(info.subresource ? { subresource: info.subresource } : {}),
  }
}

/** Never changes what it is given: objects are shared. */
function withoutManagedFields(object: unknown): unknown {
  if (!isObject(object)) return object
  const { metadata } = object
  const copy: JsonObject = { ...object }
  if (isObject(metadata)) {
    const { managedFields: _managedFields, ...rest } = metadata
    copy['metadata'] = rest
  }
  if (Array.isArray(object['items'])) copy['items'] = object['items'].map(withoutManagedFields)
  return copy
}

/** One request that is being written down. */
export class AuditEntry {
  readonly #parts: AuditParts
  readonly #request: ApiRequest
  readonly #real: UserInfo
  readonly #decision: AuditDecision
  readonly #received: string
  readonly #annotations: Record<string, string> = {}
  readonly #id: string

  /** @param real who sent the request, which may be made in the name of another */
  constructor(parts: AuditParts, request: ApiRequest, real: UserInfo, decision: AuditDecision) {
    this.#parts = parts
    this.#request = request
    this.#real = real
    this.#decision = decision
    this.#received = formatMicroTime(parts.clock.now())
    this.#id = request.headers['audit-id'] ?? randomUUID()
  }

  annotate(key: string, value: string): void {
    this.#annotations[key] = value
  }

  /** @throws ApiError 500 where nothing may happen that is not written down */
  async received(): Promise<void> {
    const written = await this.#write('RequestReceived', {})
    if (written || this.#parts.mode !== 'blocking-strict') return
    this.#parts.counts.rejected()
    throw internalError('failed to store audit event')
  }

  /** @param message what is to be said of it, besides its code */
  async started(code: number, message?: string): Promise<void> {
    const responseStatus = { metadata: {}, ...(message === undefined ? {} : { message }), code }
    await this.#write('ResponseStarted', { responseStatus })
  }

  async completed(answer: ApiResponse | undefined, error: unknown): Promise<void> {
    const status = error instanceof ApiError ? error.status : undefined
    const code = answer?.code ?? status?.code ?? 500
    const { level, omitManagedFields } = this.#decision
    const shown = (object: unknown) => (omitManagedFields ? withoutManagedFields(object) : object)
    const body = includes(level, 'Request') ? await this.#request.body().catch(() => undefined) : undefined
    // A list is made for this alone, and its reference says nothing of it.
    const unseen = COLLECTION.has(this.#request.info.verb) && !includes(level, 'RequestResponse')
    const object = answer && 'object' in answer && !unseen ? answer.object : status
    await this.#write('ResponseComplete', {
      objectRef: objectRefOf(this.#request, object),
      responseStatus: status
        ? { metadata: {}, status: status.status, message: status.message, reason: status.reason, code }
        : { metadata: {}, code },
      ...(body === undefined ? {} : { requestObject: shown(body) }),
      ...(object !== undefined && includes(level, 'RequestResponse') ? { responseObject: shown(object) } : {}),
    })
  }

  /** @returns whether it is written, or need not be waited for */
  #write(stage: AuditStage, more: object): Promise<boolean> | true {
    const { level, omitStages } = this.#decision
    if (omitStages.includes(stage)) return true
    const { info, query, user, impersonationConstraint, headers, remoteAddress } = this.#request
    const { clock, sink, counts, mode } = this.#parts
    counts.event()
    const written = sink.write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: this.#id,
      stage,
      requestURI: query.size > 0 ? `${info.path}?${query}` : info.path,
      verb: info.verb,
      user: userOf(this.#real),
      ...(user === this.#real ? {} : { impersonatedUser: userOf(user) }),
      ...(impersonationConstraint === undefined ? {} : { authenticationMetadata: { impersonationConstraint } }),
      ...(remoteAddress === undefined ? {} : { sourceIPs: [remoteAddress] }),
      ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
      objectRef: objectRefOf(this.#request, undefined),
      ...more,
      requestReceivedTimestamp: this.#received,
      stageTimestamp: formatMicroTime(clock.now()),
      ...(Object.keys(this.#annotations).length > 0 ? { annotations: this.#annotations } : {}),
    })
    return mode === 'batch' || written
  }
}

/** A request that was made in the name of somebody whom the user may not be. */
export async function auditRefusal(parts: AuditParts, request: ApiRequest, error: ApiError): Promise<void> {
  const entry = auditEntry(parts, request, request.user, { ...request.info, user: request.user })
  entry?.annotate('authorization.k8s.io/decision', 'forbid')
  entry?.annotate('authorization.k8s.io/reason', error.message)
  await entry?.received()
  await entry?.completed(undefined, error)
}

/** By which ways somebody tried to log in, as upstream names them. */
function attemptsOf({ headers, query }: ApiRequest, hasCertificate: boolean): string[] {
  const [scheme = '', credentials] = (headers['authorization'] ?? '').trim().split(' ')
  const by = (name: string) => scheme.toLowerCase() === name && credentials !== undefined
  return [
    ...(by('basic') ? ['basic'] : []),
    ...(by('bearer') ? ['bearer'] : []),
    ...(query.get('access_token')?.trim() ? ['access_token'] : []),
    ...(hasCertificate ? ['x509'] : []),
  ]
}

/** A request behind which nobody could be found. That it is refused is all that is written down of it, as it begins. */
export async function auditLogIn(
  parts: AuditParts,
  request: ApiRequest,
  error: ApiError,
  hasCertificate: boolean,
): Promise<void> {
  const decision = decide(parts.policy, { ...request.info, user: request.user })
  parts.counts.level(decision.level)
  if (decision.level === 'None') return
  const attempts = attemptsOf(request, hasCertificate)
  const message = attempts.length > 0 ? `attempted: ${attempts.join(', ')}` : 'no credentials provided'
  await new AuditEntry(parts, request, request.user, decision).started(error.code, `Authentication failed, ${message}`)
}

/** @returns undefined for a request that the policy leaves out */
export function auditEntry(
  parts: AuditParts,
  request: ApiRequest,
  real: UserInfo,
  attributes: AuthorizationAttributes,
): AuditEntry | undefined {
  const decision = decide(parts.policy, attributes)
  parts.counts.level(decision.level)
  if (decision.level === 'None') return undefined
  const entry = new AuditEntry(parts, request, real, decision)
  const { decision: allowed, reason } = parts.authorize(attributes)
  entry.annotate('authorization.k8s.io/decision', allowed === 'allow' ? 'allow' : 'forbid')
  entry.annotate('authorization.k8s.io/reason', reason ?? '')
  return entry
}
