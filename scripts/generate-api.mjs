#!/usr/bin/env node
// Turns the official Kubernetes OpenAPI v2 document into the facts this project commits:
//   src/shared/api/<group>/<version>.ts   TypeScript interfaces and `ResourceType` constants
//   src/main/apiserver/schema/types.json  field types, required fields, formats, list types, merge keys
// Usage: node scripts/generate-api.mjs path/to/swagger.json   (the document itself is not committed)
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = process.argv[2]
if (!source) {
  console.error('usage: generate-api.mjs path/to/kubernetes-openapi-v2.json')
  process.exit(2)
}
const document = JSON.parse(readFileSync(source, 'utf8'))

/** Served group/versions: definition prefix → [folder, API group, version]. */
const SERVED = {
  'io.k8s.apimachinery.pkg.apis.meta.v1': ['meta', 'meta.k8s.io', 'v1'],
  'io.k8s.api.core.v1': ['core', '', 'v1'],
  'io.k8s.api.apps.v1': ['apps', 'apps', 'v1'],
  'io.k8s.api.batch.v1': ['batch', 'batch', 'v1'],
  'io.k8s.api.discovery.v1': ['discovery', 'discovery.k8s.io', 'v1'],
  'io.k8s.api.coordination.v1': ['coordination', 'coordination.k8s.io', 'v1'],
  'io.k8s.api.events.v1': ['events', 'events.k8s.io', 'v1'],
  'io.k8s.api.rbac.v1': ['rbac', 'rbac.authorization.k8s.io', 'v1'],
  'io.k8s.api.networking.v1': ['networking', 'networking.k8s.io', 'v1'],
  'io.k8s.api.policy.v1': ['policy', 'policy', 'v1'],
  'io.k8s.api.scheduling.v1': ['scheduling', 'scheduling.k8s.io', 'v1'],
  'io.k8s.api.storage.v1': ['storage', 'storage.k8s.io', 'v1'],
  'io.k8s.api.autoscaling.v1': ['autoscaling', 'autoscaling', 'v1'],
  'io.k8s.api.autoscaling.v2': ['autoscaling', 'autoscaling', 'v2'],
  'io.k8s.api.authentication.v1': ['authentication', 'authentication.k8s.io', 'v1'],
  'io.k8s.api.authorization.v1': ['authorization', 'authorization.k8s.io', 'v1'],
  'io.k8s.api.admissionregistration.v1': ['admissionregistration', 'admissionregistration.k8s.io', 'v1'],
  'io.k8s.api.certificates.v1': ['certificates', 'certificates.k8s.io', 'v1'],
  'io.k8s.api.flowcontrol.v1': ['flowcontrol', 'flowcontrol.apiserver.k8s.io', 'v1'],
  'io.k8s.api.node.v1': ['node', 'node.k8s.io', 'v1'],
  'io.k8s.api.resource.v1': ['resource', 'resource.k8s.io', 'v1'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1': ['apiextensions', 'apiextensions.k8s.io', 'v1'],
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1': ['apiregistration', 'apiregistration.k8s.io', 'v1'],
}

/** Definitions whose wire form is a scalar or free-form; they become leaf types. */
const LEAVES = {
  Quantity: ['quantity', 'string | number'],
  IntOrString: ['intOrString', 'number | string'],
  Time: ['time', 'string'],
  MicroTime: ['microTime', 'string'],
  RawExtension: ['raw', 'Record<string, unknown>'],
  FieldsV1: ['any', 'Record<string, unknown>'],
  JSON: ['any', 'unknown'],
  JSONSchemaPropsOrBool: ['any', 'unknown'],
  JSONSchemaPropsOrArray: ['any', 'unknown'],
  JSONSchemaPropsOrStringArray: ['any', 'unknown'],
}

const split = definition => {
  const dot = definition.lastIndexOf('.')
  return [definition.slice(0, dot), definition.slice(dot + 1)]
}
const fileOf = prefix => join('src/shared/api', SERVED[prefix][0], `${SERVED[prefix][2]}.ts`)
const idOf = definition => {
  const [prefix, name] = split(definition)
  return `${SERVED[prefix][0]}.${SERVED[prefix][2]}.${name}`
}
const isLeaf = definition => {
  const [prefix, name] = split(definition)
  return LEAVES[name] &&
    (!SERVED[prefix] || Object.keys(document.definitions[definition]?.properties ?? {}).length === 0)
    ? LEAVES[name]
    : undefined
}

const files = new Map() // prefix → { body: string[], imports: Map<prefix, Set<name>> }
const types = {}
const pending = []
const seen = new Set()

function need(definition) {
  const [prefix] = split(definition)
  if (!SERVED[prefix]) throw new Error(`definition outside the served groups: ${definition}`)
  if (!seen.has(definition)) {
    seen.add(definition)
    pending.push(definition)
  }
}

/** @returns [TypeScript type, fact] of one property schema. */
function describe(schema, file) {
  if (schema.$ref) {
    const definition = schema.$ref.replace('#/definitions/', '')
    const leaf = isLeaf(definition)
    // What is open may still have a name of its own.
    if (leaf) return [leaf[1], { t: leaf[0], ...(leaf[0] === 'any' ? { n: idOf(definition) } : {}) }]
    need(definition)
    const [prefix, name] = split(definition)
    if (prefix !== file.prefix) {
      if (!file.imports.has(prefix)) file.imports.set(prefix, new Set())
      file.imports.get(prefix).add(name)
    }
    return [name, { t: 'ref', r: idOf(definition) }]
  }
  if (schema.type === 'array') {
    const [ts, item] = describe(schema.items, file)
    return [/[ |]/.test(ts) ? `(${ts})[]` : `${ts}[]`, { t: 'array', i: item }]
  }
  if (schema.type === 'object' || schema.additionalProperties) {
    if (!schema.additionalProperties) return ['Record<string, unknown>', { t: 'any' }]
    const [ts, item] = describe(schema.additionalProperties, file)
    return [`Record<string, ${ts}>`, { t: 'map', i: item }]
  }
  if (schema.type === 'integer' || schema.type === 'number')
    return ['number', { t: schema.type, ...(schema.format ? { f: schema.format } : {}) }]
  if (schema.type === 'boolean') return ['boolean', { t: 'boolean' }]
  if (schema.type === 'string') {
    if (schema.format === 'byte') return ['string', { t: 'bytes' }]
    return ['string', { t: 'string', ...(schema.enum ? { e: schema.enum } : {}) }]
  }
  return ['unknown', { t: 'any' }]
}

/**
 * An object that the server returned always has its type, its metadata with name and uid, and (as Go never
 * omits structs) `spec` and `status`, so code inside the boundary need not ask.
 * @returns [TypeScript type, whether it is always there]
 */
function live(resource, field, ts, file) {
  if (field === 'apiVersion' || field === 'kind') return [ts, true]
  if (field === 'spec' || field === 'status') return [ts, true]
  if (field !== 'metadata') return [ts, false]
  file.meta.add(resource.namespaced ? 'NamespacedMeta' : 'LiveMeta')
  return [resource.namespaced ? 'NamespacedMeta' : 'LiveMeta', true]
}

function emit(definition) {
  const schema = document.definitions[definition]
  const [prefix, name] = split(definition)
  if (!files.has(prefix)) files.set(prefix, { prefix, body: [], imports: new Map(), meta: new Set() })
  const file = files.get(prefix)
  const required = new Set(schema.required ?? [])
  const lines = []
  const fields = {}
  const gvk = schema['x-kubernetes-group-version-kind']
  for (const [field, property] of Object.entries(schema.properties ?? {})) {
    // Some properties wrap their $ref in allOf to carry a default beside it.
    const bare = property.allOf ? { ...property, ...property.allOf[0] } : property
    const [ts, fact] = describe(bare, file)
    if (required.has(field)) fact.req = 1
    const extra = [
      ['lt', property['x-kubernetes-list-type']],
      ['lk', property['x-kubernetes-list-map-keys']],
      ['mk', property['x-kubernetes-patch-merge-key']],
      ['ps', property['x-kubernetes-patch-strategy']],
      ['mt', property['x-kubernetes-map-type']],
      ['d', property.default],
    ]
    for (const [key, value] of extra) if (value !== undefined) fact[key] = value
    fields[field] = fact
    const key = /^[A-Za-z_$][\w$]*$/.test(field) ? field : `'${field}'`
    const resource = resources.get(definition)
    const [type, always] = resource
      ? live(resource, field, ts, file)
      : [ts, name.endsWith('TemplateSpec') && field === 'spec']
    lines.push(`  ${key}${always || required.has(field) ? '' : '?'}: ${type}`)
  }
  types[idOf(definition)] = {
    fields,
    ...(schema['x-kubernetes-map-type'] ? { mt: schema['x-kubernetes-map-type'] } : {}),
    ...(gvk?.length === 1 ? { gvk: [gvk[0].group, gvk[0].version, gvk[0].kind] } : {}),
  }
  file.body.push([name, `export interface ${name} {\n${lines.join('\n')}\n}\n`])
}

// Resources: every path that ends in a plural and answers `list` or `post`.
const resources = new Map() // `${prefix}.${Kind}` → {...}
const subresources = {}
for (const [path, operations] of Object.entries(document.paths)) {
  const match =
    /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))(\/namespaces\/\{namespace\})?\/([a-z]+)(?:\/\{name\}(?:\/([a-z]+))?)?$/.exec(
      path,
    )
  if (!match) continue
  const [, coreVersion, group = '', groupVersion, inNamespace, plural, subresource] = match
  const version = coreVersion ?? groupVersion
  const prefix = Object.keys(SERVED).find(p => SERVED[p][1] === group && SERVED[p][2] === version)
  if (!prefix) continue
  if (subresource) {
    ;(subresources[`${group}/${version}/${plural}`] ??= new Set()).add(subresource)
    continue
  }
  const operation = operations.post ?? operations.get
  const gvk = operation?.['x-kubernetes-group-version-kind']
  if (!gvk) continue
  const key = `${prefix}.${gvk.kind}`
  if (path.includes('{name}') && !resources.has(key)) continue
  const known = resources.get(key)
  resources.set(key, {
    kind: gvk.kind,
    plural,
    group,
    version,
    prefix,
    namespaced: Boolean(inNamespace) || Boolean(known?.namespaced),
  })
}
resources.delete('io.k8s.api.core.v1.') // safety: nothing without a kind

for (const definition of Object.keys(document.definitions)) {
  const [prefix, name] = split(definition)
  if (
    SERVED[prefix] &&
    !isLeaf(definition) &&
    (prefix !== 'io.k8s.apimachinery.pkg.apis.meta.v1' || document.definitions[definition].properties)
  ) {
    if (document.definitions[definition].properties || name === 'FieldsV1') need(definition)
  }
}
while (pending.length) emit(pending.shift())

const api = join(root, 'src/shared/api')
// Our own group, and the Gateway API, whose kinds come as custom resources, are written by hand.
for (const folder of readdirSync(api))
  if (folder !== 'flotilla' && folder !== 'gateway') rmSync(join(api, folder), { recursive: true, force: true })
for (const [prefix, file] of files) {
  const path = join(root, fileOf(prefix))
  const [, group, version] = SERVED[prefix]
  const own = [...resources.values()].filter(
    r => r.prefix === prefix && files.get(prefix).body.some(([n]) => n === r.kind),
  )
  const constants = new Map(
    own.map(r => [
      r.kind,
      `export const ${r.kind}: ResourceType<${r.kind}> = { group: '${group}', version: '${version}', kind: '${r.kind}', plural: '${r.plural}', namespaced: ${r.namespaced} }\n`,
    ]),
  )
  const imports = [...file.imports]
    .map(([from, names]) => {
      const target = relative(dirname(path), join(root, fileOf(from)))
      const used = [...names].filter(
        n => n !== 'ObjectMeta' || file.body.some(([, text]) => /\bObjectMeta\b/.test(text)),
      )
      if (!used.length) return ''
      return `import type { ${used.sort().join(', ')} } from '${target.startsWith('.') ? target : `./${target}`}'`
    })
    .filter(Boolean)
    .sort()
  if (file.meta.size)
    imports.push(`import type { ${[...file.meta].sort().join(', ')} } from '../../machinery/object.ts'`)
  if (constants.size) imports.push(`import type { ResourceType } from '../../machinery/resource-type.ts'`)
  const body = file.body
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => text + (constants.has(name) ? constants.get(name) : ''))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    `// Types of ${group || 'core'}/${version}, generated by scripts/generate-api.mjs. Do not edit by hand.\n${imports.join('\n')}${imports.length ? '\n\n' : ''}${body.join('\n')}`,
  )
}
const schemaFile = join(root, 'src/main/apiserver/schema/types.json')
mkdirSync(dirname(schemaFile), { recursive: true })
const lines = Object.keys(types)
  .sort()
  .map(id => `${JSON.stringify(id)}:${JSON.stringify(types[id])}`)
writeFileSync(schemaFile, `{\n${lines.join(',\n')}\n}\n`)
const list = [...resources.values()].sort((a, b) => (a.group + a.plural < b.group + b.plural ? -1 : 1))
console.log(`${Object.keys(types).length} types, ${list.length} resources`)
if (process.argv.includes('--resources'))
  for (const r of list)
    console.log(
      r.group || 'core',
      r.version,
      r.plural,
      r.kind,
      r.namespaced,
      [...(subresources[`${r.group}/${r.version}/${r.plural}`] ?? [])].join(','),
    )
