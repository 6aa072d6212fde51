// The dock's tabs, and the window that is loaded anew.
import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDockStore } from '@/stores/dock.ts'

/** The store as a page finds it that begins. */
function load() {
  setActivePinia(createPinia())
  return useDockStore()
}
const pod = { namespace: 'shop', name: 'web-0' }
const logs = { kind: 'logs', title: 'web', namespace: 'shop', labelSelector: 'app=web' } as const
const shell = { kind: 'terminal', use: 'shell', title: 'web-0', pod, container: 'app' } as const
const titles = (dock: ReturnType<typeof load>) => dock.tabs.map(({ title }) => title)

beforeEach(() => sessionStorage.clear())

describe('tabs of the dock', () => {
  it('come back when the window is loaded anew, the same one in front', async () => {
    const before = load()
    before.open(shell)
    before.open(logs)
    before.activeId = before.tabs[0]?.id
    await nextTick()
    const after = load()
    expect(titles(after)).toEqual(['web-0', 'web'])
    expect([after.active?.title, after.isOpen]).toEqual(['web-0', true])
    expect(after.tabs.map(({ id }) => after.cameBack(id))).toEqual([true, true])
  })

  it('keep apart from those that are opened afterwards', async () => {
    load().open(shell)
    await nextTick()
    const after = load()
    after.open(shell)
    const [first, second] = after.tabs
    expect(first?.id).not.toBe(second?.id)
    expect(after.cameBack(second?.id ?? 0)).toBe(false)
  })

  it('stay folded where they were, and closed where they were closed', async () => {
    const before = load()
    before.open(logs)
    before.open(shell)
    before.isOpen = false
    before.close(before.tabs[1]?.id ?? 0)
    await nextTick()
    const after = load()
    expect([titles(after), after.isOpen]).toEqual([['web'], false])
  })

  it('whose pod was made for them go with the page, as the pod does', async () => {
    const before = load()
    before.open(logs)
    before.open({ kind: 'files', title: 'box', pod, container: 'debugger', node: 'box' })
    before.open({ kind: 'terminal', use: 'node', title: 'box', pod, container: 'debugger' })
    await nextTick()
    const after = load()
    expect([titles(after), after.active?.title, after.isOpen]).toEqual([['web'], 'web', true])
  })
})
