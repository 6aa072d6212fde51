// The dock's tabs, and the window that is loaded anew.
import { type Pinia, createPinia, disposePinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connection } from '@/api/connection.ts'
import { tabCommand } from '@/dock/tab-command.ts'
import { type DockTab, useDockStore } from '@/stores/dock.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'

let page: Pinia | undefined
const end = () => page && disposePinia(page)
afterEach(end)
/** The store as a page finds it that begins. */
function load() {
  end()
  setActivePinia((page = createPinia()))
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

describe('the pod that was made for a tab', () => {
  const asked = vi.fn((path: string, { method }: RequestInit = {}) => {
    deleted.push(`${method} ${path}`)
    return Promise.resolve(new Response())
  })
  const deleted: string[] = []
  const gone = 'DELETE /api/v1/namespaces/shop/pods/web-0?gracePeriodSeconds=0'
  beforeEach(() => {
    deleted.length = 0
    vi.spyOn(connection, 'fetch').mockImplementation(asked)
  })
  afterEach(() => void vi.restoreAllMocks())

  it('goes when the tab is closed, whether or not its terminal was ever there', () => {
    const dock = load()
    dock.open({ kind: 'terminal', use: 'node', title: 'box', pod, container: 'debugger' })
    dock.open({ kind: 'files', title: 'box', pod, container: 'debugger', node: 'box' })
    for (const { id } of dock.tabs) dock.close(id)
    expect(deleted).toEqual([gone, gone])
  })

  it('goes with the page, and no pod does that was there before', () => {
    const dock = load()
    dock.open({ kind: 'terminal', use: 'node', title: 'box', pod, container: 'debugger' })
    dock.open(shell)
    dock.open({ kind: 'files', title: 'web-0', pod, container: 'app' })
    window.dispatchEvent(new Event('pagehide'))
    expect(deleted).toEqual([gone])
    dock.close(dock.tabs[1]?.id ?? 0)
    expect(deleted).toEqual([gone])
  })
})

it.each([
  [
    { kind: 'logs', title: '', namespace: 'shop', pod: 'web-0', container: 'main', previous: true },
    'kubectl logs web-0 --container=main --previous --namespace=shop',
  ],
  [
    { kind: 'logs', title: '', namespace: 'default', labelSelector: 'app in (a,b)' },
    "kubectl logs '--selector=app in (a,b)' --all-containers --prefix --max-log-requests=50 --follow --namespace=default",
  ],
  [
    { kind: 'terminal', title: '', use: 'shell', pod: { namespace: 'shop', name: 'web-0' }, container: 'main' },
    'kubectl exec --stdin --tty web-0 --container=main --namespace=shop -- sh',
  ],
  [
    {
      ...{ kind: 'terminal', title: '', use: 'attach', pod: { namespace: 'shop', name: 'web-0' }, container: 'main' },
      streams: { stdin: false, tty: false },
    },
    'kubectl attach web-0 --container=main --namespace=shop',
  ],
  [
    { kind: 'editor', title: '', type: Deployment, namespace: 'shop', name: 'web' },
    'kubectl edit deployments.apps web --namespace=shop',
  ],
  [{ kind: 'files', title: '', pod: { namespace: 'shop', name: 'web-0' }, container: 'main' }, undefined],
])('a tab has what it shows as a command of kubectl: %j', (tab, command) =>
  expect(tabCommand({ ...tab, id: 1 } as DockTab)).toBe(command),
)
