// pvc-protection: a claim that is deleted stays until no pod uses it any more.
import { PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import { byNamespace } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { podClaims } from '../../../shared/machinery/volume-claims.ts'
import { isPodTerminal } from '../support/pod-state.ts'
import { setFinalizer } from '../support/finalizer.ts'

const FINALIZER = 'kubernetes.io/pvc-protection'

const claimNames = (pod: Pod): string[] => podClaims(pod).map(({ name }) => name)

/** Its node is done with it, or it was deleted without asking the node: only finalizers keep it. */
const isShutDown = ({ metadata: { deletionTimestamp, deletionGracePeriodSeconds } }: Pod): boolean =>
  deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0

/**
 * A pod that is not on a node yet cannot start with a claim that is being deleted. A pod that is deleted in the
 * foreground waits for the claims that were made for it: these must not wait for the pod in turn.
 */
const uses = (pod: Pod, { metadata }: PersistentVolumeClaim): boolean =>
  Boolean(pod.spec.nodeName) &&
  podClaims(pod).some(({ name, ephemeral }) => name === metadata.name && !(ephemeral && isShutDown(pod)))

export class PvcProtectionController implements Reconciler<PersistentVolumeClaim> {
  readonly name = 'pvc-protection'
  readonly type = PersistentVolumeClaim
  readonly watches = [
    own(PersistentVolumeClaim),
    mapped(Pod, ({ type, object }) =>
      type === 'deleted' || isPodTerminal(object) || isShutDown(object)
        ? claimNames(object).map(name => ({ namespace: object.metadata.namespace, name }))
        : [],
    ),
  ]

  async reconcile(claim: PersistentVolumeClaim, context: ControllerContext): Promise<Result> {
    const { deletionTimestamp, finalizers = [], namespace } = claim.metadata
    const has = finalizers.includes(FINALIZER)
    if (!deletionTimestamp) {
      if (!has) await setFinalizer(context, PersistentVolumeClaim, claim, FINALIZER, true)
      return done
    }
    if (
      !has ||
      context
        .lister(Pod)
        .by(byNamespace, namespace)
        .some(pod => uses(pod, claim))
    )
      return done
    // The cache may not show a pod that was scheduled a moment ago: what is let go here is lost, so the server is asked.
    const { items } = await context.client.list(Pod, { namespace, signal: context.signal })
    if (items.some(pod => uses(pod, claim))) return done
    await setFinalizer(context, PersistentVolumeClaim, claim, FINALIZER, false)
    return done
  }
}
