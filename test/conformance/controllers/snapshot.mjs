// What a namespace holds once nothing moves any more, in a form that two clusters can be compared in.
import { normalise } from '../peer/compare.mjs'

const core = names => names.map(name => `/api/v1/namespaces/:ns/${name}`)
const PATHS = [
  ...core(['pods', 'services', 'endpoints', 'replicationcontrollers', 'persistentvolumeclaims', 'resourcequotas']),
  ...core(['configmaps', 'serviceaccounts', 'secrets', 'events']),
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'].map(
    name => `/apis/apps/v1/namespaces/:ns/${name}`,
  ),
  ...['jobs', 'cronjobs'].map(name => `/apis/batch/v1/namespaces/:ns/${name}`),
  '/apis/discovery.k8s.io/v1/namespaces/:ns/endpointslices',
  '/apis/autoscaling/v2/namespaces/:ns/horizontalpodautoscalers',
  '/apis/policy/v1/namespaces/:ns/poddisruptionbudgets',
  '/apis/resource.k8s.io/v1/namespaces/:ns/resourceclaims',
]
export const QUIET_MS = 2_500
const LOOK_EVERY_MS = 250

const list = async (server, path) => {
  const { code, text } = await server.call('GET', path)
  if (code !== 200) return []
  const answer = JSON.parse(text)
  const { items, kind } = answer
  if (!items) return [answer]
  return items.map(item => ({ kind: kind.replace(/List$/, ''), ...item }))
}

/** @returns every object of a namespace, and the cluster's own that were asked for */
async function readAll(server, namespace, more) {
  const paths = [...PATHS.map(path => path.replace(':ns', namespace)), ...more]
  return (await Promise.all(paths.map(path => list(server, path)))).flat()
}

/** Waits until nothing has changed for a while. @returns what is there then */
export async function settled(server, namespace, { more = [], quietMs = QUIET_MS, mostMs = 60_000 } = {}) {
  const begun = performance.now()
  let last = ''
  let since = begun
  for (;;) {
    const objects = await readAll(server, namespace, more)
    const seen = objects.map(({ metadata }) => `${metadata.uid}/${metadata.resourceVersion}`).join()
    const nowMs = performance.now()
    if (seen !== last) [last, since] = [seen, nowMs]
    if (nowMs - since >= quietMs || nowMs - begun > mostMs) return objects
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

const HASH_LABELS = ['pod-template-hash', 'controller-revision-hash', 'controller.kubernetes.io/hash']

/** Hashes of templates are another program's: told by the order in which they came to be, of now and of before. */
function learnHashes(objects, known) {
  const owners = objects.filter(({ kind }) => kind === 'ReplicaSet' || kind === 'ControllerRevision')
  const at = ({ metadata, revision }) =>
    Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? revision ?? 0)
  const sorted = owners.sort((a, b) => at(a) - at(b))
  for (const { metadata } of sorted)
    for (const label of HASH_LABELS) if (metadata.labels?.[label]) known.add(metadata.labels[label].replace(/^.*-/, ''))
}

const MADE_UP = /^(.*-)[bcdfghjklmnpqrstvwxz2456789]{5}$/

/** Claims that were made for a pod, also those that are gone. */
const claimsOf = ({ resourceClaimStatuses = [], extendedResourceClaimStatus } = {}) =>
  [...resourceClaimStatuses, extendedResourceClaimStatus].flatMap(each => each?.resourceClaimName ?? [])

/** Names that somebody made up, of now and of before: with what they begin. */
function madeUpNames(objects) {
  const names = objects.flatMap(({ kind, metadata, involvedObject, status }) => [
    ...claimsOf(status),
    ...(metadata.generateName || kind === 'EndpointSlice'
      ? [metadata.name]
      : involvedObject?.kind === 'Pod'
        ? [involvedObject.name]
        : []),
  ])
  return [...new Set(names)].flatMap(name => {
    const match = MADE_UP.exec(name)
    return match ? [[name, `${match[1]}<name>`]] : []
  })
}

const DROPPED = new Set(['managedFields', 'resourceVersion', 'uid', 'selfLink'])
const isTime = key => /(Time|Timestamp|At)$/.test(key)
const strip = (value, key = '') => {
  if (isTime(key) && typeof value === 'string') return '<time>'
  // The order of conditions is that in which they last changed.
  if (key === 'conditions' && Array.isArray(value)) value.sort((a, b) => (a.type < b.type ? -1 : 1))
  if (Array.isArray(value)) return value.map(item => strip(item))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => !DROPPED.has(name))
  return Object.fromEntries(kept.map(([name, item]) => [name, strip(item, name)]))
}

/** How many steps a change takes is a matter of chance, and so is whether its events are put together. */
const chance = message =>
  message.replace('(combined from similar events): ', '').replace(/from \d+ to \d+/, 'from <n> to <n>')
const inOrder = value =>
  typeof value !== 'object' || value === null
    ? value
    : Array.isArray(value)
      ? value.map(inOrder)
      : Object.fromEntries(Object.keys(value).sort().map(key => [key, inOrder(value[key])])) // prettier-ignore
/** The same whatever the order of fields, and without the number of steps that it took. */
const textOf = value => JSON.stringify(inOrder(value)).replace(/"generation":\d+,?/, '')
const byText = (a, b) => (textOf(a) < textOf(b) ? -1 : 1)
const eventText = ({ type, reason, message, involvedObject, source, reportingComponent }) =>
  `${type} ${reason} ${involvedObject.kind}/${involvedObject.name} by ${source?.component || reportingComponent}: ${chance(message ?? '')}`

const TAINT = /^(\d+) node\(s\) had untolerated taint(\(s\)| \{.*\})$/
/** Ours name each taint, theirs say that there is one: how many nodes it is, in the order of their texts. */
function withoutTaints(_, reasons) {
  const all = reasons.split(', ')
  const tainted = all.reduce((sum, reason) => sum + Number(TAINT.exec(reason)?.[1] ?? 0), 0)
  const others = all.filter(reason => !TAINT.test(reason))
  const taints = tainted > 0 ? [`${tainted} node(s) had untolerated taint(s)`] : []
  return `nodes are available: ${[...others, ...taints].sort().join(', ')}.`
}

/**
 * @param {Set<string>} hashes of templates, in the order of their first sight: kept from call to call
 * @returns {Record<string, unknown>} kind and name → object, or objects whose names are made up; events → their texts
 */
export function comparable(objects, hashes) {
  learnHashes(objects, hashes)
  let text = JSON.stringify(objects.map(object => strip(object)))
  for (const [name, by] of madeUpNames(objects)) text = text.replaceAll(name, by)
  let index = 0
  for (const hash of hashes) text = text.replaceAll(hash, `<hash-${++index}>`)
  text = text
    .replaceAll(/nodes are available: (.*?)\.(?= |"|\\")/g, withoutTaints)
    .replaceAll(/10\.244\.9\.\d+/g, '<pod-ip>')
    .replaceAll(/-29\d{6}\b/g, '-<minute>')
    .replaceAll(/\bnode-\d\b/g, '<node>')
  text = text.replaceAll(
    /((?:pods|resourceclaims\.resource\.k8s\.io) \\"[^"\\]*-)[bcdfghjklmnpqrstvwxz2456789]{5}(?=\\")/g,
    '$1<name>',
  )
  const found = {}
  const events = new Set()
  for (const object of JSON.parse(text)) {
    if (object.kind === 'Event') {
      events.add(normalise(eventText(object)))
      continue
    }
    // Their order is, with Go, a matter of chance.
    object.endpoints?.sort(byText)
    // That of its subsets is the one of their hashes.
    object.subsets?.sort(byText)
    const { generateName } = object.metadata
    // Made up by hand: to be compared.
    if (generateName && !object.metadata.name.endsWith('<name>')) object.metadata.generateName = { generateName }
    const value = normalise(object)
    const { name } = value.metadata
    const key = `${object.kind}/${name}`
    if (name.endsWith('<name>')) (found[key] ??= []).push(value)
    else found[key] = value
  }
  for (const value of Object.values(found)) if (Array.isArray(value)) value.sort(byText)
  found.events = Object.fromEntries([...events].sort().map(event => [event, true]))
  return found
}
