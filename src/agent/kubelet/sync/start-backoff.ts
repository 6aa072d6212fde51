// When the containers of a pod may be started: after an end or a failed start with the back-off of crashes, after a
// failed creation with the same back-off, after anything else that is missing at a steady pace. However often the pod's
// loop is woken meanwhile, nothing is tried.
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { formatDuration } from '../../../shared/machinery/duration.ts'
import type { RuntimeContainer } from '../runtime/contract.ts'
import { describePod, specHashOf } from '../spec/containers.ts'
import type { WaitReason } from '../status/container-status.ts'
import type { CrashBackoff } from './crash-backoff.ts'
import type { StartError } from './start-error.ts'

const STEADY_MS = 5_000
/** Pulls have a back-off of their own, which is asked at every attempt. */
const MIN_PULL_RETRY_MS = 1_000
/** A container was made: what it waits for, its end decides. */
const LEAVES_CONTAINER = new Set(['RunContainerError', 'PostStartHookError'])

export interface Hold {
  readonly waitMs: number
  /** Undefined = the reason of the last failure still holds. */
  readonly waiting?: WaitReason
}

export class StartBackoff {
  readonly #backoff: CrashBackoff
  readonly #clock: Clock
  /** By key, monotonic: when the next attempt is due after one that left no container. */
  readonly #dueAt = new Map<string, number>()

  constructor({ backoff, clock }: { readonly backoff: CrashBackoff; readonly clock: Clock }) {
    this.#backoff = backoff
    this.#clock = clock
  }

  /** @param last the newest container of this name @returns undefined when it may be started now */
  hold(pod: Pod, container: Container, last: RuntimeContainer | undefined): Hold | undefined {
    const key = keyOf(pod, container)
    const leftMs = (this.#dueAt.get(key) ?? 0) - this.#clock.monotonic()
    if (leftMs > 0) return { waitMs: leftMs }
    if (!last) return undefined
    const { waitMs, delayMs } = this.#backoff.remaining(key, Date.parse(last.finishedAt ?? last.createdAt))
    if (waitMs <= 0) return undefined
    const what = `restarting failed container=${container.name} pod=${describePod(pod)}`
    return { waitMs, waiting: { reason: 'CrashLoopBackOff', message: `back-off ${formatDuration(delayMs)} ${what}` } }
  }

  /** Counted before the attempt: one that fails to start waits as well. */
  attempt(pod: Pod, container: Container, last: RuntimeContainer | undefined): void {
    const key = keyOf(pod, container)
    this.#dueAt.delete(key)
    if (last) this.#backoff.next(key)
  }

  /** @returns when to look at the container again */
  failed(pod: Pod, container: Container, last: RuntimeContainer | undefined, error: StartError): number {
    if (error.retryMs !== undefined) return Math.max(error.retryMs, MIN_PULL_RETRY_MS)
    if (LEAVES_CONTAINER.has(error.reason)) return STEADY_MS
    const key = keyOf(pod, container)
    const waitMs = error.reason === 'CreateContainerError' ? this.#delayOfCreation(key, last) : STEADY_MS
    this.#dueAt.set(key, this.#clock.monotonic() + waitMs)
    return waitMs
  }

  #delayOfCreation(key: string, last: RuntimeContainer | undefined): number {
    if (!last) this.#backoff.next(key) // otherwise counted by the attempt
    return this.#backoff.remaining(key, this.#clock.now()).delayMs
  }
}

/** A container whose definition changed starts afresh. */
const keyOf = (pod: Pod, container: Container): string =>
  `${pod.metadata.uid}/${container.name}/${specHashOf(container)}`
