// Which of several resizes that wait for room comes first: as upstream has it, those that ask for no more, then by
// priority, then guaranteed pods, then those that wait longest.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { requestOf, shortageOf } from './fit.ts'

export interface WaitingResize {
  /** As it is to be. */
  readonly wanted: Pod
  /** As it is: with what is set aside for it. */
  readonly allocated: Pod
  readonly sinceMs: number
}

const asksForMore = ({ wanted, allocated }: WaitingResize): boolean =>
  ['cpu', 'memory'].some(resource => requestOf(wanted, resource) > requestOf(allocated, resource))
const priorityOf = ({ wanted }: WaitingResize): number => wanted.spec.priority ?? 0
const isGuaranteed = ({ wanted }: WaitingResize): boolean => wanted.status.qosClass === 'Guaranteed'

/** @returns less than 0 when the first one comes first */
export const compareResizes = (a: WaitingResize, b: WaitingResize): number =>
  Number(asksForMore(a)) - Number(asksForMore(b)) ||
  priorityOf(b) - priorityOf(a) ||
  Number(isGuaranteed(b)) - Number(isGuaranteed(a)) ||
  a.sinceMs - b.sinceMs

const uidOf = ({ metadata }: Pod) => metadata.uid

/**
 * @param waiting the other resizes that wait
 * @param others pods that run here or will, beside the one that is resized
 * @returns these pods, those that come first and will be resized with what they will have
 */
export function besideResizes(
  resize: WaitingResize,
  waiting: readonly WaitingResize[],
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): readonly Pod[] {
  return waiting
    .filter(other => compareResizes(other, resize) < 0)
    .toSorted(compareResizes)
    .reduce<readonly Pod[]>((pods, { wanted }) => {
      const rest = pods.filter(pod => uidOf(pod) !== uidOf(wanted))
      const hasRoom = rest.length < pods.length && !shortageOf(wanted, [...rest, resize.allocated], allocatable)
      return hasRoom ? [...rest, wanted] : pods
    }, others)
}
