// Ends containers: preStop, stop signal, SIGKILL when the grace period is over.
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import { runHook } from '../lifecycle/hook.ts'
import { type KubeletParts } from '../parts.ts'
import { containerReference } from '../references.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { allContainers, initContainers, isSidecar } from '../spec/containers.ts'

/** What a container gets after its preStop hook used up the grace period. */
const MIN_GRACE_SECONDS = 2

export interface KillOptions {
  readonly graceSeconds: number
  /** Of the event. */
  readonly message: string
  readonly podIP: string
}

export async function killContainer(
  parts: KubeletParts,
  pod: Pod,
  container: RuntimeContainer,
  { graceSeconds, message, podIP }: KillOptions,
): Promise<void> {
  const { runtime, recorder, clock } = parts
  const spec = allContainers(pod).find(({ name }) => name === container.name)
  recorder.event(containerReference(pod, container.name), 'Normal', 'Killing', message)
  const startedAt = clock.monotonic()
  if (spec && graceSeconds > 0) await preStop(parts, pod, spec, container.id, podIP, graceSeconds)
  const leftSeconds = graceSeconds - (clock.monotonic() - startedAt) / 1000
  await runtime.stop(container.id, graceSeconds > 0 ? Math.max(MIN_GRACE_SECONDS, leftSeconds) : 0)
}

async function preStop(
  { runtime, clock, recorder }: KubeletParts,
  pod: Pod,
  container: Container,
  containerId: string,
  podIP: string,
  graceSeconds: number,
): Promise<void> {
  const handler = container.lifecycle?.preStop
  if (!handler) return
  try {
    const timeoutMs = Math.ceil(graceSeconds * 1000) // timers take whole milliseconds
    const hook = runHook(handler, { container, containerId, podIP }, { runtime, clock, timeoutMs })
    await hook
  } catch {
    // What the hook said may be a secret.
    recorder.event(containerReference(pod, container.name), 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
  }
}

/** Ends every container of the pod: the app containers together, then the sidecars, last started first. */
export async function killPod(
  parts: KubeletParts,
  pod: Pod,
  runtime: RuntimePod,
  { graceSeconds, podIP }: Pick<KillOptions, 'graceSeconds' | 'podIP'>,
): Promise<void> {
  const { clock } = parts
  const startedAt = clock.monotonic()
  const running = runtime.containers.filter(({ state }) => state === 'running')
  const sidecars = initContainers(pod).filter(isSidecar)
  const end = (container: RuntimeContainer) => {
    const leftSeconds = Math.max(0, graceSeconds - (clock.monotonic() - startedAt) / 1000)
    const grace = graceSeconds > 0 ? Math.max(MIN_GRACE_SECONDS, leftSeconds) : 0
    return killContainer(parts, pod, container, {
      graceSeconds: grace,
      message: `Stopping container ${container.name}`,
      podIP,
    })
  }
  const isOfSidecar = ({ name }: RuntimeContainer) => sidecars.some(sidecar => sidecar.name === name)
  await Promise.all(running.filter(container => !isOfSidecar(container)).map(end))
  for (const sidecar of sidecars.toReversed()) {
    const container = running.find(({ name }) => name === sidecar.name)
    if (container) await end(container)
  }
}

/** The stop in progress holds the pod's loop: a shorter grace period acts beside it. */
export function hasten({ runtime, clock }: KubeletParts, pod: Pod, graceSeconds: number): void {
  clock.after(graceSeconds * 1000, () => {
    void runtime
      .pod(pod.metadata.uid)
      .then(({ containers }) =>
        Promise.all(containers.filter(({ state }) => state === 'running').map(({ id }) => runtime.stop(id, 0))),
      )
      .catch(() => undefined) // the loop's own stop reports what goes wrong
  })
}
