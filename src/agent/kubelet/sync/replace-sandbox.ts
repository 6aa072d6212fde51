// A pod gets a sandbox: its first, or another one because the last ended or was removed. What ran in the old one ends.
import type { Pod, PodStatus } from '../../../shared/api/core/v1.ts'
import { type KubeletParts } from '../parts.ts'
import { podReference } from '../references.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { type ContainerAhead, needsAddress } from './container-ahead.ts'
import { killPod } from './kill.ts'
import { addressesOf, createSandbox, writeNameFiles } from './sandbox.ts'

/** Nothing in it works without its sandbox. */
const GRACE_SECONDS = 2

export interface ReplaceSandbox {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** As last reported. */
  readonly status: PodStatus
  readonly attempt: number
  /** Resolves to them, or to undefined where that failed. */
  readonly prepareVolumes: () => Promise<Volumes | undefined>
  readonly ahead: ContainerAhead
}

/** @returns what the runtime has of the pod now */
export async function replaceSandbox(
  parts: KubeletParts,
  { pod, runtime, status, attempt, prepareVolumes, ahead }: ReplaceSandbox,
): Promise<RuntimePod> {
  const { recorder } = parts
  const podIP = addressesOf(parts, pod)[0] ?? ''
  if (runtime.sandboxes.length > 0) {
    const message = 'Pod sandbox changed, it will be killed and re-created.'
    recorder.event(podReference(pod), 'Normal', 'SandboxChanged', message)
    await killPod(parts, pod, runtime, { graceSeconds: GRACE_SECONDS, podIP })
    for (const { id } of runtime.sandboxes) await parts.runtime.remove(id)
  } else if (runtime.containers.some(({ state }) => state === 'running')) {
    // The sandbox was removed under them: their network is gone.
    await killPod(parts, pod, runtime, { graceSeconds: GRACE_SECONDS, podIP })
  }
  const { problem } = parts.network.podNetwork
  if (problem !== undefined && !pod.spec.hostNetwork) {
    const message = `network is not ready: ${problem}`
    recorder.event(podReference(pod), 'Warning', 'NetworkNotReady', message)
    throw new Error(message)
  }
  const volumes = needsAddress(pod.spec.volumes) ? undefined : prepareVolumes()
  // Containers have them mounted; the address is added once it is known.
  const nameFiles = writeNameFiles(parts, pod, [])
  const ready = Promise.all([volumes, nameFiles]).then(([prepared]) => prepared)
  const [sandbox] = await Promise.allSettled([
    createSandbox(parts, pod, attempt, sandboxId => ahead.begin({ pod, runtime, status, sandboxId, ready })),
    ready,
    volumes, // it goes on where the files fail
  ])
  if (sandbox.status === 'rejected') {
    const message = `Failed to create pod sandbox: ${(sandbox.reason as Error).message}`
    recorder.event(podReference(pod), 'Warning', 'FailedCreatePodSandBox', message)
    throw sandbox.reason
  }
  await writeNameFiles(parts, pod, sandbox.value.podIPs)
  const isFirst = runtime.sandboxes.length === 0 && runtime.containers.length === 0
  return isFirst ? { ...runtime, sandboxes: [sandbox.value.container] } : parts.runtime.pod(pod.metadata.uid)
}
