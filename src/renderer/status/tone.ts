// The states that every status in the window is told in: always icon, text and colour together. `neutral` is what is
// neither well nor unwell, such as a policy; `unknown` is what nobody could find out.
import { plainText } from '../plain-text.ts'

export type Tone = 'healthy' | 'progressing' | 'warning' | 'failed' | 'suspended' | 'neutral' | 'unknown'

export interface StatusView {
  readonly tone: Tone
  /** One or two words, as kubectl would print them where it prints any. */
  readonly text: string
  /** Why, in a sentence; shown on hover and in the drawer. */
  readonly reason?: string
}

/** Worst first: what sorts to the top and what a summary takes on. */
export const toneOrder: readonly Tone[] = [
  'failed',
  'warning',
  'progressing',
  'unknown',
  'suspended',
  'neutral',
  'healthy',
]

export const view = (tone: Tone, text: string, reason?: string): StatusView =>
  reason ? { tone, text: plainText(text), reason: plainText(reason) } : { tone, text: plainText(text) }
