// Pods placed on hollow nodes by a whole server while they are created: rate, time from send to bound, and how long the
// event loop was held up. `NODES=1000 PODS=10000 npm run bench -- scheduler-cluster`; `CLASSES=plain,affinity`. With
// `FLOTILLA_BENCH_PEER=1`, upstream's API server and scheduler do each class as well, one after the other.
import { KubeApiServer } from './kube-apiserver.mjs'
import { Server, load, ms, percentile } from './lib.mjs'
import { addHollowNodes } from './hollow-nodes.mjs'
import { PlainConnection } from './plain-connection.mjs'

const NODES = Number(process.env['NODES'] ?? 200)
const PODS = Number(process.env['PODS'] ?? 2_000)
const CLIENTS = 16
/** Pod networks for 4,096 nodes: the usual range is used up by 256, and who gets none tries again and again. */
const ROOM = '10.128.0.0/12'

const selector = { matchLabels: { app: 'bench' } }
const required = topologyKey => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: selector }],
})
const zone = 'topology.kubernetes.io/zone'
/** Class → how many pods, and what each says. */
const classes = {
  plain: { count: PODS, spec: {} },
  spreading: {
    count: PODS,
    spec: {
      topologySpreadConstraints: [
        { maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
      ],
    },
  },
  affinity: { count: PODS / 2, spec: { affinity: { podAffinity: required(zone) } } },
  'anti-affinity': { count: NODES, spec: { affinity: { podAntiAffinity: required('kubernetes.io/hostname') } } },
  preemption: { count: NODES, spec: { priorityClassName: 'important' }, cpu: '30' },
}
const pod = (name, spec, cpu = '10m') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'bench' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'none', resources: { requests: { cpu, memory: '16Mi' } } }],
    ...spec,
  },
})
const PATH = '/api/v1/namespaces/default/pods'

/** Creates pods and waits until all are bound. @returns seconds, and each pod's time from send to bound */
async function place(server, prefix, count, spec, cpu) {
  const sent = new Map()
  const took = []
  let done
  const all = new Promise(resolve => (done = resolve))
  const onLine = line => {
    // A pod is looked into once it has a node: whoever measures shares the processor.
    if (!line.includes('"nodeName":"')) return
    const { object } = JSON.parse(line)
    const { name } = object.metadata
    const from = object.spec?.nodeName && sent.get(name)
    if (!from) return
    sent.delete(name)
    if (took.push(performance.now() - from) === count) done()
  }
  let watching
  const follow = async () => {
    watching = await PlainConnection.open(server)
    await watching.watch(`${PATH}?watch=1&resourceVersion=0`, onLine, follow)
  }
  await follow()
  const idle = await Promise.all(Array.from({ length: CLIENTS }, () => PlainConnection.open(server)))
  const started = performance.now()
  await load(count, CLIENTS, async i => {
    const connection = idle.pop()
    const name = `${prefix}-${i}`
    sent.set(name, performance.now())
    const { code, text } = await connection.call('POST', PATH, pod(name, spec, cpu))
    if (code !== 201) throw new Error(text)
    idle.push(connection)
  })
  await all
  for (const connection of [watching, ...idle]) connection.end()
  return { seconds: (performance.now() - started) / 1000, took }
}

/** @returns a cluster with as many hollow nodes, and a function that ends both */
async function startFlotilla() {
  const server = await Server.start(['--no-local-node', '--cluster-cidr', ROOM])
  const endNodes = await addHollowNodes(server, NODES)
  while ((await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code !== 200)
    await new Promise(resolve => setTimeout(resolve, 50))
  return { server, endNodes }
}

async function startKube() {
  const server = await KubeApiServer.start()
  await server.addScheduler()
  return { server, endNodes: await addHollowNodes(server, NODES, { ready: true }) }
}

/** @returns the pods placed in a second */
async function measure(name, title, start) {
  const { count, spec, cpu } = classes[name]
  const { server, endNodes } = await start()
  if (name === 'preemption') {
    const important = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'important' } }
    await server.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { ...important, value: 1000 })
    await place(server, 'filler', NODES, {}, '30')
  }
  await server.longestLoopDelayMs?.()
  const before = server.cpuSeconds()
  const { seconds, took } = await place(server, 'pod', count, spec, cpu)
  const cpuMs = (1000 * (server.cpuSeconds() - before)) / count
  const delay = await server.longestLoopDelayMs?.()
  console.log(
    `${title}${name}: ${count} pods on ${NODES} nodes: ${(count / seconds).toFixed(0)}/s, send → bound p50 ` +
      `${ms(percentile(took, 50))} p99 ${ms(percentile(took, 99))}, server CPU ${cpuMs.toFixed(2)} ms a pod, ` +
      (delay === undefined ? '' : `longest loop delay ${ms(delay)}, `) +
      `RSS ${server.rssMb().toFixed(0)} MB`,
  )
  endNodes()
  await server.stop()
  return count / seconds
}

for (const name of (process.env['CLASSES'] ?? Object.keys(classes).join()).split(',')) {
  if (!process.env['FLOTILLA_BENCH_PEER']) {
    await measure(name, '', startFlotilla)
    continue
  }
  const ours = await measure(name, 'Flotilla, ', startFlotilla)
  const theirs = await measure(name, 'kube, ', startKube)
  console.log(`${name}: ${(ours / theirs).toFixed(2)} × kube's rate`)
}
