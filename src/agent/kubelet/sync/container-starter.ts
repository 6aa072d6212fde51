// Starts the containers of one pod when they may be started, and keeps what those wait for that could not be.
import type { Pod, PodStatus } from '../../../shared/api/core/v1.ts'
import { type KubeletParts } from '../parts.ts'
import { containerReference } from '../references.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { allContainers, describePod, initContainers } from '../spec/containers.ts'
import type { WaitReason } from '../status/container-status.ts'
import { nextAttempt } from './attempts.ts'
import { ContainerAhead } from './container-ahead.ts'
import { StartBackoff } from './start-backoff.ts'
import { type StartInput, startContainer } from './start-container.ts'
import { StartError } from './start-error.ts'
import type { WakeLoop } from './wake-loop.ts'

export class ContainerStarter {
  readonly #parts: KubeletParts
  readonly #loop: WakeLoop
  readonly #signal: AbortSignal
  readonly #backoff: StartBackoff
  readonly #waiting = new Map<string, WaitReason>()
  readonly ahead: ContainerAhead

  /** @param signal gives up pulling images */
  constructor(parts: KubeletParts, loop: WakeLoop, signal: AbortSignal) {
    this.#parts = parts
    this.#loop = loop
    this.#signal = signal
    this.#backoff = new StartBackoff(parts)
    this.ahead = new ContainerAhead(parts, signal)
  }

  /** Those that do not run, by name. */
  waiting(pod: Pod, { containers }: RuntimePod): ReadonlyMap<string, WaitReason> {
    for (const { name } of allContainers(pod))
      if (containers.find(container => container.name === name)?.state === 'running') this.#waiting.delete(name)
    return this.#waiting
  }

  /** Starts a container now, or has the loop come back when it may be. @param status as last reported */
  async start(input: Omit<StartInput, 'attempt' | 'signal' | 'created'>, status: PodStatus): Promise<void> {
    const { pod, container, runtime } = input
    const created = this.ahead.take(container.name)
    const last = created ? undefined : runtime.containers.find(({ name }) => name === container.name)
    const hold = created ? undefined : this.#backoff.hold(pod, container, last)
    if (hold) {
      if (hold.waiting) this.#tellBackoff(pod, container.name, hold.waiting)
      return this.#loop.wakeIn(hold.waitMs)
    }
    const attempt = created ? 0 : nextAttempt(container.name, runtime, status)
    this.#backoff.attempt(pod, container, last)
    try {
      await startContainer(this.#parts, { ...input, attempt, signal: this.#signal, created })
      this.#waiting.delete(container.name)
      if (initContainers(pod).some(({ name }) => name === container.name)) this.#loop.wake() // a sidecar, which others wait for
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      this.#waiting.set(container.name, { reason: error.reason, message: error.message })
      this.#loop.wakeIn(this.#backoff.failed(pod, container, last, error))
    }
  }

  #tellBackoff(pod: Pod, name: string, waiting: WaitReason): void {
    const message = `Back-off restarting failed container ${name} in pod ${describePod(pod)}`
    this.#parts.recorder.event(containerReference(pod, name), 'Warning', 'BackOff', message)
    this.#waiting.set(name, waiting)
  }
}
