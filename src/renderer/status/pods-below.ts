// What owns pods takes on how they are: a Deployment whose pods crash is not on its way, nor is a Job whose pods a quota
// refuses. Pure.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { Job } from '../../shared/api/batch/v1.ts'
import { Event, type Pod } from '../../shared/api/core/v1.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { Wanted } from '../api/live-pool.ts'
import { eventMessage, eventTime } from '../kinds/event-facts.ts'
import { isOver } from '../world/room.ts'
import { isPodReady, podStatus } from './pod-status.ts'
import { STUCK } from './workload-status.ts'
import { type StatusView, toneOrder, view } from './tone.ts'

/** Worse than waiting: what an owner is told by. */
const TOLD = new Set(['failed', 'warning'])
const HASH = 'pod-template-hash'

/** What owns pods: kinds of different groups may have the same name. */
type Kind = Pick<ResourceType<KubeObject>, 'group' | 'kind'>
const kindOf = ({ group, kind }: Kind) => `${kind}.${group}`
const kindOfReference = ({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }) =>
  kindOf({ group: apiVersion.split('/').slice(0, -1).join(), kind })
const keyOf = (kind: string, namespace: string | undefined, name: string) => `${kind}:${namespace ?? ''}/${name}`

/** Its controller, and the Deployment above that, which its ReplicaSet's name begins with. */
function ownersOf(pod: Pod): string[] {
  const owner = controllerOf(pod)
  if (!owner) return []
  const { namespace, labels } = pod.metadata
  const end = `-${labels?.[HASH] ?? ''}`
  const kind = kindOfReference(owner)
  const isRollout = kind === kindOf(ReplicaSet) && end.length > 1 && owner.name.endsWith(end)
  return [
    keyOf(kind, namespace, owner.name),
    ...(isRollout ? [keyOf(kindOf(Deployment), namespace, owner.name.slice(0, -end.length))] : []),
  ]
}

/** The Events that tell of pods which the API server did not let their owner make. */
export const REFUSALS: Wanted = { type: Event, fieldSelector: 'reason=FailedCreate' }

/** Owners whose conditions do not say that pods are refused, and whether each has fewer than it wants to make now. */
const IS_SHORT: Readonly<Record<string, (owner: KubeObject) => boolean>> = {
  [kindOf(StatefulSet)](owner) {
    const { spec, status } = owner as StatefulSet
    return (status.replicas ?? 0) < (spec.replicas ?? 1)
  },
  [kindOf(DaemonSet)](owner) {
    const { currentNumberScheduled, desiredNumberScheduled } = (owner as DaemonSet).status
    return currentNumberScheduled < desiredNumberScheduled
  },
  [kindOf(Job)]: owner => !(owner as Job).status.active,
}

const timeOf = (event: Event) => Date.parse(eventTime(event) ?? '') || 0

/** The newest of each owner. */
function newestRefusals(events: readonly Event[]): ReadonlyMap<string, Event> {
  const newest = new Map<string, Event>()
  for (const event of events) {
    const { namespace, name = '' } = event.involvedObject
    const kind = kindOfReference(event.involvedObject)
    if (event.reason !== 'FailedCreate' || !(kind in IS_SHORT)) continue
    const key = keyOf(kind, namespace, name)
    const last = newest.get(key)
    if (!last || timeOf(last) < timeOf(event)) newest.set(key, event)
  }
  return newest
}

/** How the worst pod of each owner is, or that none can be made; only owners for which something is wrong. */
export class WorstPods {
  readonly #byOwner = new Map<string, { readonly status: StatusView; readonly name: string }>()
  readonly #refusals: ReadonlyMap<string, Event>
  /** Milliseconds since the epoch of each refused owner's newest pod: a refusal before that is over. */
  readonly #newestPod = new Map<string, number>()

  /** @param events REFUSALS */
  constructor(pods: readonly Pod[], events: readonly Event[] = []) {
    this.#refusals = newestRefusals(events)
    for (const pod of pods) {
      if (!isOver(pod) && !isPodReady(pod)) this.#take(pod)
      if (this.#refusals.size) this.#noteNewest(pod)
    }
  }

  #noteNewest(pod: Pod) {
    const owner = controllerOf(pod)
    const key = owner && keyOf(kindOfReference(owner), pod.metadata.namespace, owner.name)
    if (!key || !this.#refusals.has(key)) return
    const made = Date.parse(pod.metadata.creationTimestamp)
    this.#newestPod.set(key, Math.max(made, this.#newestPod.get(key) ?? 0))
  }

  #take(pod: Pod) {
    const status = podStatus(pod)
    if (!TOLD.has(status.tone)) return
    const { name } = pod.metadata
    for (const key of ownersOf(pod)) {
      const worst = this.#byOwner.get(key)
      const change = worst ? toneOrder.indexOf(status.tone) - toneOrder.indexOf(worst.status.tone) : -1
      // Of equals always the same one, in whichever order they are listed.
      if (!worst || change < 0 || (change === 0 && name < worst.name)) this.#byOwner.set(key, { status, name })
    }
  }

  below(type: Kind, owner: KubeObject): StatusView | undefined {
    const { namespace, name } = owner.metadata
    const worst = this.#byOwner.get(keyOf(kindOf(type), namespace, name))
    return worst
      ? view(worst.status.tone, worst.status.text, `${worst.name}: ${worst.status.reason ?? worst.status.text}`)
      : this.refusal(type, owner)
  }

  /** That the pods which it has too few of are refused. */
  refusal(type: Kind, owner: KubeObject): StatusView | undefined {
    const { namespace, name } = owner.metadata
    const kind = kindOf(type)
    const key = keyOf(kind, namespace, name)
    const event = this.#refusals.get(key)
    if (!event || !IS_SHORT[kind]?.(owner)) return undefined
    const isOfAnother = event.involvedObject.uid !== undefined && event.involvedObject.uid !== owner.metadata.uid
    if (isOfAnother || timeOf(event) < (this.#newestPod.get(key) ?? 0)) return undefined
    return view('failed', 'FailedCreate', eventMessage(event))
  }
}

/** Whether its pods say more than its own status does. */
export const isAboutPods = ({ tone, text }: StatusView): boolean => tone !== 'healthy' && text !== 'Terminating'

/** @param worst how the worst of its pods is, if one is not well */
export function withPods(own: StatusView, worst: StatusView | undefined): StatusView {
  if (!worst || !isAboutPods(own)) return own
  if (toneOrder.indexOf(worst.tone) <= toneOrder.indexOf(own.tone)) return worst
  // That its time ran out says nothing of why; what its pods wait for does.
  return own.text === STUCK ? view(own.tone, own.text, worst.reason) : own
}
