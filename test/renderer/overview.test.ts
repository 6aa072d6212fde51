// The overview of a cluster that is not ours, by somebody who may not see all of it: what nobody may know is told as
// such, and nothing is offered that only our own clusters have.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { PodMetrics } from '../../src/shared/machinery/metrics-types.ts'
import { LOCAL_NODE_PATH, type LocalNodeReport } from '../../src/shared/machinery/local-node.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import OverviewView from '@/views/OverviewView.vue'
import { make } from './support/objects.ts'

/** Plurals that may not be listed. */
let forbidden = new Set<string>()
let deployments: readonly Deployment[] = []
let nodes: readonly Node[] = []
let report: LocalNodeReport = {}
/** When metrics are answered. */
let measured: Promise<void> = Promise.resolve()
const answer = (input: RequestInfo | URL): Promise<Response> => {
  const { pathname, searchParams } = new URL(input as string, 'https://cluster.test')
  if (pathname === LOCAL_NODE_PATH) return Promise.resolve(Response.json(report))
  const plural = pathname.split('/').at(-1) ?? ''
  if (pathname.startsWith('/apis/metrics.k8s.io/'))
    return measured.then(() => Response.json({ metadata: { resourceVersion: '1' }, items: [] }))
  if (forbidden.has(plural)) {
    const refusal = { kind: 'Status', code: 403, reason: 'Forbidden', message: `${plural} is forbidden` }
    return Promise.resolve(Response.json(refusal, { status: 403 }))
  }
  if (searchParams.has('watch')) return new Promise(() => undefined)
  const items = { deployments, nodes }[plural] ?? []
  return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items }))
}

let app: App | undefined
let page: HTMLElement
beforeEach(() => {
  vi.stubGlobal('fetch', answer)
  forbidden = new Set()
  deployments = []
  nodes = []
  report = {}
})
afterEach(() => {
  // Lists are kept for a while after the last who looked at them: not into the next test.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  app?.unmount()
  vi.runAllTimers()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function open(kinds: readonly ServedKind[]) {
  const pinia = createPinia()
  setActivePinia(pinia)
  useClusterStore().kinds = kinds
  const nowhere = { render: () => null }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: nowhere },
      { path: '/k/:group/:version/:plural', name: 'list', component: nowhere },
      ...['hosts', 'create-deployment'].map(name => ({ path: `/${name}`, name, component: nowhere })),
    ],
  })
  await router.push('/')
  page = document.createElement('div')
  app = createApp(OverviewView).use(pinia).use(router)
  app.mount(page)
}
const node = (name: string, ...conditions: [type: string, status: string][]) =>
  make(Node, name, { status: { conditions: conditions.map(([type, status]) => ({ type, status })) } as Node['status'] })
const ours = [{ type: Host, verbs: ['list'] }] as unknown as ServedKind[]

it('tells what may not be listed instead of none', async () => {
  forbidden = new Set(['nodes', 'events'])
  deployments = [make(Deployment, 'web', { spec: { replicas: 0 } })]
  await open([])
  await vi.waitFor(() => expect(page.textContent).toContain('Events may not be listed.'))
  const [nodes, pods, , warnings] = [...page.querySelectorAll('a.card')].map(({ textContent }) => textContent.trim())
  expect(nodes).toMatch(/–\s*may not be listed$/)
  expect(warnings).toMatch(/–\s*may not be listed$/)
  expect(pods).toMatch(/0$/)
  expect(page.textContent).not.toContain('No warnings lately.')
})

it('counts a node that runs short as ready, as everything else does, and says that it runs short', async () => {
  nodes = [
    node('a', ['Ready', 'True']),
    node('b', ['Ready', 'True'], ['DiskPressure', 'True']),
    node('c', ['Ready', 'False']),
  ]
  await open(ours)
  await vi.waitFor(() => expect(page.querySelector('a.card')?.textContent).toMatch(/2\/3\s*1 under pressure/))
})

it('does not say of what is being measured that it is not', async () => {
  nodes = [node('a', ['Ready', 'True'])]
  let measure = () => {}
  measured = new Promise(resolve => (measure = resolve))
  await open([{ type: PodMetrics, verbs: ['list'] }] as unknown as ServedKind[])
  const use = () => page.querySelector('[role=meter]')?.parentElement?.textContent
  await vi.waitFor(() => expect(use()).toContain('…'))
  expect(use()).not.toContain('not measured')
  measure()
  await vi.waitFor(() => expect(use()).toContain('not measured'))
})

it('leads an empty cluster of ours to its first node, and another one to none of that', async () => {
  await open(ours)
  await vi.waitFor(() => expect(page.textContent).toContain('Add hosts'))
  app?.unmount()
  await open([])
  await vi.waitFor(() => expect(page.textContent).toContain('No pods yet.'))
  expect(page.textContent).not.toContain('Add hosts')
  expect(page.textContent).not.toContain('flotilla kubeconfig')
})

it('tells why the machine of the control plane is no node, and promises nothing of it', async () => {
  report = { notJoined: '--no-local-node was given' }
  await open(ours)
  await vi.waitFor(() =>
    expect(page.textContent).toContain("The control plane's machine is none: --no-local-node was given."),
  )
  expect(page.textContent).not.toContain('joins by itself')
})
