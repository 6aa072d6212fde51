// Single changes of a form, written into YAML text that somebody else may be editing as well: comments, order, unknown
// fields and, as long as only a plain value changes, every other character stay.
import { type Document, isMap, isScalar, isSeq } from 'yaml'
import { isObject } from '../../shared/machinery/json-object.ts'
import { joinYamlDocuments, parseYamlDocuments, yamlProblems } from '../api/yaml-text.ts'

export type Path = readonly (string | number)[]

/** How the server names a field in its causes: `spec.containers[0].image`, `data[a.b]`. */
export const pathText = (path: Path): string =>
  path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : /^[\w-]+$/.test(part) ? `${index ? '.' : ''}${part}` : `[${part}]`,
    )
    .join('')

/** @returns the first document as an object; undefined when the text cannot be read as one */
export function readForm(text: string): Readonly<Record<string, unknown>> | undefined {
  const documents = parseYamlDocuments(text)
  if (yamlProblems(documents).length) return undefined
  try {
    const value = documents[0]?.toJS({ maxAliasCount: 100 }) as unknown
    return isObject(value) ? value : undefined
  } catch {
    // Aliases beyond the bound.
    return undefined
  }
}

export const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof part === 'number'
        ? Array.isArray(value)
          ? (value[part] as unknown)
          : undefined
        : isObject(value) && Object.hasOwn(value, part)
          ? value[part]
          : undefined,
    root,
  )

/** @returns the text unchanged when it cannot be read */
function change(text: string, edit: (document: Document) => void): string {
  const documents = parseYamlDocuments(text)
  const [first] = documents
  if (!first || yamlProblems(documents).length || !isMap(first.contents)) return text
  edit(first)
  return joinYamlDocuments(documents, text)
}

/** Makes what is missing on the way to a place, as lists where a number follows. */
function makeWay(document: Document, path: Path): void {
  for (let length = 1; length < path.length; length++) {
    const at = path.slice(0, length)
    const node = document.getIn(at, true)
    if (isMap(node) || isSeq(node)) {
      // `{}` and `[]` are how emptiness is written; with content they become blocks.
      if (node.items.length === 0) node.flow = false
    } else document.setIn(at, document.createNode(typeof path[length] === 'number' ? [] : {}))
    const made = document.getIn(at, true)
    if ((isMap(made) || isSeq(made)) && made.items.length === 0) made.flow = false
  }
}

export function setAt(text: string, path: Path, value: unknown): string {
  return (
    replaceScalar(text, path, value) ??
    change(text, document => {
      makeWay(document, path)
      const old = document.getIn(path, true)
      const node = document.createNode(value)
      if (isScalar(old) && isScalar(node)) {
        node.comment = old.comment ?? null
        node.commentBefore = old.commentBefore ?? null
      }
      document.setIn(path, node)
    })
  )
}

/** The quick and exact way for a plain value on one line. */
function replaceScalar(text: string, path: Path, value: unknown): string | undefined {
  if (value === null || typeof value === 'object') return undefined
  const documents = parseYamlDocuments(text)
  const [first] = documents
  if (!first || yamlProblems(documents).length) return undefined
  const node = first.getIn(path, true)
  if (!isScalar(node) || !node.range || node.anchor || node.tag) return undefined
  const [from, to] = node.range
  const old = text.slice(from, to)
  const written = first.createNode(value).toString().trimEnd()
  if (from === to || old.includes('\n') || written.includes('\n')) return undefined
  const next = text.slice(0, from) + written + text.slice(to)
  // Written alone, a value may need no quotes that it needs here.
  return Object.is(valueAt(readForm(next), path), value) ? next : undefined
}

export const removeAt = (text: string, path: Path): string => change(text, document => void document.deleteIn(path))

export const renameKey = (text: string, path: Path, key: string): string =>
  change(text, document => {
    const parent = document.getIn(path.slice(0, -1), true)
    if (!isMap(parent) || parent.has(key)) return
    const pair = parent.items.find(({ key: name }) => (isScalar(name) ? name.value : name) === path.at(-1))
    if (pair) pair.key = document.createNode(key)
  })
