// The end of a pod: everything stops; of one that is being deleted nothing stays on the node.
import { Pod } from '../../../shared/api/core/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { type KubeletParts, clearOptions } from '../parts.ts'
import { podReference } from '../references.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { isStatic } from '../static/manifests.ts'
import { letGo } from '../volumes/exclusive.ts'
import { clearVolumes, removeVolumes } from '../volumes/volumes.ts'
import { type KillOptions, killPod } from './kill.ts'
import { addressesOf } from './sandbox.ts'

/** Reason of a pod that was ended to save the node. */
export const EVICTED = 'Evicted'

/** Ends the pod's containers within their grace period; its sandbox runs on. @returns what is left, as it ended */
export async function stopContainers(
  parts: KubeletParts,
  pod: Pod,
  observed: RuntimePod,
  { graceSeconds, cut }: Pick<KillOptions, 'graceSeconds' | 'cut'>,
): Promise<RuntimePod> {
  const podIP = addressesOf(parts, pod)[0] ?? ''
  const running = observed.containers.filter(({ state }) => state === 'running')
  if (running.length === 0) return observed
  await killPod(parts, pod, observed, { graceSeconds, podIP, ...(cut && { cut }) })
  const look = (container: RuntimeContainer) =>
    running.includes(container) ? parts.runtime.container(container.id) : container
  const ended = await Promise.all(observed.containers.map(look))
  return { ...observed, containers: ended.filter(container => container !== undefined) }
}

/** Once nothing runs in them. */
export async function stopSandboxes(
  parts: KubeletParts,
  pod: Pod,
  sandboxes: readonly RuntimeContainer[],
): Promise<void> {
  await Promise.all(sandboxes.map(sandbox => parts.runtime.kill(sandbox)))
  await dispose(parts, pod, sandboxes)
}

/** Gives back what the pod had of the node while it ran: devices last, once nothing of it is left that may use them. */
export async function releasePod(parts: KubeletParts, pod: Pod, { sandboxes }: RuntimePod): Promise<void> {
  const { cgroups, claims, dataDir } = parts
  const { uid } = pod.metadata
  letGo(dataDir, uid)
  await allDone([disconnect(parts, pod), stopSandboxes(parts, pod, sandboxes).then(() => cgroups.remove(uid))])
  await claims.unprepare(uid)
}

/** Of what has ended. The next pod of a manifest may have the same uid, and would take what is left for its own. */
async function dispose(
  { runtime, removals }: KubeletParts,
  pod: Pod,
  dead: readonly RuntimeContainer[],
): Promise<void> {
  const ids = dead.map(({ id }) => id)
  if (isStatic(pod)) await Promise.all(ids.map(id => runtime.remove(id)))
  else removals.add(pod.metadata.uid, ids)
}

async function disconnect({ network, recorder }: KubeletParts, pod: Pod): Promise<void> {
  if (pod.spec.hostNetwork) return
  const { uid } = pod.metadata
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

/** Resolves when all have ended. @throws what the first of them that failed threw */
async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason
}

/**
 * Of a pod that is over, and may be asked about for long: what it had of the disk, but for what its containers said and
 * logged. Of one that was evicted for what it had, the containers go as well.
 */
export async function emptyPod(parts: KubeletParts, pod: Pod, { containers }: RuntimePod): Promise<void> {
  await clearVolumes(clearOptions(parts, pod.metadata.uid))
  if (pod.status.reason === EVICTED) await dispose(parts, pod, containers)
}

/** Its logs go as well: of a pod that is over, on a disk that is full. */
export async function removeDead({ runtime }: KubeletParts, { metadata }: Pod): Promise<void> {
  const { containers } = await runtime.pod(metadata.uid)
  await Promise.all(containers.filter(({ state }) => state !== 'running').map(({ id }) => runtime.remove(id)))
}

/** Containers, files and memories of a pod that has stopped. */
export async function forgetPod(parts: KubeletParts, pod: Pod, { containers }: RuntimePod): Promise<void> {
  const { devices, images, tokens, backoff, probeCounts } = parts
  const { uid } = pod.metadata
  await removeVolumes(clearOptions(parts, uid))
  await dispose(parts, pod, containers)
  devices.forget(uid)
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
