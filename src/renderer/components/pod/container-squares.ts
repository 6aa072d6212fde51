// One square per container of a pod: filled = running and ready, other shapes and colours for the rest.
import { type VNode, h } from 'vue'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { containerStatusView } from '../../status/pod-status.ts'
import type { Tone } from '../../status/tone.ts'

const SQUARE = 'size-2.5 rounded-[3px] border-2'
const tones: Readonly<Record<Tone, string>> = {
  healthy: `${SQUARE} bg-healthy border-healthy`,
  progressing: `${SQUARE} border-progressing border-dashed`,
  warning: `${SQUARE} border-warning bg-warning-soft`,
  failed: `${SQUARE} border-failed bg-failed rotate-45 scale-90`,
  suspended: `${SQUARE} border-suspended bg-suspended-soft`,
  neutral: `${SQUARE} border-neutral`,
  unknown: `${SQUARE} border-unknown`,
}

const WIDTH_PX = 10
const GAP_PX = 4
export const squaresWidth = ({ spec: { initContainers = [], containers } }: Pod): number =>
  (initContainers.length + containers.length) * (WIDTH_PX + GAP_PX) - GAP_PX

export function containerSquares({ spec, status }: Pod): VNode {
  const inits = new Map((status.initContainerStatuses ?? []).map(each => [each.name, each]))
  const mains = new Map((status.containerStatuses ?? []).map(each => [each.name, each]))
  const squares = [
    ...(spec.initContainers ?? []).map(({ name }) => ({ name, ...containerStatusView(inits.get(name), true) })),
    ...spec.containers.map(({ name }) => ({ name, ...containerStatusView(mains.get(name)) })),
  ]
  const label = squares.map(({ name, text }) => `${name}: ${text}`).join(', ')
  return h(
    'span',
    { class: 'inline-flex gap-1', role: 'img', 'aria-label': label, title: label },
    squares.map(({ tone }) => h('span', { class: tones[tone] })),
  )
}
