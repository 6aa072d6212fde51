// Answers about placement as text for a terminal.
import type {
  NodeExplanation,
  PodExplanationStatus,
  WhatIfPod,
  WhatIfStatus,
} from '../../shared/api/flotilla/scheduling-v1.ts'

const rejected = ({ filters }: NodeExplanation) => filters.filter(({ verdict }) => verdict.startsWith('Rejected'))

function nodeLines(node: NodeExplanation, width: number): string[] {
  const name = `  ${node.name.padEnd(width)}  `
  const indent = ' '.repeat(name.length)
  if (node.fits) {
    const scores = (node.scores ?? []).map(({ plugin, score, weight }) => `${plugin} ${score * weight}`)
    return [`${name}fits, ${node.total ?? 0} points: ${scores.join(', ')}`]
  }
  const reasons = rejected(node).map(({ plugin, reasons = [] }) => `${plugin}: ${reasons.join(', ')}`)
  const victims = node.preemption?.victims.map(victim => `${victim.namespace}/${victim.name}`)
  return [
    ...reasons.map((reason, i) => `${i === 0 ? name : indent}${reason}`),
    ...(reasons.length === 0 ? [`${name}not looked at`] : []),
    ...(node.remedies ?? []).map(({ text }) => `${indent}→ ${text}`),
    ...(victims?.length ? [`${indent}→ or preempt ${victims.join(', ')}`] : []),
  ]
}

const HEADS: Readonly<Record<string, (status: PodExplanationStatus) => string>> = {
  Bound: ({ nodeName = '' }) => `is on ${nodeName}`,
  Foreign: () => 'is left to another scheduler',
  Gated: () => 'may not be tried yet',
  Backoff: ({ waiting }) => `waits, and is tried again at ${waiting?.backoffUntil ?? ''}`,
  Unschedulable: ({ waiting }) => `waits since ${waiting?.since ?? ''}, tried ${waiting?.attempts ?? 0} times`,
}

export function explanationText(pod: string, status: PodExplanationStatus): string {
  const { state, message, refused, nodes, lastDecision } = status
  const head = Object.hasOwn(HEADS, state) ? HEADS[state]?.(status) : 'waits for its turn'
  const width = Math.max(0, ...nodes.map(({ name }) => name.length))
  const decided = lastDecision?.scores?.map(({ node, total }) => `${node} ${total}`).join(', ')
  return [
    `${pod} ${head ?? ''}`,
    ...(decided ? [`chosen at ${lastDecision?.time ?? ''} by points: ${decided}`] : []),
    ...(message ? [message] : []),
    ...refused.map(({ plugin, reasons = [] }) => `whatever the node, ${plugin}: ${reasons.join(', ')}`),
    ...nodes.flatMap(node => nodeLines(node, width)),
  ].join('\n')
}

function podLine(pod: WhatIfPod): string {
  const { namespace, name, change, from, to, message, lost, blockedBy, preempts = [] } = pod
  const where = change === 'Remove' ? (lost ? 'lost' : 'removed') : (to ?? 'nowhere')
  const notes = [
    ...(message ? [message] : []),
    ...(blockedBy ? [`held back by the disruption budget ${blockedBy}`] : []),
    ...(preempts.length > 0
      ? [`preempts ${preempts.map(other => `${other.namespace}/${other.name}`).join(', ')}`]
      : []),
  ]
  const note = notes.length > 0 ? `  (${notes.join('; ')})` : ''
  return `  ${change.padEnd(7)}  ${namespace}/${name}  ${from ? `${from} → ` : ''}${where}${note}`
}

export function whatIfText({ message, pods, nodes, problems = [] }: WhatIfStatus): string {
  const load = (cpuMilli: number, count: number) => `${count} pods, ${cpuMilli}m cpu`
  return [
    message,
    ...pods.map(podLine),
    ...nodes.map(({ name, before, after, allocatable }) => {
      const then = before ? `${load(before.cpuMilli, before.pods)} → ` : 'new: '
      return `  ${name}: ${then}${load(after.cpuMilli, after.pods)} of ${allocatable.cpuMilli}m`
    }),
    ...problems.map(problem => `  ${problem.object}: ${problem.message}`),
  ].join('\n')
}
