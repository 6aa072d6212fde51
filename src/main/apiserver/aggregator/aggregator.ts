// The aggregation layer: groups and versions that extension API servers serve, under this server's address. APIServices
// in the store say which; each is asked again and again whether it is there, and requests go on to it in the user's name.
// @see https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
import type { APIService } from '../../../shared/api/apiregistration/v1.ts'
import type { APIResource } from '../../../shared/api/meta/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { ApiError, isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import type { StoreEvent, WatchHandle } from '../../store/contract.ts'
import { API_SERVER } from '../authn/own-user.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { prefixOf } from '../keys.ts'
import { type ForeignSpec, foreignSpec } from '../openapi/foreign-spec.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { ASKER } from './asker.ts'
import { checkAvailability, LOCAL, type Verdict } from './availability.ts'
import { givesWay, registerLocalServices, standsForCustom } from './local-services.ts'
import type { RemoteVersion } from './remote-discovery.ts'
import { jsonOf, type RemoteParts, RemoteService } from './remote-service.ts'

const RECHECK_MS = 30_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000
/** An extension server may have to make its document first. */
const SPEC_MS = 20_000
/** What tells that a server came or went, before it is asked again anyway. */
const NEWS = ['/registry/discovery.k8s.io/endpointslices/', '/registry/core/services/']

/** What is told instead of asking a server that is known to be away: as upstream, no Status. */
const UNAVAILABLE: ApiResponse = {
  code: 503,
  bytes: Buffer.from('service unavailable\n'),
  contentType: 'text/plain; charset=utf-8',
}

interface Entry {
  readonly apiService: APIService
  /** Undefined: this server's own. */
  readonly remote: RemoteService | undefined
  resources: readonly APIResource[]
  verdict: Verdict | undefined
  /** Its part of OpenAPI v2, as it last said. */
  spec: ForeignSpec | undefined
  specEtag: string | undefined
  retryMs: number
  cancel: () => void
}

const importance = ({ apiService: { spec } }: Entry) => spec.groupPriorityMinimum

export class Aggregator implements Disposable {
  readonly #context: EndpointContext
  readonly #type: ResourceDescriptor
  readonly #parts: RemoteParts
  readonly #entries = new Map<string, Entry>()
  #remotes: readonly RemoteVersion[] = []
  #specs: readonly ForeignSpec[] = []
  #registering = false
  #registerAgain = false
  #isRegistered = false
  #cancelRegistration: (() => void) | undefined
  #watch: WatchHandle | undefined
  #news: WatchHandle[] = []
  #closed = false

  /** @param type the descriptor of APIService */
  constructor(context: EndpointContext, type: ResourceDescriptor, parts: RemoteParts) {
    this.#context = context
    this.#type = type
    this.#parts = parts
  }

  /** Groups and versions of extension servers, as they last were; another array whenever that changes. */
  get remotes(): readonly RemoteVersion[] {
    return this.#remotes
  }

  /** What they say in OpenAPI v2, the most important one first. */
  get specs(): readonly ForeignSpec[] {
    return this.#specs
  }

  /** Whether all that is served here has had its APIServices. */
  get isRegistered(): boolean {
    return this.#isRegistered
  }

  /** Takes what is stored, then follows. */
  start(): void {
    if (this.#closed) return
    const { store } = this.#context
    const prefix = prefixOf(this.#type)
    const { items, revision } = store.list(prefix)
    const names = new Set(items.map(({ object }) => object.metadata.name))
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#forget(name)
    for (const { object } of items) this.#take(object as unknown as APIService)
    this.#watch = store.watch(prefix, {
      from: revision,
      onEvent: ({ type, current: { object } }) => {
        if (type === 'DELETED') this.#forget(object.metadata.name)
        else if (!this.#take(object as unknown as APIService)) return
        // Who deletes or changes one of ours gets it back.
        if (this.#isRegistered && (type === 'DELETED' || standsForCustom(object))) void this.registerLocal()
      },
      onEnd: () => this.start(),
    })
  }

  /** Makes the APIServices of what is served here; one run at a time, and another when something changed meanwhile. */
  async registerLocal(): Promise<void> {
    this.#registerAgain = true
    if (this.#registering) return
    this.#registering = true
    try {
      while (this.#registerAgain && !this.#closed) {
        this.#registerAgain = false
        await registerLocalServices(this.#context, this.#type, { user: API_SERVER, isStart: !this.#isRegistered })
      }
      this.#isRegistered = true
    } catch (error) {
      if (this.#closed) return
      this.#context.log.warn({ err: error }, 'APIServices could not be written; tried again')
      this.#cancelRegistration = this.#context.clock.after(LAST_RETRY_MS, () => void this.registerLocal())
    } finally {
      this.#registering = false
    }
  }

  /** @returns how to answer; undefined for what no extension server serves */
  handlerOf(group: string, version: string): ((request: ApiRequest) => Promise<ApiResponse>) | undefined {
    const entry = this.#remotes.length > 0 ? this.#entries.get(`${version}.${group}`) : undefined
    const remote = entry?.remote
    if (!entry || !remote || !this.#stands(entry)) return undefined
    return async request => {
      if (entry.verdict?.status !== 'True') return UNAVAILABLE
      try {
        return await remote.forward(request)
      } catch (error) {
        // It has gone: ask at once, so that discovery tells.
        if (error instanceof ApiError && error.code >= 502) this.#schedule(entry, 0)
        throw error
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#cancelRegistration?.()
    this.#watch?.close()
    for (const watch of this.#news) watch.close()
    for (const { cancel } of this.#entries.values()) cancel()
    this.#entries.clear()
  }

  /** @returns whether it says something new: a new status is our own doing */
  #take(apiService: APIService): boolean {
    const { name } = apiService.metadata
    const known = this.#entries.get(name)
    if (known && deepEqual(known.apiService.spec, apiService.spec)) return false
    known?.cancel()
    const remote = apiService.spec.service ? new RemoteService(apiService, this.#parts) : undefined
    const resources = known?.resources ?? []
    // What was found out holds until it is asked again: a new priority is no outage.
    const verdict = remote && known?.remote ? known.verdict : undefined
    const entry: Entry = {
      ...{ apiService, remote, resources, verdict, spec: known?.spec, specEtag: undefined },
      ...{ retryMs: FIRST_RETRY_MS, cancel: () => undefined },
    }
    this.#entries.set(name, entry)
    if (remote && this.#news.length === 0) this.#followNews()
    this.#publish()
    this.#schedule(entry, 0)
    return true
  }

  #forget(name: string): void {
    this.#entries.get(name)?.cancel()
    this.#entries.delete(name)
    this.#publish()
  }

  #followNews(): void {
    const { store } = this.#context
    const onEvent = ({ current: { object } }: StoreEvent) => {
      const { namespace, name, labels } = object.metadata
      const about = labels?.['kubernetes.io/service-name'] ?? name
      for (const entry of this.#entries.values()) {
        const { service } = entry.apiService.spec
        if (service?.namespace === namespace && service?.name === about) this.#schedule(entry, 0)
      }
    }
    const follow = (prefix: string): WatchHandle =>
      store.watch(prefix, {
        from: store.revision,
        onEvent,
        onEnd: () => {
          for (const watch of this.#news) watch.close()
          this.#news = []
          if (!this.#closed) this.#followNews()
        },
      })
    this.#news = NEWS.map(follow)
  }

  #schedule(entry: Entry, delayMs: number): void {
    entry.cancel()
    if (this.#closed) return
    let cancelled = false
    const cancelTimer = this.#context.clock.after(delayMs, () => {
      void this.#check(entry, () => cancelled || this.#closed)
    })
    entry.cancel = () => {
      cancelled = true
      cancelTimer()
    }
  }

  async #check(entry: Entry, isOver: () => boolean): Promise<void> {
    const { apiService, remote } = entry
    const verdict = remote ? await checkAvailability(apiService, remote, this.#context) : LOCAL
    if (isOver()) return
    const before = entry.verdict
    entry.verdict = verdict
    if (verdict.resources) entry.resources = verdict.resources
    if (!deepEqual(before, verdict)) this.#publish()
    await this.#tell(apiService, verdict)
    if (isOver() || !remote) return
    const healthy = verdict.status === 'True'
    if (healthy) await this.#readSpec(entry, remote)
    if (isOver()) return
    const delayMs = healthy ? RECHECK_MS : entry.retryMs
    entry.retryMs = healthy ? FIRST_RETRY_MS : Math.min(LAST_RETRY_MS, entry.retryMs * 2)
    this.#schedule(entry, delayMs)
  }

  /** Who has no such document, or fails to answer, keeps what was there. */
  async #readSpec(entry: Entry, remote: RemoteService): Promise<void> {
    const { group = '', version = '' } = entry.apiService.spec
    try {
      const read = await remote.read('/openapi/v2', ASKER, SPEC_MS, { known: entry.specEtag })
      if (!read) return
      const spec = await foreignSpec(await jsonOf(read), group, version)
      entry.specEtag = read.etag
      if (spec.hash === entry.spec?.hash) return
      entry.spec = spec
      this.#publish()
    } catch (error) {
      this.#context.log.debug({ err: error, group, version }, 'an extension server tells nothing in OpenAPI v2')
    }
  }

  async #tell({ metadata: { name }, spec }: APIService, { status, reason, message }: Verdict): Promise<void> {
    const { clock, log } = this.#context
    const condition = { type: 'Available', status, reason, message }
    try {
      await this.#context.change(
        this.#type,
        { namespace: '', name },
        copy => {
          const service = copy as unknown as APIService
          // It was given to somebody else meanwhile, of whom this says nothing.
          if (!deepEqual(service.spec, spec)) return false
          const { conditions } = service.status
          const next = setCondition(conditions, condition, formatTime(clock.now()))
          if (next === conditions) return false
          service.status.conditions = next
          return true
        },
        { user: API_SERVER, strategy: 'status', subresource: 'status', fieldManager: 'kube-aggregator' },
      )
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error) && !this.#closed)
        log.warn({ err: error, name }, 'the availability of an APIService could not be written')
    }
  }

  /** What is served here as well is an extension server's only while it answers. */
  #stands({ apiService: { spec }, verdict }: Entry): boolean {
    return verdict?.status === 'True' || !givesWay(this.#context.resources.all, spec)
  }

  #publish(): void {
    this.#specs = [...this.#entries.values()]
      .sort(
        (a, b) => importance(b) - importance(a) || (a.apiService.metadata.name < b.apiService.metadata.name ? -1 : 1),
      )
      .flatMap(({ remote, spec }) => (remote && spec ? [spec] : []))
    this.#remotes = [...this.#entries.values()]
      .filter(entry => entry.remote && this.#stands(entry))
      .map(({ apiService, verdict, resources }) => ({
        spec: apiService.spec,
        available: verdict?.status === 'True',
        resources,
      }))
  }
}
