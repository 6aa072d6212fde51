// The end of a pod: everything stops; of one that is being deleted nothing stays on the node.
import { Pod } from '../../../shared/api/core/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { type KubeletParts, podDirOf, podReference } from '../parts.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { letGo } from '../volumes/exclusive.ts'
import { removeVolumes } from '../volumes/volumes.ts'
import { killPod } from './kill.ts'
import { addressesOf } from './sandbox.ts'

/** Containers end within their grace period, then the sandbox goes; the pod's network stays. @returns what is left */
export async function stopPod(
  parts: KubeletParts,
  pod: Pod,
  observed: RuntimePod,
  graceSeconds: number,
): Promise<RuntimePod> {
  const podIP = addressesOf(parts, pod)[0] ?? ''
  if (observed.containers.some(({ state }) => state === 'running'))
    await killPod(parts, pod, observed, { graceSeconds, podIP })
  const ended = await parts.runtime.pod(pod.metadata.uid)
  for (const { id } of ended.sandboxes) await parts.runtime.remove(id)
  return { ...ended, sandboxes: [] }
}

/** Gives back what the pod had of the node while it ran. */
export async function releasePod({ network, cgroups, recorder, dataDir }: KubeletParts, pod: Pod): Promise<void> {
  const { uid } = pod.metadata
  letGo(dataDir, uid)
  await cgroups.remove(uid)
  if (pod.spec.hostNetwork) return
  await network.hostPorts(uid, [], [])
  try {
    await network.podNetwork.tearDown(uid)
  } catch (error) {
    const cause = JSON.stringify((error as Error).message)
    const message = `error killing pod: failed to "KillPodSandbox" for "${uid}" with KillPodSandboxError: ${cause}`
    recorder.event(podReference(pod), 'Warning', 'FailedKillPod', message)
    throw error
  }
}

/** Containers, files and memories of a pod that has stopped. */
export async function forgetPod(parts: KubeletParts, pod: Pod, { containers }: RuntimePod): Promise<void> {
  const { runtime, images, tokens, backoff, probeCounts, tools, dataDir } = parts
  const { uid } = pod.metadata
  for (const { id } of containers) await runtime.remove(id)
  await removeVolumes({ podDir: podDirOf(dataDir, uid), tools })
  images.forget(uid)
  tokens.forget(uid)
  probeCounts.forget(uid)
  backoff.forget(`${uid}/`)
}

/** Another pod of the same name is left alone. */
export async function deleteFromApi({ client }: KubeletParts, pod: Pod): Promise<void> {
  const { uid, namespace, name } = pod.metadata
  const options = { gracePeriodSeconds: 0, preconditions: { uid } }
  try {
    await client.delete(Pod, { namespace, name }, options)
  } catch (error) {
    if (!isNotFound(error) && (error as { code?: number }).code !== 409) throw error
  }
}
