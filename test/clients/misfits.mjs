// Holds every object that a server has against the OpenAPI document that the server describes it with, as strictly typed
// clients do: `misfits.mjs KUBECONFIG` prints how many there are, and a line for each place that does not fit.
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { parse } from 'yaml'

const kubeconfig = parse(readFileSync(process.argv[2], 'utf8'))
const { cluster } = kubeconfig.clusters[0]
const { user } = kubeconfig.users[0]
const pem = base64 => Buffer.from(base64, 'base64')
const agent = new Agent({
  keepAlive: true,
  ca: pem(cluster['certificate-authority-data']),
  cert: pem(user['client-certificate-data']),
  key: pem(user['client-key-data']),
  servername: cluster['tls-server-name'],
})
const read = path =>
  new Promise((resolve, reject) => {
    const headers = { accept: 'application/json' }
    get(new URL(path, cluster.server), { agent, headers }, async response => {
      const text = Buffer.concat(await response.toArray()).toString()
      if (response.statusCode === 200) resolve(JSON.parse(text))
      else reject(new Error(`${path}: ${text}`))
    }).on('error', reject)
  })

const { definitions } = await read('/openapi/v2')
const misfits = new Set()

/** Go writes a time that is not known as null. */
const isTime = schema => schema.format === 'date-time'
const TYPES = {
  string: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  integer: Number.isInteger,
  number: value => typeof value === 'number',
  array: Array.isArray,
  object: value => typeof value === 'object' && !Array.isArray(value),
}
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

function hold(value, schema, path) {
  if (schema.$ref) return hold(value, definitions[schema.$ref.replace('#/definitions/', '')], path)
  if (value === null && isTime(schema)) return
  if (value === null) return void misfits.add(`${path} is null`)
  const { type = schema.properties ? 'object' : undefined, properties, additionalProperties, items } = schema
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] || type === undefined) return
  if (!TYPES[type](value)) return void misfits.add(`${path} is no ${type}: ${JSON.stringify(value)}`)
  if (isTime(schema) && !TIME.test(value)) misfits.add(`${path} is no time: ${value}`)
  if (type === 'array') for (const each of value) hold(each, items, `${path}[]`)
  if (type !== 'object') return
  for (const name of schema.required ?? []) if (!(name in value)) misfits.add(`${path}.${name} is missing`)
  for (const [name, part] of Object.entries(value))
    if (properties?.[name]) hold(part, properties[name], `${path}.${name}`)
    else if (additionalProperties) hold(part, additionalProperties, `${path}.*`)
    else if (properties && !schema['x-kubernetes-preserve-unknown-fields'])
      misfits.add(`${path}.${name} is not described`)
}

const kinds = new Map()
for (const schema of Object.values(definitions))
  for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? [])
    kinds.set([group, version, kind].join('/'), schema)

const { groups } = await read('/apis')
const places = groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`))
let count = 0
for (const place of ['/api/v1', ...places]) {
  const [version, group = ''] = place.split('/').slice(2).reverse()
  for (const { name, kind, verbs } of (await read(place)).resources) {
    if (name.includes('/') || !verbs.includes('list')) continue
    const schema = kinds.get([group, version, kind].join('/'))
    if (!schema) misfits.add(`${place}/${name} is not described`)
    // Of a list, apiVersion and kind are said once.
    else for (const object of (await read(`${place}/${name}`)).items) (count++, hold(object, schema, kind))
  }
}
agent.destroy()
console.log(`${count} objects`)
for (const misfit of [...misfits].sort()) console.log(misfit)
