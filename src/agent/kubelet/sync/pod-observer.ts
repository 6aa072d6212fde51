// What the runtime has of one pod, as last seen, and whether something happened since that was not seen yet.
import type { ContainerRuntime, RuntimeEvent, RuntimePod } from '../runtime/contract.ts'

export class PodObserver {
  readonly #runtime: Pick<ContainerRuntime, 'pod'>
  readonly #uid: string
  #last: RuntimePod | undefined
  /** Since the last look began. */
  #events: RuntimeEvent[] = []

  constructor(runtime: Pick<ContainerRuntime, 'pod'>, uid: string) {
    this.#runtime = runtime
    this.#uid = uid
  }

  async look(): Promise<RuntimePod> {
    this.#events = []
    this.#last = await this.#runtime.pod(this.#uid)
    return this.#last
  }

  note(event: RuntimeEvent): void {
    this.#events.push(event)
  }

  /** The start of a container that was seen running is none: most are the worker's own doing. */
  get hasNews(): boolean {
    const seen = [...(this.#last?.sandboxes ?? []), ...(this.#last?.containers ?? [])]
    const running = new Set(seen.flatMap(({ id, state }) => (state === 'running' ? [id] : [])))
    return this.#events.some(({ kind, containerId }) => kind !== 'started' || !running.has(containerId))
  }
}
