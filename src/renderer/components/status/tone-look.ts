// How each tone looks: its icon, and the classes for text, fill and border. A tone is never told by colour alone.
import { CircleCheck, CircleHelp, CirclePause, CircleX, LoaderCircle, TriangleAlert } from '@lucide/vue'
import type { Component } from 'vue'
import type { Tone } from '../../status/tone.ts'

interface ToneLook {
  readonly icon: Component
  readonly text: string
  readonly soft: string
  readonly fill: string
  /** The colour itself, for drawings. */
  readonly color: string
  /** Of pods, as in `3 not ready`. */
  readonly words: string
}

const look = (icon: Component, tone: Tone, text: string, soft: string, fill: string, words: string): ToneLook => ({
  icon,
  text,
  soft,
  fill,
  color: `var(--${tone})`,
  words,
})

export const toneLooks: Readonly<Record<Tone, ToneLook>> = {
  healthy: look(CircleCheck, 'healthy', 'text-healthy', 'bg-healthy-soft', 'bg-healthy', 'running'),
  progressing: look(
    LoaderCircle,
    'progressing',
    'text-progressing',
    'bg-progressing-soft',
    'bg-progressing',
    'starting or stopping',
  ),
  warning: look(TriangleAlert, 'warning', 'text-warning', 'bg-warning-soft', 'bg-warning', 'not ready'),
  failed: look(CircleX, 'failed', 'text-failed', 'bg-failed-soft', 'bg-failed', 'failing'),
  suspended: look(CirclePause, 'suspended', 'text-suspended', 'bg-suspended-soft', 'bg-suspended', 'completed'),
  unknown: look(CircleHelp, 'unknown', 'text-unknown', 'bg-unknown-soft', 'bg-unknown', 'unknown'),
}
