// Lists in every form, documents, and writes of other kinds, of 5,000 pods on 100 nodes. With `FLOTILLA_BENCH_PEER=1` in
// turn with kube-apiserver, as in apiserver.bench.mjs.
import { startSubjects } from './kube-apiserver.mjs'
import { load, median, ms } from './lib.mjs'
import { PROTOBUF } from './protobuf.mjs'

const PODS = '/api/v1/namespaces/default/pods'
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps'
const NODES = 100
const GROUPS = 50
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const metadataAs = type => `${type};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
const PEOPLE = 16
const TIMES = 7
const WRITES = 800

const must = async (code, promise) => {
  const answer = await promise
  if (answer.code !== code) throw new Error(`${answer.code}: ${answer.text.slice(0, 200)}`)
  return answer
}
const node = i => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: `n${i}` } })
const pod = i => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `p-${i}`, labels: { app: `a${i % GROUPS}` } },
  spec: {
    nodeName: `n${i % NODES}`,
    schedulerName: 'nobody',
    // Nodes of which nobody hears are tainted after a while.
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'c', image: 'i' }],
  },
})

const subjects = await startSubjects()
for (const { server } of subjects) {
  await load(NODES, PEOPLE, i => must(201, server.call('POST', '/api/v1/nodes', node(i))))
  await load(5_000, PEOPLE, i => must(201, server.call('POST', PODS, pod(i))))
}

/** Path and media type of what is read. */
const READS = {
  'LIST, JSON, consistent': [PODS],
  'LIST, JSON, any version': [`${PODS}?resourceVersion=0`],
  'LIST, protobuf': [PODS, PROTOBUF],
  'LIST as a table': [PODS, TABLE],
  'a page of 500 as a table': [`${PODS}?limit=500`, TABLE],
  'LIST of metadata, protobuf': [PODS, metadataAs(PROTOBUF)],
  'LIST of metadata, JSON': [PODS, metadataAs('application/json')],
  'LIST by spec.nodeName': [`${PODS}?fieldSelector=spec.nodeName%3Dn7`],
  'LIST by a label': [`${PODS}?labelSelector=app%3Da7`],
  '/metrics': ['/metrics'],
  'OpenAPI v2': ['/openapi/v2'],
  'OpenAPI v3 of apps': ['/openapi/v3/apis/apps/v1'],
}
const read =
  ([path, accept]) =>
  server =>
    must(200, server.call('GET', path, undefined, undefined, accept))

/** Until the bookmark that ends the state. */
function watchList(server) {
  const path = `${PODS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`
  return new Promise(resolve => {
    const end = server.watch(path, ({ type }) => {
      if (type !== 'BOOKMARK') return
      end()
      resolve()
    })
  })
}

const ratio = (a, b) => (b > 0 && a > 0 ? `${(a / b).toFixed(1)} ×` : '–')
for (const [what, one] of [
  ...Object.entries(READS).map(([name, how]) => [name, read(how)]),
  ['watch that begins with the state', watchList],
]) {
  const found = []
  for (const { name, server } of subjects) {
    const before = server.cpuSeconds()
    const took = []
    for (let i = 0; i < TIMES; i++) {
      const from = performance.now()
      await one(server)
      took.push(performance.now() - from)
    }
    found.push({ name, ms: median(took), cpuMs: ((server.cpuSeconds() - before) / TIMES) * 1000 })
  }
  const [ours, theirs] = found
  const beside = theirs ? `: ${ratio(theirs.ms, ours.ms)}, processor time ${ratio(theirs.cpuMs, ours.cpuMs)}` : ''
  console.log(`${what}: ${found.map(({ name, ms: took }) => `${name} ${ms(took)}`).join(', ')}${beside}`)
}

const applied = (i, letter) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `applied-${i}` },
  data: { a: letter.repeat(500) },
})
const apply = letter => (server, i) =>
  server.call(
    'PATCH',
    `${CONFIGMAPS}/applied-${i}?fieldManager=bench`,
    JSON.stringify(applied(i, letter)),
    'application/apply-patch+yaml',
  )
const create = (path, make) => (server, i) => server.call('POST', path, make(i))
const template = {
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}
const WRITTEN = {
  'server-side apply, new': apply('x'),
  'server-side apply, unchanged': apply('x'),
  'server-side apply, changed': apply('y'),
  'create Lease': create('/apis/coordination.k8s.io/v1/namespaces/default/leases', i => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `l-${i}` },
    spec: { holderIdentity: 'x', leaseDurationSeconds: 40 },
  })),
  'create Event': create('/api/v1/namespaces/default/events', i => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `e-${i}` },
    involvedObject: { kind: 'Pod', name: 'p-1', namespace: 'default' },
    reason: 'Bench',
    message: 'x',
    type: 'Normal',
  })),
  'create Deployment': create('/apis/apps/v1/namespaces/default/deployments', i => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `d-${i}` },
    spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template },
  })),
  'create Service': create('/api/v1/namespaces/default/services', i => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `s-${i}` },
    spec: { selector: { a: 'b' }, ports: [{ port: 80 }] },
  })),
  'patch the status of a Pod': (server, i) =>
    server.call(
      'PATCH',
      `${PODS}/p-${i}/status`,
      JSON.stringify({ status: { phase: 'Running', podIP: '10.1.1.1', podIPs: [{ ip: '10.1.1.1' }] } }),
      'application/strategic-merge-patch+json',
    ),
  SelfSubjectAccessReview: create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', () => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  })),
  'delete ConfigMap': (server, i) => server.call('DELETE', `${CONFIGMAPS}/applied-${i}`),
}
for (const [what, one] of Object.entries(WRITTEN)) {
  const found = []
  for (const { name, server } of subjects) {
    const before = server.cpuSeconds()
    const { perSecond } = await load(WRITES, PEOPLE, async i => {
      const { code, text } = await one(server, i)
      if (code > 201) throw new Error(`${what}: ${text.slice(0, 200)}`)
    })
    found.push({ name, perSecond, cpuMs: ((server.cpuSeconds() - before) / WRITES) * 1000 })
  }
  const [ours, theirs] = found
  const beside = theirs
    ? `: ${ratio(ours.perSecond, theirs.perSecond)}, processor time ${ratio(theirs.cpuMs, ours.cpuMs)}`
    : ''
  console.log(`${what}: ${found.map(each => `${each.name} ${each.perSecond.toFixed(0)}/s`).join(', ')}${beside}`)
}
for (const { server } of subjects) await server.stop()
