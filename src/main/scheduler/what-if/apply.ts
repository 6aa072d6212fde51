// Manifests in the supposed world. Kinds that have nothing to do with placement change nothing.
import type { DaemonSet } from '../../../shared/api/apps/v1.ts'
import type { Job } from '../../../shared/api/batch/v1.ts'
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import type { Applied, Changes } from './changes.ts'
import type { Supposition } from './supposition.ts'
import { applyDaemonSet, applyJob, applyWorkload, isReplicated } from './workloads.ts'

type Apply = (world: Supposition, changes: Changes, applied: Applied) => Promise<void> | void

const byKind: Readonly<Record<string, Apply>> = {
  Namespace: (world, _changes, { object }) => world.namespaces.add(object as unknown as Namespace),
  PersistentVolume: (world, _changes, { object }) => {
    const volume = object as unknown as PersistentVolume
    world.volumes.add(volume.status.phase ? volume : { ...volume, status: { phase: 'Available' } })
  },
  PersistentVolumeClaim: (world, _changes, { object, old }) => {
    if (!old) world.claims.add(object as unknown as PersistentVolumeClaim)
  },
  // What a node has is in its status, which an applied manifest does not set: the manifest's own counts.
  Node: (world, _changes, { object, given, old }) => {
    const node = object as unknown as Node
    const { status } = given as unknown as Partial<Node>
    world.addNode({ ...node, status: { ...(old as unknown as Node | undefined)?.status, ...status } })
  },
  Pod: (world, _changes, { object, old }) => {
    if (!old) world.create(object as unknown as Pod)
  },
  DaemonSet: (world, changes, { object }) => applyDaemonSet(world, changes, object as unknown as DaemonSet),
  Job: (world, changes, { object, old }) => applyJob(world, changes, object as unknown as Job, old),
}

/** What others build upon comes first. */
const ORDER = ['Namespace', 'Node', 'PersistentVolume', 'PersistentVolumeClaim']
const rank = ({ object: { kind } }: Applied) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length)

export async function applyAll(world: Supposition, changes: Changes): Promise<void> {
  for (const applied of [...changes.apply].sort((a, b) => rank(a) - rank(b))) {
    const { object, old } = applied
    try {
      if (isReplicated(object)) await applyWorkload(world, changes, object, old)
      else if (Object.hasOwn(byKind, object.kind)) await byKind[object.kind]?.(world, changes, applied)
    } catch (error) {
      const { namespace, name } = object.metadata
      const where = namespace ? `${namespace}/${name}` : name
      world.problems.push({ object: `${object.kind} ${where}`, message: (error as Error).message })
    }
  }
}
