// Workloads in the supposed world: how many pods they would have, and which. Pods are made by the controllers' own code.
import type { DaemonSet, ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import type { Job } from '../../../shared/api/batch/v1.ts'
import { PersistentVolumeClaim, Pod, type PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { AnyObject, Draft } from '../../../shared/machinery/object.ts'
import { controllerOf, isControlledBy } from '../../../shared/machinery/owner.ts'
import { badRequest } from '../../../shared/machinery/status.ts'
import { ephemeralClaimName } from '../../../shared/machinery/volume-claims.ts'
import { daemonTolerations, eligibility } from '../../controllers/daemonset/eligible.ts'
import { podsToDelete } from '../../controllers/support/deletion-ranking.ts'
import { draftClaims, draftPod, ordinalOf } from '../../controllers/statefulset/identity.ts'
import type { Changes } from './changes.ts'
import type { Supposition } from './supposition.ts'

/** More pods than this are refused: the answer would take minutes. */
const MOST_PODS = 5_000

type Workload = AnyObject & {
  metadata: { namespace: string }
  spec: { replicas?: number; template: PodTemplateSpec }
}

/** The pods that a workload has; a Deployment's belong to its ReplicaSets. */
function podsOf(world: Supposition, workload: Workload): Pod[] {
  const { namespace, uid } = workload.metadata
  const owners = new Set([uid])
  if (workload.kind === 'Deployment')
    for (const set of world.listers.replicaSets.list(namespace))
      if (isControlledBy(set, workload)) owners.add(set.metadata.uid)
  return [...world.pods()].filter(
    pod => owners.has(controllerOf(pod)?.uid ?? '') && pod.metadata.deletionTimestamp === undefined,
  )
}

/** Who would own the new pods: of a Deployment its newest ReplicaSet, as far as there is one. */
function ownerOf(world: Supposition, workload: Workload): AnyObject {
  if (workload.kind !== 'Deployment') return workload
  const revision = ({ metadata }: ReplicaSet) =>
    Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)
  const [newest] = world.listers.replicaSets
    .list(workload.metadata.namespace)
    .filter(set => isControlledBy(set, workload))
    .sort((a, b) => revision(b) - revision(a))
  return (newest as unknown as AnyObject | undefined) ?? workload
}

function draft(template: PodTemplateSpec, owner: AnyObject): Draft<Pod> {
  const { apiVersion, kind, metadata } = owner
  const { labels, annotations } = template.metadata ?? {}
  return {
    metadata: {
      namespace: metadata.namespace ?? '',
      generateName: `${metadata.name}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }],
    },
    spec: template.spec,
  }
}

/** Claims that a controller makes for the pod before it can be placed. */
async function addClaims(
  world: Supposition,
  { admit }: Changes,
  pod: Pod,
  own: readonly Draft<PersistentVolumeClaim>[],
) {
  const { namespace, name, uid } = pod.metadata
  const ephemeral = (pod.spec.volumes ?? []).flatMap(({ name: volume, ephemeral: made }) =>
    made?.volumeClaimTemplate
      ? [
          {
            metadata: {
              namespace,
              name: ephemeralClaimName(name, volume),
              ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
            },
            spec: made.volumeClaimTemplate.spec,
          },
        ]
      : [],
  )
  for (const claim of [...own, ...ephemeral])
    if (!world.claims.get({ namespace, name: claim.metadata.name ?? '' }))
      world.claims.add(await admit(PersistentVolumeClaim, claim))
}

/** Alike but for their names: one is asked for, the others are its copies. */
async function createAlike(world: Supposition, changes: Changes, drafted: Draft<Pod>, count: number, name: string) {
  if (count <= 0) return
  const pod = await changes.admit(Pod, drafted)
  for (let i = 0; i < count; i++) {
    const { uid, name: made } = pod.metadata
    const copy = { ...pod, metadata: { ...pod.metadata, uid: `${uid}/${i}`, name: `${made}-${i}` } }
    await addClaims(world, changes, copy, [])
    world.create(copy, name)
  }
}

/** @throws ApiError for a kind that cannot be scaled, or too many pods */
export async function scaleTo(
  world: Supposition,
  changes: Changes,
  object: AnyObject,
  replicas: number,
): Promise<void> {
  if (replicas > MOST_PODS) throw badRequest(`at most ${MOST_PODS} pods of a workload can be asked about`)
  const workload = object as Workload
  const pods = podsOf(world, workload)
  const { name } = workload.metadata
  if (workload.kind === 'StatefulSet')
    return scaleStatefulSet(world, changes, object as unknown as StatefulSet, pods, replicas)
  for (const pod of podsToDelete(pods, pods, Math.max(0, pods.length - replicas), Date.now())) world.remove(pod, false)
  const made = draft(workload.spec.template, ownerOf(world, workload))
  await createAlike(world, changes, made, replicas - pods.length, name)
}

async function scaleStatefulSet(
  world: Supposition,
  changes: Changes,
  set: StatefulSet,
  pods: readonly Pod[],
  replicas: number,
): Promise<void> {
  const first = set.spec.ordinals?.start ?? 0
  const there = new Set<number>()
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod) ?? -1
    if (ordinal >= first && ordinal < first + replicas) there.add(ordinal)
    else world.remove(pod, false)
  }
  for (let ordinal = first; ordinal < first + replicas; ordinal++) {
    if (there.has(ordinal)) continue
    const pod = await changes.admit(Pod, draftPod(set, set.spec.template, set.status.updateRevision ?? '', ordinal))
    await addClaims(world, changes, pod, draftClaims(set, ordinal))
    world.create(pod)
    await world.pace.breathe()
  }
}

/** A workload as the manifest has it, in place of what runs of it now. */
export async function applyWorkload(
  world: Supposition,
  changes: Changes,
  object: AnyObject,
  old: AnyObject | undefined,
) {
  const workload = object as Workload
  const before = old as Workload | undefined
  // Another template: in the end, none of the old pods is left.
  if (before && !deepEqual(before.spec.template, workload.spec.template))
    for (const pod of podsOf(world, before)) world.remove(pod, false)
  await scaleTo(world, changes, object, workload.spec.replicas ?? 1)
}

export async function applyJob(world: Supposition, changes: Changes, job: Job, old: AnyObject | undefined) {
  if (old || job.spec.suspend) return
  const { parallelism = 1, completions = parallelism } = job.spec
  const count = Math.min(parallelism, completions, MOST_PODS)
  const object = job as unknown as AnyObject
  await createAlike(world, changes, draft(job.spec.template, object), count, job.metadata.name)
}

export async function applyDaemonSet(world: Supposition, changes: Changes, set: DaemonSet) {
  for (const pod of podsOf(world, set as unknown as Workload)) world.remove(pod, false)
  const { template } = set.spec
  const tolerations = [...(template.spec.tolerations ?? []), ...daemonTolerations(template.spec)]
  for (const { node, name } of world.trial.nodes) {
    if (!node || !eligibility(set, node).shouldRun) continue
    const required = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    }
    const affinity = {
      ...template.spec.affinity,
      nodeAffinity: {
        ...template.spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: required,
      },
    }
    const spec = { ...template.spec, tolerations, affinity }
    const drafted = draft({ ...template, spec }, set as unknown as AnyObject)
    await createAlike(world, changes, drafted, 1, set.metadata.name)
    await world.pace.breathe()
  }
}

export const isReplicated = ({ kind }: { readonly kind: string }): boolean =>
  ['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'].includes(kind)
