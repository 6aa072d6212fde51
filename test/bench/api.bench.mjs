// Throughput and latency of single calls, lists and watches.
import { Server, load, median, ms, percentile } from './lib.mjs'

const server = await Server.start(['--no-local-node'])
const configmaps = '/api/v1/namespaces/default/configmaps'
const must = async (code, promise) => {
  const answer = await promise
  if (answer.code !== code) throw new Error(`${answer.code}: ${answer.text.slice(0, 200)}`)
  return answer
}
/** What real Kubernetes measured on an idle machine of this kind; see docs/benchmarks.md. */
const show = (what, upstream, { perSecond, p50, p99, cpuMs }) =>
  console.log(
    `${what}: ${perSecond.toFixed(0)}/s (Kubernetes ${upstream}: ${(perSecond / upstream).toFixed(1)} ×), ` +
      `p50 ${ms(p50)}, p99 ${ms(p99)}, server CPU ${cpuMs.toFixed(2)} ms a call`,
  )
/** load() with the server's own processor time a call, which tells more than rates do on a machine that others share. */
const measured = async (count, clients, one) => {
  const before = server.cpuSeconds()
  const result = await load(count, clients, one)
  return { ...result, cpuMs: ((server.cpuSeconds() - before) / count) * 1000 }
}
const configmap = (name, bytes = 1000) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'x'.repeat(bytes) },
})

await load(2_000, 8, i => must(201, server.call('POST', configmaps, configmap(`warm-${i}`))))
/** Objects as they were answered, by name: what a client that updates them knows. */
const made = new Map()
for (const clients of [1, 16, 64])
  show(
    `create ConfigMap 1 KB, ${clients} clients`,
    { 1: 304, 16: 1077, 64: 1622 }[clients],
    await measured(1_500, clients, async i => {
      const name = `c${clients}-${i}`
      made.set(name, (await must(201, server.call('POST', configmaps, configmap(name)))).text)
    }),
  )
for (const clients of [1, 16, 64])
  show(
    `get one object, ${clients} clients`,
    { 1: 842, 16: 3101, 64: 3884 }[clients],
    await measured(3_000, clients, () => must(200, server.call('GET', `${configmaps}/c1-1`))),
  )
for (const clients of [1, 16, 64])
  show(
    `update with resourceVersion, ${clients} clients`,
    { 1: 330, 16: 938, 64: 1556 }[clients],
    await measured(1_500, clients, i => {
      const name = `c${clients}-${i}`
      const object = { ...JSON.parse(made.get(name)), data: { a: 'y'.repeat(1000) } }
      return must(200, server.call('PUT', `${configmaps}/${name}`, object))
    }),
  )

const pod = name => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
})
const pods = '/api/v1/namespaces/default/pods'
for (const [clients, count] of [
  [1, 500],
  [16, 2_000],
  [64, 2_500],
])
  show(
    `create Pod (no nodes), ${clients} clients`,
    { 1: 178, 16: 760, 64: 950 }[clients],
    await measured(count, clients, i => must(201, server.call('POST', pods, pod(`p${clients}-${i}`)))),
  )
const lists = []
for (let i = 0; i < 5; i++) {
  const from = performance.now()
  const { text } = await must(200, server.call('GET', pods))
  lists.push(performance.now() - from)
  if (i === 0) console.log(`list of 5,000 pods: ${(text.length / 1e6).toFixed(1)} MB`)
}
console.log(`LIST 5,000 pods: median ${ms(median(lists))} (aim 80 ms)`)

for (const watchers of [1, 100]) {
  const sent = new Map()
  const delays = []
  server.agent.maxSockets = watchers + 16
  const ends = Array.from({ length: watchers }, () =>
    server.watch(`${configmaps}?watch=1&labelSelector=bench%3Dwatch`, frame => {
      const from = sent.get(frame.object?.metadata?.name)
      if (from && frame.type === 'ADDED') delays.push(performance.now() - from)
    }),
  )
  await Promise.all(ends.map(end => end.opened))
  for (let i = 0; i < 100; i++) {
    const object = configmap(`w${watchers}-${i}`, 10)
    object.metadata.labels = { bench: 'watch' }
    sent.set(object.metadata.name, performance.now())
    await must(201, server.call('POST', configmaps, object))
  }
  const until = performance.now() + 10_000
  while (delays.length < 100 * watchers && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 10))
  for (const end of ends) end()
  console.log(
    `watch, send → seen, ${watchers} watchers: p50 ${ms(percentile(delays, 50))}, p99 ${ms(percentile(delays, 99))} (${delays.length} events)`,
  )
}
console.log(`RSS after this load: ${server.rssMb().toFixed(0)} MB (aim 400)`)

await server.stop()
