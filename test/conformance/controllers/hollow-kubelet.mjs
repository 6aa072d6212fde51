// Nodes that run nothing: what their pods come to is said by the images of their containers. Both clusters get the same
// answers, so what differs is the work of the controllers.

const MERGE = 'application/merge-patch+json'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const RENEW_EVERY_MS = 5_000
const now = () => new Date().toISOString().replace(/\.\d+Z/, 'Z')

const terminated = exitCode => ({
  terminated: { exitCode, reason: exitCode ? 'Error' : 'Completed', startedAt: now(), finishedAt: now() },
})
/** Image → state of the container, and whether it is ready. Others wait to be started for ever. */
const STATES = {
  run: () => ({ state: { running: { startedAt: now() } }, ready: true, started: true }),
  unready: () => ({ state: { running: { startedAt: now() } }, ready: false, started: true }),
  done: () => ({ state: terminated(0), ready: false, started: false }),
  fail: () => ({ state: terminated(1), ready: false, started: false }),
  'fail-42': () => ({ state: terminated(42), ready: false, started: false }),
}
const waiting = () => ({ state: { waiting: { reason: 'ContainerCreating' } }, ready: false, started: false })

function phaseOf(states) {
  if (states.some(({ state }) => state.waiting)) return 'Pending'
  if (states.some(({ state }) => state.running)) return 'Running'
  return states.some(({ state }) => state.terminated.exitCode !== 0) ? 'Failed' : 'Succeeded'
}

/** @returns the status of a pod as its kubelet first tells it */
function statusOf(pod, podIP) {
  const containerStatuses = pod.spec.containers.map(({ name, image }) => ({
    ...{ name, image, imageID: '', restartCount: 0, ...(STATES[image] ?? waiting)() },
  }))
  const ready = containerStatuses.every(status => status.ready)
  const condition = (type, isTrue) => ({ type, status: isTrue ? 'True' : 'False', lastTransitionTime: now() })
  const scheduled = pod.status.conditions?.filter(({ type }) => type === 'PodScheduled') ?? []
  const isGated = (pod.spec.readinessGates ?? []).length > 0
  const conditions = [
    ...scheduled,
    ...[condition('Initialized', true), condition('ContainersReady', ready), condition('Ready', ready && !isGated)],
  ]
  const phase = phaseOf(containerStatuses)
  return { phase, conditions, containerStatuses, hostIP: '192.0.2.1', podIP, podIPs: [{ ip: podIP }], startTime: now() }
}

/** Nodes of a cluster, and what runs on them. */
export class HollowNodes {
  #server
  #ends = []
  #told = new Set()
  #addresses = 0
  constructor(server) {
    this.#server = server
    this.#follow()
    const timer = setInterval(() => void this.#renew(), RENEW_EVERY_MS)
    this.#ends.push(() => clearInterval(timer))
  }

  #names = new Set()
  async add(name, { labels = {}, allocatable = { cpu: '8', memory: '16Gi', pods: '110' }, taints } = {}) {
    const all = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels }
    // A pod may be there as soon as the node is.
    this.#names.add(name)
    await this.#must('POST', '/api/v1/nodes', { metadata: { name, labels: all }, ...(taints && { spec: { taints } }) })
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now() }]
    await this.#must('PATCH', `/api/v1/nodes/${name}/status`, {
      status: { capacity: allocatable, allocatable, conditions },
    })
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    }
    await this.#must('POST', LEASES, { metadata: { name, namespace: 'kube-node-lease' }, spec })
  }

  /** Says nothing more of a node, nor of its pods. */
  silence(name) {
    this.#names.delete(name)
  }

  /** Those whose name ends like that leave the cluster. */
  async remove(ending) {
    for (const name of [...this.#names].filter(name => name.endsWith(ending))) {
      this.#names.delete(name)
      await this.#server.call('DELETE', `/api/v1/nodes/${name}`)
    }
  }

  /** It is there again, and says so. */
  async wake(name) {
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now() }]
    await this.#must('PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions } })
    this.#names.add(name)
    await this.#renew()
  }

  async #renew() {
    const renewTime = new Date().toISOString().replace('Z', '000Z')
    for (const name of this.#names)
      await this.#server.call('PATCH', `${LEASES}/${name}`, { spec: { renewTime } }, MERGE).catch(() => undefined)
  }

  async #must(method, path, body) {
    const type = method === 'PATCH' ? MERGE : undefined
    const { code, text } = await this.#server.call(method, path, body, type)
    if (code >= 300) throw new Error(`${method} ${path}: ${text}`)
  }

  #follow() {
    let isOver = false
    let end = () => undefined
    const open = () => {
      if (isOver) return
      end = this.#server.watch('/api/v1/pods?watch=1', frame => void this.#see(frame).catch(() => undefined), {
        onEnd: open,
      })
    }
    open()
    this.#ends.push(() => ((isOver = true), end()))
  }

  async #see({ type, object: pod }) {
    if (type === 'DELETED' || !pod.spec?.nodeName || !this.#names.has(pod.spec.nodeName)) return
    const { namespace, name, uid, deletionTimestamp } = pod.metadata
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`
    const once = `${uid}/${deletionTimestamp ? 'end' : 'start'}`
    if (this.#told.has(once)) return
    this.#told.add(once)
    if (!deletionTimestamp) {
      const status = statusOf(pod, `10.244.9.${++this.#addresses}`)
      return void (await this.#server.call('PATCH', `${path}/status`, { status }, MERGE))
    }
    // Some stay on their way out, to be looked at.
    if (pod.metadata.annotations?.['hollow/stay']) return
    if (!['Succeeded', 'Failed'].includes(pod.status.phase)) {
      const containerStatuses = pod.spec.containers.map(container => ({
        ...{ name: container.name, image: container.image, imageID: '', restartCount: 0, ready: false },
        state: terminated(137),
      }))
      const status = { phase: 'Failed', containerStatuses }
      await this.#server.call('PATCH', `${path}/status`, { status }, MERGE)
    }
    await this.#server.call('DELETE', path, { gracePeriodSeconds: 0, preconditions: { uid } })
  }

  stop() {
    for (const end of this.#ends) end()
  }
}
