// VolumeBinding: a pod waits for claims that do not exist or are to be bound before use, and goes only where its
// volumes can be reached. For claims that wait for their first consumer it chooses, with the node, a volume that the
// node reaches, or has one made there.
// @see https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../../shared/api/core/v1.ts'
import { matchesNodeSelector } from '../../../../shared/machinery/node-selector.ts'
import {
  NO_PROVISIONER,
  SELECTED_NODE,
  findVolume,
  isFullyBound,
  podClaims,
  requestOf,
  storageClassOf,
  waitsForConsumer,
} from '../../../../shared/machinery/volume-claims.ts'
import { reachesTopology } from '../../../../shared/machinery/volume-topology.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { type Status, failed, skip, success, unresolvable } from '../../framework/status.ts'
import { VolumeAssumptions } from './assumptions.ts'
import { type BindVolumesParts, type VolumeDecision, bindVolumes } from './bind-volumes.ts'
import { hasEnoughCapacity } from './capacity.ts'

const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
const TOO_LITTLE_STORAGE = 'node(s) did not have enough free storage'
const VOLUME_MISSING = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'

interface PodVolumes {
  readonly bound: readonly PersistentVolumeClaim[]
  /** Waiting for this pod; the smallest request first, so that it does not take a bigger one's volume. */
  readonly delayed: readonly PersistentVolumeClaim[]
  /** By node. */
  readonly decisions: Map<string, VolumeDecision>
}

const podVolumes: StateKey<PodVolumes> = { name: 'VolumeBinding' }

export function volumeBinding(parts: BindVolumesParts & { readonly listers: Listers }): SchedulerPlugin {
  const { claims, volumes, storageClasses } = parts.listers
  const assumptions = new VolumeAssumptions()

  const classOf = (claim: PersistentVolumeClaim) => storageClasses.get({ name: storageClassOf(claim) })

  /** @returns the claim of the pod's volume, or why the pod has to wait */
  function findClaim(
    pod: Pod,
    { name, ephemeral }: { name: string; ephemeral: boolean },
  ): PersistentVolumeClaim | Status {
    const claim = claims.get({ namespace: pod.metadata.namespace, name })
    if (!claim)
      return unresolvable(
        ephemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`,
      )
    if (claim.status.phase === 'Lost') {
      const volume = claim.spec.volumeName ?? ''
      return unresolvable(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volume}"`)
    }
    if (claim.metadata.deletionTimestamp) return unresolvable(`persistentvolumeclaim "${name}" is being deleted`)
    if (ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
      const { namespace } = pod.metadata
      return unresolvable(
        `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      )
    }
    return claim
  }

  function checkBound(bound: readonly PersistentVolumeClaim[], { node }: NodeInfo): Status {
    for (const { spec } of bound) {
      const volume = volumes.get({ name: spec.volumeName ?? '' })
      if (!volume) return unresolvable(VOLUME_MISSING)
      const required = volume.spec.nodeAffinity?.required
      if (required && node && !matchesNodeSelector(required, node)) return unresolvable(NODE_CONFLICT)
    }
    return success
  }

  /** @returns what would be done on this node, or why the claims cannot be satisfied there */
  function decide(delayed: readonly PersistentVolumeClaim[], { node, name }: NodeInfo): VolumeDecision | string {
    if (!node) return BIND_CONFLICT
    const matched: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = []
    const provisioned: PersistentVolumeClaim[] = []
    for (const claim of delayed) {
      const before = assumptions.of(claim)
      const selected = before?.nodeName ?? claim.metadata.annotations?.[SELECTED_NODE]
      const volume =
        before?.volume ??
        (selected === undefined
          ? findVolume(claim, volumes.list(), {
              node,
              taken: other =>
                assumptions.taken(other, claim) || matched.some(({ volume: { metadata } }) => metadata.name === other),
            })
          : undefined)
      if (volume) {
        const required = volume.spec.nodeAffinity?.required
        if (required && !matchesNodeSelector(required, node)) return BIND_CONFLICT
        matched.push({ claim, volume })
        continue
      }
      if (selected !== undefined && selected !== name) return BIND_CONFLICT
      const storageClass = classOf(claim)
      if (!storageClass?.provisioner || storageClass.provisioner === NO_PROVISIONER) return BIND_CONFLICT
      if (!reachesTopology(storageClass, node)) return BIND_CONFLICT
      if (!hasEnoughCapacity(parts.listers, claim, storageClass, node)) return TOO_LITTLE_STORAGE
      provisioned.push(claim)
    }
    return { matched, provisioned }
  }

  return {
    name: 'VolumeBinding',
    requeueOn: [
      on('PersistentVolumeClaim', ['added', 'updated']),
      on('PersistentVolume', ['added', 'updated']),
      on('StorageClass', ['added', 'updated']),
      on('CSIDriver', ['added', 'updated']),
      on('CSIStorageCapacity', ['added', 'updated']),
      on('Node', ['added', 'updated']),
    ],

    preFilter(state, { pod }) {
      const wanted = podClaims(pod)
      if (wanted.length === 0) return { status: skip }
      const bound: PersistentVolumeClaim[] = []
      const delayed: PersistentVolumeClaim[] = []
      let immediate = false
      for (const entry of wanted) {
        const found = findClaim(pod, entry)
        if ('code' in found) return { status: found }
        if (isFullyBound(found)) bound.push(found)
        else if (!found.spec.volumeName && waitsForConsumer(classOf(found))) delayed.push(found)
        else immediate = true
      }
      if (immediate) return { status: unresolvable('pod has unbound immediate PersistentVolumeClaims') }
      delayed.sort((a, b) => requestOf(a).compare(requestOf(b)))
      state.set(podVolumes, { bound, delayed, decisions: new Map() })
      return { status: success }
    },

    filter(state, _pod, node) {
      const { bound, delayed, decisions } = state.get(podVolumes) ?? { bound: [], delayed: [], decisions: new Map() }
      const status = checkBound(bound, node)
      if (status.code !== 'Success' || delayed.length === 0) return status
      const decision = decide(delayed, node)
      if (typeof decision === 'string') return unresolvable(decision)
      decisions.set(node.name, decision)
      return success
    },

    reserve(state, { pod }, { name: nodeName }) {
      const decision = state.get(podVolumes)?.decisions.get(nodeName)
      const podUid = pod.metadata.uid
      for (const { claim, volume } of decision?.matched ?? []) assumptions.assume(claim, { podUid, nodeName, volume })
      for (const claim of decision?.provisioned ?? []) assumptions.assume(claim, { podUid, nodeName })
      return success
    },

    unreserve(_state, { pod }) {
      assumptions.drop(pod.metadata.uid)
    },

    async preBind(state, _pod, { name }) {
      const decision = state.get(podVolumes)?.decisions.get(name)
      if (!decision) return success
      const problem = await bindVolumes(parts, decision, name)
      return problem === undefined ? success : failed(problem)
    },

    postBind(_state, { pod }) {
      assumptions.drop(pod.metadata.uid)
    },
  }
}
