// What would happen if a node were drained: which pods go, which stay and what is lost. Who finds room
// elsewhere, the scheduler tells. Pure.
import { Pod } from '../../shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'
import { isOver } from '../world/room.ts'
import { type World, namespaceOf } from '../world/world.ts'
import { type MessageKey, m, t } from '../i18n/i18n.ts'

export interface Leaving {
  readonly pod: Pod
  /** Nothing makes another one: it is gone for good. */
  readonly isBare: boolean
  /** Its emptyDir volumes are deleted with it. */
  readonly losesData: boolean
  /** The budget that allows no eviction right now. */
  readonly blockedBy: string | undefined
  /** It is the only ready pod of its workload. */
  readonly isLast: boolean
}

export interface DrainPlan {
  readonly leaving: readonly Leaving[]
  /** Pods of DaemonSets and of the node itself, which a drain leaves alone. */
  readonly staying: readonly Pod[]
}

const MIRROR = 'kubernetes.io/config.mirror'
const isReady = ({ status }: Pod) =>
  status.conditions?.some(({ type, status: on }) => type === 'Ready' && on === 'True') === true

export function planDrain(world: World, nodeName: string): DrainPlan {
  const pods = world.all(Pod)
  const here = pods.filter(pod => pod.spec.nodeName === nodeName && !pod.metadata.deletionTimestamp)
  const stays = (pod: Pod) =>
    controllerOf(pod)?.kind === 'DaemonSet' || pod.metadata.annotations?.[MIRROR] !== undefined
  const blocking = (pod: Pod) =>
    world
      .in(PodDisruptionBudget, namespaceOf(pod))
      .find(
        ({ spec, status }) =>
          (status.disruptionsAllowed ?? 0) === 0 && fromLabelSelector(spec.selector).matches(pod.metadata.labels),
      )?.metadata.name
  const siblings = (pod: Pod) => {
    const uid = controllerOf(pod)?.uid
    return pods.filter(
      other => other !== pod && uid !== undefined && controllerOf(other)?.uid === uid && isReady(other),
    )
  }

  return {
    staying: here.filter(stays),
    leaving: here
      .filter(pod => !stays(pod))
      .map(pod => {
        const isBare = controllerOf(pod) === undefined
        return {
          pod,
          isBare: isBare && !isOver(pod),
          losesData: !isOver(pod) && (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined),
          blockedBy: isOver(pod) ? undefined : blocking(pod),
          isLast: !isBare && isReady(pod) && siblings(pod).length === 0,
        }
      }),
  }
}

/** What a drain would mean, worst first, each a sentence. */
export function consequences({ leaving, staying }: DrainPlan): string[] {
  const count = (found: readonly unknown[], sentence: MessageKey) =>
    found.length === 0 ? [] : [t(sentence, { n: found.length })]
  const moving = leaving.filter(({ isBare, pod }) => !isBare && !isOver(pod))
  return [
    ...count(
      leaving.filter(({ isBare }) => isBare),
      m('{n} pod has no controller and is gone for good. | {n} pods have no controller and are gone for good.'),
    ),
    ...count(
      leaving.filter(({ losesData }) => losesData),
      m('{n} pod loses the data in its emptyDir. | {n} pods lose the data in their emptyDirs.'),
    ),
    ...count(
      leaving.filter(({ blockedBy }) => blockedBy !== undefined),
      m(
        '{n} pod waits until its disruption budget allows it to go. | {n} pods wait until their disruption budgets allow them to go.',
      ),
    ),
    ...count(
      moving.filter(({ isLast }) => isLast),
      m(
        '{n} workload has its only ready pod here and is away for a moment. | {n} workloads have their only ready pod here and are away for a moment.',
      ),
    ),
    ...count(staying, m('{n} pod belongs to the node and stays. | {n} pods belong to the node and stay.')),
  ]
}
