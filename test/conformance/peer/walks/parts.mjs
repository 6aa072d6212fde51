// Requests to parts of objects other than their status: scales, evictions, bindings, tokens, ephemeral containers, resizes.
import { pick, some } from '../draw.mjs'
import { resolve } from '../mutations.mjs'
import { changed, drawChange, print } from './changes.mjs'
import { deleteOptions, maybe, query, writeOptions } from './options.mjs'

const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'
const AMOUNTS = ['100m', '1', '1500m', '0', '-1', '64Mi', 'x', null, 2]

const post = (path, draw, body) => ({ method: 'POST', path: `${path}${query(writeOptions(draw))}`, body: print(body) })

/** One change of a list of a pod's spec. */
function changeOf(draw, list, name, { schema, schemas, pool }) {
  const spec = { [name]: list }
  const within = { schema: resolve(schema, schemas).properties.spec, schemas, pool }
  return draw() < 0.3 ? spec : changed(spec, drawChange(Math.floor(draw() * 1e9), spec, within, name))
}

/** By the names of the parts. */
export const PARTS = {
  scale(draw, path, { name }) {
    if (draw() < 0.25) return { path }
    const replicas = pick(draw, [0, 1, 2, -1, null, 'x', 1.5, 2147483648])
    const options = writeOptions(draw)
    const whole = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } }
    if (draw() < 0.25) {
      const applied = { ...options, fieldManager: pick(draw, ['ann', 'bob']), force: maybe(draw, 0.5, 'true') }
      return { method: 'PATCH', path: `${path}${query(applied)}`, type: APPLY, body: print(whole) }
    }
    if (draw() < 0.35) return { method: 'PUT', path: `${path}${query(options)}`, body: print(whole) }
    const body = { spec: { replicas }, ...(draw() < 0.1 ? { unknown: 1 } : {}) }
    return { method: 'PATCH', path: `${path}${query(options)}`, type: MERGE, body: print(body) }
  },
  eviction(draw, path, { name, object, known }) {
    return post(path, draw, {
      ...{ apiVersion: pick(draw, ['policy/v1', 'policy/v1', 'policy/v1beta1']), kind: 'Eviction' },
      metadata: { name: pick(draw, [name, name, 'other', undefined]) },
      deleteOptions: maybe(draw, 0.7, deleteOptions(draw, object, known)),
    })
  },
  binding(draw, path, { name, object }) {
    const { uid, resourceVersion } = object.metadata ?? {}
    const metadata = {
      name: pick(draw, [name, name, 'other']),
      uid: maybe(draw, 0.2, pick(draw, [uid, 'other'])),
      resourceVersion: maybe(draw, 0.1, pick(draw, [resourceVersion, '1'])),
      annotations: maybe(draw, 0.2, { a: 'b' }),
      labels: maybe(draw, 0.2, { a: 'c' }),
    }
    const target = {
      kind: pick(draw, ['Node', 'Node', 'Node', 'Pod', '']),
      name: pick(draw, ['n1', 'n1', 'n1', '', 'N!']),
    }
    return post(path, draw, { apiVersion: 'v1', kind: 'Binding', metadata, target: draw() < 0.95 ? target : undefined })
  },
  token(draw, path, { name }) {
    const bound = { kind: pick(draw, ['Pod', 'Secret', 'Node', 'ConfigMap']), apiVersion: 'v1', name, uid: maybe(draw, 0.3, 'u') } // prettier-ignore
    const spec = {
      audiences: pick(draw, [['a'], ['a', 'b'], [''], [], undefined]),
      expirationSeconds: pick(draw, [600, 3600, 599, 0, -1, 4294967297, undefined]),
      boundObjectRef: maybe(draw, 0.3, bound),
    }
    return post(path, draw, { ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' }, spec })
  },
  ephemeralcontainers(draw, path, { object }, walk) {
    const have = object.spec?.ephemeralContainers ?? []
    const added = { name: pick(draw, ['debug', 'more', 'web']), image: 'web:1' }
    const spec = changeOf(draw, draw() < 0.8 ? [...have, added] : have, 'ephemeralContainers', walk)
    const options = query(writeOptions(draw))
    if (draw() < 0.3)
      return { method: 'PUT', path: `${path}${options}`, body: print({ ...object, spec: { ...object.spec, ...spec } }) }
    return { method: 'PATCH', path: `${path}${options}`, type: pick(draw, [MERGE, STRATEGIC]), body: print({ spec }) }
  },
  resize(draw, path, { object }, walk) {
    const amounts = () => Object.fromEntries(some(draw, ['cpu', 'memory', 'example.com/a'], 0.5).map(key => [key, pick(draw, AMOUNTS)])) // prettier-ignore
    const resources = () => ({ ...(draw() < 0.8 ? { requests: amounts() } : {}), ...(draw() < 0.5 ? { limits: amounts() } : {}) }) // prettier-ignore
    const options = query(writeOptions(draw))
    const list = pick(draw, ['containers', 'containers', 'containers', 'initContainers'])
    const resized = (object.spec?.[list] ?? []).map(item => (draw() < 0.6 ? { ...item, resources: resources() } : item))
    const spec = draw() < 0.8 ? { [list]: resized } : changeOf(draw, resized, list, walk)
    if (draw() < 0.3)
      return { method: 'PUT', path: `${path}${options}`, body: print({ ...object, spec: { ...object.spec, ...spec } }) }
    return { method: 'PATCH', path: `${path}${options}`, type: pick(draw, [MERGE, STRATEGIC, STRATEGIC]), body: print({ spec }) } // prettier-ignore
  },
}
