// What the runtime has of one pod, as last seen, and whether something happened since that was not seen yet.
import type { ContainerRuntime, RuntimeEvent, RuntimePod } from '../runtime/contract.ts'

export class PodObserver {
  readonly #runtime: Pick<ContainerRuntime, 'pod'>
  readonly #uid: string
  #running: ReadonlySet<string> = new Set()
  /** Containers that started since the last look began: however many events there are, it is as large as the pod. */
  readonly #started = new Set<string>()
  /** Whether anything else happened since then. */
  #happened = false

  constructor(runtime: Pick<ContainerRuntime, 'pod'>, uid: string) {
    this.#runtime = runtime
    this.#uid = uid
  }

  async look(): Promise<RuntimePod> {
    this.#started.clear()
    this.#happened = false
    const found = await this.#runtime.pod(this.#uid)
    const all = [...found.sandboxes, ...found.containers]
    this.#running = new Set(all.flatMap(({ id, state }) => (state === 'running' ? [id] : [])))
    return found
  }

  note({ kind, containerId }: RuntimeEvent): void {
    if (kind === 'started') this.#started.add(containerId)
    else this.#happened = true
  }

  /** The start of a container that was seen running is none: most are the worker's own doing. */
  get hasNews(): boolean {
    return this.#happened || [...this.#started].some(id => !this.#running.has(id))
  }
}
