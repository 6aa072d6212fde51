// What a pod that is placed costs by counts, which no load changes: calls of functions, and bytes that are allocated. The
// whole control plane in one process, asked without HTTP; nodes that only say that they are Ready.
import { Session } from 'node:inspector/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseControllers } from '../../src/main/controllers/choice.ts'
import { startControlPlane } from '../../src/main/control-plane.ts'
import { keepHeapLean } from '../../src/main/process/lean-heap.ts'
import { Node, Pod } from '../../src/shared/api/core/v1.ts'
import { PriorityClass } from '../../src/shared/api/scheduling/v1.ts'
import { createClient } from '../../src/shared/client/typed-client.ts'

const NODES = Number(process.env['NODES'] ?? 200)
const PODS = Number(process.env['PODS'] ?? 1_000)
const CLIENTS = 16
/** Rounds before the one that is counted: code that is cold allocates more. */
const WARMING = Number(process.env['WARMING'] ?? 2)
/** Bytes between two samples of what is allocated. */
const SAMPLED_BYTES = 8_192
/** Events of a crowd, the history and the controllers come a moment later. */
const AFTERWARDS_MS = 1_500
const FILLING = '30'

keepHeapLean()
const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-counts-'))
const plane = await startControlPlane({
  dataDir,
  listen: { host: '127.0.0.1', port: 0 },
  store: { engine: 'nedb' },
  localNode: false,
  // Where each pod takes long, nobody finds the nodes silent meanwhile.
  controllers: chooseControllers(['*', '-node-lifecycle-controller']),
  ranges: { clusterCIDRs: ['10.128.0.0/12'] },
})
const client = createClient(
  plane.server.transport({ name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }),
)
const passed = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const names = Array.from({ length: NODES }, (_, i) => `hollow-${i}`)

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: CLIENTS }, worker))
}

async function addNodes(): Promise<void> {
  const amounts = { cpu: '32', memory: '64Gi', pods: '110' }
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Hollow' }]
  await each(names, async name => {
    const labels = { 'kubernetes.io/hostname': name }
    await client.create(Node, { metadata: { name, labels }, spec: {} })
    const status = { capacity: amounts, allocatable: amounts, conditions }
    await client.patch(Node, { name }, { status }, { subresource: 'status' })
    await client.patch(Node, { name }, { spec: { taints: null } }, { type: 'merge' })
  })
  const isNew = ({ spec }: Node) => !spec.podCIDR
  while ((await client.list(Node)).items.some(isNew)) await passed(100)
  const accounts = { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }
  const hasAccount = () => client.get(accounts, { namespace: 'default', name: 'default' }).catch(() => undefined)
  while (!(await hasAccount())) await passed(100)
}

/** Resolves once all of them are bound, and what follows from that is done. */
async function place(prefix: string, count: number, cpu: string, priorityClassName?: string): Promise<void> {
  const waiting = new Set(Array.from({ length: count }, (_, i) => `${prefix}-${i}`))
  const following = new AbortController()
  const bound = (async () => {
    while (waiting.size > 0)
      for await (const { object } of client.watch(Pod, { namespace: 'default', signal: following.signal })) {
        if (object.spec.nodeName) waiting.delete(object.metadata.name)
        if (waiting.size === 0) break
      }
  })()
  await each([...waiting], name =>
    client.create(Pod, {
      metadata: { namespace: 'default', name, labels: { app: 'bench' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: 'none', resources: { requests: { cpu, memory: '16Mi' } } }],
        ...(priorityClassName && { priorityClassName }),
      },
    }),
  )
  await bound
  following.abort()
  await passed(AFTERWARDS_MS)
}

const session = new Session()
session.connect()

/** @returns calls in all, of Node's own functions too */
async function callsDuring(work: () => Promise<void>): Promise<number> {
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  await work()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  await session.post('Profiler.stopPreciseCoverage')
  return result.flatMap(({ functions }) => functions).reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0)
}

/** @returns bytes that were allocated on V8's heap, by samples */
async function bytesDuring(work: () => Promise<void>): Promise<number> {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLED_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  await work()
  const { profile } = await session.post('HeapProfiler.stopSampling')
  const sizeOf = ({ selfSize, children }: typeof profile.head): number =>
    children.reduce((sum, child) => sum + sizeOf(child), selfSize)
  return sizeOf(profile.head)
}

async function measure(what: string, count: number, round: (name: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < WARMING; i++) await round(`${what}-warm-${i}`)
  // Bytes first: where calls are counted, less is optimized.
  const bytes = await bytesDuring(() => round(`${what}-bytes`))
  const calls = await callsDuring(() => round(`${what}-calls`))
  console.log(
    `${what}, ${count} on ${NODES} nodes: ${(calls / count).toFixed(0)} calls, ` +
      `${(bytes / count / 1024).toFixed(0)} KB allocated each`,
  )
}

await addNodes()
await measure('plain pods', PODS, name => place(name.replaceAll(' ', '-'), PODS, '10m'))
await client.deleteCollection(Pod, { namespace: 'default' })
while ((await client.list(Pod, { namespace: 'default' })).items.length > 0) await passed(100)
await place('filler', NODES, FILLING)
let priority = 0
await measure('preemptions', NODES, async name => {
  const priorityClass = `more-${++priority}`
  await client.create(PriorityClass, { metadata: { name: priorityClass }, value: priority * 1_000 })
  await place(name, NODES, FILLING, priorityClass)
})
await plane[Symbol.asyncDispose]()
rmSync(dataDir, { recursive: true, force: true })
process.exit()
