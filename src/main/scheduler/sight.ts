// What the scheduler knows, for questions that change nothing. Answered from the running scheduler's own cache, queue
// and plugins, so that the answer is what it would do.
import type { Pod } from '../../shared/api/core/v1.ts'
import type { Listers } from './framework/listers.ts'
import type { ClusterView } from './framework/cluster-view.ts'
import type { Profile } from './framework/profile.ts'
import type { QueuePlace } from './queue/scheduling-queue.ts'

/** The newest decision about a pod. */
export interface RememberedDecision {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** The node chosen, if any. */
  readonly nodeName: string | undefined
  /** Why none was. */
  readonly message: string | undefined
  /** Of the nodes that fitted, best first. */
  readonly scores: readonly { readonly node: string; readonly total: number }[]
}

export interface SchedulerSight {
  readonly view: ClusterView
  readonly listers: Listers
  /** By schedulerName; plugins with a state of their own, reading from `listers`, that writes nothing. */
  profiles(listers: Listers): ReadonlyMap<string, Profile>
  placeOf(podUid: string): QueuePlace | undefined
  /** Pods that wait for a node and may be tried, most important first. */
  waiting(): Pod[]
  /** Undefined when it was never tried, or long ago. */
  lastDecision(podUid: string): RememberedDecision | undefined
}
