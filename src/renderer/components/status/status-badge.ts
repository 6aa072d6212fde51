// A status: icon, text and colour together, the reason on hover. Lists draw it by the function, without a component
// for each of their rows.
import { type FunctionalComponent, type VNode, h } from 'vue'
import { stateText } from '../../status/own-words.ts'
import type { StatusView } from '../../status/tone.ts'
import { fits } from '../resource/text-room.ts'
import { toneLooks } from './tone-look.ts'

const BASE = 'inline-flex max-w-full items-center gap-1.5 text-xs leading-4 font-medium whitespace-nowrap'
const ICON = { class: 'tone-icon size-3.5 shrink-0', 'aria-hidden': 'true' }
const WHOLE = { class: 'whitespace-nowrap' }
const CUT = { class: 'truncate' }
/** Of the badge besides its text: padding, icon, and the gap between both. */
export const AROUND_PX = 36

interface BadgeOptions {
  readonly plain?: boolean | undefined
  /** Attributes of the badge besides its own. */
  readonly more?: Readonly<Record<string, unknown>>
  /** Px that there are for it; 0 = not known. */
  readonly room?: number
}

export function statusBadge(status: StatusView, { plain = false, more, room = 0 }: BadgeOptions = {}): VNode {
  const { text, soft } = toneLooks[status.tone]
  const said = stateText(status.text)
  const attributes = {
    class: plain ? `${BASE} ${text}` : `${BASE} ${text} ${soft} rounded-full px-2 py-0.5`,
    title: status.reason ?? said,
    'data-tone': status.tone,
    ...more,
  }
  return h('span', attributes, [h('span', ICON), h('span', fits(said, 'badge', room - AROUND_PX) ? WHOLE : CUT, said)])
}

export const StatusBadge: FunctionalComponent<{ status: StatusView; plain?: boolean }> = ({ status, plain }) =>
  statusBadge(status, { plain })
StatusBadge.props = { status: { type: Object, required: true }, plain: Boolean }
