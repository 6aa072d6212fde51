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
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

/** @returns a function that ends the heartbeats */
export async function addHollowNodes(server, count, allocatable = { cpu: '32', memory: '64Gi', pods: '110' }) {
  const names = Array.from({ length: count }, (_, i) => `hollow-${i}`)
  const must = async (...call) => {
    const { code, text } = await server.call(...call)
    if (code >= 300) throw new Error(text)
  }
  await load(count, 16, async i => {
    await must('POST', '/api/v1/nodes', node(names[i], i))
    const body = { status: status(allocatable) }
    await must('PATCH', `/api/v1/nodes/${names[i]}/status`, body, 'application/merge-patch+json')
    await must('POST', LEASES, lease(names[i]))
  })
  let next = 0
  const timer = setInterval(() => {
    const name = names[next++ % count]
    const spec = { renewTime: now() }
    server.call('PATCH', `${LEASES}/${name}`, { spec }, 'application/merge-patch+json').catch(() => undefined)
  }, LEASE_EVERY_MS / count)
  // New nodes are tainted until they have been seen Ready.
  for (;;) {
    const { items } = JSON.parse((await server.call('GET', '/api/v1/nodes')).text)
    if (items.every(({ spec }) => !spec.taints?.length)) break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return () => clearInterval(timer)
}
