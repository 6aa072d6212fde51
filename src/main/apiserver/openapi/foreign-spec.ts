// What an extension server says of one of its versions in OpenAPI v2, and how it becomes a part of this server's document.
//
// As kube-aggregator merges: paths that are here already stay as they are; a definition that has the name of another one
// goes by a new name, `<name>_v2`, unless both say the same.
import { createHash } from 'node:crypto'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { encodeJson, parseJson } from '../../../shared/machinery/json-text.ts'
import { Pacer } from '../../pieces/pacer.ts'

export interface ForeignSpec {
  readonly paths: ReadonlyMap<string, unknown>
  /** Only those that the paths refer to. */
  readonly definitions: ReadonlyMap<string, unknown>
  /** Tells specs with other contents apart. */
  readonly hash: string
}

/** The texts of a document that is being made, by path and by name. */
export interface Texts {
  readonly paths: Map<string, string>
  readonly schemas: Map<string, string>
}

const PREFIX = '#/definitions/'
const PARAMETERS = '#/parameters/'
const KINDS = 'x-kubernetes-group-version-kind'

/** @returns the names of definitions that a value refers to */
function refsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) refsIn(item, found)
  else if (isObject(value))
    for (const key of Object.keys(value)) {
      const inner = value[key]
      if (key !== '$ref' || typeof inner !== 'string') refsIn(inner, found)
      else if (inner.startsWith(PREFIX)) found.add(inner.slice(PREFIX.length))
    }
  return found
}

async function reached(paths: Iterable<unknown>, definitionOf: (name: string) => unknown) {
  const pacer = new Pacer()
  const definitions = new Map<string, unknown>()
  const waiting = [...paths]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (pacer.due) await pacer.pause()
    for (const name of refsIn(next)) {
      const definition = definitions.has(name) ? undefined : definitionOf(name)
      if (definition === undefined) continue
      definitions.set(name, definition)
      waiting.push(definition)
    }
  }
  return definitions
}

/** Puts parameters in the place of references to them: they may have the names of others here. */
function withParameters(value: unknown, parameters: JsonObject): unknown {
  if (Array.isArray(value)) return value.map(item => withParameters(item, parameters))
  if (!isObject(value)) return value
  const ref = value['$ref']
  if (typeof ref === 'string' && ref.startsWith(PARAMETERS)) return getField(parameters, ref.slice(PARAMETERS.length)) ?? value // prettier-ignore
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setField(copy, key, withParameters(value[key], parameters))
  return copy
}

/**
 * @param document as the extension server answers `/openapi/v2`
 * @returns the part of it that is about the version
 */
export async function foreignSpec(document: unknown, group: string, version: string): Promise<ForeignSpec> {
  const part = (name: string): JsonObject => {
    const found = isObject(document) ? getField(document, name) : undefined
    return isObject(found) ? found : {}
  }
  const all = part('definitions')
  const parameters = part('parameters')
  const paths = new Map(
    Object.entries(part('paths'))
      .filter(([path]) => path.startsWith(`/apis/${group}/${version}/`))
      .map(([path, item]) => [path, withParameters(item, parameters)] as const),
  )
  const definitions = await reached(paths.values(), name => getField(all, name))
  const hash = createHash('sha256')
  const pacer = new Pacer()
  for (const [name, value] of [...paths, ...definitions]) {
    if (pacer.due) await pacer.pause()
    hash.update(`${name} ${encodeJson(value)}\n`)
  }
  return { paths, definitions, hash: hash.digest('hex') }
}

const kindsOf = (definition: JsonObject): unknown[] => {
  const kinds = definition[KINDS]
  return Array.isArray(kinds) ? (kinds as unknown[]) : []
}

/** @returns the definition for both, with the kinds of both; undefined when they say different things */
function shared(own: JsonObject, other: unknown): JsonObject | undefined {
  if (!isObject(other)) return undefined
  const { [KINDS]: _own, ...content } = own
  const { [KINDS]: _other, ...otherContent } = other
  if (!deepEqual(content, otherContent)) return undefined
  const kinds = kindsOf(own)
  const more = kindsOf(other).filter(kind => !kinds.some(known => deepEqual(known, kind)))
  return more.length === 0 ? own : { ...own, [KINDS]: [...kinds, ...more] }
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map(item => renamed(item, names))
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    const inner = value[key]
    const isRef = key === '$ref' && typeof inner === 'string' && inner.startsWith(PREFIX)
    const name = isRef ? names.get(inner.slice(PREFIX.length)) : undefined
    setField(copy, key, name === undefined ? renamed(inner, names) : PREFIX + name)
  }
  return copy
}

/** Adds a spec to a document. */
export async function addForeignSpec(into: Texts, spec: ForeignSpec): Promise<void> {
  const paths = [...spec.paths].filter(([path]) => !into.paths.has(path))
  const definitions = await reached(
    paths.map(([, item]) => item),
    name => spec.definitions.get(name),
  )
  const pacer = new Pacer()
  const names = new Map<string, string>()
  for (const [name, definition] of definitions) {
    if (pacer.due) await pacer.pause()
    const text = into.schemas.get(name)
    if (text === undefined) continue
    const both = shared(parseJson(text) as JsonObject, definition)
    if (both) {
      into.schemas.set(name, encodeJson(both))
      definitions.delete(name)
      continue
    }
    let number = 2
    while (into.schemas.has(`${name}_v${number}`) || definitions.has(`${name}_v${number}`)) number += 1
    names.set(name, `${name}_v${number}`)
  }
  for (const [name, definition] of definitions) {
    if (pacer.due) await pacer.pause()
    into.schemas.set(names.get(name) ?? name, encodeJson(renamed(definition, names)))
  }
  for (const [path, item] of paths) {
    if (pacer.due) await pacer.pause()
    into.paths.set(path, encodeJson(renamed(item, names)))
  }
}
