// The table draws other rows with the same elements as it is scrolled; the focus belongs to a row, not to an element.
import { afterEach, describe, expect, it } from 'vitest'
import { type App, createApp, h, nextTick, shallowRef } from 'vue'
import { type Row, rowOf } from '@/api/sources.ts'
import ResourceTable from '@/components/resource/ResourceTable.vue'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const ROW_HEIGHT = 38
const rowNamed = (name: string): Row =>
  rowOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name, uid: name } } as unknown as AnyObject)
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => rowNamed(`pod-${String(from + at).padStart(3, '0')}`))

let app: App | undefined
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
})

async function tableOf(first: readonly Row[]) {
  const rows = shallowRef(first)
  const host = document.createElement('div')
  document.body.append(host)
  app = createApp(() =>
    h(ResourceTable, {
      columns: [{ id: 'name', title: 'Name', value: ({ name }: Row) => name, least: 100, grows: true }],
      rows: rows.value,
      actions: [],
      label: 'Pods',
      marked: new Set<string>(),
      sort: { id: 'name', descending: false },
    }),
  )
  app.mount(host)
  await nextTick()
  const grid = host.querySelector<HTMLElement>('[role=grid]')!
  const scroll = async (index: number) => {
    grid.scrollTop = index * ROW_HEIGHT
    grid.dispatchEvent(new Event('scroll'))
    await nextTick()
    await nextTick()
  }
  const press = async (key: string) => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
    await nextTick()
    await nextTick()
  }
  const element = (name: string) => host.querySelector<HTMLElement>(`[role=row][data-key="${name}"]`)
  const drawn = () => [...host.querySelectorAll<HTMLElement>('[role=row][data-key]')]
  return { rows, grid, scroll, press, element, drawn }
}
const focusedKey = () => (document.activeElement as HTMLElement | null)?.dataset['key']

describe('ResourceTable', () => {
  it('draws the rows that come in the elements of those that went', async () => {
    const { scroll, drawn, element } = await tableOf(numbered(0, 100))
    await scroll(20)
    const before = new Set(drawn())
    const stays = element('pod-022')
    await scroll(24)
    // One more at most: at the edges a row may be seen in part.
    expect(drawn().filter(each => !before.has(each)).length).toBeLessThanOrEqual(1)
    expect(element('pod-022')).toBe(stays)
    for (const each of drawn()) {
      const key = each.dataset['key'] ?? ''
      expect(each.querySelector('[data-column=name]')?.textContent).toBe(key)
      expect(each.querySelector('input')?.getAttribute('aria-label')).toContain(key)
      expect(each.style.transform).toBe(`translateY(${Number(key.slice(4)) * ROW_HEIGHT}px)`)
    }
  })
  it('keeps the focus for a row that is scrolled out of sight, and goes on from it', async () => {
    const { scroll, grid, element, press } = await tableOf(numbered(0, 100))
    element('pod-002')?.focus()
    await scroll(50)
    expect(document.activeElement).toBe(grid)
    await scroll(0)
    expect(focusedKey()).toBe('pod-002')
    await scroll(50)
    await press('ArrowDown')
    expect(focusedKey()).toBe('pod-003')
  })
  it('keeps the focus on its row when others come before it', async () => {
    const { rows, element } = await tableOf(numbered(10, 60))
    element('pod-012')?.focus()
    rows.value = [...numbered(8, 10), ...rows.value]
    await nextTick()
    expect(focusedKey()).toBe('pod-012')
  })
  it('moves the focus to what takes the place of a row that is gone', async () => {
    const { rows, element } = await tableOf(numbered(0, 50))
    element('pod-002')?.focus()
    rows.value = rows.value.filter(({ name }) => name !== 'pod-002')
    await nextTick()
    await nextTick()
    expect(focusedKey()).toBe('pod-003')
  })
  it('takes the focus from a button whose row has become another one, and from no other', async () => {
    const { rows, element, grid } = await tableOf(numbered(10, 60))
    const button = element('pod-012')?.querySelector('button')
    button?.focus()
    rows.value = [...rows.value]
    await nextTick()
    expect(document.activeElement).toBe(button)
    rows.value = [...numbered(8, 10), ...rows.value]
    await nextTick()
    expect(document.activeElement).toBe(grid)
  })
})
