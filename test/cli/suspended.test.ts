// A control plane that is suspended (SIGSTOP) for longer than a silent node is given, and goes on. Its process stands still
// for a moment, after which its clocks and timers are minutes later, as they are then; its agents here are hollow: they
// renew their leases, follow their pods, and say that these run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectApi } from '../../src/main/data-folder/api.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { formatMicroTime, formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { Cluster, until } from '../e2e/support/cluster.ts'

const NODES = Array.from({ length: 20 }, (_, i) => `hollow-${i}`)
/** Those whose network takes longer to come back: they are not heard in the first seconds. */
const OUT_FOR_LONGER = new Set(NODES.slice(0, 8))
const REPLICAS = 40
/** Of each kind. */
const CRON_JOBS = 10
const LEASES = 'kube-node-lease'
const namespace = 'default'
/** As node-lifecycle gives it. */
const GRACE_MS = 40_000

/** Loaded before the program. It looks when it is asked for the time after it has stood still. */
const PRELOAD = (file: string) => `
const { readFileSync } = require('node:fs')
const Real = Date
const monotonic = performance.now.bind(performance)
const { setTimeout: set } = globalThis
/** Timer → when it is due. */
const timers = new Map()
let laterMs = 0
let askedMs = monotonic()
function look() {
  const atMs = monotonic()
  const stoodStill = atMs - askedMs > 500
  askedMs = atMs
  if (!stoodStill) return laterMs
  let nextMs = laterMs
  try {
    nextMs = Number(readFileSync(${JSON.stringify(file)}, 'utf8'))
  } catch {} // it was not suspended yet
  const lostMs = nextMs - laterMs
  if (lostMs <= 0) return laterMs
  laterMs = nextMs
  for (const [timer, dueMs] of timers) {
    if (timer._destroyed) timers.delete(timer)
    else {
      timers.set(timer, dueMs - lostMs)
      timer._idleTimeout = Math.max(1, dueMs - lostMs - atMs)
      timer.refresh()
    }
  }
  return laterMs
}
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + look())
    else super(...given)
  }
  static now() {
    return Real.now() + look()
  }
}
performance.now = () => look() + monotonic()
globalThis.setTimeout = Object.assign((run, ms = 1, ...more) => {
  const ring = () => {
    timers.delete(timer)
    run(...more)
  }
  const timer = set(ring, ms)
  timers.set(timer, monotonic() + ms)
  return timer
}, set)
set(function ask() {
  look()
  set(ask, 100).unref()
}, 100).unref()
`

const folder = mkdtempSync(join(tmpdir(), 'flotilla-suspended-'))
/** By how much the server's clocks are ahead, once it has stood still. */
const later = join(folder, 'later')
const over = new AbortController()
let isOut = false
/** What agents were refused. */
const refused: unknown[] = []
/** What became of nodes and pods that nobody should have touched. */
const lost: string[] = []
const agents: Promise<void>[] = []
let cluster: Cluster
let client: Client
let disconnect: () => PromiseLike<void>

beforeAll(async () => {
  const preload = join(folder, 'faster.cjs')
  writeFileSync(preload, PRELOAD(later))
  const prefix = ['env', `NODE_OPTIONS=--require ${preload}`]
  cluster = await Cluster.start(['--no-local-node'], join(folder, 'data'), prefix)
  const api = connectApi(cluster.dataDir)
  ;({ client } = api)
  disconnect = () => api[Symbol.asyncDispose]()
  await until('the account of pods', () => client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterAll(async () => {
  over.abort()
  await disconnect?.()
  await Promise.allSettled(agents)
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Joins, and then asks for one thing after the other, as it is answered. */
async function startAgent(name: string): Promise<void> {
  const metadata = { name, labels: { 'kubernetes.io/hostname': name } }
  await client.create(Node, { metadata, spec: {} })
  const room = { cpu: '32', memory: '64Gi', pods: '110' }
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }]
  const status = { capacity: room, allocatable: room, conditions }
  await client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(Date.now()) }
  await client.create(Lease, { metadata: { namespace: LEASES, name }, spec })
  agents.push(
    keepOn(() => renew(name)),
    keepOn(() => runPods(name)),
  )
}

/** Until the test is over. */
async function keepOn(once: () => Promise<void>): Promise<void> {
  while (!over.signal.aborted)
    await once().catch(error => {
      if (!over.signal.aborted) refused.push(error)
    })
}
async function renew(name: string): Promise<void> {
  if (isOut && OUT_FOR_LONGER.has(name)) return await sleep(1_000, undefined, { signal: over.signal })
  const spec = { renewTime: formatMicroTime(Date.now()) }
  await client.patch(Lease, { namespace: LEASES, name }, { spec }, { type: 'merge' })
  await sleep(1_000, undefined, { signal: over.signal })
}
/** One watch long. */
async function runPods(name: string): Promise<void> {
  const about = { fieldSelector: `spec.nodeName=${name}`, timeoutSeconds: 60, signal: over.signal }
  for await (const { type, object: pod } of client.watch(Pod, about)) {
    if (type !== 'ADDED' && type !== 'MODIFIED') continue
    if (pod.status.phase === 'Running' || pod.metadata.deletionTimestamp) continue
    const condition = { type: 'Ready', status: 'True', lastTransitionTime: formatTime(Date.now()) }
    const status = { phase: 'Running', conditions: [condition] }
    await client.patch(Pod, pod.metadata, { status }, { type: 'merge', subresource: 'status' })
  }
}

/** From now on, whatever is said against a node, and whatever takes one of the Deployment's pods. */
function beOnGuard(): void {
  const nodes = async () => {
    for await (const { object } of client.watch(Node, { signal: over.signal })) {
      const is = conditionOf(object.status.conditions, 'Ready')?.status
      if (is !== 'True' || object.spec.taints?.length) lost.push(`${object.metadata.name} is ${is}`)
    }
  }
  const pods = async () => {
    for await (const { type, object } of client.watch(Pod, { labelSelector: 'app=web', signal: over.signal })) {
      const isReady = conditionOf(object.status.conditions, 'Ready')?.status === 'True'
      if (type === 'DELETED' || object.metadata.deletionTimestamp || !isReady) lost.push(object.metadata.name)
    }
  }
  agents.push(keepOn(nodes), keepOn(pods))
}

async function deploy(): Promise<void> {
  // Gone from a node as soon as anything is said against it.
  const key = (what: string) => `node.kubernetes.io/${what}`
  const tolerations = ['not-ready', 'unreachable'].map(what => ({ key: key(what), effect: 'NoExecute', operator: 'Exists', tolerationSeconds: 0 })) // prettier-ignore
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { tolerations, containers: [{ name: 'web', image: 'web:1' }] } }
  const spec = { replicas: REPLICAS, selector: { matchLabels: labels }, template }
  await client.create(Deployment, { metadata: { namespace, name: 'web' }, spec })
}
async function schedule(kind: string, minute: number, startingDeadlineSeconds?: number): Promise<void> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }
  const jobTemplate = { spec: { template } }
  const spec = {
    schedule: `${minute} * * * *`,
    jobTemplate,
    ...(startingDeadlineSeconds && { startingDeadlineSeconds }),
  }
  const each = Array.from({ length: CRON_JOBS }, (_, i) => ({ metadata: { namespace, name: `${kind}-${i}` }, spec }))
  await Promise.all(each.map(draft => client.create(CronJob, draft)))
}
/** How many requests the server has turned away or failed, of any client. */
async function turnedAway(): Promise<number> {
  const text = await cluster.kubectl('get', '--raw', '/metrics')
  const counts = text.matchAll(/^apiserver_request_total\{.*code="(?:429|5..)".*\} (\S+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

test('no node is lost and no pod evicted, CronJobs start as their deadlines say, and nobody is turned away', async () => {
  await Promise.all(NODES.map(startAgent))
  await deploy()
  await until('all pods run', async () => {
    const { status } = await client.get(Deployment, { namespace, name: 'web' })
    const { items } = await client.list(Node)
    return status.readyReplicas === REPLICAS && items.every(({ spec }) => !spec.taints?.length)
  })
  beOnGuard()
  const turnedAwayBefore = await turnedAway()
  const dueMs = Math.ceil((Date.now() + 20_000) / 60_000) * 60_000
  const minute = new Date(dueMs).getUTCMinutes()
  await schedule('whenever', minute)
  await schedule('within-minutes', minute, 600)
  await schedule('punctual', minute, 10)

  isOut = true
  process.kill(cluster.pid, 'SIGSTOP')
  await sleep(1_500)
  writeFileSync(later, String(Math.max(GRACE_MS + 20_000, dueMs + 30_000 - Date.now())))
  process.kill(cluster.pid, 'SIGCONT')
  const awakeMs = performance.now()

  const started = () => client.list(Job, { namespace })
  await until('what was missed has started', async () => (await started()).items.length >= 2 * CRON_JOBS)
  // By now everything that ran out has come.
  await sleep(Math.max(0, 12_000 - (performance.now() - awakeMs)))
  const owners = (await started()).items.map(({ metadata }) => metadata.ownerReferences?.[0]?.name ?? '')
  expect(owners.filter(name => name.startsWith('punctual'))).toEqual([])
  expect(owners).toHaveLength(2 * CRON_JOBS)
  expect(new Set(owners).size).toBe(2 * CRON_JOBS)
  expect({ lost, refused }).toEqual({ lost: [], refused: [] })
  expect(await turnedAway()).toBe(turnedAwayBefore)
  // Not all at once: each at a moment of its own within ten seconds.
  const startedMs = (await started()).items.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''))
  expect(Math.max(...startedMs) - Math.min(...startedMs)).toBeGreaterThanOrEqual(3_000)
}, 120_000)
