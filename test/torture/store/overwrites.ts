// Overwrites one key again and again under an object store that follows, and fails when memory or disk grow along.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'

const [dataDir = '', count = ''] = process.argv.slice(2)
const WRITES = Number(count)
const MIB = 1024 * 1024
const WRITERS = 64
const engine = await openNedbEngine({ dataDir })
const store = await openObjectStore(engine, { compactEveryMs: 1_000, keepHistoryMs: 1_000 })

async function diskBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await diskBytes(path)
    // A segment may be deleted between the two looks.
    else
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return bytes
}
const measure = async () => {
  globalThis.gc?.()
  return { rss: process.memoryUsage().rss / MIB, disk: (await diskBytes(join(dataDir, 'store'))) / MIB }
}
const text = (i: number) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'same' }, data: `${i} ${'x'.repeat(400)}` })
const KEY = '/registry/core/configmaps/default/same'

const samples: { rss: number; disk: number }[] = []
const started = performance.now()
let written = 0
let nextSample = WRITES / 10
await Promise.all(
  Array.from({ length: WRITERS }, async () => {
    while (written < WRITES) {
      const i = written++
      await engine.commit([{ key: KEY, value: text(i) }])
      if (i >= nextSample) {
        nextSample += WRITES / 10
        samples.push(await measure())
      }
    }
  }),
)
samples.push(await measure())
const seconds = (performance.now() - started) / 1000
const show = (of: 'rss' | 'disk') => samples.map(sample => sample[of].toFixed(0)).join(' ')
console.log(`${WRITES} overwrites of one key in ${seconds.toFixed(0)} s`)
console.log(`RSS after each tenth, MB: ${show('rss')}\nlog after each tenth, MB: ${show('disk')}`)
const seen = store.get(KEY)?.revision
const last = engine.revision
await store[Symbol.asyncDispose]()
// The first tenths fill the history, which is bounded; from then on nothing may grow.
const settled = samples.slice(3)
const growth = (settled.at(-1)?.rss ?? 0) - (settled[0]?.rss ?? 0)
const largest = Math.max(...samples.map(({ disk }) => disk))
const failures = [
  ...(seen === last ? [] : [`readers see revision ${seen}, the newest is ${last}`]),
  ...(growth > 48 ? [`memory grew by ${growth.toFixed(0)} MB after it had settled`] : []),
  ...(largest > 160 ? [`the log took ${largest.toFixed(0)} MB for one small object`] : []),
]
for (const failure of failures) console.error(failure)
process.exit(failures.length > 0 ? 1 : 0)
