// How each tone looks: its icon, and the classes for text, fill and border. A tone is never told by colour alone.
import { CircleCheck, CircleHelp, CirclePause, CircleX, Info, LoaderCircle, TriangleAlert } from '@lucide/vue'
import type { Component } from 'vue'
import type { Tone } from '../../status/tone.ts'
import { type MessageKey, m } from '../../i18n/i18n.ts'

interface ToneLook {
  readonly icon: Component
  readonly text: string
  readonly soft: string
  readonly fill: string
  /** The colour itself, for drawings. */
  readonly color: string
  /** Of pods, as in `3 not ready`. */
  readonly words: MessageKey
}

const look = (icon: Component, tone: Tone, text: string, soft: string, fill: string, words: MessageKey): ToneLook => ({
  icon,
  text,
  soft,
  fill,
  color: `var(--${tone})`,
  words,
})

export const toneLooks: Readonly<Record<Tone, ToneLook>> = {
  healthy: look(CircleCheck, 'healthy', 'text-healthy', 'bg-healthy-soft', 'bg-healthy', m('running')),
  progressing: look(
    LoaderCircle,
    'progressing',
    'text-progressing',
    'bg-progressing-soft',
    'bg-progressing',
    m('starting or stopping'),
  ),
  warning: look(TriangleAlert, 'warning', 'text-warning', 'bg-warning-soft', 'bg-warning', m('not ready')),
  failed: look(CircleX, 'failed', 'text-failed', 'bg-failed-soft', 'bg-failed', m('failing')),
  suspended: look(CirclePause, 'suspended', 'text-suspended', 'bg-suspended-soft', 'bg-suspended', m('completed')),
  neutral: look(Info, 'neutral', 'text-neutral', 'bg-neutral-soft', 'bg-neutral', m('without a state')),
  unknown: look(CircleHelp, 'unknown', 'text-unknown', 'bg-unknown-soft', 'bg-unknown', m('unknown')),
}
