// The scheduler's answer to "what if", as lines for people.
import type { WhatIfPod } from '../../shared/api/flotilla/scheduling-v1.ts'

const place = (node: string | undefined) => (node ? `to ${node}` : 'nowhere')

export function lineOf(pod: WhatIfPod): string {
  const name = `${pod.namespace}/${pod.name}`
  const reason = pod.message && !pod.to ? `: ${pod.message}` : ''
  const blocked = pod.blockedBy ? ` (not now: budget ${pod.blockedBy})` : ''
  switch (pod.change) {
    case 'Create':
      return `${name} would start ${pod.to ? `on ${pod.to}` : 'nowhere'}${reason}`
    case 'Move':
      return `${name} would go from ${pod.from ?? ''} ${place(pod.to)}${reason}${blocked}`
    case 'Preempt':
      return `${name} would have to make room, and go ${place(pod.to)}${reason}${blocked}`
    case 'Remove':
      return `${name} would be ${pod.lost ? 'lost: nothing makes it anew' : 'removed'}${blocked}`
    case 'Wait':
      return `${name}, which waits now, would go ${place(pod.to)}${reason}`
    default:
      return `${name} would stay; if it were replaced it would go ${place(pod.to)}${reason}`
  }
}

/** Trouble first. A pod that waits now and would wait on is no news. */
const rank = ({ change, to, lost, blockedBy }: WhatIfPod) =>
  lost || (!to && change !== 'Remove') ? 0 : blockedBy || change === 'Preempt' ? 1 : 2

export const worthTelling = (pods: readonly WhatIfPod[]): readonly WhatIfPod[] =>
  pods.filter(({ change, to }) => change !== 'Wait' || to).sort((a, b) => rank(a) - rank(b))
