// API priority and fairness: who floods the server waits behind everybody else. FlowSchemas say which requests belong
// together, PriorityLevelConfigurations how many of them are worked on at a time.
// @see https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
import type { FlowSchema, PriorityLevelConfiguration } from '../../../../shared/api/flowcontrol/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { type ConditionLike, setCondition } from '../../../../shared/machinery/conditions.ts'
import type { Draft, KubeObject } from '../../../../shared/machinery/object.ts'
import { isConflict, isNotFound } from '../../../../shared/machinery/status.ts'
import type { WatchHandle } from '../../../store/contract.ts'
import { API_SERVER } from '../../authn/own-user.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import type { EndpointContext } from '../../endpoints/contract.ts'
import type { UserInfo } from '../../request.ts'
import { belongsTo, byPrecedence, flowOf } from './classify.ts'
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from './objects.ts'
import { type Asking, type Leave, PriorityLevel } from './priority-level.ts'

const PREFIX = '/registry/flowcontrol.apiserver.k8s.io/'
const DEFAULT_SHARES = 30
/** Of one user's kinds of requests whose rule is remembered. */
const MOST_REMEMBERED = 500

/** These hold whatever anybody deletes. */
const MANDATORY = ['exempt', 'catch-all']

interface Rule {
  readonly schema: FlowSchema
  readonly level: PriorityLevel
  /** Tell the client which rule it was. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a request has while it is being worked on. */
export interface Seat {
  readonly headers: Readonly<Record<string, string>>
  readonly leave: Leave
}

function withMandatory<T extends KubeObject>(stored: readonly T[], drafts: readonly Draft<T>[]): T[] {
  const missing = drafts.filter(
    ({ metadata: { name = '' } }) => MANDATORY.includes(name) && !stored.some(({ metadata }) => metadata.name === name),
  )
  const drafted = missing.map(draft => ({ ...draft, metadata: { ...draft.metadata, uid: '' } }) as unknown as T)
  return [...stored, ...drafted]
}

export class FlowControl implements Disposable {
  readonly #context: EndpointContext
  readonly #seats: number
  readonly #levels = new Map<string, PriorityLevel>()
  #rules: readonly Rule[] = []
  /** A client asks for the same few things over and over: its rules, by what it asks for. */
  #remembered = new WeakMap<UserInfo, Map<string, Rule | undefined>>()
  #stale = true
  #watch: WatchHandle | undefined
  #telling: (() => void) | undefined
  #closed = false

  /** @param seats how many requests the server works on at a time, exempt ones aside */
  constructor(context: EndpointContext, seats: number) {
    this.#context = context
    this.#seats = seats
  }

  /** For metrics. */
  get levels(): Iterable<PriorityLevel> {
    return this.#levels.values()
  }

  /**
   * @returns a seat, at once when one is free; undefined where there is no rule: there is one for everybody, and a
   *   request of nobody's is not worth a queue
   * @throws ApiError 429 with Retry-After when there is no room
   */
  take(at: AuthorizationAttributes, asking: Asking): Seat | Promise<Seat> | undefined {
    if (this.#stale) this.#read()
    const rule = this.#ruleFor(at)
    if (!rule) return undefined
    const { schema, level, headers } = rule
    const taken = level.take(() => flowOf(schema, at), asking)
    return taken instanceof Promise ? taken.then(leave => ({ headers, leave })) : { headers, leave: taken }
  }

  #ruleFor(at: AuthorizationAttributes): Rule | undefined {
    const find = () => this.#rules.find(({ schema }) => belongsTo(schema, at))
    if (!at.isResource) return find()
    let known = this.#remembered.get(at.user)
    if (!known || known.size >= MOST_REMEMBERED) this.#remembered.set(at.user, (known = new Map()))
    const key = `${at.verb}\0${at.group}\0${at.resource}\0${at.subresource}\0${at.namespace}`
    if (!known.has(key)) known.set(key, find())
    return known.get(key)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#watch?.close()
    this.#telling?.()
  }

  #read(): void {
    const { store, clock } = this.#context
    this.#watch ??= store.watch(PREFIX, {
      from: store.revision,
      onEvent: () => {
        this.#stale = true
        this.#tellSoon()
      },
      onEnd: () => {
        this.#watch = undefined
        this.#stale = true
      },
    })
    this.#stale = false
    const configurations = withMandatory(
      this.#list<PriorityLevelConfiguration>('prioritylevelconfigurations/'),
      PRIORITY_LEVELS,
    )
    const sharesOf = ({ spec }: PriorityLevelConfiguration) =>
      spec.type === 'Exempt' ? 0 : (spec.limited?.nominalConcurrencyShares ?? DEFAULT_SHARES)
    const all = configurations.reduce((sum, configuration) => sum + sharesOf(configuration), 0)
    for (const configuration of configurations) {
      const { name } = configuration.metadata
      let level = this.#levels.get(name)
      if (!level) this.#levels.set(name, (level = new PriorityLevel(name, clock, asking => this.#hasSpareSeat(asking))))
      level.configure(configuration, Math.ceil((this.#seats * sharesOf(configuration)) / Math.max(1, all)))
    }
    const names = new Set(configurations.map(({ metadata }) => metadata.name))
    for (const [name, level] of this.#levels)
      if (!names.has(name) && level.executing === 0 && level.waiting === 0) this.#levels.delete(name)
    this.#remembered = new WeakMap()
    this.#rules = withMandatory(this.#list<FlowSchema>('flowschemas/'), FLOW_SCHEMAS)
      .sort(byPrecedence)
      .flatMap(schema => {
        const { name } = schema.spec.priorityLevelConfiguration
        const level = names.has(name) ? this.#levels.get(name) : undefined
        if (!level) return []
        const headers = {
          'x-kubernetes-pf-flowschema-uid': schema.metadata.uid,
          'x-kubernetes-pf-prioritylevel-uid': level.uid,
        }
        return { schema, level, headers }
      })
    this.#tellSoon()
  }

  /** Idle seats that others lend, less those that are lent already. */
  #hasSpareSeat(asking: PriorityLevel): boolean {
    let spare = 0
    for (const level of this.#levels.values()) {
      if (level.isExempt) continue
      const idle = level.seats - level.executing
      if (idle < 0) spare += idle
      else if (level !== asking) spare += Math.min(level.lendable, idle)
    }
    return spare > 0
  }

  #list<T>(plural: string): T[] {
    return this.#context.store.list(`${PREFIX}${plural}`).items.map(({ object }) => object as unknown as T)
  }

  /** Says of each schema whether its level exists, once for many changes. */
  #tellSoon(): void {
    if (this.#closed) return
    this.#telling ??= this.#context.clock.after(100, () => {
      this.#telling = undefined
      void this.#tell()
    })
  }

  async #tell(): Promise<void> {
    const { clock, log, resources } = this.#context
    const type = resources.byUrl('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas')
    if (!type) return
    const levels = new Set(this.#list<PriorityLevelConfiguration>('prioritylevelconfigurations/').map(({ metadata }) => metadata.name)) // prettier-ignore
    for (const schema of this.#list<FlowSchema>('flowschemas/')) {
      const level = schema.spec.priorityLevelConfiguration.name
      const quoted = JSON.stringify(level)
      const condition = levels.has(level)
        ? { type: 'Dangling', status: 'False', reason: 'Found', message: `This FlowSchema references the PriorityLevelConfiguration object named ${quoted} and it exists` } // prettier-ignore
        : { type: 'Dangling', status: 'True', reason: 'NotFound', message: `This FlowSchema references the PriorityLevelConfiguration object named ${quoted} but there is no such object` } // prettier-ignore
      const now = formatTime(clock.now())
      const known = schema.status.conditions as ConditionLike[] | undefined
      if (setCondition(known, condition, now) === known) continue
      try {
        await this.#context.change(
          type,
          { namespace: '', name: schema.metadata.name },
          copy => {
            const { status } = copy as unknown as FlowSchema
            status.conditions = setCondition(status.conditions as ConditionLike[] | undefined, condition, now)
          },
          { user: API_SERVER, strategy: 'status', subresource: 'status', fieldManager: 'api-priority-and-fairness-config-consumer-v1' }, // prettier-ignore
        )
      } catch (error) {
        if (this.#closed) return
        if (!isNotFound(error) && !isConflict(error))
          log.warn({ err: error }, 'a FlowSchema’s status could not be written')
      }
    }
  }
}
