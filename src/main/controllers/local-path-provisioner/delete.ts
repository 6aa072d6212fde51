// local-path-provisioner, the end of a volume: deletes released volumes whose policy says so. The node's agent deletes
// the folder; the finalizer makes the volume wait for that. It is set only now, when no claim uses the folder any more:
// a volume that somebody deletes while it is in use must never lose its data.
import { Node, PersistentVolume } from '../../../shared/api/core/v1.ts'
import type { Index } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { LOCAL_PROVISIONER, PROVISIONED_BY } from '../../../shared/machinery/volume-claims.ts'
import { setFinalizer } from '../support/finalizer.ts'
import { HOSTNAME } from './make-volume.ts'

export const FINALIZER = 'flotilla.dev/local-volume'

const isOurs = ({ metadata }: PersistentVolume) => metadata.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER

const hostOf = ({ spec }: PersistentVolume): string =>
  spec.nodeAffinity?.required?.nodeSelectorTerms
    .flatMap(({ matchExpressions = [] }) => matchExpressions)
    .find(({ key }) => key === HOSTNAME)?.values?.[0] ?? ''

const byHost: Index<PersistentVolume> = {
  name: 'localPathByHost',
  values: volume => (isOurs(volume) ? [hostOf(volume)] : []),
}

const hostnameOf = ({ metadata }: Node) => metadata.labels?.[HOSTNAME] ?? metadata.name

export class LocalPathDeleter implements Reconciler<PersistentVolume> {
  readonly name = 'local-path-deleter'
  readonly identity = 'local-path-provisioner'
  readonly eventSource = LOCAL_PROVISIONER
  readonly type = PersistentVolume
  readonly watches = [
    own(PersistentVolume, ({ type, object }) => type !== 'deleted' && isOurs(object)),
    mapped(Node, ({ type, object }, { lister }) =>
      type === 'deleted'
        ? lister(PersistentVolume)
            .by(byHost, hostnameOf(object))
            .map(({ metadata }) => metadata)
        : [],
    ),
  ]

  async reconcile(volume: PersistentVolume, context: ControllerContext): Promise<Result> {
    if (!isOurs(volume)) return done
    const { deletionTimestamp, finalizers = [], name, uid } = volume.metadata
    if (deletionTimestamp) {
      // The folder went with its node.
      if (finalizers.includes(FINALIZER) && !(await hasNode(volume, context)))
        await setFinalizer(context, PersistentVolume, volume, FINALIZER, false)
      return done
    }
    if (volume.status.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return done
    // The finalizer's own update comes back here.
    if (!finalizers.includes(FINALIZER)) {
      await setFinalizer(context, PersistentVolume, volume, FINALIZER, true)
      return done
    }
    const { client, signal } = context
    try {
      await client.delete(PersistentVolume, { name }, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}

async function hasNode(volume: PersistentVolume, { lister, client, signal }: ControllerContext): Promise<boolean> {
  const host = hostOf(volume)
  const isHost = (node: Node) => hostnameOf(node) === host
  if (lister(Node).list().some(isHost)) return true
  // A node that joined a moment ago may not have reached the cache.
  return (await client.list(Node, { signal })).items.some(isHost)
}
