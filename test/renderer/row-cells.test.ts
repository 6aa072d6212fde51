// The cells of a row: what has no room in one is cut where it tells least.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createApp, h } from 'vue'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import { rowOf } from '@/api/sources.ts'
import { deploymentColumns } from '@/kinds/workload-columns.ts'
import type { Columns } from '@/kinds/column.ts'
import { configMapColumns } from '@/kinds/cluster-columns.ts'
import { make } from './support/objects.ts'

let RowCells: typeof import('@/components/resource/row-cells.ts').RowCells
beforeEach(async () => {
  // Each character is six pixels wide.
  const context = { font: '', measureText: () => ({ width: 6 }) }
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never)
  vi.resetModules()
  ;({ RowCells } = await import('@/components/resource/row-cells.ts'))
})
afterEach(() => vi.restoreAllMocks())

const IMAGE = 'registry.example.com/shop/recommendations:2.1.0'

function cellOf(columns: Columns, id: string, object: KubeObject, room: number): HTMLElement {
  const host = document.createElement('div')
  const shown = columns.filter(column => column.id === id)
  const app = createApp(() =>
    h(RowCells, { columns: shown, row: rowOf(object as never), rooms: new Map([[id, room]]) }),
  )
  app.mount(host)
  const cell = host.querySelector<HTMLElement>(`[data-column=${id}]`)
  app.unmount()
  if (!cell) throw new Error('there is no cell')
  return cell
}
function imageCell(room: number): HTMLElement {
  const containers = [{ name: 'main', image: IMAGE }]
  const web = make(Deployment, 'web', { spec: { template: { spec: { containers } } } as never })
  return cellOf(deploymentColumns, 'images', web, room)
}
const keysCell = (room: number, data: Record<string, string> = { level: '', address: '' }) =>
  cellOf(configMapColumns, 'keys', make(ConfigMap, 'settings', { data, binaryData: { icon: '' } }), room)

it('an image that fits stands as it is', () => {
  const cell = imageCell(1_000)
  expect(cell.textContent).toBe(IMAGE)
  expect(cell.className).not.toContain('truncate')
})
it('one that does not is cut at its start, and reads from left to right all the same', () => {
  const cell = imageCell(80)
  expect(cell.className).toContain('truncate')
  expect(cell.className).toContain('[direction:rtl]')
  const inner = cell.querySelector('bdi')
  expect([inner?.dir, inner?.textContent]).toEqual(['ltr', IMAGE])
})

it('keys are told whole, as many as there is room for, and the others counted', () => {
  expect(keysCell(200).textContent).toBe('level, address, icon')
  expect(keysCell(120).textContent).toBe('level, address +1')
  const short = keysCell(60)
  expect([short.textContent, short.className.includes('truncate')]).toEqual(['level +2', false])
  expect(short.firstElementChild?.getAttribute('title')).toBe('level, address, icon')
})
it('where not one key fits, all are cut, and where there are none, that is told', () => {
  const cut = keysCell(20)
  expect([cut.textContent, cut.className.includes('truncate')]).toEqual(['level, address, icon', true])
  const none = cellOf(configMapColumns, 'keys', make(ConfigMap, 'empty', {}), 100)
  expect(none.textContent).toBe('–')
})

it('of a name that does not fit the last word stays in sight, and all of it is read', () => {
  const nameCell = (name: string, room: number) => cellOf(configMapColumns, 'name', make(ConfigMap, name, {}), room)
  const cut = nameCell('recommendations-69bcd64756-8wv7d', 120)
  expect(cut.textContent).toBe('recommendations-69bcd64756-8wv7d')
  expect([...cut.children].map(({ textContent, className }) => [textContent, className])).toEqual([
    ['recommendations-69bcd64756', 'truncate'],
    ['-8wv7d', 'whitespace-nowrap'],
  ])
  expect(nameCell('recommendations-69bcd64756-8wv7d', 500).children).toHaveLength(0)
  const single = nameCell('recommendationsandmanymore', 120)
  expect([single.children.length, single.className.includes('truncate')]).toEqual([0, true])
})

it('numbers stand with their digits below each other, texts at their beginning', () => {
  const web = make(Deployment, 'web', { status: { updatedReplicas: 12 } as never })
  const of = (id: string) => cellOf(deploymentColumns, id, web, 100)
  expect(of('updated').textContent).toBe('12')
  expect([of('updated').className, of('name').className].map(look => look.includes('text-right'))).toEqual([
    true,
    false,
  ])
})
