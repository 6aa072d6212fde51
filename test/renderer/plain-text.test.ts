// What others wrote reaches the eye as text alone, wherever a state, an event or a piece of evidence is told.
import { EditorView } from '@codemirror/view'
import { createPinia } from 'pinia'
import { expect, it } from 'vitest'
import { createApp } from 'vue'
import type { Row } from '@/api/sources.ts'
import { steeringChars } from '@/components/code/steering-chars.ts'
import DataDetails from '@/drawer/DataDetails.vue'
import MetadataDetails from '@/drawer/MetadataDetails.vue'
import FactList from '@/drawer/FactList.vue'
import { eventMessage, eventReason } from '@/kinds/event-facts.ts'
import { columnsFromTable } from '@/kinds/table-columns.ts'
import { view } from '@/status/tone.ts'
import { fact } from '@/why/cause.ts'
import { ConfigMap, Event } from '../../src/shared/api/core/v1.ts'
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
  [
    'a column that a definition prints',
    () => {
      const column = columnsFromTable(
        [{ name: 'Note', type: 'string', format: '', description: '', priority: 0 }],
        false,
      )
      return column.at(-1)?.value({ cells: [HOSTILE] } as unknown as Row)
    },
  ],
])('%s', (_what, read) => expect(read()).toBe(PLAIN))

it.each([
  ['a value of a ConfigMap', DataDetails, { object: make(ConfigMap, 'c', { data: { key: HOSTILE } }) }],
  [
    'an annotation',
    MetadataDetails,
    { object: make(ConfigMap, 'c', { metadata: { annotations: { note: HOSTILE } } }) },
  ],
  ['a field of any kind', FactList, { facts: [['note', HOSTILE]] }],
])('%s, in the drawer', (_what, component, props) => {
  const page = document.createElement('div')
  const app = createApp(component, props)
  app.component('RouterLink', { render: () => undefined })
  app.use(createPinia()).mount(page)
  expect(page.textContent).toContain(PLAIN)
  app.unmount()
})

it('an editor keeps what would turn or steer its lines, and shows it by its number', () => {
  const editor = new EditorView({ doc: `note: ${HOSTILE}`, extensions: steeringChars })
  expect(editor.contentDOM.textContent).toBe('note: U+001B[31mredU+001B]0;titleU+0007 U+202Etxt.exe')
  expect(editor.state.doc.toString()).toBe(`note: ${HOSTILE}`)
  editor.destroy()
})
