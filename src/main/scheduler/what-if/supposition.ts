// The supposed world: the copied cluster, what is added to it, and who wants a node in it.
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Taint,
} from '../../../shared/api/core/v1.ts'
import type { WhatIfPod } from '../../../shared/api/flotilla/scheduling-v1.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { podInfoOf } from '../cache/pod-info.ts'
import { Pace } from '../explain/pace.ts'
import { Trial } from '../explain/trial.ts'
import type { Listers } from '../framework/listers.ts'
import type { SchedulerSight } from '../sight.ts'
import { type Planned, type Problem, nameAndOwner } from './changes.ts'
import { Overlay } from './overlay.ts'

const CORDONED: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

export class Supposition {
  readonly trial: Trial
  readonly pace: Pace
  readonly namespaces: Overlay<Namespace>
  readonly claims: Overlay<PersistentVolumeClaim>
  readonly volumes: Overlay<PersistentVolume>
  readonly listers: Listers
  /** To be placed, the most important first. */
  readonly planned: Planned[] = []
  /** Whatever becomes of the others, these are told as they are. */
  readonly told: WhatIfPod[] = []
  readonly problems: Problem[] = []
  readonly #waiting: Map<string, Pod>
  /** Disruptions that budgets still allow, by namespace and name. */
  readonly #allowed = new Map<string, number>()

  private constructor(sight: SchedulerSight, trial: Trial, pace: Pace) {
    const { listers } = sight
    this.trial = trial
    this.pace = pace
    this.namespaces = new Overlay(listers.namespaces)
    this.claims = new Overlay(listers.claims)
    this.volumes = new Overlay(listers.volumes)
    this.listers = { ...listers, namespaces: this.namespaces, claims: this.claims, volumes: this.volumes }
    this.#waiting = new Map(sight.waiting().map(pod => [pod.metadata.uid, pod]))
  }

  static async of(sight: SchedulerSight): Promise<Supposition> {
    const pace = new Pace()
    return new Supposition(sight, await Trial.of(sight.view, pace), pace)
  }

  /** Pods that are there and stay there, on nodes or waiting for one. */
  *pods(): Generator<Pod> {
    for (const { pods } of this.trial.nodes) for (const { pod } of pods.values()) yield pod
    yield* this.#waiting.values()
  }

  waiting(): Pod[] {
    return [...this.#waiting.values()]
  }

  setUnschedulable(name: string, unschedulable: boolean): void {
    const node = this.trial.node(name)?.node
    if (!node) return
    const others = (node.spec.taints ?? []).filter(({ key }) => key !== CORDONED.key)
    const { unschedulable: _before, ...spec } = node.spec
    this.trial.setNode({
      ...node,
      spec: unschedulable ? { ...spec, unschedulable, taints: [...others, CORDONED] } : { ...spec, taints: others },
    })
  }

  addNode(node: Node): void {
    this.trial.setNode(node)
  }

  /** The pod goes for good. */
  remove(pod: Pod, lost: boolean): void {
    const { uid } = pod.metadata
    const from = this.trial.remove(uid)
    this.#waiting.delete(uid)
    this.told.push({ ...nameAndOwner(pod), change: 'Remove', ...(from ? { from } : {}), ...(lost ? { lost } : {}) })
  }

  /** The pod goes, and its owner makes another one. */
  replace(pod: Pod, told: Pick<WhatIfPod, 'change' | 'blockedBy'>): void {
    const from = this.trial.remove(pod.metadata.uid)
    this.planned.push({ pod: anew(pod), told: { ...nameAndOwner(pod), ...told, ...(from ? { from } : {}) } })
  }

  create(pod: Pod, name = pod.metadata.name): void {
    this.planned.push({ pod, told: { ...nameAndOwner(pod), name, change: 'Create' } })
  }

  place(pod: Pod, nodeName: string): void {
    this.trial.place(podInfoOf({ ...pod, spec: { ...pod.spec, nodeName } }), nodeName)
  }

  /** Takes one disruption from each of the pod's budgets. @returns the first that has none left */
  takeDisruption({ metadata: { namespace, labels } }: Pod): string | undefined {
    let blocking: string | undefined
    for (const { metadata, spec, status } of this.listers.disruptionBudgets.list(namespace)) {
      if (!spec.selector || !fromLabelSelector(spec.selector).matches(labels)) continue
      const key = `${namespace}/${metadata.name}`
      const left = this.#allowed.get(key) ?? status.disruptionsAllowed ?? 0
      if (left > 0) this.#allowed.set(key, left - 1)
      else blocking ??= metadata.name
    }
    return blocking
  }
}

/** The pod as its owner would make it again. */
export function anew(pod: Pod): Pod {
  const { nodeName: _node, ...spec } = pod.spec
  const { deletionTimestamp: _deleted, ...metadata } = pod.metadata
  return { ...pod, metadata: { ...metadata, uid: `${metadata.uid}/again` }, spec, status: {} }
}
