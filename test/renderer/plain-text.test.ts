// What others wrote reaches the eye as text alone, wherever a state, an event or a piece of evidence is told.
import { expect, it } from 'vitest'
import { eventMessage, eventReason } from '@/kinds/event-facts.ts'
import { view } from '@/status/tone.ts'
import { fact } from '@/why/cause.ts'
import { Event } from '../../src/shared/api/core/v1.ts'
import { make } from './support/objects.ts'

const HOSTILE = '\u001b[31mred\u001b]0;title\u0007 \u202etxt.exe'
const PLAIN = 'red \ufffdtxt.exe'

it.each([
  ['the word of a state', () => view('failed', HOSTILE).text],
  ['the reason of a state', () => view('failed', 'Failed', HOSTILE).reason],
  ['the reason of an event', () => eventReason(make(Event, 'e', { reason: HOSTILE }))],
  ['the message of an event', () => eventMessage(make(Event, 'e', { message: HOSTILE }))],
  [
    'evidence',
    () => {
      const evidence = fact(HOSTILE, 'event')
      return evidence.kind === 'fact' ? evidence.text : ''
    },
  ],
])('%s', (_what, read) => expect(read()).toBe(PLAIN))
