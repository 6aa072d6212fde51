// An API server outside that serves metrics, which both clusters ask: of the run's own numbers, by namespace.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const APISERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'

/** `namespace/metric` → value of an external metric. */
export const external = new Map()
/** `namespace/resource/name/metric` → value of a metric of an object. */
export const ofObjects = new Map()
/** `namespace/pod` → container → what it uses. */
export const usage = new Map()

let port

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'))
  const [key, cert] = ['tls.key', 'tls.crt'].map(name => join(folder, name))
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost'] // prettier-ignore
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  try {
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const GROUPS = {
  'external.metrics.k8s.io': {
    version: 'v1beta1',
    resources: [],
    answer([metricName], namespace) {
      const value = external.get(`${namespace}/${metricName}`)
      const items =
        value === undefined ? [] : [{ metricName, metricLabels: {}, timestamp: new Date().toISOString(), value }]
      return { kind: 'ExternalMetricValueList', metadata: {}, items }
    },
  },
  'custom.metrics.k8s.io': {
    version: 'v1beta2',
    resources: ['pods/packets', 'services/requests'].map(name => ({
      ...{ name, singularName: '', namespaced: true, kind: 'MetricValueList', verbs: ['get'] },
    })),
    answer([resource, name, metric], namespace) {
      const prefix = `${namespace}/${resource}/`
      const found = [...ofObjects].filter(
        ([key]) => key.startsWith(prefix) && (name === '*' || key === `${prefix}${name}/${metric}`),
      )
      if (found.length === 0) return undefined
      const kind = resource === 'pods' ? 'Pod' : 'Service'
      const items = found.map(([key, value]) => ({
        describedObject: { kind, namespace, name: key.split('/')[2], apiVersion: 'v1' },
        ...{ metric: { name: metric }, timestamp: new Date().toISOString(), value },
      }))
      return { kind: 'MetricValueList', metadata: {}, items }
    },
  },
  'metrics.k8s.io': {
    version: 'v1beta1',
    resources: ['pods', 'nodes'].map(name => ({
      ...{ name, singularName: '', namespaced: name === 'pods', kind: 'PodMetrics', verbs: ['get', 'list'] },
    })),
    answer(_path, namespace) {
      const items = [...usage]
        .filter(([key]) => key.startsWith(`${namespace}/`))
        .map(([key, containers]) => ({
          metadata: { name: key.slice(namespace.length + 1), namespace, labels: { app: 'web' } },
          ...{ timestamp: new Date().toISOString(), window: '30s' },
          containers: Object.entries(containers).map(([name, used]) => ({ name, usage: used })),
        }))
      return { kind: 'PodMetricsList', metadata: {}, items }
    },
  },
}

function answer(path) {
  const [, group, version, rest = ''] = /^\/apis\/([^/?]+)\/([^/?]+)\/?([^?]*)/.exec(path) ?? []
  const served = GROUPS[group]
  if (!served || version !== served.version) return undefined
  const groupVersion = `${group}/${version}`
  if (!rest) return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: served.resources }
  const [, namespace, ...names] = rest.split('/')
  const found = served.answer(names, namespace)
  return found && { apiVersion: groupVersion, ...found }
}

/** Ends with the run. */
const started = () =>
  (port ??= new Promise(resolve => {
    const server = createServer(certificate(), (request, response) => {
      const found = answer(request.url)
      response.statusCode = found ? 200 : 404
      response.setHeader('Content-Type', 'application/json')
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: 'not found' }
      response.end(JSON.stringify(found ?? { ...status, code: 404 }))
    })
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  }))

/** Has the cluster ask there for these groups; the first scenario does it for all. */
export async function serveMetrics(side, ...groups) {
  const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port: await started() }] }
  await side
    .create('/api/v1/namespaces/kube-system/services', { metadata: { name: 'metrics-outside' }, spec })
    .catch(() => undefined)
  const service = { namespace: 'kube-system', name: 'metrics-outside', port: await started() }
  for (const group of groups) {
    const { version } = GROUPS[group]
    const name = `${version}.${group}`
    const more = { groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service }
    const spec = { group, version, ...more }
    // One that is built in gives way.
    await side
      .create(APISERVICES, { metadata: { name }, spec })
      .catch(() => side.merge(`${APISERVICES}/${name}`, { spec }))
    await available(side, name)
  }
}

async function available(side, name) {
  for (let tries = 0; tries < 200; tries++) {
    const { status } = await side.get(`${APISERVICES}/${name}`)
    const isServed = ({ type, status: value, reason }) =>
      type === 'Available' && value === 'True' && reason === 'Passed'
    if (status?.conditions?.some(isServed)) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`${name} is not served`)
}
