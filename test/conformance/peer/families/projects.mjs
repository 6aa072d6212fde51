// What well-known projects publish, out of their Go modules, or what is in a folder: the definitions of kinds, then
// objects of these and of built-in kinds, each as a trial: created strictly and leniently, and applied.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { discover } from '../kinds.mjs'

/** Pinned, so that a run can be repeated. */
const MODULES = [
  'github.com/argoproj/argo-cd/v3@v3.2.0',
  'github.com/argoproj/argo-rollouts@v1.8.3',
  'github.com/cert-manager/cert-manager@v1.21.2',
  'github.com/cilium/cilium@v1.20.2',
  'github.com/external-secrets/external-secrets@v1.3.2',
  'github.com/fluxcd/source-controller@v1.7.0',
  'github.com/kedacore/keda/v2@v2.21.0',
  'github.com/kyverno/kyverno@v1.19.1',
  'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  'github.com/traefik/traefik/v3@v3.7.13',
  'github.com/vmware-tanzu/velero@v1.18.3',
  'go.universe.tf/metallb@v0.16.2',
  'istio.io/api@v1.32.0',
  'knative.dev/serving@v0.51.0',
  'sigs.k8s.io/cluster-api@v1.14.2',
  'sigs.k8s.io/gateway-api@v1.4.0',
  'sigs.k8s.io/kueue@v0.17.0',
]
const DEFINITION = 'CustomResourceDefinition'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** kube-apiserver compiles a large definition for seconds. */
const SERVED_MS = 180_000
const APPLY = 'application/apply-patch+yaml'
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/
const LONGEST = 3 << 20
const MOST_ALIASES = 1000

/** @returns the folder of a module's sources; undefined where it cannot be had */
function download(module) {
  const env = { ...process.env, GOFLAGS: '-mod=mod' }
  const { status, stdout } = spawnSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8', env })
  if (status === 0) return JSON.parse(stdout).Dir
  console.log(`projects: ${module} is left out: ${/"Error": "(.*)"/.exec(stdout)?.[1] ?? 'it cannot be downloaded'}`)
  return undefined
}

/** Templates are no manifests until somebody fills them in. */
const isManifest = text => text.length <= LONGEST && text.includes('kind:') && !text.includes('{{')

function objectsIn(text) {
  try {
    return parseAllDocuments(text)
      .filter(({ errors }) => errors.length === 0)
      .map(document => document.toJS({ maxAliasCount: MOST_ALIASES }))
      .flatMap(object => (object?.kind === 'List' && Array.isArray(object.items) ? object.items : [object]))
      .filter(object => object?.apiVersion && object.kind && (object.metadata?.name ?? object.metadata?.generateName))
  } catch {
    return [] // some are made to be wrong
  }
}

/** @returns {{ definitions: object[], objects: object[] }} each once; of a definition, the longest */
function readAll({ manifests }) {
  const definitions = new Map()
  const objects = new Map()
  for (const folder of manifests ? [manifests] : MODULES.map(download).filter(Boolean))
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.ya?ml$/.test(entry.name)) continue
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
      for (const object of isManifest(text) ? objectsIn(text) : []) {
        const json = JSON.stringify(object)
        if (object.kind !== DEFINITION) objects.set(json, object)
        else if (json.length > (JSON.stringify(definitions.get(object.metadata.name)) ?? '').length)
          definitions.set(object.metadata.name, object)
      }
    }
  return { definitions: [...definitions.values()], objects: [...objects.values()] }
}

let read
const projects = world => (read ??= readAll(world))

function* definitions(world) {
  for (const { status: _status, ...object } of projects(world).definitions) {
    // Nobody answers its webhook here.
    const body = { ...object, spec: { ...object.spec, conversion: undefined } }
    yield {
      name: `definition ${object.metadata.name}`,
      steps: [{ method: 'POST', path: `${DEFINITIONS}?fieldValidation=Strict`, body }],
    }
  }
}

/** @returns the kinds that both serve, once they serve the same */
async function servedByBoth(world) {
  const types = projects(world).definitions.flatMap(({ spec }) =>
    (spec?.versions ?? []).map(({ name }) => `${spec.group}/${name}/${spec.names?.kind}`),
  )
  for (const deadline = Date.now() + SERVED_MS; ; await new Promise(resolve => setTimeout(resolve, 2_000))) {
    const [our, their] = await Promise.all([discover(world.ours), discover(world.theirs)])
    if (Date.now() > deadline || types.every(type => our.has(type) === their.has(type)))
      return new Map([...their].filter(([type]) => our.has(type)))
  }
}

function caseOf(object, { kind, namespaced, collection }) {
  const { namespace: _namespace, resourceVersion: _version, uid: _uid, selfLink: _link, ...metadata } = object.metadata
  const body = { ...object, metadata: namespaced ? { ...metadata, namespace: 'judge' } : metadata }
  const trial = validation => ({ method: 'POST', path: `${collection}?dryRun=All&fieldValidation=${validation}`, body })
  const { name = '', generateName } = metadata
  const apply = `${collection}/${name}?dryRun=All&fieldManager=judge&force=true`
  return {
    name: `${object.apiVersion} ${kind} ${name || generateName}`,
    steps: [
      ...['Strict', 'Ignore'].map(trial),
      ...(NAME.test(name) ? [{ name: 'apply', method: 'PATCH', path: apply, body, type: APPLY }] : []),
    ],
  }
}

/** The definitions have to be in force before objects of them come. */
async function objects(world) {
  const kinds = await servedByBoth(world)
  return projects(world).objects.flatMap(object => {
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`)
    return kind?.verbs.includes('create') ? [caseOf(object, kind)] : []
  })
}

export const stages = [definitions, objects]
