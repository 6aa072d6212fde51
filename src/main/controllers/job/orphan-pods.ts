// job, its second half: a pod that no Job counts any more — its Job is gone, or let it go — is not kept by the finalizer.
import { Job } from '../../../shared/api/batch/v1.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  ownerOf,
} from '../../../shared/client/reconciler.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { isTracked, release } from './accounting.ts'

export class JobOrphanPods implements Reconciler<Pod> {
  readonly name = 'job-orphan-pods'
  readonly identity = 'job-controller'
  readonly type = Pod
  readonly watches = [
    own(Pod, ({ object, type }) => type !== 'deleted' && isTracked(object)),
    mapped<Job>(Job, ({ object, type }, context) =>
      type === 'deleted'
        ? context
            .lister(Pod)
            .by(byControllerUid, object.metadata.uid)
            .map(pod => pod.metadata)
        : [],
    ),
  ]

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    // A Job may be adopting it at the same time.
    if (isTracked(pod) && (await isOrphan(pod, context))) await release(context, [pod], { asSeen: true })
    return done
  }
}

async function isOrphan(pod: Pod, { client, lister, signal }: ControllerContext): Promise<boolean> {
  const owner = ownerOf(pod, Job)
  if (!owner) return controllerOf(pod) === undefined
  if (lister(Job).get(owner)?.metadata.uid === owner.uid) return false
  try {
    // The cache may not show the newest Job yet.
    return (await client.get(Job, owner, { signal })).metadata.uid !== owner.uid
  } catch (error) {
    if (isNotFound(error)) return true
    throw error
  }
}
