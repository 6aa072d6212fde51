// A new pod's first container is made while the pod's sandbox starts: it names the sandbox, but needs it running only
// when it starts itself. Only at the pod's first sandbox; what goes wrong is told when the container is to be started.
import type { Container, Pod, PodStatus } from '../../../shared/api/core/v1.ts'
import type { KubeletParts } from '../parts.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { initContainers } from '../spec/containers.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { nextAttempt } from './attempts.ts'
import { createContainer } from './start-container.ts'

export interface AheadInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** As last reported: what is gone from the runtime was there before. */
  readonly status: PodStatus
  readonly sandboxId: string
  /** Resolves once the volumes and the files that resolve names are there; undefined = the volumes are not. */
  readonly ready: Promise<Volumes | undefined>
}

/** What says so is known only once the sandbox is connected. */
export const needsAddress = (part: unknown): boolean => (JSON.stringify(part) ?? '').includes('status.podIP')

function firstOf(pod: Pod): Container | undefined {
  const first = initContainers(pod)[0] ?? pod.spec.containers[0]
  return needsAddress(first?.env) ? undefined : first
}

export class ContainerAhead {
  readonly #parts: KubeletParts
  readonly #signal: AbortSignal
  #tried = false
  #made: { readonly name: string; readonly id: Promise<string | undefined>; readonly stop: AbortController } | undefined

  /** @param signal gives up pulling images */
  constructor(parts: KubeletParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  begin({ pod, runtime, status, sandboxId, ready }: AheadInput): void {
    const container = firstOf(pod)
    if (this.#tried || !container || runtime.containers.length > 0) return
    if (nextAttempt(container.name, runtime, status) > 0) return
    this.#tried = true
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#signal, stop.signal])
    const create = async () => {
      const volumes = await ready.catch(() => undefined) // whoever needs them is told
      if (!volumes || signal.aborted) return undefined
      const input = { pod, container, runtime, sandboxId, podIPs: [], volumes, attempt: 0, signal }
      return createContainer(this.#parts, input)
    }
    const id = create()
    id.catch(() => undefined) // told to who takes it; nobody misses it otherwise
    this.#made = { name: container.name, id, stop }
  }

  /** @returns the container's id, as soon as it is made; undefined, also later, = it is not made ahead */
  take(name: string): Promise<string | undefined> | undefined {
    if (this.#made?.name !== name) return undefined
    const { id } = this.#made
    this.#made = undefined
    return id
  }

  /** Gives up what nobody took. */
  async drop(): Promise<void> {
    const made = this.#made
    if (!made) return
    this.#made = undefined
    made.stop.abort(new Error('the container is not started'))
    const id = await made.id.catch(() => undefined)
    if (id !== undefined) await this.#parts.runtime.remove(id)
  }
}
