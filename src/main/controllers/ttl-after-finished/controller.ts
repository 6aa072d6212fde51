// ttl-after-finished: deletes finished Jobs when their time to live is over.
import { Job } from '../../../shared/api/batch/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { finishedCondition } from '../job/conditions.ts'

export class TtlAfterFinished implements Reconciler<Job> {
  readonly name = 'ttl-after-finished'
  readonly type = Job
  readonly watches = [own(Job)]

  async reconcile(job: Job, { client, clock, signal }: ControllerContext): Promise<Result> {
    if (job.metadata.deletionTimestamp) return done
    const expires = expiresAt(job)
    if (expires === undefined) return done
    const leftMs = expires - clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    const { uid, resourceVersion } = job.metadata
    try {
      // With the revision: a TTL that was prolonged meanwhile counts.
      const preconditions = { uid, resourceVersion }
      await client.delete(Job, job.metadata, { preconditions, propagationPolicy: 'Foreground', signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}

/** @returns milliseconds since the epoch; undefined for a Job that runs or is kept */
function expiresAt(job: Job): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = job.spec
  const finishedAt = Date.parse(finishedCondition(job)?.lastTransitionTime ?? '')
  return ttl === undefined || Number.isNaN(finishedAt) ? undefined : finishedAt + ttl * 1000
}
