// Throughput and latency of single calls, lists and watches, in JSON and protobuf. With `FLOTILLA_BENCH_PEER=1`
// upstream's own kube-apiserver over etcd is measured in turn with it, row by row: Go and etcd are needed, and the
// program is built once.
import { startSubjects, TOKEN } from './kube-apiserver.mjs'
import { Client, figuresOf, load, median, ms, percentile } from './lib.mjs'
import { PROTOBUF, protobuf } from './protobuf.mjs'

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
/** What is asked for over a new connection: only whom the server knows may read it. */
const CONNECT = `${CONFIGMAPS}/warm-1`
const CLIENTS = [1, 16, 64]
/** What Kubernetes 1.20 measured on an idle machine of this kind, where it does not run beside; see docs/benchmarks.md. */
const BASELINE = {
  'create ConfigMap 1 KB': { 1: 304, 16: 1077, 64: 1622 },
  'get one object': { 1: 842, 16: 3101, 64: 3884 },
  'update with resourceVersion': { 1: 330, 16: 938, 64: 1556 },
  'create Pod (no nodes)': { 1: 178, 16: 760, 64: 950 },
}

const must = async (code, promise) => {
  const answer = await promise
  if (answer.code !== code) throw new Error(`${answer.code}: ${answer.text.slice(0, 200)}`)
  return answer
}
const configmap = (name, bytes = 1000) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'x'.repeat(bytes) },
})
const pod = name => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
})

/** How objects go over the wire. `changed` is what a client sends who writes other data into what it was answered. */
const FORMATS = {
  JSON: {
    type: 'application/json',
    encode: JSON.stringify,
    changed: ({ text }) => JSON.stringify({ ...JSON.parse(text), data: { a: 'y'.repeat(1000) } }),
  },
  protobuf: {
    type: PROTOBUF,
    encode: protobuf,
    changed: ({ bytes }) => {
      const copy = Buffer.from(bytes)
      const at = copy.indexOf('x'.repeat(1000))
      copy.fill('y', at, at + 1000)
      return copy
    },
  },
}

const subjects = (await startSubjects()).map(subject => ({ ...subject, made: new Map() }))

const send = (server, format, method, path, body) => server.call(method, path, body, format.type, format.type)
/** The rows: what one call is, by the subject, the format and a name that nobody else uses. */
const ROWS = [
  {
    what: 'create ConfigMap 1 KB',
    counts: [1_000, 1_500, 1_500],
    call: async ({ server, made }, format, name) =>
      made.set(name, await must(201, send(server, format, 'POST', CONFIGMAPS, format.encode(configmap(name))))),
  },
  {
    what: 'get one object',
    counts: [3_000, 3_000, 3_000],
    call: ({ server }, format) => must(200, send(server, format, 'GET', `${CONFIGMAPS}/warm-1`)),
  },
  {
    what: 'update with resourceVersion',
    counts: [1_000, 1_500, 1_500],
    call: ({ server, made }, format, name) =>
      must(200, send(server, format, 'PUT', `${CONFIGMAPS}/${name}`, format.changed(made.get(name)))),
  },
  {
    what: 'create Pod (no nodes)',
    counts: [600, 900, 1_000],
    call: ({ server }, format, name) => must(201, send(server, format, 'POST', PODS, format.encode(pod(name)))),
  },
]

/**
 * load() of each subject, and the server's own processor time a call, which tells more than rates do on a machine that
 * others share. Half of the calls are made in one order of the subjects, half in the other: whoever comes first pays for
 * what the client compiles.
 */
async function inTurn(count, clients, prepare, one) {
  const sums = new Map(subjects.map(subject => [subject, { latencies: [], seconds: 0, cpu: 0 }]))
  const halves = [
    { order: subjects, from: 0, calls: Math.ceil(count / 2) },
    { order: subjects.toReversed(), from: Math.ceil(count / 2), calls: Math.floor(count / 2) },
  ]
  for (const { order, from, calls } of halves)
    for (const subject of order) {
      await prepare(subject)
      const sum = sums.get(subject)
      const before = subject.server.cpuSeconds()
      const { latencies, seconds } = await load(calls, clients, i => one(subject, from + i))
      sum.cpu += subject.server.cpuSeconds() - before
      sum.seconds += seconds
      for (const latency of latencies) sum.latencies.push(latency)
    }
  return [...sums.values()].map(({ latencies, seconds, cpu }) => ({
    ...figuresOf(latencies, seconds),
    cpuMs: (cpu / latencies.length) * 1000,
  }))
}

const figures = ({ perSecond, p50, p99, cpuMs }) =>
  `${perSecond.toFixed(0)}/s, p50 ${ms(p50)}, p99 ${ms(p99)}, server CPU ${cpuMs.toFixed(2)} ms a call`
function show(what, clients, results) {
  const [ours, theirs] = results
  const upstream = theirs?.perSecond ?? BASELINE[what]?.[clients]
  const ratio = upstream === undefined ? '' : ` (${(ours.perSecond / upstream).toFixed(1)} × Kubernetes)`
  const beside = theirs ? ` — kube-apiserver: ${figures(theirs)}, its p99 ${(theirs.p99 / ours.p99).toFixed(1)} ×` : ''
  return `: ${figures(ours)}${ratio}${beside}`
}

/** How a client says who it is: both servers take either. */
const { cert, key } = subjects[0].server.agent.options
const IDENTITIES = {
  'a certificate': { options: { cert, key }, headers: {} },
  'a token': { options: {}, headers: { authorization: `Bearer ${TOKEN}` } },
}

/** A connection of its own for one call, as a client has it that was started for that. */
async function connected({ server }, { options, headers }) {
  const client = new Client(server.url, { ca: server.agent.options.ca, ...options })
  await must(200, client.call('GET', CONNECT, undefined, undefined, undefined, headers))
  client.agent.destroy()
}
/** Opens what the calls that are timed go over. */
const open = (server, clients) =>
  Promise.all(Array.from({ length: clients }, () => must(200, server.call('GET', '/livez'))))

for (const { server } of subjects)
  await load(2_000, 8, i => must(201, server.call('POST', CONFIGMAPS, configmap(`warm-${i}`))))
for (const [what, identity] of Object.entries(IDENTITIES))
  for (const clients of CLIENTS) {
    const results = await inTurn(
      300,
      clients,
      () => undefined,
      subject => connected(subject, identity),
    )
    console.log(`connect with ${what}, GET one object, ${clients} clients${show('connect', clients, results)}`)
  }
for (const { what, counts, call } of ROWS)
  for (const [formatName, format] of Object.entries(FORMATS))
    for (const [i, clients] of CLIENTS.entries()) {
      const results = await inTurn(
        counts[i],
        clients,
        ({ server }) => open(server, clients),
        (subject, n) => call(subject, format, `${formatName.toLowerCase()}-${clients}-${n}`),
      )
      console.log(`${what}, ${formatName}, ${clients} clients${show(what, clients, results)}`)
    }

for (const [formatName, { type }] of Object.entries(FORMATS))
  for (const { name, server } of subjects) {
    const lists = []
    let size = 0
    for (let i = 0; i < 5; i++) {
      const from = performance.now()
      const { bytes } = await must(200, server.call('GET', PODS, undefined, undefined, type))
      lists.push(performance.now() - from)
      size = bytes.length
    }
    console.log(
      `LIST 5,000 pods, ${formatName}, ${name}: median ${ms(median(lists))}, ${(size / 1e6).toFixed(1)} MB (aim 80 ms)`,
    )
  }

async function watchDelays(server, watchers, events) {
  const sent = new Map()
  const delays = []
  server.agent.maxSockets = watchers + 16
  // From now on: a watch that begins with the state would still be reading it when the first events come.
  const { text } = await must(200, server.call('GET', `${CONFIGMAPS}?limit=1`))
  const from = JSON.parse(text).metadata.resourceVersion
  const ends = Array.from({ length: watchers }, () =>
    server.watch(`${CONFIGMAPS}?watch=1&resourceVersion=${from}&labelSelector=bench%3Dwatch`, frame => {
      const since = sent.get(frame.object?.metadata?.name)
      if (since && frame.type === 'ADDED') delays.push(performance.now() - since)
    }),
  )
  await Promise.all(ends.map(end => end.opened))
  for (let i = 0; i < events; i++) {
    const object = configmap(`w${watchers}-${i}`, 10)
    object.metadata.labels = { bench: 'watch' }
    sent.set(object.metadata.name, performance.now())
    await must(201, server.call('POST', CONFIGMAPS, object))
  }
  const until = performance.now() + 10_000
  while (delays.length < events * watchers && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 10))
  for (const end of ends) end()
  return delays
}
for (const { watchers, events } of [
  { watchers: 1, events: 500 },
  { watchers: 100, events: 100 },
])
  for (const { name, server } of subjects) {
    const delays = await watchDelays(server, watchers, events)
    console.log(
      `watch, send → seen, ${watchers} watchers, ${name}: p50 ${ms(percentile(delays, 50))}, ` +
        `p99 ${ms(percentile(delays, 99))} (${delays.length} events)`,
    )
  }
for (const { name, server } of subjects)
  console.log(`RSS after this load, ${name}: ${server.rssMb().toFixed(0)} MB (aim 400)`)
for (const { server } of subjects) await server.stop()
