// replicaset: keeps as many pods as spec.replicas says.
import { ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import { Expectations } from '../../../shared/client/expectations.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { Selectors } from '../../../shared/client/selection.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  ownerOf,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { claim, claimCandidates } from '../support/claim.ts'
import { isPodActive, isPodTerminating, msUntilNextAvailable } from '../support/pod-state.ts'
import { writeStatus } from '../support/write-status.ts'
import { manageReplicas } from './manage-replicas.ts'
import { replicaStatus } from './status.ts'
import type { ReplicaOwner } from './replica-owner.ts'

export interface ReplicaKind<T extends ReplicaOwner> {
  readonly name: string
  readonly identity: string
  readonly eventSource: string
  readonly type: ResourceType<T>
  readonly selectors: Selectors<T>
}

export class ReplicaController<T extends ReplicaOwner> implements Reconciler<T> {
  readonly name: string
  readonly identity: string
  readonly eventSource: string
  readonly type: ResourceType<T>
  readonly workers = 5
  readonly watches: readonly Watch[]
  readonly #selectors: Selectors<T>
  readonly #expectations: Expectations

  constructor({ name, identity, eventSource, type, selectors }: ReplicaKind<T>, clock: Clock) {
    this.name = name
    this.identity = identity
    this.eventSource = eventSource
    this.type = type
    this.#selectors = selectors
    this.#expectations = new Expectations(clock)
    this.watches = [
      own(type, change => this.#replicaOwnerChanged(change)),
      mapped<Pod>(Pod, (change, context) => this.#podChanged(change, context)),
    ]
  }

  async reconcile(owner: T, context: ControllerContext): Promise<Result> {
    const key = keyOf(owner.metadata)
    const settled = this.#expectations.satisfied(key)
    const selector = this.#selectors.of(owner)
    const candidates = claimCandidates(context.lister(Pod), owner, selector)
    const pods = await claim(context, {
      type: Pod,
      candidates: candidates.filter(pod => isPodActive(pod)),
      ownerType: this.type,
      owner,
      selector,
    })
    const terminating = candidates.filter(
      pod => isPodTerminating(pod) && ownerOf(pod, this.type)?.uid === owner.metadata.uid,
    )
    const waitMs = msUntilNextAvailable(pods, owner.spec.minReadySeconds, context.clock.now())
    let failure: unknown
    if (settled && !owner.metadata.deletionTimestamp) {
      failure = await manageReplicas(context, {
        type: this.type,
        owner,
        pods,
        relatedPods: () => this.#relatedPods(owner, context),
        expectations: this.#expectations,
      })
    }
    const status = replicaStatus(owner, pods, terminating.length, failure, context.clock)
    await writeStatus<T>(context, this.type, owner, status as T['status'])
    if (failure !== undefined) throw failure
    return waitMs === undefined ? done : requeueAfter(waitMs)
  }

  gone(ref: ObjectRef): undefined {
    this.#expectations.forget(keyOf(ref))
  }

  #replicaOwnerChanged({ type, object, old }: Change<T>): boolean {
    // The same name with another uid is another object: what was expected of the old one is void.
    if (type === 'deleted' || (old && old.metadata.uid !== object.metadata.uid))
      this.#expectations.forget(keyOf(object.metadata))
    return true
  }

  #podChanged({ type, object: pod, old }: Change<Pod>, context: ControllerContext): ObjectRef[] {
    const owner = this.#ownerOf(pod, context)
    const goes = type === 'deleted' || pod.metadata.deletionTimestamp !== undefined
    if (owner && goes) this.#expectations.deletionObserved(keyOf(owner), keyOf(pod.metadata))
    else if (owner && type === 'added') this.#expectations.creationObserved(keyOf(owner))
    const before = old && this.#ownerOf(old, context)
    const refs: ObjectRef[] = before && before.name !== owner?.name ? [before] : []
    if (owner) return [...refs, owner]
    const relabelled = !old || !deepEqual(old.metadata.labels, pod.metadata.labels) || before !== undefined
    if (goes || !relabelled || controllerOf(pod)) return refs
    const { namespace, labels } = pod.metadata
    const adopters = this.#selectors.selecting(context.lister(this.type), namespace, labels)
    return [...refs, ...adopters.map(o => o.metadata)]
  }

  #ownerOf(pod: Pod, context: ControllerContext): ObjectRef | undefined {
    const ref = ownerOf(pod, this.type)
    const owner = ref && context.lister(this.type).get(ref)
    return owner?.metadata.uid === ref?.uid ? ref : undefined
  }

  /** Active pods of every set with the same controller: pods on crowded nodes are the first to go. */
  #relatedPods(owner: T, context: ControllerContext): Pod[] {
    const controller = controllerOf(owner)
    const owners = controller ? context.lister(this.type).by(byControllerUid, controller.uid) : [owner]
    return owners.flatMap(o => context.lister(Pod).by(byControllerUid, o.metadata.uid)).filter(isPodActive)
  }
}

const selectors = new Selectors<ReplicaSet>(owner => fromLabelSelector(owner.spec.selector))

export const replicaSetController = (clock: Clock): Reconciler<ReplicaSet> =>
  new ReplicaController<ReplicaSet>(
    {
      name: 'replicaset',
      identity: 'replicaset-controller',
      eventSource: 'replicaset-controller',
      type: ReplicaSet,
      selectors,
    },
    clock,
  )
