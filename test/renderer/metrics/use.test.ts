// What is measured, as lists and drawers tell it: of pods, of namespaces, of workloads by their pods.
import { createPinia, getActivePinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, h, nextTick } from 'vue'
import { rowOf } from '@/api/sources.ts'
import type { Columns } from '@/kinds/column.ts'
import { namespaceColumns } from '@/kinds/cluster-columns.ts'
import { daemonSetColumns, deploymentColumns, statefulSetColumns } from '@/kinds/workload-columns.ts'
import { useMetricsStore } from '@/metrics/metrics.ts'
import UsageSection from '@/metrics/UsageSection.vue'
import { useClusterStore } from '@/stores/cluster.ts'
import { promisedBy } from '@/world/room.ts'
import { DaemonSet, Deployment, StatefulSet } from '../../../src/shared/api/apps/v1.ts'
import { Namespace } from '../../../src/shared/api/core/v1.ts'
import { PodMetrics } from '../../../src/shared/machinery/metrics-types.ts'
import type { AnyObject, KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { make, makePod } from '../support/objects.ts'

const used = (namespace: string, name: string, app: string, cpu: string) => ({
  metadata: { namespace, name, labels: { app } },
  containers: [{ name: 'main', usage: { cpu, memory: '1Mi' } }],
})
let pods: ReturnType<typeof used>[]
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  pods = [
    used('shop', 'web-1', 'web', '250m'),
    used('shop', 'web-2', 'web', '500m'),
    used('shop', 'db-0', 'db', '1'),
    used('other', 'web-1', 'web', '4'),
  ]
  vi.stubGlobal('fetch', (input: RequestInfo | URL) =>
    Promise.resolve(
      Response.json({
        kind: 'List',
        metadata: { resourceVersion: '1' },
        items: String(input).includes('/pods') ? pods : [],
      }),
    ),
  )
  useClusterStore().kinds = [{ type: PodMetrics, verbs: ['list'] }] as never
})
let app: App | undefined
afterEach(() => {
  app?.unmount()
  app = undefined
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
async function measured() {
  const store = useMetricsStore()
  await vi.advanceTimersByTimeAsync(10)
  return store
}

const rowIn = (type: ResourceType<KubeObject>, namespace: string, name: string, spec = {}) =>
  rowOf({ ...make(type, name, { spec } as never, namespace), kind: type.kind } as unknown as AnyObject)
const columnOf = (columns: Columns, id: string) => {
  const found = columns.find(column => column.id === id)
  if (!found) throw new Error(`no ${id}`)
  return found
}

describe('what is used stands in the list', () => {
  it('of namespaces, of all their pods', async () => {
    await measured()
    const column = columnOf(namespaceColumns, 'cpu-use')
    expect(column.value(rowIn(Namespace, '', 'shop'))).toBe(1.75)
    expect(column.value(rowIn(Namespace, '', 'empty'))).toBe(-1)
  })

  it.each([
    ['Deployments', Deployment, deploymentColumns],
    ['StatefulSets', StatefulSet, statefulSetColumns],
    ['DaemonSets', DaemonSet, daemonSetColumns],
  ])('of %s, of the pods that they select in their namespace', async (_kinds, type, columns) => {
    await measured()
    const row = (app: string) => rowIn(type as never, 'shop', app, { selector: { matchLabels: { app } } })
    expect(columnOf(columns, 'cpu-use').value(row('web'))).toBe(0.75)
    expect(columnOf(columns, 'memory-use').value(row('web'))).toBe(2 * 2 ** 20)
    expect(columnOf(columns, 'cpu-use').value(row('gone'))).toBe(-1)
  })

  it('as it was last, where pods could not be read once', async () => {
    await measured()
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ kind: 'Status', code: 503 }, { status: 503 })))
    await vi.advanceTimersByTimeAsync(15_000)
    const row = rowIn(Deployment as never, 'shop', 'web', { selector: { matchLabels: { app: 'web' } } })
    expect(columnOf(deploymentColumns, 'cpu-use').value(row)).toBe(0.75)
    expect(columnOf(namespaceColumns, 'cpu-use').value(rowIn(Namespace, '', 'shop'))).toBe(1.75)
  })

  it('not where it may not be read, which is told instead of promised', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ kind: 'Status', code: 403 }, { status: 403 })))
    await measured()
    const root = document.createElement('div')
    app = createApp(UsageSection, { kind: 'pods', ids: ['shop/web-1'] }).use(getActivePinia() as never)
    app.mount(root)
    expect(root.textContent).toContain('What is used may not be read.')
    expect(root.textContent).not.toContain('measured every')
  })

  it('with the line of the last minutes', async () => {
    await measured()
    await vi.advanceTimersByTimeAsync(15_000)
    const row = rowIn(Deployment as never, 'shop', 'web', { selector: { matchLabels: { app: 'web' } } })
    const root = document.createElement('div')
    app = createApp(() => h('div', [columnOf(deploymentColumns, 'cpu-use').cell?.(row, 100) as never]))
    app.mount(root)
    await nextTick()
    expect(root.textContent).toContain('750m')
    expect(root.querySelector('polyline')?.getAttribute('points')?.split(' ')).toHaveLength(2)
  })
})

describe('pods together', () => {
  it('are what was measured of each at a moment, also where one came later', async () => {
    const second = pods.splice(1, 1)
    const store = await measured()
    pods = [...pods, ...second]
    await vi.advanceTimersByTimeAsync(15_000)
    expect(store.samples('pods', ['shop/web-1', 'shop/web-2']).map(({ cpu }) => cpu)).toEqual([0.25, 0.75])
  })

  it('ask for what each asks for, and have a limit where each has one', () => {
    const pod = (cpu: string, limits: object, phase = 'Running') =>
      makePod('web', {
        spec: { containers: [{ name: 'main', resources: { requests: { cpu, memory: '1Mi' }, limits } }] },
        status: { phase },
      })
    const promised = promisedBy([
      pod('100m', { cpu: '1', memory: '4Mi' }),
      pod('200m', { cpu: '2' }),
      pod('5', { cpu: '9' }, 'Succeeded'),
    ])
    expect(promised.requests.cpu).toBeCloseTo(0.3)
    expect(promised.requests.memory).toBe(2 * 2 ** 20)
    expect(promised.limits).toEqual({ cpu: 3, memory: 0 })
  })
})
