// persistentvolume-attach-detach: volumes of CSI drivers that have to be attached to a machine are attached to the nodes
// whose pods need them, and detached when their node has let go of them. Drivers' attachers do it: a VolumeAttachment
// asks them to.
//
// A node tells which volumes it has in use before it mounts one that is said to be attached; here, a volume is said not
// to be attached any more before it is looked whether the node has it in use. So one of the two sees the other.
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import { CSIDriver, VolumeAttachment } from '../../../shared/api/storage/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { CONTROLLER_ATTACHES, parseVolumeName, uniqueVolumeName } from '../../../shared/machinery/csi-volumes.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import { podClaims } from '../../../shared/machinery/volume-claims.ts'
import type { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { hasOutOfServiceTaint } from '../support/out-of-service.ts'
import {
  type WantedVolume,
  attachmentNameOf,
  attachmentsByNode,
  attachmentsByVolume,
  hasEnded,
  isExclusive,
  placedPodsByClaim,
  wantedVolumes,
} from './wanted.ts'

type Context = ControllerContext

/** A node that is not ready is waited for this long to unmount a volume that nobody needs. */
const MOST_UNMOUNT_MS = 360_000

const byName = (name: string | undefined): ObjectRef[] => (name ? [{ name }] : [])

/** What of a node decides here. */
const facts = ({ metadata, spec, status }: Node) => [
  metadata.annotations?.[CONTROLLER_ATTACHES],
  hasOutOfServiceTaint(spec),
  isConditionTrue(status.conditions, 'Ready'),
  status.volumesInUse ?? [],
  status.volumesAttached ?? [],
]

const nodesOfClaim = ({ lister }: Context, namespace: string, name: string): ObjectRef[] =>
  lister(Pod)
    .by(placedPodsByClaim, `${namespace}/${name}`)
    .flatMap(({ spec }) => byName(spec.nodeName))

export class AttachDetachController implements Reconciler<Node> {
  readonly name = 'persistentvolume-attach-detach'
  readonly identity = 'attachdetach-controller'
  readonly type = Node
  /** One at a time, so that two nodes are not given a volume that only one may have. */
  readonly workers = 1
  readonly watches = [
    own(Node, ({ object, old }) => !old || !deepEqual(facts(object), facts(old))),
    mapped(Pod, ({ object, old }) =>
      podClaims(object).length === 0 || (old && old.spec.nodeName === object.spec.nodeName && hasEnded(old) === hasEnded(object)) // prettier-ignore
        ? []
        : byName(object.spec.nodeName),
    ),
    mapped(PersistentVolumeClaim, ({ object: { metadata } }, context) =>
      nodesOfClaim(context, metadata.namespace, metadata.name),
    ),
    mapped(PersistentVolume, ({ object: { spec } }, context) =>
      spec.csi && spec.claimRef ? nodesOfClaim(context, spec.claimRef.namespace ?? '', spec.claimRef.name ?? '') : [],
    ),
    mapped(VolumeAttachment, ({ type, object: { metadata, spec } }, context) => {
      const node = { name: spec.nodeName }
      if (type !== 'deleted') return [node]
      this.#isGone(metadata)
      // Another node may have waited for it.
      return [node, ...nodesWaitingFor(spec.source.persistentVolumeName, context)]
    }),
    mapped(CSIDriver, (_change, { lister }) =>
      lister(Node)
        .list()
        .map(({ metadata }) => metadata),
    ),
  ]
  readonly #time: ObservedTime
  /** By name: made here and not in the cache yet. */
  readonly #made = new Map<string, VolumeAttachment>()
  /** By uid: since when they are not needed any more, in observed time. */
  readonly #unneeded = new Map<string, number>()
  /** By name: those of which the pods that wait are to hear. */
  readonly #awaited = new Map<string, string>()
  /** Names of attachments that are not made because another node has the volume, which the pods heard; and their node. */
  readonly #refused = new Map<string, string>()

  constructor(time: ObservedTime) {
    this.#time = time
  }

  async reconcile(node: Node, context: Context): Promise<Result> {
    if (node.metadata.annotations?.[CONTROLLER_ATTACHES] !== 'true') return done
    const { name } = node.metadata
    const wanted = wantedVolumes(name, context)
    const present = this.#present(name, context)
    const next = await this.#detach(node, wanted, present, context)
    for (const [attachment, volume] of wanted)
      if (present.has(attachment)) this.#tell(present.get(attachment), volume, context)
      else await this.#attach(name, attachment, volume, context)
    for (const [refused, of] of this.#refused) if (of === name && !wanted.has(refused)) this.#refused.delete(refused)
    return next
  }

  /** A node that is gone has nothing mounted; what its pods had goes with them. */
  async gone({ name }: ObjectRef, context: Context): Promise<Result> {
    const wanted = wantedVolumes(name, context)
    for (const [key, attachment] of this.#present(name, context))
      if (!wanted.has(key) && !attachment.metadata.deletionTimestamp) await remove(attachment, context)
    return done
  }

  /** It may have come into the cache and gone from it without a look of ours. */
  #isGone({ name, uid }: VolumeAttachment['metadata']): void {
    if (this.#made.get(name)?.metadata.uid === uid) this.#made.delete(name)
    this.#unneeded.delete(uid)
  }

  /** @returns the node's VolumeAttachments, by name */
  #present(nodeName: string, { lister }: Context): Map<string, VolumeAttachment> {
    const cached = lister(VolumeAttachment)
    for (const name of this.#made.keys()) if (cached.get({ name })) this.#made.delete(name)
    const made = [...this.#made.values()].filter(({ spec }) => spec.nodeName === nodeName)
    return new Map([...made, ...cached.by(attachmentsByNode, nodeName)].map(each => [each.metadata.name, each]))
  }

  async #detach(
    node: Node,
    wanted: ReadonlyMap<string, WantedVolume>,
    present: ReadonlyMap<string, VolumeAttachment>,
    context: Context,
  ): Promise<Result> {
    const going: { readonly attachment: VolumeAttachment; readonly byForce: boolean }[] = []
    const isLost = hasOutOfServiceTaint(node.spec)
    const isReady = isConditionTrue(node.status.conditions, 'Ready')
    const inUse = namesInUse(node)
    let waitMs = Number.POSITIVE_INFINITY
    for (const [name, attachment] of present) {
      const { uid, deletionTimestamp } = attachment.metadata
      if (wanted.has(name) || deletionTimestamp) {
        this.#unneeded.delete(uid)
        continue
      }
      const since = this.#unneeded.get(uid) ?? this.#time.now()
      this.#unneeded.set(uid, since)
      const leftMs = since + MOST_UNMOUNT_MS - this.#time.now()
      const byForce = isLost || (!isReady && leftMs <= 0)
      if (byForce || !inUse.has(name)) going.push({ attachment, byForce })
      else if (!isReady) waitMs = Math.min(waitMs, leftMs)
    }
    const leaving = new Set(going.map(({ attachment }) => attachment.metadata.name))
    await reportAttached(node, attachedTo(wanted, present, leaving, context), context)
    if (going.length > 0) {
      const { items } = await context.client.list(Node, { fieldSelector: `metadata.name=${node.metadata.name}` })
      const now = items[0] ? namesInUse(items[0]) : new Set<string>()
      for (const { attachment, byForce } of going) {
        // Mounted meanwhile: the change of its node brings it here again.
        if (now.has(attachment.metadata.name) && !byForce) continue
        await remove(attachment, context)
        this.#unneeded.delete(attachment.metadata.uid)
      }
    }
    return Number.isFinite(waitMs) ? requeueAfter(waitMs) : done
  }

  async #attach(nodeName: string, name: string, wanted: WantedVolume, context: Context): Promise<void> {
    const { volume, csi, pods } = wanted
    if (isExclusive(volume)) {
      const others = this.#holders(volume, nodeName, context)
      if (others.length > 0) return this.#refuse(name, nodeName, wanted, others, context)
    }
    this.#refused.delete(name)
    const draft = {
      metadata: { name },
      spec: { attacher: csi.driver, nodeName, source: { persistentVolumeName: volume.metadata.name } },
    }
    try {
      const made = await context.client.create(VolumeAttachment, draft, { signal: context.signal })
      this.#made.set(name, made)
      this.#awaited.set(name, '')
      context.log.debug({ node: nodeName, volume: volume.metadata.name, pods: pods.length }, 'volume is to be attached')
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** @returns the other nodes that have the volume, or are being given it */
  #holders(volume: PersistentVolume, nodeName: string, { lister }: Context): string[] {
    const name = volume.metadata.name
    const made = [...this.#made.values()].filter(({ spec }) => spec.source.persistentVolumeName === name)
    return [...made, ...lister(VolumeAttachment).by(attachmentsByVolume, name)]
      .map(({ spec }) => spec.nodeName)
      .filter(each => each !== nodeName)
  }

  /** Says once who has it, without naming pods of other namespaces. */
  #refuse(name: string, nodeName: string, wanted: WantedVolume, others: readonly string[], context: Context): void {
    const { volume, csi, pods } = wanted
    if (this.#refused.has(name)) return
    this.#refused.set(name, nodeName)
    const users = others.flatMap(other => wantedVolumes(other, context).get(attachmentNameOf(csi, other))?.pods ?? [])
    for (const pod of pods) {
      const near = users.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
      const far = users.length - near.length
      const elsewhere = `${far} pod(s) in different namespaces`
      const names = near.map(({ metadata }) => metadata.name).join(', ')
      const why =
        users.length === 0
          ? "Volume is already exclusively attached to one node and can't be attached to another"
          : `Volume is already used by ${near.length === 0 ? elsewhere : `pod(s) ${names}${far > 0 ? ` and ${elsewhere}` : ''}`}`
      const message = `Multi-Attach error for volume "${volume.metadata.name}" ${why}`
      context.events.event(pod, 'Warning', 'FailedAttachVolume', message)
    }
  }

  /** Whoever waits for the volume hears how it went. */
  #tell(attachment: VolumeAttachment | undefined, { volume, pods }: WantedVolume, { events }: Context): void {
    if (!attachment) return
    const { name } = attachment.metadata
    const { attached, attachError } = attachment.status
    const told = this.#awaited.get(name)
    const about = `for volume "${volume.metadata.name}"`
    if (attached) {
      if (told === undefined) return
      this.#awaited.delete(name)
      for (const pod of pods)
        events.event(pod, 'Normal', 'SuccessfulAttachVolume', `AttachVolume.Attach succeeded ${about} `)
      return
    }
    const problem = attachError && `${attachError.time ?? ''} ${attachError.message ?? ''}`
    this.#awaited.set(name, problem ?? told ?? '')
    if (!problem || problem === told) return
    const message = `AttachVolume.Attach failed ${about} : ${attachError.message ?? ''}`
    for (const pod of pods) events.event(pod, 'Warning', 'FailedAttachVolume', message)
  }
}

const namesInUse = ({ metadata, status }: Node): Set<string> =>
  new Set(
    (status.volumesInUse ?? []).flatMap(name => {
      const volume = parseVolumeName(name)
      return volume ? [attachmentNameOf(volume, metadata.name)] : []
    }),
  )

/** @returns the unique names of what the node may mount */
function attachedTo(
  wanted: ReadonlyMap<string, WantedVolume>,
  present: ReadonlyMap<string, VolumeAttachment>,
  going: ReadonlySet<string>,
  { lister }: Context,
): string[] {
  const names = [...present.values()].flatMap(({ metadata, spec, status }) => {
    if (!status.attached || metadata.deletionTimestamp || going.has(metadata.name)) return []
    const volume = lister(PersistentVolume).get({ name: spec.source.persistentVolumeName ?? '' })
    const csi = wanted.get(metadata.name)?.csi ?? volume?.spec.csi
    return csi ? [uniqueVolumeName(csi)] : []
  })
  return names.toSorted()
}

/** @throws ApiError where it cannot be said: then nothing is detached */
async function reportAttached(node: Node, names: readonly string[], { client, signal }: Context): Promise<void> {
  const told = (node.status.volumesAttached ?? []).map(({ name }) => name)
  if (deepEqual(told.toSorted(), names)) return
  const volumesAttached = names.map(name => ({ name, devicePath: '' }))
  const patch = { status: { volumesAttached: volumesAttached.length > 0 ? volumesAttached : null } }
  await client.patch(Node, { name: node.metadata.name }, patch, { type: 'merge', subresource: 'status', signal })
}

async function remove({ metadata: { name, uid } }: VolumeAttachment, { client, signal }: Context): Promise<void> {
  try {
    await client.delete(VolumeAttachment, { name }, { preconditions: { uid }, signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function nodesWaitingFor(volumeName: string | undefined, context: Context): ObjectRef[] {
  const claim = context.lister(PersistentVolume).get({ name: volumeName ?? '' })?.spec.claimRef
  return claim ? nodesOfClaim(context, claim.namespace ?? '', claim.name ?? '') : []
}
