// A node with 1,000 pods of a Deployment falls silent: how long until none of them counts as ready any more, until all
// of them have been replaced on the other node, and what every other call to the API server has to bear meanwhile.
import { Client, Server, ms, percentile } from './lib.mjs'
import { addHollowNodes, runHollowPods } from './hollow-nodes.mjs'

const PODS = 1_000
const PROBE_EVERY_MS = 20
const MERGE = 'application/merge-patch+json'
const [FAILING, OTHER] = ['hollow-0', 'hollow-1']
const labels = { app: 'bench' }
const leave = key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 })
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'bench' },
  spec: {
    replicas: PODS,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [{ name: 'c', image: 'none' }],
        tolerations: [leave('node.kubernetes.io/unreachable'), leave('node.kubernetes.io/not-ready')],
      },
    },
  },
}

const server = await Server.start(['--no-local-node'])
const nodes = await addHollowNodes(server, 2, { pods: 2 * PODS })
while ((await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code !== 200)
  await new Promise(resolve => setTimeout(resolve, 50))

/** Node → the pods that are ready there. */
const ready = new Map([FAILING, OTHER].map(name => [name, new Set()]))
let look = () => undefined
const endPods = await runHollowPods(server, (type, { metadata, spec, status }) => {
  const there = ready.get(spec.nodeName)
  const isReady = status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True')
  if (type !== 'DELETED' && isReady) there?.add(metadata.name)
  else there?.delete(metadata.name)
  look()
})
const until = condition =>
  new Promise(resolve => {
    look = () => condition() && resolve(performance.now())
    look()
  })
const must = async (...call) => {
  const { code, text } = await server.call(...call)
  if (code >= 300) throw new Error(text)
}

await must('PATCH', `/api/v1/nodes/${OTHER}`, { spec: { unschedulable: true } }, MERGE)
await must('POST', '/apis/apps/v1/namespaces/default/deployments', deployment)
await until(() => ready.get(FAILING).size === PODS)
await must('PATCH', `/api/v1/nodes/${OTHER}`, { spec: { unschedulable: false } }, MERGE)
const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe' }, data: {} }
await must('POST', '/api/v1/namespaces/default/configmaps', map)

nodes.silence(FAILING)
const silentAt = performance.now()
await until(() => ready.get(FAILING).size < PODS)
const noticedAt = performance.now()
await server.longestLoopDelayMs()
const before = server.cpuSeconds()
const took = { GET: [], PATCH: [] }
// Connections of its own: those of the hollow nodes are busy.
const { ca, cert, key } = server.agent.options
const prober = new Client(server.url, { ca, cert, key })
const probe = async method => {
  const from = performance.now()
  const body = method === 'PATCH' ? [{ data: { at: String(from) } }, MERGE] : []
  await prober.call(method, '/api/v1/namespaces/default/configmaps/probe', ...body)
  took[method].push(performance.now() - from)
}
let over = false
const probing = (async () => {
  while (!over) {
    for (const method of Object.keys(took)) await probe(method)
    await new Promise(resolve => setTimeout(resolve, PROBE_EVERY_MS))
  }
})()
const [notReadyAt, replacedAt] = [
  await until(() => ready.get(FAILING).size === 0),
  await until(() => ready.get(OTHER).size === PODS),
]
over = true
await probing
prober.agent.destroy()
const seconds = from => ((from - noticedAt) / 1000).toFixed(2)
console.log(
  `node with ${PODS} pods: noticed ${((noticedAt - silentAt) / 1000).toFixed(0)} s after its last word, then none ready ` +
    `after ${seconds(notReadyAt)} s, all replaced and ready after ${seconds(replacedAt)} s, server CPU ` +
    `${(server.cpuSeconds() - before).toFixed(2)} s, longest loop delay ${ms(await server.longestLoopDelayMs())}, ` +
    Object.entries(took)
      .map(([method, times]) => `${method} p50 ${ms(percentile(times, 50))} p99 ${ms(percentile(times, 99))}`)
      .join(', '),
)
endPods()
nodes()
await server.stop()
