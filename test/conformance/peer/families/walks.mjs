// Walks: what one or two objects of a kind go through when requests are drawn by a seed, a few in a row. A walk that ends
// in a difference is taken again without each of its steps, until what is left is needed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import YAML from 'yaml'
import { loadKinds } from '../kinds.mjs'
import { Pool } from '../walks/changes.mjs'
import { drawWalk, stepOf } from '../walks/requests.mjs'

const folder = join(import.meta.dirname, '..')
const read = file => YAML.parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map(document => document.toJS())

/** Kinds whose objects change what is answered to others. */
const FAR =
  /WebhookConfiguration|AdmissionPolicy|APIService|FlowSchema|PriorityLevel|PriorityClass|StorageClass|IngressClass|ServiceCIDR|IPAddress|CustomResourceDefinition|Review$|^Binding|DeviceTaint/

/** What may be asked for of all kinds, and of some. */
const FIELDS = {
  Pod: ['spec.nodeName=n1', 'spec.nodeName=', 'status.phase!=Pending', 'spec.restartPolicy=Always'],
  Stroll: ['spec.text=abc', 'spec.text!=abc,metadata.name!=x'],
  Secret: ['type=Opaque'],
  Job: ['status.successful=0'],
  Event: ['reason=x', 'involvedObject.kind=Pod'],
}
const fields = ({ kind, names, namespaced, run }) => [
  `metadata.name=${names[0]}`,
  `metadata.name!=${names[0]}`,
  ...(namespaced ? [`metadata.namespace=${run}`] : []),
  ...(FIELDS[kind] ?? []),
]

let runs = 0
/** Each time a walk is taken it has objects, and a namespace, of its own. */
function taken(steps, sample) {
  const run = `w${String(++runs).padStart(6, '0')}`
  const { kind } = sample
  const inNamespace = path => path.replace('/namespaces/judge', `/namespaces/${run}`)
  const collection = inNamespace(kind.collection)
  const names = [`${run}-a`, `${run}-b`]
  const object = JSON.parse(JSON.stringify(sample.object).replaceAll('"judge"', JSON.stringify(run)))
  const { pool, custom, versions } = sample
  const at = version => ({ ...version, collection: inNamespace(version.collection) })
  const walk = { ...kind, ...{ run, names, pool, custom, fields, sample: object, versions: versions.map(at) }, collection } // prettier-ignore
  const ready = [
    { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: run } }, unjudged: true },
    {
      ...{ method: 'POST', path: `/api/v1/namespaces/${run}/serviceaccounts`, body: { metadata: { name: 'default' } } },
      unjudged: true,
    },
  ]
  return [...(kind.namespaced ? ready : []), ...steps.map(step => stepOf(step, walk))]
}

async function definitions({ ours, theirs }) {
  for (const server of [ours, theirs])
    for (const body of read('walks/definitions.yaml')) {
      const { code, text } = await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body)
      if (code !== 201) throw new Error(text)
    }
  await new Promise(resolve => setTimeout(resolve, 4000))
  return []
}

async function walks({ theirs, samples, count, seed: from }) {
  const { kinds } = await loadKinds(theirs, {})
  const custom = read('walks/objects.yaml').map(object => ({
    ...{ kind: kinds.get(`${object.apiVersion}/${object.kind}`), object, custom: true },
    name: `${object.kind} ${object.metadata.name}`,
  }))
  const pool = new Pool()
  const all = [...samples, ...custom]
  for (const { object, kind } of all) pool.add(object, kind.schema, kind.schemas)
  for (const { object, status } of read('statuses.yaml')) {
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`)
    if (kind) pool.add({ ...object, status }, kind.schema, kind.schemas)
  }
  const chosen = all.filter(({ kind }) => kind.verbs.includes('update') && !FAR.test(kind.kind))
  return Array.from({ length: count }, (_, i) =>
    chosen.map((sample, k) => {
      const seed = (from + i) * 1000 + k
      const walk = drawWalk(seed, sample.kind)
      const versions = [...kinds.values()].filter(of => of.group === sample.kind.group && of.kind === sample.kind.kind)
      const take = steps => taken(steps, { ...sample, pool, versions })
      return { name: `${sample.name} #${seed}`, walk, take }
    }),
  ).flat()
}

export const stages = [definitions, walks]
