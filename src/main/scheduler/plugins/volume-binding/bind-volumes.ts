// PreBind of VolumeBinding: writes the decision about a pod's claims, then waits until the binder and the provisioner
// have done their part. Only then may the pod go to its node.
import { PersistentVolume, PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import { type Clock, delay } from '../../../../shared/machinery/clock.ts'
import { BOUND_BY_CONTROLLER, SELECTED_NODE, isFullyBound } from '../../../../shared/machinery/volume-claims.ts'
import type { Listers } from '../../framework/listers.ts'

/** For one node: which claim gets which volume, and for which claims one is made there. */
export interface VolumeDecision {
  readonly matched: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]
  readonly provisioned: readonly PersistentVolumeClaim[]
}

export interface BindVolumesParts {
  readonly client: Client
  readonly clock: Clock
  readonly listers: Pick<Listers, 'claims' | 'volumes'>
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** How long to wait for volumes. */
  readonly timeoutMs: number
}

const FIRST_LOOK_MS = 20
const LAST_LOOK_MS = 1_000

/** @returns what went wrong, or undefined when every claim is bound */
export async function bindVolumes(
  parts: BindVolumesParts,
  decision: VolumeDecision,
  nodeName: string,
): Promise<string | undefined> {
  try {
    for (const { claim, volume } of decision.matched) await reserve(parts, volume, claim)
    for (const claim of decision.provisioned) await selectNode(parts, claim, nodeName)
    const all = [...decision.matched.map(({ claim }) => claim), ...decision.provisioned]
    return await untilBound(parts, all, new Set(decision.provisioned), nodeName)
  } catch (error) {
    return (error as Error).message
  }
}

/** The version that the decision was made on is sent along: whoever was faster wins. */
async function reserve({ client, signal }: BindVolumesParts, volume: PersistentVolume, claim: PersistentVolumeClaim) {
  if (volume.spec.claimRef?.uid === claim.metadata.uid) return
  const { namespace, name, uid, resourceVersion } = claim.metadata
  const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion }
  const annotations = {
    ...volume.metadata.annotations,
    ...(volume.spec.claimRef ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }),
  }
  await client.update(
    PersistentVolume,
    { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } },
    { signal },
  )
}

async function selectNode({ client, signal }: BindVolumesParts, claim: PersistentVolumeClaim, nodeName: string) {
  if (claim.metadata.annotations?.[SELECTED_NODE] === nodeName) return
  const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: nodeName }
  await client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, annotations } }, { signal })
}

async function untilBound(
  { clock, listers, signal, timeoutMs }: BindVolumesParts,
  wanted: readonly PersistentVolumeClaim[],
  provisioned: ReadonlySet<PersistentVolumeClaim>,
  nodeName: string,
): Promise<string | undefined> {
  const deadline = clock.monotonic() + timeoutMs
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LAST_LOOK_MS, waitMs * 2)) {
    let missing = 0
    for (const before of wanted) {
      const { namespace, name, uid } = before.metadata
      const claim = listers.claims.get({ namespace, name })
      if (claim?.metadata.uid !== uid) return `pvc(${namespace}/${name}) was deleted`
      if (isFullyBound(claim) && listers.volumes.get({ name: claim.spec.volumeName ?? '' })) continue
      missing++
      // The provisioner takes the node away when it cannot serve there. Our own write may not show yet.
      const selected = claim.metadata.annotations?.[SELECTED_NODE]
      const isNewer = claim.metadata.resourceVersion !== before.metadata.resourceVersion
      if (provisioned.has(before) && isNewer && selected !== nodeName && !isFullyBound(claim))
        return `provisioning failed for PVC "${name}"`
    }
    if (missing === 0) return undefined
    if (clock.monotonic() > deadline) return 'timed out waiting for the condition'
    await delay(clock, waitMs, signal)
  }
}
