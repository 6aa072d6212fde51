// local-path-provisioner: makes volumes for claims of classes with the provisioner flotilla.dev/local-path.
import { Node, PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import { StorageClass } from '../../../shared/api/storage/v1.ts'
import type { Index } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  read,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { LOCAL_VOLUMES_PATH } from '../../../shared/machinery/local-volumes.ts'
import { isAlreadyExists } from '../../../shared/machinery/status.ts'
import {
  LOCAL_PROVISIONER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  isFullyBound,
  storageClassOf,
  waitsForConsumer,
} from '../../../shared/machinery/volume-claims.ts'
import { reachesTopology } from '../../../shared/machinery/volume-topology.ts'
import { makeVolume, unsupported, volumeName } from './make-volume.ts'

type Context = ControllerContext

/** What of a node decides whether volumes can be made there. */
const place = (node: Node) => [isReady(node), node.metadata.annotations?.[LOCAL_VOLUMES_PATH], node.metadata.labels]

/** Claims that ask this provisioner and have no volume yet. */
const asking: Index<PersistentVolumeClaim> = {
  name: 'localPathAsking',
  values: claim => (isAsking(claim) ? [''] : []),
}

const isAsking = (claim: PersistentVolumeClaim) =>
  !isFullyBound(claim) &&
  !claim.spec.volumeName &&
  !claim.metadata.deletionTimestamp &&
  claim.metadata.annotations?.[STORAGE_PROVISIONER] === LOCAL_PROVISIONER

const isReady = ({ spec, status }: Node) =>
  !spec.unschedulable && Boolean(status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))

export class LocalPathProvisioner implements Reconciler<PersistentVolumeClaim> {
  readonly name = 'local-path-provisioner'
  readonly identity = 'local-path-provisioner'
  readonly eventSource = LOCAL_PROVISIONER
  readonly type = PersistentVolumeClaim
  readonly watches = [
    own(PersistentVolumeClaim, ({ type, object }) => type !== 'deleted' && isAsking(object)),
    // A node that joins, gets ready, or says where it is or keeps volumes may be the one that a claim waits for.
    mapped(Node, ({ object, old }, { lister }) =>
      old && deepEqual(place(old), place(object))
        ? []
        : lister(PersistentVolumeClaim)
            .by(asking, '')
            .map(({ metadata }) => metadata),
    ),
    read(StorageClass),
    read(PersistentVolume),
  ]

  async reconcile(claim: PersistentVolumeClaim, context: Context): Promise<Result> {
    if (!isAsking(claim) || context.lister(PersistentVolume).get({ name: volumeName(claim) })) return done
    const { events, lister } = context
    const className = storageClassOf(claim)
    const storageClass = lister(StorageClass).get({ name: className })
    if (storageClass?.provisioner !== LOCAL_PROVISIONER) return done
    const refuse = (why: string) =>
      events.event(
        claim,
        'Warning',
        'ProvisioningFailed',
        `failed to provision volume with StorageClass "${className}": ${why}`,
      )
    const why = unsupported(claim)
    if (why) {
      refuse(why)
      return done
    }
    const selected = claim.metadata.annotations?.[SELECTED_NODE]
    if (!selected && waitsForConsumer(storageClass)) return done
    const node = selected ? lister(Node).get({ name: selected }) : this.#anyNode(storageClass, context)
    if (!node) {
      if (selected) await this.#reschedule(claim, context)
      else refuse('no node that the class allows is ready to keep it')
      return done
    }
    const folder = node.metadata.annotations?.[LOCAL_VOLUMES_PATH]
    if (!folder) {
      refuse(`node ${node.metadata.name} does not say where it keeps volumes`)
      return done
    }
    const { namespace, name } = claim.metadata
    events.event(
      claim,
      'Normal',
      'Provisioning',
      `External provisioner is provisioning volume for claim "${namespace}/${name}"`,
    )
    try {
      await context.client.create(PersistentVolume, makeVolume(claim, storageClass, node, folder), {
        signal: context.signal,
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return done
    }
    events.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volumeName(claim)}`)
    return done
  }

  /** For a class that binds at once: of the ready nodes that it allows, the one with the fewest of these volumes. */
  #anyNode(storageClass: StorageClass, { lister }: Context): Node | undefined {
    const used = new Map<string, number>()
    for (const { spec } of lister(PersistentVolume).list())
      for (const host of spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values ?? [])
        used.set(host, (used.get(host) ?? 0) + 1)
    const count = ({ metadata }: Node) => used.get(metadata.name) ?? 0
    return lister(Node)
      .list()
      .filter(node => isReady(node) && node.metadata.annotations?.[LOCAL_VOLUMES_PATH] !== undefined)
      .filter(node => reachesTopology(storageClass, node))
      .sort((a, b) => count(a) - count(b) || a.metadata.name.localeCompare(b.metadata.name))[0]
  }

  /** The chosen node is gone: the scheduler has to choose again. */
  async #reschedule(claim: PersistentVolumeClaim, { client, signal }: Context): Promise<void> {
    const { [SELECTED_NODE]: _gone, ...annotations } = claim.metadata.annotations ?? {}
    await client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, annotations } }, { signal })
  }
}
