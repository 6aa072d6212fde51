// Which columns a list has room for: what stands in them is measured, and those of the least worth leave.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Row } from '@/api/sources.ts'
import type { Wants } from '@/components/resource/column-room.ts'
import type { ResourceColumn } from '@/kinds/column.ts'

/** A font whose characters are ten pixels wide. */
vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue({ measureText: () => ({ width: 10 }) } as never)

const row = (texts: Record<string, string>) => ({ key: texts['name'], object: texts }) as unknown as Row
const column = (id: string, more: Partial<ResourceColumn> = {}): ResourceColumn => ({
  id,
  title: id,
  value: ({ object }) => String((object as unknown as Record<string, string>)[id] ?? ''),
  least: 40,
  grows: true,
  ...more,
})
const columns = [
  column('name', { worth: 'always' }),
  column('ready', { worth: 3 }),
  column('os'),
  column('kernel'),
  column('age', { least: 60, grows: false, worth: 2 }),
]
const rows = [row({ name: 'box-1', ready: 'yes', os: 'Debian 13', kernel: '6.12' })]

describe('a list', () => {
  let room: typeof import('@/components/resource/column-room.ts')
  beforeEach(async () => {
    vi.resetModules()
    room = await import('@/components/resource/column-room.ts')
  })
  const wants = (of = columns, shown = rows, before?: Wants) => room.wantsOf(of, shown, ({ title }) => title, before)
  const place = (px: number, chosen = {}, of = columns) => room.placeColumns(of, wants(of), px, chosen)
  const ids = (px: number, chosen = {}, of = columns) => place(px, chosen, of).map(each => each.column.id)

  it('gives each column what stands in it, or its title', () => {
    // Nine characters with a little to spare, and padding; a title has the arrow of the order besides.
    expect([...wants()].map(([id, { whole }]) => [id, whole])).toEqual([
      ['name', 80],
      ['ready', 88],
      ['os', 112],
      ['kernel', 96],
      ['age', 64],
    ])
  })
  it('shows all where there is room, and lets those that grow share what is left by what they want', () => {
    expect(place(1_000).map(({ track }) => track)).toEqual([
      'minmax(80px, 80fr)',
      'minmax(88px, 88fr)',
      'minmax(112px, 112fr)',
      'minmax(96px, 96fr)',
      '64px',
    ])
    expect(ids(0), 'until its room is known').toHaveLength(5)
  })
  it('shows a long text whole where the window is wide enough for it', () => {
    const of = [column('name'), column('note')]
    const note = 'z'.repeat(120)
    const [, told] = room.placeColumns(of, wants(of, [row({ name: 'box', note })]), 2_300)
    expect(told?.leastPx).toBeGreaterThan(note.length * 10)
  })
  it('gives what is left to those that lack least first, so that as many as can be are whole', () => {
    const of = [column('name', { most: 100 }), column('keys', { most: 60 }), column('note', { most: 60 })]
    const long = [row({ name: 'x'.repeat(20), keys: 'y'.repeat(40), note: 'z'.repeat(8) })]
    const px = (inner: number) => room.placeColumns(of, wants(of, long), 72 + inner).map(({ leastPx }) => leastPx)
    // They want 232, 440 and 104 px.
    expect(px(220)).toEqual([100, 60, 60])
    expect(px(250)).toEqual([100, 60, 90])
    expect(px(300)).toEqual([136, 60, 104])
    expect(px(500)).toEqual([232, 164, 104])
    expect(px(900), 'and then it is shared by what they want').toEqual([232, 440, 104])
  })
  it('cuts one long text rather than many short ones', () => {
    const of = [column('name', { most: 100 }), column('image', { most: 60 })]
    const many = [1, 2, 3, 4].map(at => row({ name: at === 1 ? 'x'.repeat(16) : 'web', image: 'y'.repeat(20) }))
    // The images want 232 px each, and one of four names 184.
    expect(room.placeColumns(of, wants(of, many), 72 + 332).map(({ leastPx }) => leastPx)).toEqual([100, 232])
    expect(room.placeColumns(of, wants(of, many), 72 + 400).map(({ leastPx }) => leastPx)).toEqual([168, 232])
  })
  it('lets columns leave rather than cut them: of the least worth first, of the same the one on the right', () => {
    expect(ids(72 + 440)).toEqual(['name', 'ready', 'os', 'kernel', 'age'])
    expect(ids(72 + 439)).toEqual(['name', 'ready', 'os', 'age'])
    expect(ids(72 + 343)).toEqual(['name', 'ready', 'age'])
    expect(ids(72 + 231)).toEqual(['name', 'ready'])
    expect(ids(72 + 167)).toEqual(['name'])
  })
  it('cuts at last what has to stay: the name first, then all down to what can be read', () => {
    const of = [column('name', { worth: 'always' }), column('ready', { worth: 'always' })]
    expect(place(72 + 148, {}, of).map(({ leastPx }) => leastPx)).toEqual([60, 88])
    expect(place(72 + 100, {}, of).map(({ leastPx }) => leastPx)).toEqual([40, 40])
  })
  it('never has others leave for a text that is longer than any list is wide', () => {
    const long = [row({ name: 'x'.repeat(5_000), os: 'y'.repeat(5_000) })]
    const measured = wants(columns, long)
    expect(measured.get('name')?.whole).toBeLessThan(2_000)
    expect(room.placeColumns(columns, measured, 1_000).map(each => each.column.id)).toHaveLength(5)
  })
  it('keeps the width that the user gave, and what the user asked for', () => {
    const asked = columns.map(each => (each.id === 'kernel' ? { ...each, worth: 'always' as const } : each))
    expect(place(1_000, { os: 200 })[2]).toMatchObject({ track: '200px', leastPx: 200 })
    expect(ids(72 + 343, {}, asked)).toEqual(['name', 'ready', 'kernel', 'age'])
  })
  it('does not jump back where a long text went', () => {
    const before = wants()
    expect(wants(columns, [row({ name: 'a' })], before)).toEqual(before)
  })
  it('measures what is drawn by the text in it, and by nothing where it is no text', () => {
    const drawn = { text: () => 'Running', font: 'badge' as const, aroundPx: 36 }
    const of = [column('a', { title: '', cell: () => 'x' }), column('b', { title: '', cell: () => 'x', drawn })]
    expect([...wants(of).values()].map(({ whole }) => whole)).toEqual([40, 128])
  })
})
