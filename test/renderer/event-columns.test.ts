// What a list of events tells where the window is narrow.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Event } from '../../src/shared/api/core/v1.ts'
import { rowOf } from '@/api/sources.ts'
import { eventColumns } from '@/kinds/event-columns.ts'
import { make } from './support/objects.ts'

let room: typeof import('@/components/resource/column-room.ts')
beforeEach(async () => {
  // Each character is six pixels wide.
  const context = { font: '', measureText: () => ({ width: 6 }) }
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never)
  vi.resetModules()
  room = await import('@/components/resource/column-room.ts')
})
afterEach(() => vi.restoreAllMocks())

it('is what they are about and whether they warn, before all of a message', () => {
  const event = make(Event, 'web.1', {
    type: 'Warning',
    reason: 'FailedScheduling',
    involvedObject: { kind: 'Pod', name: 'recommendations-744d6d99b6-ns6h5' },
    message: '0/3 nodes are available: 3 Insufficient memory. '.repeat(5),
  })
  const wants = room.wantsOf(eventColumns, [rowOf(event as never)], ({ title }) => title)
  const shown = (px: number) => room.placeColumns(eventColumns, wants, px).map(({ column }) => column.title)
  expect(shown(744)).toEqual(['Last seen', 'Type', 'Reason', 'Object', 'Message'])
})
