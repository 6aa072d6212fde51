// The scheduler's answer to "what if", as lines for people.
import type { WhatIfPod } from '../../shared/api/flotilla/scheduling-v1.ts'
import { t } from '../i18n/i18n.ts'

const place = (node: string | undefined) => (node ? t('to {node}', { node }) : t('nowhere'))

export function lineOf(pod: WhatIfPod): string {
  const name = `${pod.namespace}/${pod.name}`
  const reason = pod.message && !pod.to ? `: ${pod.message}` : ''
  const blocked = pod.blockedBy ? ` ${t('(not now: budget {blockedBy})', { blockedBy: pod.blockedBy })}` : ''
  switch (pod.change) {
    case 'Create':
      return (
        (pod.to
          ? t('{name} would start on {node}', { name, node: pod.to })
          : t('{name} would start nowhere', { name })) + reason
      )
    case 'Move':
      return t('{name} would go from {from} {to}', { name, from: pod.from ?? '', to: place(pod.to) }) + reason + blocked
    case 'Preempt':
      return t('{name} would have to make room, and go {to}', { name, to: place(pod.to) }) + reason + blocked
    case 'Remove':
      return t(pod.lost ? '{name} would be lost: nothing makes it anew' : '{name} would be removed', { name }) + blocked
    case 'Wait':
      return t('{name}, which waits now, would go {to}', { name, to: place(pod.to) }) + reason
    default:
      return t('{name} would stay; if it were replaced it would go {to}', { name, to: place(pod.to) }) + reason
  }
}

/** Trouble first. A pod that waits now and would wait on is no news. */
const rank = ({ change, to, lost, blockedBy }: WhatIfPod) =>
  lost || (!to && change !== 'Remove') ? 0 : blockedBy || change === 'Preempt' ? 1 : 2

export const worthTelling = (pods: readonly WhatIfPod[]): readonly WhatIfPod[] =>
  pods.filter(({ change, to }) => change !== 'Wait' || to).sort((a, b) => rank(a) - rank(b))
