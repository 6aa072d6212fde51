// When the scheduler is asked about a pod: at once while it waits, on demand once it is placed, never of another Kubernetes.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp, h, nextTick, shallowRef } from 'vue'
import PlacementSection from '@/placement/PlacementSection.vue'
import { useClusterStore } from '@/stores/cluster.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { makePod } from './support/objects.ts'

const STATUS = {
  state: 'Unschedulable',
  message: '0/1 nodes are available: 1 Insufficient memory.',
  refused: [],
  nodes: [
    {
      name: 'box',
      fits: false,
      filters: [{ plugin: 'NodeResourcesFit', verdict: 'Rejected', reasons: ['Insufficient memory'] }],
      remedies: [{ plugin: 'NodeResourcesFit', action: 'FreeResources', text: 'free 300 Mi of memory' }],
    },
  ],
}
let asked: string[]
/** In the pod's namespace. */
let rules: object[]
let app: App | undefined
beforeEach(() => {
  asked = []
  rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
  vi.useFakeTimers()
  vi.stubGlobal('fetch', (input: RequestInfo | URL, init?: RequestInit) => {
    const { pathname } = new URL(input as string, 'https://cluster.test')
    if (pathname.endsWith('/selfsubjectrulesreviews'))
      return Promise.resolve(Response.json({ metadata: {}, status: { resourceRules: rules, incomplete: false } }))
    if (!pathname.endsWith('/podexplanations')) return Promise.resolve(Response.json({}, { status: 404 }))
    asked.push(`${pathname} ${String(init?.body)}`)
    return Promise.resolve(Response.json({ metadata: {}, status: STATUS }, { status: 201 }))
  })
})
afterEach(() => {
  app?.unmount()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const waiting = () => makePod('web-0', { node: '', status: { phase: 'Pending' } }, 'shop')

async function open(first: Pod, kinds: readonly unknown[] = [{ type: Host }]) {
  const pinia = createPinia()
  setActivePinia(pinia)
  useClusterStore().kinds = kinds as never
  const pod = shallowRef(first)
  const page = document.createElement('div')
  app = createApp(() => h(PlacementSection, { pod: pod.value })).use(pinia)
  app.mount(page)
  const pass = async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    await nextTick()
  }
  await pass()
  return { page, pod, pass }
}

it('of one that waits, each node says what is against it and what would help, anew when the pod changes', async () => {
  const { page, pod, pass } = await open(waiting())
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatch(/namespaces\/shop\/podexplanations .*"podName":"web-0"/)
  expect(page.textContent).toContain('Insufficient memory')
  expect(page.textContent).toContain('→ free 300 Mi of memory')
  pod.value = { ...pod.value, metadata: { ...pod.value.metadata, resourceVersion: '2' } }
  await pass()
  expect(asked).toHaveLength(2)
})

it('of one that is placed, it is told when somebody asks', async () => {
  const { page, pass } = await open(makePod('web-0', { node: 'box' }, 'shop'))
  expect(asked).toEqual([])
  page.querySelector('button')?.click()
  await pass()
  expect(asked).toHaveLength(1)
  expect(page.querySelector('[data-node=box]')).not.toBeNull()
})

it('what was said while it waited is no answer to why it is where it went', async () => {
  const { page, pod, pass } = await open(waiting())
  expect(page.textContent).toContain('0/1 nodes are available')
  pod.value = makePod('web-0', { node: 'box' }, 'shop')
  await pass()
  expect(page.textContent).toContain('Why it is there')
  expect(page.textContent).not.toContain('0/1 nodes are available')
  expect(asked).toHaveLength(1)
  page.querySelector('button')?.click()
  await pass()
  expect(asked).toHaveLength(2)
})

it('is not asked of another Kubernetes, nor about what has ended', async () => {
  expect((await open(waiting(), [])).page.textContent).toBe('')
  app?.unmount()
  const ended = makePod('web-0', { status: { phase: 'Succeeded' } }, 'shop')
  expect((await open(ended)).page.textContent).toBe('')
  expect(asked).toEqual([])
})

it('is not asked by who may not', async () => {
  rules = []
  const { page, pod, pass } = await open(waiting())
  pod.value = { ...pod.value, metadata: { ...pod.value.metadata, resourceVersion: '2' } }
  await pass()
  expect(asked).toEqual([])
  expect(page.textContent).toBe('')
})
