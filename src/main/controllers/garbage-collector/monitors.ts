// One informer per kind that can be deleted, started and stopped as kinds come and go.
import { type DiscoveredResource, discover } from '../../../shared/client/discovery.ts'
import { Informer, type InformerHandler } from '../../../shared/client/informer.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf, groupResourceOf } from '../../../shared/machinery/resource-type.ts'

/** Written in great numbers, owned by nobody, and gone by themselves. */
const IGNORED = new Set(['events', 'events.events.k8s.io'])
const NEEDED_VERBS = ['delete', 'list', 'watch']

interface Monitor {
  readonly type: DiscoveredResource
  readonly informer: Informer<AnyObject>
  readonly stop: AbortController
}

export interface MonitorsOptions {
  readonly context: ControllerContext
  readonly handlerFor: (type: DiscoveredResource) => InformerHandler<AnyObject>
  readonly onStopped: (type: DiscoveredResource) => void
}

export class Monitors {
  readonly #options: MonitorsOptions
  readonly #monitors = new Map<string, Monitor>()
  /** `group/kind` → type, of everything discovered. */
  #kinds = new Map<string, DiscoveredResource>()
  #failedGroups: ReadonlySet<string> = new Set()

  constructor(options: MonitorsOptions) {
    this.#options = options
  }

  /** Discovers what is served, and starts and stops informers accordingly. @throws ApiError */
  async sync(): Promise<void> {
    const { context, handlerFor, onStopped } = this.#options
    const { resources, failures } = await discover(context.client)
    this.#kinds = new Map(resources.map(type => [`${type.group}/${type.kind}`, type]))
    this.#failedGroups = new Set([...failures.keys()].map(groupVersion => groupVersion.split('/')[0] ?? ''))
    const wanted = new Map(
      resources
        .filter(type => NEEDED_VERBS.every(verb => type.verbs.includes(verb)) && !IGNORED.has(groupResourceOf(type)))
        .map(type => [`${apiVersionOf(type)}/${type.plural}`, type]),
    )
    for (const [key, monitor] of this.#monitors) {
      // A group that does not answer may come back: what is known of it stays.
      if (wanted.has(key) || this.#failedGroups.has(monitor.type.group)) continue
      this.#monitors.delete(key)
      monitor.stop.abort(new Error(`${key} is not served any more`))
      onStopped(monitor.type)
    }
    for (const [key, type] of wanted) {
      if (this.#monitors.has(key)) continue
      const stop = new AbortController()
      const informer = new Informer<AnyObject>(context.client, type, { clock: context.clock })
      informer.on(handlerFor(type))
      this.#monitors.set(key, { type, informer, stop })
      void informer.start(AbortSignal.any([context.signal, stop.signal]))
    }
  }

  /** Resolves when every informer has shown its first list. */
  async synced(): Promise<void> {
    const waiting = [...this.#monitors.values()].map(({ informer }) => informer.synced())
    await Promise.allSettled(waiting) // one that was stopped meanwhile has nothing to show
  }

  /** Whether some group could not be discovered, so that kinds may be missing. */
  get incomplete(): boolean {
    return this.#failedGroups.size > 0
  }

  typeOf(apiVersion: string, kind: string): DiscoveredResource | undefined {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return this.#kinds.get(`${group}/${kind}`)
  }
}
