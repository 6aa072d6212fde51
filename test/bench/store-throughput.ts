// One engine under load, as a process of its own: `node store-throughput.mjs nedb <folder> | etcd <url>`; prints JSON.
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'

const [kind = '', where = ''] = process.argv.slice(2)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
const VALUE = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', data: { text: 'x'.repeat(1_000) } })
const engine =
  kind === 'nedb'
    ? await openNedbEngine({ dataDir: where })
    : await openEtcdEngine({ endpoints: [where], prefix: `/b${process.pid}` })

async function load(writers: number): Promise<{ writers: number; perSecond: number; p99Ms: number }> {
  const times: number[] = []
  const start = performance.now()
  const until = start + SECONDS * 1000
  const write = async (writer: number) => {
    for (let i = 0; performance.now() < until; i++) {
      const before = performance.now()
      await engine.commit([{ key: `/registry/core/configmaps/w${writer}/${writers}-${i}`, value: VALUE, expect: 0 }])
      times.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const seconds = (performance.now() - start) / 1000
  times.sort((a, b) => a - b)
  return { writers, perSecond: times.length / seconds, p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN }
}

const results = [await load(1), await load(64)]
console.log(JSON.stringify(results))
await engine[Symbol.asyncDispose]()
