// Nodes without machines: they say that they are Ready, renew their leases, and run nothing.
import { load } from './lib.mjs'

const LEASE_EVERY_MS = 10_000
const now = () => new Date().toISOString().replace('Z', '000Z')

const node = (name, i) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${i % 10}` },
  },
})
const status = allocatable => ({
  capacity: allocatable,
  allocatable,
  conditions: [{ type: 'Ready', status: 'True', reason: 'Hollow', lastHeartbeatTime: null, lastTransitionTime: null }],
})
const lease = name => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease' },
  spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: now() },
})
const MERGE = 'application/merge-patch+json'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

/**
 * @param ready whether to call them ready by hand, where no controller sees that they report
 * @param pods how many a node takes
 * @returns a function that ends the heartbeats; its `silence(name)` ends those of one node
 */
export async function addHollowNodes(server, count, { ready = false, pods = 110 } = {}) {
  const names = Array.from({ length: count }, (_, i) => `hollow-${i}`)
  const must = async (...call) => {
    const { code, text } = await server.call(...call)
    if (code >= 300) throw new Error(text)
  }
  await load(count, 16, async i => {
    await must('POST', '/api/v1/nodes', node(names[i], i))
    const body = { status: status({ cpu: '32', memory: '64Gi', pods: String(pods) }) }
    await must('PATCH', `/api/v1/nodes/${names[i]}/status`, body, MERGE)
    await must('POST', LEASES, lease(names[i]))
    if (ready) await must('PATCH', `/api/v1/nodes/${names[i]}`, { spec: { taints: null } }, MERGE)
  })
  let next = 0
  const silent = new Set()
  const timer = setInterval(() => {
    const name = names[next++ % count]
    if (silent.has(name)) return
    const spec = { renewTime: now() }
    server.call('PATCH', `${LEASES}/${name}`, { spec }, MERGE).catch(() => undefined)
  }, LEASE_EVERY_MS / count)
  // New nodes are tainted until they have been seen Ready, and get a pod network; other controllers are at rest then.
  for (;;) {
    const { items } = JSON.parse((await server.call('GET', '/api/v1/nodes')).text)
    if (items.every(({ spec }) => !spec.taints?.length && (ready || spec.podCIDR))) break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return Object.assign(() => clearInterval(timer), { silence: name => silent.add(name) })
}

const PODS = '/api/v1/namespaces/default/pods'
const running = () => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now().replace(/\.\d+Z/, 'Z') }],
})

/**
 * Says of every pod of a hollow node that it runs and is ready.
 * @param onPod told of each change of a pod
 * @returns a function that ends it
 */
export async function runHollowPods(server, onPod) {
  const started = new Set()
  const end = server.watch(`${PODS}?watch=1`, ({ type, object: pod }) => {
    onPod(type, pod)
    const { name, uid, deletionTimestamp } = pod.metadata
    if (!pod.spec.nodeName || deletionTimestamp || started.has(uid)) return
    started.add(uid)
    server.call('PATCH', `${PODS}/${name}/status`, { status: running() }, MERGE).catch(() => undefined)
  })
  await end.opened
  return end
}
