// local-path-provisioner, the end of a volume: deletes released volumes whose policy says so. The node's agent deletes
// the folder; a finalizer makes the volume wait for that.
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
import { HOSTNAME, LOCAL_VOLUME_FINALIZER, nodeOfLocalVolume } from '../../../shared/machinery/local-volumes.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { LOCAL_PROVISIONER } from '../../../shared/machinery/volume-claims.ts'
import { setFinalizer } from '../support/finalizer.ts'

const byHost: Index<PersistentVolume> = {
  name: 'localPathByHost',
  values: volume => {
    const host = nodeOfLocalVolume(volume)
    return host === undefined ? [] : [host]
  },
}

const hostnameOf = ({ metadata }: Node) => metadata.labels?.[HOSTNAME] ?? metadata.name

export class LocalPathDeleter implements Reconciler<PersistentVolume> {
  readonly name = 'local-path-deleter'
  readonly identity = 'local-path-provisioner'
  readonly eventSource = LOCAL_PROVISIONER
  readonly type = PersistentVolume
  readonly watches = [
    own(PersistentVolume, ({ type, object }) => type !== 'deleted' && nodeOfLocalVolume(object) !== undefined),
    mapped(Node, ({ type, object }, { lister }) =>
      type === 'deleted'
        ? lister(PersistentVolume)
            .by(byHost, hostnameOf(object))
            .map(({ metadata }) => metadata)
        : [],
    ),
  ]

  async reconcile(volume: PersistentVolume, context: ControllerContext): Promise<Result> {
    const host = nodeOfLocalVolume(volume)
    if (host === undefined) return done
    const { deletionTimestamp, finalizers = [], name, uid } = volume.metadata
    if (deletionTimestamp) {
      // The folder went with its node.
      if (finalizers.includes(LOCAL_VOLUME_FINALIZER) && !(await hasNode(host, context)))
        await setFinalizer(context, PersistentVolume, volume, LOCAL_VOLUME_FINALIZER, false)
      return done
    }
    if (volume.status.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return done
    const { client, signal } = context
    try {
      await client.delete(PersistentVolume, { name }, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}

async function hasNode(host: string, { lister, client, signal }: ControllerContext): Promise<boolean> {
  const isHost = (node: Node) => hostnameOf(node) === host
  if (lister(Node).list().some(isHost)) return true
  // A node that joined a moment ago may not have reached the cache.
  return (await client.list(Node, { signal })).items.some(isHost)
}
