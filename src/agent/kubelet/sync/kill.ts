// Ends containers: preStop, stop signal, SIGKILL when the grace period is over.
// @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { runHook } from '../lifecycle/hook.ts'
import { type KubeletParts } from '../parts.ts'
import { containerReference } from '../references.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { allContainers, initContainers, isSidecar } from '../spec/containers.ts'

/** What a container gets between its signal and SIGKILL, however little of the grace period is left, or was given. */
const MIN_GRACE_SECONDS = 2

export interface KillOptions {
  readonly graceSeconds: number
  /** Of the event. */
  readonly message: string
  readonly podIP: string
  /** The signal waits for this, as long as there is time. */
  readonly turn?: Promise<void>
  /** Aborted when there is no time any more, whatever was given at first. */
  readonly cut?: AbortSignal
}

export async function killContainer(
  parts: KubeletParts,
  pod: Pod,
  container: RuntimeContainer,
  { graceSeconds, message, podIP, turn, cut }: KillOptions,
): Promise<void> {
  const { runtime, recorder, clock } = parts
  recorder.event(containerReference(pod, container.name), 'Normal', 'Killing', message)
  const endsAt = clock.monotonic() + graceSeconds * 1000
  const leftMs = () => Math.max(0, endsAt - clock.monotonic())
  if (graceSeconds > 0) await within(clock, leftMs(), preStop(parts, pod, container, podIP, graceSeconds), cut)
  if (turn) await within(clock, leftMs(), turn, cut)
  await runtime.stop(container.id, Math.max(MIN_GRACE_SECONDS, leftMs() / 1000))
}

/** Resolves with the work, or when the time is over or cut short. */
async function within(clock: Clock, ms: number, work: Promise<void>, cut?: AbortSignal): Promise<void> {
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, ...(cut ? [cut] : [])])
  await Promise.race([work, delay(clock, ms, signal).catch(() => undefined)])
  done.abort()
}

/** Never rejects. */
async function preStop(
  { runtime, clock, recorder }: KubeletParts,
  pod: Pod,
  { id: containerId, name }: RuntimeContainer,
  podIP: string,
  graceSeconds: number,
): Promise<void> {
  const container = allContainers(pod).find(one => one.name === name)
  const handler = container?.lifecycle?.preStop
  if (!handler) return
  try {
    const timeoutMs = Math.ceil(graceSeconds * 1000) // timers take whole milliseconds
    await runHook(handler, { container, containerId, podIP }, { runtime, clock, timeoutMs })
  } catch {
    // What the hook said may be a secret.
    recorder.event(containerReference(pod, name), 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
  }
}

/**
 * Ends every container of the pod. All preStop hooks begin at once; sidecars are told to end once the app containers have
 * ended, the last one first, and all together when the grace period is over.
 */
export async function killPod(
  parts: KubeletParts,
  pod: Pod,
  runtime: RuntimePod,
  options: Omit<KillOptions, 'message' | 'turn'>,
): Promise<void> {
  const running = runtime.containers.filter(({ state }) => state === 'running')
  const ends = new Map<string, Promise<void>>()
  const end = (container: RuntimeContainer, turn?: Promise<void>) => {
    const message = `Stopping container ${container.name}`
    ends.set(container.name, killContainer(parts, pod, container, { ...options, message, ...(turn && { turn }) }))
  }
  const sidecars = initContainers(pod).filter(isSidecar).toReversed()
  for (const container of running) if (!sidecars.some(({ name }) => name === container.name)) end(container)
  const allOver = (works: readonly (Promise<void> | undefined)[]) => Promise.allSettled(works).then(() => undefined)
  let turn = allOver(pod.spec.containers.map(({ name }) => ends.get(name)))
  for (const sidecar of sidecars) {
    const container = running.find(({ name }) => name === sidecar.name)
    if (!container) continue
    end(container, turn)
    turn = allOver([turn, ends.get(sidecar.name)])
  }
  await Promise.all(ends.values())
}

/**
 * The stop in progress holds the pod's loop: a shorter grace period acts beside it.
 * @param cut of the stop in progress
 */
export function hasten({ runtime, clock }: KubeletParts, pod: Pod, graceSeconds: number, cut: AbortController): void {
  clock.after(Math.max(MIN_GRACE_SECONDS, graceSeconds) * 1000, () => {
    cut.abort()
    void runtime
      .pod(pod.metadata.uid)
      .then(({ containers }) =>
        Promise.all(containers.filter(({ state }) => state === 'running').map(({ id }) => runtime.stop(id, 0))),
      )
      .catch(() => undefined) // the loop's own stop reports what goes wrong
  })
}
