// The scheduler's answer to where a pod could go, as lines for people: a node each, those that fit first.
import type { NodeExplanation, PodExplanationStatus } from '../../shared/api/flotilla/scheduling-v1.ts'
import { plainText } from '../plain-text.ts'
import { formatDateTime, formatNumber, t } from '../i18n/i18n.ts'

export interface NodeLine {
  readonly name: string
  readonly fits: boolean
  /** The pod is there. */
  readonly isHere: boolean
  /** In its favour, of nodes that fit. */
  readonly points: number | undefined
  /** What the points are made of, the most first. */
  readonly scores: readonly string[]
  /** What is against it. */
  readonly reasons: readonly string[]
  /** What would make the pod fit. */
  readonly remedies: readonly string[]
}

function lineOf(node: NodeExplanation, here: string | undefined): NodeLine {
  const weighed = (node.scores ?? []).map(({ plugin, score, weight }) => ({ plugin, points: score * weight }))
  const victims = node.preemption?.victims.map(({ namespace, name }) => `${namespace}/${name}`)
  return {
    name: node.name,
    fits: node.fits,
    isHere: node.name === here,
    points: node.fits ? (node.total ?? 0) : undefined,
    scores: weighed
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points)
      .map(({ plugin, points }) => `${plugin} ${formatNumber(points)}`),
    reasons: node.filters
      .filter(({ verdict }) => verdict.startsWith('Rejected'))
      .map(({ plugin, reasons = [] }) => plainText(reasons.join(', ') || plugin)),
    remedies: [
      ...(node.remedies ?? []).map(({ text }) => plainText(text)),
      ...(victims?.length ? [t('or make room: {pods} would have to go', { pods: victims.join(', ') })] : []),
    ],
  }
}

export const nodeLines = ({ nodes, nodeName }: PodExplanationStatus): readonly NodeLine[] =>
  nodes.map(node => lineOf(node, nodeName))

/** What holds of the pod as a whole, each a sentence. */
export function factsOf({ state, message, refused, lastDecision, waiting }: PodExplanationStatus): readonly string[] {
  const chosen = lastDecision?.scores?.map(({ node, total }) => `${node} ${formatNumber(total)}`).join(', ')
  return [
    ...(message && state !== 'Bound' ? [plainText(message)] : []),
    ...refused.map(({ plugin, reasons = [] }) => plainText(`${plugin}: ${reasons.join(', ')}`)),
    ...(waiting
      ? [
          t('Tried {n} time since {since}. | Tried {n} times since {since}.', {
            n: waiting.attempts,
            since: formatDateTime(waiting.since),
          }),
        ]
      : []),
    ...(chosen
      ? [t('Chosen on {at} by points: {points}', { at: formatDateTime(lastDecision?.time ?? ''), points: chosen })]
      : []),
  ]
}
