// The cells of a row: what has no room in one is cut where it tells least.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createApp, h } from 'vue'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { rowOf } from '@/api/sources.ts'
import { deploymentColumns } from '@/kinds/workload-columns.ts'
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

function imageCell(room: number): HTMLElement {
  const containers = [{ name: 'main', image: IMAGE }]
  const web = make(Deployment, 'web', { spec: { template: { spec: { containers } } } as never })
  const host = document.createElement('div')
  const columns = deploymentColumns.filter(({ id }) => id === 'images')
  const rooms = new Map([['images', room]])
  const app = createApp(() => h(RowCells, { columns, row: rowOf(web as never), rooms }))
  app.mount(host)
  const cell = host.querySelector<HTMLElement>('[data-column=images]')
  app.unmount()
  if (!cell) throw new Error('there is no cell')
  return cell
}

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
