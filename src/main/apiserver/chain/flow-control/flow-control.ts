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
import type { ApiRequest, UserInfo } from '../../request.ts'
import { prefixOf } from '../../keys.ts'
import { belongsTo, byPrecedence, flowOf } from './classify.ts'
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from './objects.ts'
import { FlowCounts } from './flow-counts.ts'
import { ObjectSizes } from './object-sizes.ts'
import { type Leave, type Lenders, PriorityLevel } from './priority-level.ts'
import { WatchCounts } from './watch-counts.ts'
import { estimateWork, MUTATING, type WorkFacts } from './work-estimate.ts'

const PREFIX = '/registry/flowcontrol.apiserver.k8s.io/'
const DEFAULT_SHARES = 30
/** Of one user's kinds of requests whose rule is remembered. */
const MOST_REMEMBERED = 500

/** These hold whatever anybody deletes. */
const MANDATORY = ['exempt', 'catch-all']

interface Rule {
  readonly schema: FlowSchema
  readonly level: PriorityLevel
  readonly counts: FlowCounts
  /** Tell the client which rule it was. */
  readonly headers: Readonly<Record<string, string>>
}

function withMandatory<T extends KubeObject>(stored: readonly T[], drafts: readonly Draft<T>[]): T[] {
  const missing = drafts.filter(
    ({ metadata: { name = '' } }) => MANDATORY.includes(name) && !stored.some(({ metadata }) => metadata.name === name),
  )
  const drafted = missing.map(draft => ({ ...draft, metadata: { ...draft.metadata, uid: '' } }) as unknown as T)
  return [...stored, ...drafted]
}

/** Its share of the server. */
const sharesOf = ({ spec }: PriorityLevelConfiguration) =>
  spec.type === 'Exempt'
    ? (spec.exempt?.nominalConcurrencyShares ?? 0)
    : (spec.limited?.nominalConcurrencyShares ?? DEFAULT_SHARES)

export class FlowControl implements Disposable {
  readonly #context: EndpointContext
  readonly #seats: number
  readonly #sizes: ObjectSizes
  readonly #levels = new Map<string, PriorityLevel>()
  /** By level and schema. */
  readonly #counts = new Map<string, FlowCounts>()
  /** Who is told of changes. */
  readonly watches = new WatchCounts()
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
    this.#sizes = new ObjectSizes(context.store, context.clock)
  }

  readonly #facts: WorkFacts = {
    stored: at => {
      const resource = this.#context.resources.byUrl(at.group, at.version, at.resource)
      if (!resource || resource.virtual || at.subresource !== '') return undefined
      return this.#sizes.of(prefixOf(resource), prefixOf(resource, resource.type.namespaced ? at.namespace : ''))
    },
    watchers: at => this.watches.of(at),
  }

  readonly #lenders: Lenders = {
    spareFor: level => this.#spareFor(level),
    freed: level => {
      for (const other of this.#levels.values()) if (other !== level && other.waiting > 0) other.fill()
    },
  }

  /** For metrics. */
  get levels(): Iterable<PriorityLevel> {
    return this.#levels.values()
  }

  get counts(): Iterable<FlowCounts> {
    return this.#counts.values()
  }

  /**
   * @returns what gives the seats back, at once when they are free; undefined where there is no rule: there is one for
   *   everybody, and a request of nobody's is not worth a queue
   * @throws ApiError 429 with Retry-After when there is no room
   */
  take(at: AuthorizationAttributes, request: ApiRequest): Leave | Promise<Leave> | undefined {
    if (this.#stale) this.#read()
    const rule = this.#ruleFor(at)
    if (!rule) return undefined
    const { schema, level, headers, counts } = rule
    request.answerWith?.(headers)
    const work = estimateWork(at, request.query, this.#facts, level.mostSeats)
    if (at.isResource && MUTATING.has(at.verb)) counts.watchers.observe(this.watches.of(at))
    return level.take({ counts, flow: () => flowOf(schema, at), work, at, request })
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
    for (const level of this.#levels.values()) level[Symbol.dispose]()
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
    const all = configurations.reduce((sum, configuration) => sum + sharesOf(configuration), 0)
    for (const configuration of configurations) {
      const { name } = configuration.metadata
      let level = this.#levels.get(name)
      if (!level) this.#levels.set(name, (level = new PriorityLevel(name, clock, this.#lenders)))
      level.configure(configuration, Math.ceil((this.#seats * sharesOf(configuration)) / Math.max(1, all)), this.#seats)
    }
    const names = new Set(configurations.map(({ metadata }) => metadata.name))
    for (const [name, level] of this.#levels) {
      if (names.has(name)) continue
      level.isQuiescing = true
      if (level.executing === 0 && level.waiting === 0) this.#levels.delete(name)
    }
    for (const [key, counts] of this.#counts) if (!this.#levels.has(counts.level)) this.#counts.delete(key)
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
        return { schema, level, headers, counts: this.#countsOf(level, schema) }
      })
    this.#tellSoon()
  }

  #countsOf({ name: level }: PriorityLevel, { metadata: { name: schema } }: FlowSchema): FlowCounts {
    const key = `${level}\0${schema}`
    let counts = this.#counts.get(key)
    if (!counts) this.#counts.set(key, (counts = new FlowCounts(level, schema)))
    return counts
  }

  /** Idle seats that others lend, less those that are lent already. */
  #spareFor(asking: PriorityLevel): number {
    let spare = 0
    for (const level of this.#levels.values()) {
      const idle = level.seats - level.seatsInUse
      if (idle >= 0) spare += level === asking ? 0 : Math.min(level.lendable, idle)
      else if (!level.isExempt) spare += idle
    }
    return spare
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
