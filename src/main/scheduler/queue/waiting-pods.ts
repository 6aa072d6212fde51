// Pods that wait until something happens that may help them, grouped by the plugins that rejected them: an event is
// asked about those alone whose plugins listen to its kind, however many others wait.
import type { ClusterEvent, EventHint } from '../framework/cluster-event.ts'
import type { QueuedPod } from './queued-pod.ts'

export interface Waiting {
  readonly queued: QueuedPod
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
}

interface Group {
  readonly plugins: readonly string[]
  readonly pods: Map<string, QueuedPod>
  /** Event → whether one of the plugins listens to its kind. */
  readonly listens: Map<string, boolean>
}

export class WaitingPods {
  /** In the order in which they came. */
  readonly #pods = new Map<string, Waiting & { readonly group: Group }>()
  readonly #groups = new Map<string, Group>()
  readonly #hintsOf: (plugin: string) => readonly EventHint[] | undefined

  /** @param hintsOf what may help a pod that a plugin rejected; undefined = anything */
  constructor(hintsOf: (plugin: string) => readonly EventHint[] | undefined) {
    this.#hintsOf = hintsOf
  }

  get size(): number {
    return this.#pods.size
  }
  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid)?.queued
  }
  values(): Iterable<Waiting> {
    return this.#pods.values()
  }

  /** The pod waits, by the plugins of its `rejectedBy`, which must not change meanwhile. */
  add(queued: QueuedPod, sinceMs: number): void {
    const { uid } = queued.pod.metadata
    this.delete(uid)
    const plugins = queued.rejectedBy
    const key = plugins.join()
    let group = this.#groups.get(key)
    if (!group) this.#groups.set(key, (group = { plugins, pods: new Map(), listens: new Map() }))
    group.pods.set(uid, queued)
    this.#pods.set(uid, { queued, sinceMs, group })
  }

  delete(uid: string): boolean {
    const waiting = this.#pods.get(uid)
    if (!waiting) return false
    this.#pods.delete(uid)
    const { pods, plugins } = waiting.group
    pods.delete(uid)
    if (pods.size === 0) this.#groups.delete(plugins.join())
    return true
  }

  /** @returns those that the event may help as far as its kind tells */
  listeningTo(event: ClusterEvent): QueuedPod[] {
    const found: QueuedPod[] = []
    for (const group of this.#groups.values()) if (this.#listens(group, event)) found.push(...group.pods.values())
    return found
  }

  #listens({ plugins, listens }: Group, { kind, action }: ClusterEvent): boolean {
    const key = `${kind} ${action}`
    let answer = listens.get(key)
    if (answer === undefined) {
      answer = plugins.length === 0 || plugins.some(plugin => this.#mayListen(plugin, kind, action))
      listens.set(key, answer)
    }
    return answer
  }

  #mayListen(plugin: string, kind: string, action: ClusterEvent['action']): boolean {
    const hints = this.#hintsOf(plugin)
    return hints === undefined || hints.some(hint => hint.kind === kind && hint.actions.includes(action))
  }
}
