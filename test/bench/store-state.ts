// One engine with a state in it, as a process of its own: `node store-state.mjs <step> nedb <folder> | etcd <url>`, with
// COUNT objects of BYTES; prints JSON. The steps, in their order: fill, load, compact, and watches,
// for etcd range and fanout instead.
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { openConnection } from '../../src/main/store/etcd/connection.ts'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { txnMethod, watchMethod } from '../../src/main/store/etcd/messages.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'

const [step = '', kind = '', where = ''] = process.argv.slice(2)
const COUNT = Number(process.env['COUNT'] ?? 10_000)
const BYTES = Number(process.env['BYTES'] ?? 1_000)
const WATCHERS = 1_000
const EVENTS = 100
/** Objects of one transaction. */
const BATCH = Math.max(1, Math.min(50, Math.floor(500_000 / BYTES)))
const PREFIX = '/registry/core/configmaps/'
/** What is in an object besides its text. */
const HEAD_BYTES = 180

const prefix = `/state-${COUNT}`
const openEngine = () =>
  kind === 'nedb' ? openNedbEngine({ dataDir: where }) : openEtcdEngine({ endpoints: [where], prefix })

const percentile = (values: number[], p: number) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((p / 100) * values.length))] ?? Number.NaN

function valueOf(i: number, turn: number): string {
  const metadata = { namespace: 'default', name: `c${i}`, uid: `uid-${i}`, creationTimestamp: '2026-01-01T00:00:00Z' }
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { turn: String(turn), text: 'x'.repeat(BYTES - HEAD_BYTES) } }) // prettier-ignore
}

/** Nanoseconds that this thread has been on a processor. */
const threadNs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0])

/**
 * The longest turn of the event loop in this thread's own processor time: what others on the machine take does not count.
 * @returns a function that ends the watching and answers milliseconds
 */
function watchTurns(): () => number {
  let longest = 0
  let before = threadNs()
  let immediate: NodeJS.Immediate
  const look = () => {
    const now = threadNs()
    longest = Math.max(longest, now - before)
    before = now
    immediate = setImmediate(look)
  }
  immediate = setImmediate(look)
  return () => {
    clearImmediate(immediate)
    return longest / 1e6
  }
}

interface Took {
  readonly ms: number
  readonly cpuMs: number
  readonly loopMs: number
  readonly turnMs: number
}

/**
 * @returns milliseconds, those that a processor worked, the longest that the event loop was held meanwhile, and that in
 *   this thread's own processor time
 */
async function timed(work: () => Promise<unknown>): Promise<Took> {
  const turns = process.platform === 'linux' ? watchTurns() : () => Number.NaN
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const from = performance.now()
  await work()
  const ms = performance.now() - from
  const { user, system } = process.cpuUsage(cpuBefore)
  delay.disable()
  return { ms, cpuMs: (user + system) / 1000, loopMs: delay.max / 1e6, turnMs: turns() }
}

/** Writes every object once; without a condition on what was there. */
async function writeAll(turn: number): Promise<void> {
  await using engine = await openEngine()
  let next = 0
  const writer = async () => {
    while (next < COUNT) {
      const from = next
      next += BATCH
      const numbers = Array.from({ length: Math.min(BATCH, COUNT - from) }, (_, i) => from + i)
      await engine.commit(numbers.map(i => ({ key: `${PREFIX}default/c${i}`, value: valueOf(i, turn) })))
    }
  }
  await Promise.all(Array.from({ length: 8 }, writer))
}

const steps: Readonly<Record<string, () => Promise<object>>> = {
  async fill() {
    return timed(() => writeAll(1))
  },

  /** As a control plane does it; and a list of all, encoded. */
  async load() {
    let opened: Awaited<ReturnType<typeof openObjectStore>> | undefined
    const load = await timed(async () => (opened = await openObjectStore(await openEngine())))
    await using store = opened!
    const rssMb = process.memoryUsage.rss() / 2 ** 20
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const from = performance.now()
      const { items } = store.list(PREFIX)
      if (items.length !== COUNT) throw new Error(`${items.length} objects of ${COUNT}`)
      for (const stored of items) store.json(stored)
      times.push(performance.now() - from)
    }
    return { ...load, rssMb, firstListMs: times[0], listMs: percentile(times, 50) }
  },

  /** Of as much past as there is state. */
  async compact() {
    await writeAll(2)
    await using engine = await openEngine()
    return timed(() => engine.compact(engine.revision, true))
  },

  /** A thousand watches of the store, as a control plane has them: from the put to the last that has heard of it. */
  async watches() {
    await using store = await openObjectStore(await openEngine())
    let told = 0
    let onTold: () => void = () => undefined
    const onEvent = () => {
      if (++told % WATCHERS === 0) onTold()
    }
    const onEnd = (error: Error) => {
      throw error
    }
    const from = store.revision
    const watches = Array.from({ length: WATCHERS }, () => store.watch(PREFIX, { from, onEvent, onEnd }))
    const times: number[] = []
    for (const { key, object, revision } of store.list(PREFIX, { limit: EVENTS }).items) {
      const heard = new Promise<void>(resolve => (onTold = resolve))
      const start = performance.now()
      await store.update(key, { ...object, data: { turn: '3' } }, revision)
      await heard
      times.push(performance.now() - start)
    }
    for (const watch of watches) watch.close()
    return { p50: percentile(times, 50), p99: percentile(times, 99) }
  },

  /** The same list from etcd itself. */
  async range() {
    await using engine = await openEngine()
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      let count = 0
      const { ms } = await timed(async () => {
        for await (const batch of engine.load()) count += batch.length
      })
      if (count !== COUNT) throw new Error(`${count} objects of ${COUNT}`)
      times.push(ms)
    }
    return { listMs: percentile(times, 50) }
  },

  /** A thousand of etcd's own watches on one stream: from the put to the last of them that has heard of it. */
  async fanout() {
    using connection = await openConnection({ endpoints: [where], clock: systemClock, requestTimeoutMs: 20_000 })
    const { stream } = await connection.stream(watchMethod)
    stream.on('error', () => undefined)
    const key = Buffer.from('/fanout/')
    const rangeEnd = Buffer.from('/fanout0')
    let open = 0
    let told = 0
    let onTold: () => void = () => undefined
    const all = new Promise<void>(resolve => {
      stream.on('data', ({ created, events }: { created: boolean; events: readonly unknown[] }) => {
        if (created && ++open === WATCHERS) resolve()
        told += events.length
        if (events.length > 0 && told % WATCHERS === 0) onTold()
      })
    })
    for (let i = 0; i < WATCHERS; i++)
      stream.write({ createRequest: { key, rangeEnd, startRevision: 0, prevKv: false } })
    await all
    const times: number[] = []
    for (let i = 0; i < EVENTS; i++) {
      const heard = new Promise<void>(resolve => (onTold = resolve))
      const put = { requestPut: { key: Buffer.from(`/fanout/${i}`), value: Buffer.from(valueOf(i, 1)) } }
      const from = performance.now()
      await connection.call(
        txnMethod,
        { compare: [], success: [put], failure: [] },
        { repeatable: false, doing: 'writing' },
      )
      await heard
      times.push(performance.now() - from)
    }
    stream.cancel()
    return { p50: percentile(times, 50), p99: percentile(times, 99) }
  },
}

const run = steps[step]
if (!run) throw new Error(`no step ${step}`)
console.log(JSON.stringify(await run()))
process.exit(0)
