// Durable creates per second with 1, 16 and 64 writers, then 100,000 objects of 2 KB loaded: time, memory, loop delay.
// npx esbuild test/torture/store/throughput.ts --bundle --platform=node --format=esm --packages=external \
//   --outfile=.cache/throughput.mjs && node .cache/throughput.mjs [folder]
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'

const loading = process.argv[2] === '--load'
const dataDir = loading
  ? (process.argv[3] ?? '')
  : await mkdtemp(join(process.argv[2] ?? tmpdir(), 'flotilla-throughput-'))
const megabytes = () => Math.round(process.memoryUsage().rss / 1024 / 1024)
const objectOf = (name: string, bytes: number) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    data: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`field-${i}`, 'v'.repeat(bytes / 10 - 15)])),
  }) as unknown as AnyObject

async function measured<T>(run: () => Promise<T>): Promise<{ result: T; ms: number; longestMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  const result = await run()
  const ms = performance.now() - start
  delay.disable()
  return { result, ms, longestMs: delay.max / 1e6 }
}

const open = async (dataDir: string) => openObjectStore(await openNedbEngine({ dataDir }), { compactEveryMs: 0 })
if (loading) {
  const { result, ms, longestMs } = await measured(() => open(dataDir))
  const size = result.list('/registry/').items.length
  console.log(
    `${size} objects loaded in ${ms.toFixed(0)} ms, loop held ≤ ${longestMs.toFixed(0)} ms, ${megabytes()} MiB`,
  )
  await result[Symbol.asyncDispose]()
  process.exit()
}

const empty = await measured(() => open(dataDir))
let store = empty.result
console.log(`empty store opened in ${empty.ms.toFixed(0)} ms`)
let count = 0
for (const [writers, bytes, forMs] of [
  [1, 1000, 2000],
  [16, 1000, 2000],
  [64, 1000, 2000],
] as const) {
  const latencies: number[] = []
  const until = performance.now() + forMs
  const run = await measured(() =>
    Promise.all(
      Array.from({ length: writers }, async () => {
        while (performance.now() < until) {
          const name = `w${count++}`
          const start = performance.now()
          await store.create(`/registry/core/configmaps/default/${name}`, objectOf(name, bytes))
          latencies.push(performance.now() - start)
        }
      }),
    ),
  )
  latencies.sort((a, b) => a - b)
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0
  const rate = (latencies.length / run.ms) * 1000
  console.log(
    `${writers} writers: ${rate.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms, loop held ≤ ${run.longestMs.toFixed(0)} ms`,
  )
}
await store[Symbol.asyncDispose]()
const fullDir = join(dataDir, 'full')
store = await open(fullDir)
const fill = await measured(async () => {
  for (let next = 0; next < 100_000; next += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        store.create(`/registry/core/pods/default/p${next + i}`, objectOf(`p${next + i}`, 2000)),
      ),
    )
})
console.log(
  `filled to 100,000 in ${fill.ms.toFixed(0)} ms, loop held ≤ ${fill.longestMs.toFixed(0)} ms, ${megabytes()} MiB`,
)
await store[Symbol.asyncDispose]()
// Loaded by a process of its own, so that its memory is that of loading alone.
spawnSync(process.execPath, [process.argv[1] ?? '', '--load', fullDir], { stdio: 'inherit' })
await rm(dataDir, { recursive: true })
