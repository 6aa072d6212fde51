// What is used over hours, in a real Chromium on a real API server: its ring is filled by the statistics of a node, on a
// clock that the test moves.
import { type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { MetricsCollector } from '../../../src/main/apiserver/metrics-api/collector.ts'
import { metricsHandlers } from '../../../src/main/apiserver/metrics-api/handlers.ts'
import { Namespace, Node, Pod } from '../../../src/shared/api/core/v1.ts'
import { formatTime } from '../../../src/shared/machinery/clock.ts'
import { type TestApiServer, startTestApiServer, testAdmin } from '../../support/api-server.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { until } from '../support/cluster.ts'
import { type OpenWindow, openInChromium, shoot, walk } from './support/browser.ts'

const HOURS = 6
const MINUTE_MS = 60_000
const MIB = 1 << 20
const began = Date.now() - HOURS * 60 * MINUTE_MS
const clock = new ManualClock(began)
/** Of the pod: it grew three hours ago. */
const memoryMib = () => (clock.monotonic() < (HOURS / 2) * 60 * MINUTE_MS ? 100 : 200)

let kubelet: Server
let collector: MetricsCollector
let api: TestApiServer
let window: OpenWindow
let page: Page
let ticking: NodeJS.Timeout | undefined
let hasEnded = false

/** As an agent tells it: counters that went on since the beginning. */
function summary(): object {
  const counters = (milli: number, mib: number) => ({
    cpu: { time: formatTime(clock.now()), usageCoreNanoSeconds: milli * 1e3 * clock.monotonic() },
    memory: { workingSetBytes: mib * MIB },
  })
  const container = { name: 'main', startTime: 'once', ...counters(250, memoryMib()) }
  return {
    node: { nodeName: 'box', ...counters(1_500, 2_048) },
    pods: [{ podRef: { name: 'web', namespace: 'default' }, containers: [container] }],
  }
}

beforeAll(async () => {
  kubelet = createServer((_, response) => response.end(JSON.stringify(summary())))
  await new Promise<void>(resolve => kubelet.listen(0, '127.0.0.1', resolve))
  const { port } = kubelet.address() as AddressInfo
  collector = new MetricsCollector({
    dialer: { connected: ['box'], dial: () => Promise.resolve(connect(port, '127.0.0.1')) },
    clock,
  })
  collector.keepHistory()
  const { history } = collector
  const reads = async (step: number, wanted: number) => {
    await clock.advance(step)
    while (history.length < wanted) await settle()
  }
  await settle()
  // Two readings make the first measurement.
  while (history.length === 0) await clock.advance(15_000)
  while (clock.now() < Date.now() - MINUTE_MS) await reads(MINUTE_MS, history.length + 1)
  const toNow = async () => {
    await clock.advance(Date.now() - clock.now())
    if (!hasEnded) ticking = setTimeout(() => void toNow(), 50)
  }
  void toNow()

  api = await startTestApiServer({ subresources: metricsHandlers(collector), ui: { dir: 'out/renderer' } })
  const client = api.clientAs()
  await client.create(Namespace, { metadata: { name: 'default' }, spec: {} })
  const ready = [{ type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(Date.now()) }]
  const room = { cpu: '4', memory: '8Gi', pods: '110' }
  await client.create(Node, { metadata: { name: 'box' }, spec: {} })
  const box = { status: { capacity: room, allocatable: room, conditions: ready } }
  await client.patch(Node, { name: 'box' }, box, { type: 'merge', subresource: 'status' })
  const resources = { requests: { cpu: '1', memory: '128Mi' }, limits: { cpu: '2', memory: '256Mi' } }
  const pod = { namespace: 'default', name: 'web' }
  await client.create(Pod, {
    metadata: { ...pod, labels: { app: 'web' } },
    spec: { nodeName: 'box', containers: [{ name: 'main', image: 'web:1', resources }] },
  })
  const running = { status: { phase: 'Running', conditions: ready } }
  await client.patch(Pod, pod, running, { type: 'merge', subresource: 'status' })
  window = await openInChromium(`${api.url}/ui/login#token=${api.server.issueLoginToken(testAdmin)}`)
  page = window.page
  await page.getByText('Pods by state').waitFor()
})
afterAll(async () => {
  hasEnded = true
  clearTimeout(ticking)
  await window?.[Symbol.asyncDispose]()
  await collector?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
  kubelet?.close()
})

const go = (place: string) => walk(page, place)
const drawer = () => page.getByRole('dialog')
const use = () => drawer().getByRole('region', { name: 'Use' })
const chart = (title: RegExp) => use().locator('figure', { has: page.getByRole('img', { name: title }) })

it('of a pod goes back to before the window was opened, for hours, each moment to be looked at', async () => {
  await go('k/core/v1/pods?open=default/web')
  const memory = chart(/^Memory/)
  await memory.getByText('200 MiB').waitFor()
  const [from = 0, to = 0] = await memory
    .locator('time')
    .evaluateAll(times => times.map(time => Date.parse(time.getAttribute('datetime') ?? '')))
  expect(Math.abs(from - began)).toBeLessThan(3 * MINUTE_MS)
  expect(to - from).toBeGreaterThan((HOURS * 60 - 4) * MINUTE_MS)
  const { x, y, width } = (await memory.getByRole('img').boundingBox())!
  await page.mouse.move(x + width / 6, y + 20)
  await memory.getByText('100 MiB').waitFor()
  await page.mouse.move(x + width - 3, y + 20)
  await memory.getByText('200 MiB').waitFor()
  await shoot(page, 'use-of-hours')
  await page.mouse.move(0, 0)
})

it('of a pod stands beside what it asks for and may use', async () => {
  for (const [title, asked, limit] of [
    [/^CPU/, 'asked for 1.00', 'limit 2.00'],
    [/^Memory/, 'asked for 128 MiB', 'limit 256 MiB'],
  ] as const) {
    await chart(title).getByText(asked).waitFor()
    await chart(title).getByText(limit).waitFor()
    expect(await chart(title).locator('line[stroke-dasharray="3 4"]').count()).toBe(2)
  }
})

it('of a node stands beside what it has and what pods ask of it, and in its gauges', async () => {
  await go('k/core/v1/nodes?open=box')
  await chart(/^Memory/)
    .getByText('there for pods 8.0 GiB')
    .waitFor()
  await chart(/^Memory/)
    .getByText('asked for 128 MiB')
    .waitFor()
  const gauge = (name: string) => drawer().getByRole('meter', { name, exact: true })
  await until('it is measured', async () => {
    const cores = Number(await gauge('CPU').getAttribute('aria-valuenow'))
    return cores > 1.4 && cores < 1.6
  })
  expect(await gauge('CPU').getAttribute('aria-valuemax')).toBe('4')
  expect(await gauge('Memory').getAttribute('aria-valuenow')).toBe(String(2_048 * MIB))
  expect(await gauge('Pods').getAttribute('aria-valuenow')).toBe('1')
  await shoot(page, 'node-gauges')
})

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
