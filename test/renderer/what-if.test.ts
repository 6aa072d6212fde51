// What would follow from a change, told before it is made: asked of clusters of ours, and of no other.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, h, nextTick, ref } from 'vue'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { WhatIf } from '../../src/shared/api/flotilla/scheduling-v1.ts'
import { collectionPath } from '../../src/shared/machinery/resource-type.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import { specOf } from '@/what-if/what-if.ts'
import WhatIfPreview from '@/what-if/WhatIfPreview.vue'

let app: App | undefined
let asked: string[]
let mayAsk: boolean
const isReview = (input: RequestInfo | URL) => (input as string).endsWith('/selfsubjectaccessreviews')
const review = () => Promise.resolve(Response.json({ metadata: {}, status: { allowed: mayAsk } }, { status: 201 }))
beforeEach(() => {
  asked = []
  mayAsk = true
  vi.useFakeTimers()
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    if (isReview(input)) return review()
    asked.push(new URL(input as string).pathname)
    return Promise.resolve(Response.json({ metadata: {}, status: { pods: [] } }))
  })
})
afterEach(() => {
  app?.unmount()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Opens the preview of a scale, and lets the time pass until it has been asked and answered. */
async function open(kinds: readonly unknown[]) {
  const pinia = createPinia()
  setActivePinia(pinia)
  useClusterStore().kinds = kinds as readonly ServedKind[]
  const page = document.createElement('div')
  const spec = { scale: [{ kind: 'Deployment', name: 'web', namespace: 'default', replicas: 3 }] }
  app = createApp(WhatIfPreview, { spec }).use(pinia)
  app.mount(page)
  const before = page.textContent
  await vi.advanceTimersByTimeAsync(1_000)
  await nextTick()
  return { before, after: page.textContent }
}

describe('what is asked of a manifest', () => {
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: given
  resourceVersion: '7'
  managedFields: []
spec:
  replicas: 2
status:
  replicas: 1
`
  it('is what somebody wants, without what the server told of it', () =>
    expect(specOf(deployment)).toEqual({
      apply: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace: 'shop' },
          spec: { replicas: 2 },
        },
      ],
    }))
  it('tells nothing of what places do not depend on, such as what Secrets hold', () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\ndata:\n  password: aHVudGVyMg==\n'
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n'
    const spec = specOf([secret, namespace, deployment].join('---\n'))
    expect(spec?.apply?.map(object => (object as { kind: string }).kind)).toEqual(['Namespace', 'Deployment'])
  })
  it('is nothing where no pod comes, goes or finds room by it, or nobody looks', () => {
    expect(specOf('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n')).toBeUndefined()
    expect(specOf(undefined)).toBeUndefined()
  })
})

describe('what would follow', () => {
  it('is asked of the scheduler of a cluster of ours', async () => {
    const { before, after } = await open([{ type: Host, verbs: ['list'] }])
    expect(before).toContain('Asking the scheduler')
    expect(asked).toEqual([collectionPath(WhatIf, undefined)])
    expect(after).not.toContain('Asking the scheduler')
    expect(after).not.toBe('')
  })
  it('is not told of what was asked before, once something else is asked', async () => {
    const pinia = createPinia()
    setActivePinia(pinia)
    useClusterStore().kinds = [{ type: Host, verbs: ['list'] }] as unknown as readonly ServedKind[]
    const page = document.createElement('div')
    const replicas = ref(3)
    const scale = () => [{ kind: 'Deployment', name: 'web', namespace: 'default', replicas: replicas.value }]
    app = createApp(() => h(WhatIfPreview, { spec: { scale: scale() } })).use(pinia)
    app.mount(page)
    await vi.advanceTimersByTimeAsync(1_000)
    const first = page.textContent
    replicas.value = 400
    await nextTick()
    expect(page.textContent).toContain('Asking the scheduler')
    expect(page.textContent).not.toContain(first)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(page.textContent).toBe(first)
  })
  it('nor is what was asked before told when it is answered later', async () => {
    const answers: (() => void)[] = []
    vi.stubGlobal('fetch', (input: RequestInfo | URL) =>
      isReview(input)
        ? review()
        : new Promise(resolve => answers.push(() => resolve(Response.json({ metadata: {}, status: { pods: [] } })))),
    )
    const pinia = createPinia()
    setActivePinia(pinia)
    useClusterStore().kinds = [{ type: Host, verbs: ['list'] }] as unknown as readonly ServedKind[]
    const page = document.createElement('div')
    const replicas = ref(3)
    const scale = () => [{ kind: 'Deployment', name: 'web', namespace: 'default', replicas: replicas.value }]
    app = createApp(() => h(WhatIfPreview, { spec: { scale: scale() } })).use(pinia)
    app.mount(page)
    await vi.advanceTimersByTimeAsync(1_000)
    replicas.value = 400
    await nextTick()
    answers[0]?.()
    await vi.advanceTimersByTimeAsync(100)
    expect(page.textContent).toContain('Asking the scheduler')
    await vi.advanceTimersByTimeAsync(1_000)
    answers[1]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(page.textContent).not.toContain('Asking the scheduler')
  })
  it('is not asked by who may not, and nothing stands there', async () => {
    mayAsk = false
    const { after } = await open([{ type: Host, verbs: ['list'] }])
    expect(asked).toEqual([])
    expect(after).toBe('')
  })
  it('is not asked of another Kubernetes, whose dialogs stay as they are', async () => {
    expect(await open([])).toEqual({ before: '', after: '' })
    expect(asked).toEqual([])
  })
})
