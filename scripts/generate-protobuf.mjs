#!/usr/bin/env node
// Reads the protobuf field numbers of the API types out of the Go packages k8s.io/api, k8s.io/apimachinery,
// k8s.io/apiextensions-apiserver and k8s.io/kube-aggregator (as in Debian's golang-k8s-…-dev, or as Go modules) into
// src/main/apiserver/codec/protobuf/numbers.json, and which fields their JSON always has into
// src/main/apiserver/schema/printed.json.
// Usage: node scripts/generate-protobuf.mjs API APIMACHINERY APIEXTENSIONS-APISERVER KUBE-AGGREGATOR (their folders)
//
// Per type and JSON field: the path of numbers from the message to the field (more than one where Go embeds a struct
// that JSON flattens, or a list has a message of its own around it). A negative last number means that Go's JSON leaves the zero value out, so a zero on the wire is
// an absent field; pointers keep their zero. Always there are the fields that are no pointers and not `omitempty`, and
// structs that are not `omitzero`, whatever else they say.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [, , api, apimachinery, apiextensions, aggregator] = process.argv
if (!api || !apimachinery || !apiextensions || !aggregator) {
  console.error('usage: generate-protobuf.mjs API APIMACHINERY APIEXTENSIONS-APISERVER KUBE-AGGREGATOR (their folders)')
  process.exit(2)
}
const types = JSON.parse(readFileSync(join(root, 'src/main/apiserver/schema/types.json'), 'utf8'))

/** @returns struct name → its fields, of one package, and which of its lists are messages. */
function structsOf(folder, version) {
  const own = {
    meta: join(apimachinery, 'pkg/apis/meta/v1'),
    apiextensions: join(apiextensions, 'pkg/apis/apiextensions/v1'),
    apiregistration: join(aggregator, 'pkg/apis/apiregistration/v1'),
  }
  const base = own[folder] ?? join(api, folder, version)
  const structs = new Map()
  const lists = new Set()
  for (const name of ['types.go', 'well_known_types.go', 'micro_time.go', 'types_jsonschema.go']) {
    const file = join(base, name)
    if (!existsSync(file)) continue
    const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
    for (const [, struct, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
      const fields = []
      for (const line of body.split('\n')) {
        const match = /^\s*(?:(\w+)\s+)?(\S+)\s+`([^`]*)`/.exec(line)
        const json = match && /json:"([^"]*)"/.exec(match[3])
        const number = match && /protobuf:"\w+,(\d+)/.exec(match[3])
        if (!json || !number) continue
        const [name, ...options] = json[1].split(',')
        const type = match[2]
        fields.push({
          name,
          number: Number(number[1]),
          inline: name === '',
          omits: options.includes('omitempty') && !type.startsWith('*'),
          canBeZero: !type.startsWith('*') && !options.includes('omitzero'),
          type: type.replace(/^\*/, ''),
        })
      }
      structs.set(struct, fields)
    }
    // Go tells a list that is not there from an empty one by a message around it.
    for (const [, list] of source.matchAll(/^\/\/ \+protobuf\.nullable=true\n(?:\/\/.*\n)*type (\w+) \[\]/gm))
      lists.add(list)
  }
  return { structs, lists }
}

/** What JSON never takes for empty: structs, and values that are structs in Go. */
const STRUCTS = new Set(['ref', 'time', 'microTime', 'quantity', 'intOrString', 'raw'])

const packages = new Map()
const table = {}
const printed = {}
let missing = 0
for (const id of Object.keys(types)) {
  const [folder, version, name] = id.split('.')
  const key = `${folder}.${version}`
  if (!packages.has(key)) packages.set(key, structsOf(folder, version))
  const { structs, lists } = packages.get(key)
  if (!structs.has(name)) continue
  const paths = {}
  const collect = (struct, prefix) => {
    for (const field of structs.get(struct) ?? []) {
      const path = [...prefix, field.number]
      if (field.inline) collect(field.type.split('.').at(-1), path)
      else {
        if (lists.has(field.type)) paths[field.name] = [...path, -1]
        else paths[field.name] = field.omits ? [...prefix, -field.number] : path
        const fact = types[id].fields[field.name]
        if (fact && field.canBeZero && (!field.omits || STRUCTS.has(fact.t))) (printed[id] ??= []).push(field.name)
      }
    }
  }
  collect(name, [])
  const known = {}
  for (const field of Object.keys(types[id].fields)) {
    if (paths[field]) known[field] = paths[field]
    else if (!(field === 'apiVersion' || field === 'kind') || !types[id].fields.metadata) missing += 1
  }
  table[id] = known
}
function write(file, object) {
  const lines = Object.entries(object).map(([id, fields]) => `${JSON.stringify(id)}:${JSON.stringify(fields)}`)
  writeFileSync(join(root, file), `{\n${lines.join(',\n')}\n}\n`)
}
write('src/main/apiserver/codec/protobuf/numbers.json', table)
write('src/main/apiserver/schema/printed.json', printed)
console.log(`${Object.keys(table).length} of ${Object.keys(types).length} types; ${missing} fields without a number`)
