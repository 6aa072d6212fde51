// Pods that neither the API nor a worker knows: deleted while the agent was away. What cannot be removed of them is
// tried again each time, and holds nothing else up.
import type { Log } from '../../shared/machinery/log.ts'
import type { PodNetwork } from '../contracts.ts'
import { Serialised } from '../network/serialised.ts'
import type { PodCgroups } from './cgroups/contract.ts'
import type { ContainerRuntime, PodOutline } from './runtime/contract.ts'

/** Given to containers whose pod nobody knows any more. */
const GRACE_SECONDS = 10

export interface OrphansOptions {
  readonly runtime: Pick<ContainerRuntime, 'stop' | 'remove' | 'outlines'>
  readonly cgroups: Pick<PodCgroups, 'remove'>
  readonly podNetwork: Pick<PodNetwork, 'tearDown'>
  readonly removeVolumes: (podUid: string) => Promise<void>
  readonly isKnown: (podUid: string) => boolean
  readonly signal: AbortSignal
  readonly log: Log
}

export class Orphans {
  readonly #options: OrphansOptions
  /** Their containers are gone, so that the runtime does not tell of them any more. */
  readonly #left = new Set<string>()
  readonly #rounds = new Serialised(() => this.#round())

  constructor(options: OrphansOptions) {
    this.#options = options
  }

  /** Looks for them, and removes them; one round at a time. */
  remove(): Promise<void> {
    return this.#rounds.run()
  }

  /** Resolves when nothing is being removed. */
  settled(): Promise<void> {
    return this.#rounds.settled()
  }

  async #round(): Promise<void> {
    const { runtime, isKnown, signal, log } = this.#options
    let pods: readonly PodOutline[]
    try {
      pods = await runtime.outlines()
    } catch (error) {
      log.warn({ error: String(error) }, 'orphaned containers not removed')
      return
    }
    for (const pod of pods) {
      if (isKnown(pod.uid)) continue
      if (signal.aborted) return
      log.info({ pod: `${pod.name}_${pod.namespace}(${pod.uid})` }, 'removing what is left of a pod that is gone')
      await this.#attempt(pod.uid, () => this.#removeContainers(pod))
    }
    for (const uid of [...this.#left]) {
      if (signal.aborted) return
      if (isKnown(uid)) this.#left.delete(uid)
      else await this.#attempt(uid, () => this.#removeRest(uid))
    }
  }

  async #attempt(uid: string, step: () => Promise<void>): Promise<void> {
    const { log } = this.#options
    await step().catch((error: unknown) => log.warn({ uid, error: String(error) }, 'orphaned pod not removed'))
  }

  async #removeContainers({ uid, containers, sandboxes }: PodOutline): Promise<void> {
    const { runtime } = this.#options
    await Promise.all(
      containers.map(async ({ id, state }) => {
        if (state === 'running') await runtime.stop(id, GRACE_SECONDS)
        await runtime.remove(id)
      }),
    )
    for (const { id } of sandboxes) await runtime.remove(id)
    this.#left.add(uid)
  }

  async #removeRest(uid: string): Promise<void> {
    const { cgroups, podNetwork, removeVolumes } = this.#options
    await cgroups.remove(uid)
    await podNetwork.tearDown(uid)
    await removeVolumes(uid)
    this.#left.delete(uid)
  }
}
