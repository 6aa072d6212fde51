// The requests that a walk is made of: each is drawn by a seed of its own, out of what the server has answered before.
import { numbers, pick, some, weigh } from '../draw.mjs'
import { changed, drawChange, print } from './changes.mjs'
import { deleteOptions, manager, maybe, query, writeOptions } from './options.mjs'
import { PARTS } from './parts.mjs'
import { jsonPatch, mergePatch, somePart, strategicPatch } from './patches.mjs'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
const PATCHES = [
  { type: 'application/merge-patch+json', body: mergePatch },
  { type: 'application/strategic-merge-patch+json', body: strategicPatch },
  { type: 'application/json-patch+json', body: jsonPatch },
]
const APPLY = 'application/apply-patch+yaml'

const isNothing = value => value === null || (typeof value === 'object' && Object.keys(value).length === 0)

/** What is said in it: where one of two servers prints what is empty and the other does not, the same is drawn. */
function bare(value) {
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null) return value
  // Of owned fields the empty ones say which they are.
  const all = Object.entries(value).map(([key, inner]) => [key, key === 'managedFields' ? inner : bare(inner)])
  return Object.fromEntries(all.filter(([, inner]) => !isNothing(inner)))
}

/** What the walk knows by now. */
function remember(answers, { kind }) {
  const known = { objects: new Map(), versions: [], token: undefined }
  for (const { code, text } of answers) {
    if (code >= 300 || !text.startsWith('{') || text.startsWith('{"type":')) continue
    const body = JSON.parse(text)
    if (body.metadata?.continue) known.token = body.metadata.continue
    if (body.kind !== kind || !body.metadata?.name) continue
    known.objects.set(body.metadata.name, bare(body))
    known.versions.push(body.metadata.resourceVersion)
  }
  return known
}

function metadataOf(draw, name, run) {
  return {
    name,
    labels: { walk: run, ...(draw() < 0.5 ? { a: pick(draw, ['b', 'c']) } : {}) },
    ...(draw() < 0.15 ? { finalizers: some(draw, ['example.com/a', 'foregroundDeletion', 'orphan'], 0.5) } : {}),
    ...(draw() < 0.1 ? { annotations: { a: 'b' } } : {}),
    ...(draw() < 0.06
      ? { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u', controller: draw() < 0.5 }] }
      : {}),
    ...(draw() < 0.05 ? { deletionTimestamp: '2020-01-01T00:00:00Z', generation: 7, selfLink: 'x' } : {}),
    ...(draw() < 0.02 ? { resourceVersion: pick(draw, ['0', '1', '']) } : {}),
  }
}

const sorted = value => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sorted(value[key])]),
  )
}

/** The text of a body: JSON, at times with a key that stands twice in it. */
function textOf(draw, value) {
  const text = print(sorted(value))
  if (draw() > 0.03) return text
  const keys = [...text.matchAll(/"([a-z]\w+)":(?=[[{])/g)]
  if (keys.length === 0) return text
  const { index, 0: key } = pick(draw, keys)
  return `${text.slice(0, index)}${key}${pick(draw, ['null', 'null', '{}'])},${text.slice(index)}`
}

const change = (draw, object, walk, root) => {
  const drawn = drawChange(Math.floor(draw() * 1e9), object, walk, root)
  return changed(object, drawn)
}
const times = (draw, weights) =>
  weigh(
    draw,
    weights.map((weight, n) => [weight, n]),
  )

const VERBS = {
  create(draw, walk, { name }) {
    let object = { ...walk.sample, metadata: { ...metadataOf(draw, name, walk.run) } }
    for (let left = times(draw, [50, 40, 10]); left > 0; left--) object = change(draw, object, walk)
    if (draw() < 0.05) {
      delete object.metadata?.name
      if (object.metadata) object.metadata.generateName = pick(draw, ['made-', 'Made-', ''])
    }
    return { method: 'POST', path: `${walk.collection}${query(writeOptions(draw))}`, body: textOf(draw, object) }
  },
  get(draw, walk, { name, known }) {
    const options = {
      resourceVersion: maybe(draw, 0.3, pick(draw, ['0', known.versions[0], known.versions.at(-1), 'x'])),
      pretty: maybe(draw, 0.1, 'true'),
    }
    const accept = maybe(draw, 0.4, pick(draw, [TABLE, METADATA, 'application/yaml']))
    return { path: `${walk.collection}/${name}${query(options)}`, accept }
  },
  put(draw, walk, { name, object, known, part }) {
    let next = structuredClone(object)
    for (let left = times(draw, [15, 60, 25]); left > 0; left--)
      next = change(draw, next, walk, part && draw() < 0.8 ? part : undefined)
    const metadata = next.metadata
    if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) {
      const version = weigh(draw, [
        [50, metadata.resourceVersion],
        [35, undefined],
        [8, known.versions[0]],
        [4, 'x'],
        [3, '0'],
      ])
      const fields = weigh(draw, [
        [60, metadata.managedFields],
        [30, undefined],
        [5, []],
        [5, [{}]],
      ])
      const uid = weigh(draw, [[65, metadata.uid], [32, undefined], [3, 'other']]) // prettier-ignore
      next.metadata = { ...metadata, resourceVersion: version, managedFields: fields, uid }
    }
    const path = `${walk.collection}/${name}${part ? `/${part}` : ''}`
    return { method: 'PUT', path: `${path}${query(writeOptions(draw))}`, body: textOf(draw, next) }
  },
  patch(draw, walk, { name, object, part }) {
    const { type, body } = pick(draw, walk.custom ? [PATCHES[0], PATCHES[2]] : PATCHES)
    const drawn = drawChange(Math.floor(draw() * 1e9), object, walk, part && draw() < 0.8 ? part : undefined)
    const path = `${walk.collection}/${name}${part ? `/${part}` : ''}`
    const sent = body(draw, object, drawn, walk)
    return { method: 'PATCH', path: `${path}${query(writeOptions(draw))}`, type, body: textOf(draw, sent) }
  },
  apply(draw, walk, { name, object, part }) {
    const base = draw() < 0.5 ? object : walk.sample
    const { status, ...rest } = base
    let given = part ? { status: status ?? {} } : rest
    given = somePart(draw, given, walk.schema, walk.schemas)
    given = {
      ...{ apiVersion: walk.apiVersion, kind: walk.kind },
      metadata: { name, ...(draw() < 0.4 ? { labels: { walk: walk.run, a: pick(draw, ['b', 'c']) } } : {}) },
      ...Object.fromEntries(Object.entries(given).filter(([k]) => !['apiVersion', 'kind', 'metadata'].includes(k))),
    }
    if (draw() < 0.5) given = change(draw, given, walk, part)
    const options = { ...writeOptions(draw), fieldManager: manager(draw), force: maybe(draw, 0.4, 'true') }
    const path = `${walk.collection}/${name}${part ? `/${part}` : ''}`
    return { method: 'PATCH', path: `${path}${query(options)}`, type: APPLY, body: textOf(draw, given) }
  },
  part(draw, walk, { part, name, object, known }) {
    return PARTS[part](draw, `${walk.collection}/${name}/${part}`, { name, object, known }, walk)
  },
  remove(draw, walk, { name, object, known }) {
    const options = deleteOptions(draw, object, known)
    const path = `${walk.collection}/${name}`
    if (draw() < 0.6) return { method: 'DELETE', path, body: print(options) }
    const { preconditions: _none, ...others } = options
    return { method: 'DELETE', path: `${path}${query(others)}` }
  },
  removeAll(draw, walk) {
    const options = {
      labelSelector: walk.namespaced ? maybe(draw, 0.5, pick(draw, ['a', 'a=b', '!a'])) : `walk=${walk.run}`,
      fieldSelector: maybe(draw, 0.2, 'metadata.name!=x'),
      limit: maybe(draw, 0.1, 1),
    }
    const how = {
      propagationPolicy: maybe(draw, 0.3, pick(draw, ['Background', 'Foreground', 'Orphan'])),
      gracePeriodSeconds: maybe(draw, 0.2, pick(draw, [0, 30])),
    }
    if (draw() < 0.5) {
      const all = { ...options, ...how, dryRun: maybe(draw, 0.3, 'All') }
      return { method: 'DELETE', path: `${walk.collection}${query(all)}`, accept: maybe(draw, 0.2, METADATA_LIST) }
    }
    const body = print({ ...how, dryRun: maybe(draw, 0.3, ['All']) })
    return { method: 'DELETE', path: `${walk.collection}${query(options)}`, body }
  },
  list(draw, walk, { known }) {
    const version = maybe(draw, 0.3, pick(draw, [known.versions[0], known.versions.at(-1)]))
    const selectors = ['a', 'a=b', '!a', 'a notin (b)', 'a in (b,c),walk', 'a==', 'a>1', ',', 'a=é']
    const selector = maybe(draw, 0.5, pick(draw, selectors))
    const options = {
      labelSelector: walk.namespaced ? selector : [`walk=${walk.run}`, selector].filter(Boolean).join(),
      fieldSelector: maybe(draw, 0.2, pick(draw, [...walk.fields(walk), 'metadata.name!=x', 'x=y', 'a'])),
      limit: maybe(draw, 0.35, pick(draw, [1, 1, 2, 0, -1])),
      continue: maybe(draw, 0.5, known.token),
      resourceVersion: version,
      resourceVersionMatch: maybe(draw, version ? 0.8 : 0.05, pick(draw, ['NotOlderThan', 'Exact', 'Exact', 'x'])),
    }
    const accept = maybe(draw, 0.3, pick(draw, [TABLE, METADATA_LIST, 'application/yaml']))
    return { path: `${walk.collection}${query(options)}`, accept }
  },
  watch(draw, walk, { known }) {
    const selector = maybe(draw, 0.6, pick(draw, ['a', 'a=b', '!a', 'a notin (b)', 'a in (c)']))
    const options = {
      watch: 1,
      resourceVersion: weigh(draw, [[70, pick(draw, known.versions)], [10, known.versions.at(-1)], [5, 'x']]) ?? known.versions[0], // prettier-ignore
      timeoutSeconds: 1,
      labelSelector: walk.namespaced ? selector : [`walk=${walk.run}`, selector].filter(Boolean).join(),
      fieldSelector: maybe(draw, 0.3, pick(draw, walk.fields(walk))),
      ...(draw() < 0.1 ? { allowWatchBookmarks: 'true' } : {}),
    }
    return { path: `${walk.collection}${query(options)}`, accept: maybe(draw, 0.3, pick(draw, [TABLE, METADATA])) }
  },
}

const WEIGHTS = {
  create: 14,
  get: 5,
  put: 18,
  patch: 26,
  apply: 22,
  part: 14,
  remove: 10,
  removeAll: 3,
  list: 6,
  watch: 2,
}
const OF_STATUS = new Set(['put', 'patch', 'apply'])

/** @returns {{ verb: string, seed: number, second: boolean, part?: string }[]} what is done, one after the other */
export function drawWalk(seed, { verbs, subresources }) {
  const draw = numbers(seed)
  const parts = subresources.filter(name => PARTS[name])
  const partOf = verb => {
    if (verb === 'part') return pick(draw, parts)
    return OF_STATUS.has(verb) && subresources.includes('status') && draw() < 0.25 ? 'status' : undefined
  }
  const could = Object.entries(WEIGHTS)
    .filter(([verb]) => verb !== 'part' || parts.length > 0)
    .filter(([verb]) => verb !== 'removeAll' || verbs.includes('deletecollection'))
    .map(([verb, weight]) => [weight, verb])
  const next = verb => ({
    ...{ verb, seed: Math.floor(draw() * 1e9), second: draw() < 0.2, part: partOf(verb) },
  })
  const steps = Array.from({ length: 4 + Math.floor(draw() * 10) }, () => next(weigh(draw, could)))
  return [next(draw() < 0.85 ? 'create' : 'apply'), ...steps, ...(draw() < 0.25 ? [next('watch')] : [])]
}

/** @returns a step of a case: the request, out of the answers before it */
export const stepOf = (given, walk) => answers => {
  const { verb, seed, second, part } = given
  const draw = numbers(seed)
  const known = remember(answers, walk)
  const name = walk.names[second ? 1 : 0]
  const at = draw() < 0.3 ? { ...walk, ...pick(draw, walk.versions) } : walk
  const fresh = { ...walk.sample, metadata: { name, labels: { walk: walk.run } } }
  const { apiVersion } = at
  const object = { ...(known.objects.get(name) ?? fresh), apiVersion }
  const request = VERBS[verb](draw, { ...at, sample: { ...at.sample, apiVersion } }, { name, known, part, object })
  const accept = request.accept ?? maybe(draw, 0.06, pick(draw, [TABLE, METADATA, 'application/yaml']))
  const isTrial = verb === 'remove' && /dryRun/.test(`${request.path}${request.body ?? ''}`)
  return { verb, name: [verb, part, isTrial && 'on trial'].filter(Boolean).join(' '), ...request, accept }
}
