// deployment: rolls a template out over ReplicaSets, keeping their history.
import { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  ownerOf,
} from '../../../shared/client/reconciler.ts'
import { Selectors } from '../../../shared/client/selection.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { claim, claimCandidates } from '../support/claim.ts'
import type { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { desiredReplicasOf } from './annotations.ts'
import { cleanUp } from './clean-up.ts'
import { PROGRESSING, Reason, deadlineOf, progressOf, withCondition } from './conditions.ts'
import { replicasOf } from './math.ts'
import { syncRevision } from './new-replica-set.ts'
import { recreate } from './recreate.ts'
import { rollingUpdate } from './rolling-update.ts'
import { type Rollout, activeSets, saveStatus } from './rollout.ts'
import { scale } from './scale.ts'
import { saveCounts } from './status.ts'

const selectors = new Selectors<Deployment>(({ spec }) => fromLabelSelector(spec.selector))

export class DeploymentController implements Reconciler<Deployment> {
  readonly name = 'deployment'
  readonly eventSource = 'deployment-controller'
  readonly type = Deployment
  readonly watches = [own(Deployment), mapped(ReplicaSet, replicaSetChanged), mapped(Pod, podChanged)]
  readonly #time: ObservedTime

  constructor(time: ObservedTime) {
    this.#time = time
  }

  async reconcile(deployment: Deployment, context: ControllerContext): Promise<Result> {
    const selector = selectors.of(deployment)
    const awakeSinceMs = this.#time.awakeSinceMs()
    if (selector.everything) return refuse({ context, deployment, sets: [], pods: () => [], awakeSinceMs })
    const sets = await claim(context, {
      type: ReplicaSet,
      candidates: claimCandidates(context.lister(ReplicaSet), deployment, selector),
      ownerType: Deployment,
      owner: deployment,
      selector,
    })
    const pods = () => sets.flatMap(rs => context.lister(Pod).by(byControllerUid, rs.metadata.uid))
    const rollout: Rollout = { context, deployment, sets, pods, awakeSinceMs }
    if (deployment.metadata.deletionTimestamp) {
      await saveCounts(rollout, await syncRevision(rollout, false))
      return done
    }
    await tellPaused(rollout)
    if (deployment.spec.paused || isRescaled(rollout)) return rescale(rollout)
    return deployment.spec.strategy?.type === 'Recreate' ? recreate(rollout) : rollingUpdate(rollout)
  }
}

/** An empty selector would take every pod of the namespace. */
async function refuse(rollout: Rollout): Promise<Result> {
  const { context, deployment } = rollout
  context.events.event(
    deployment,
    'Warning',
    'SelectingAll',
    'This deployment is selecting all pods. A non-empty selector is required.',
  )
  const { generation } = deployment.metadata
  if (generation !== undefined && (deployment.status.observedGeneration ?? 0) < generation)
    await saveStatus(rollout, { ...deployment, status: { ...deployment.status, observedGeneration: generation } })
  return done
}

/** The deadline does not run while a Deployment is paused, and starts again when it resumes. */
async function tellPaused(rollout: Rollout): Promise<void> {
  const { deployment, context } = rollout
  if (deadlineOf(deployment) === undefined) return
  const current = progressOf(deployment.status)
  if (current?.reason === Reason.timedOut) return
  const says = current?.reason === Reason.paused
  if (deployment.spec.paused === says || (!deployment.spec.paused && !says)) return
  const condition = deployment.spec.paused
    ? { reason: Reason.paused, message: 'Deployment is paused' }
    : { reason: Reason.resumed, message: 'Deployment is resumed' }
  const conditions = withCondition(
    deployment.status.conditions,
    { type: PROGRESSING, status: 'Unknown', ...condition },
    context.clock,
  )
  await saveStatus(rollout, { ...deployment, status: { ...deployment.status, conditions } })
}

/** spec.replicas changed since a set with pods was last scaled. */
const isRescaled = ({ sets, deployment }: Rollout): boolean =>
  activeSets(sets).some(rs => {
    const desired = desiredReplicasOf(rs)
    return desired !== undefined && desired !== replicasOf(deployment)
  })

async function rescale(rollout: Rollout): Promise<Result> {
  const sets = await scale(rollout, await syncRevision(rollout, false))
  if (rollout.deployment.spec.paused) await cleanUp(rollout, sets.oldSets)
  await saveCounts(rollout, sets)
  return done
}

function replicaSetChanged({ type, object: rs, old }: Change<ReplicaSet>, context: ControllerContext): ObjectRef[] {
  const owner = ownerOf(rs, Deployment)
  const before = old && ownerOf(old, Deployment)
  const refs: ObjectRef[] = [owner, before && before.uid !== owner?.uid ? before : undefined].filter(
    r => r !== undefined,
  )
  if (controllerOf(rs) || type === 'deleted') return refs
  const { namespace, labels } = rs.metadata
  const adopters = selectors.selecting(context.lister(Deployment), namespace, labels)
  return [...refs, ...adopters.map(d => d.metadata)]
}

/** A Recreate rollout waits for the last old pod to go; nothing else depends on single pods. */
function podChanged({ type, object: pod }: Change<Pod>, context: ControllerContext): ObjectRef[] {
  if (type !== 'deleted') return []
  const set = ownerOf(pod, ReplicaSet)
  const rs = set && context.lister(ReplicaSet).get(set)
  const owner = rs && ownerOf(rs, Deployment)
  const deployment = owner && context.lister(Deployment).get(owner)
  return deployment?.spec.strategy?.type === 'Recreate' ? [deployment.metadata] : []
}
