// A change of an object as a patch of each type, and parts of an object as what somebody applies.
import { pick, some, weigh } from '../draw.mjs'
import { resolve } from '../mutations.mjs'
import { changed } from './changes.mjs'

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const at = (object, path) => path.reduce((value, step) => value?.[step], object)
const nest = (path, value) => path.reduceRight((inner, step) => ({ [step]: inner }), value)

/** Lists are replaced as a whole. */
export function mergePatch(_draw, object, change) {
  const list = change.path.findIndex(step => typeof step === 'number')
  const path = list < 0 ? change.path : change.path.slice(0, list)
  const value = at(changed(object, change), path)
  return nest(path, value === undefined ? null : value)
}

const DIRECTIVES = [{ $patch: 'replace' }, { $patch: 'delete' }, { $retainKeys: ['a'] }, { $patch: 'merge' }]

/** Items of lists with a merge key are named by it. */
export function strategicPatch(draw, object, change, { schema, schemas }) {
  const build = (value, [step, ...rest], fieldSchema) => {
    if (step === undefined) return change.value === undefined ? null : change.value
    const { properties = {}, additionalProperties } = resolve(fieldSchema, schemas)
    const inner = properties[step] ?? additionalProperties
    const key = inner?.['x-kubernetes-patch-merge-key']
    const [index] = rest
    if (typeof index !== 'number') return { [step]: build(value?.[step], rest, inner), ...extra(draw, 0.03) }
    const list = value[step]
    const item = list[index]
    const after = changed({ list }, { path: ['list', ...rest], value: change.value }).list
    if (inner?.['x-kubernetes-patch-strategy']?.includes('merge') && !key)
      return weigh(draw, [
        [2, { [step]: after }],
        [1, { [`$deleteFromPrimitiveList/${step}`]: list.slice(0, 1) }],
        [1, { [`$setElementOrder/${step}`]: [...list].reverse(), [step]: after }],
      ])
    if (!key || !isObject(item)) return { [step]: after }
    const named = { [key]: item[key] }
    const removed = rest.length === 1 && change.value === undefined
    const part =
      rest.length === 1
        ? removed
          ? { $patch: 'delete' }
          : change.value
        : build(item, rest.slice(1), resolve(inner, schemas).items)
    const order = draw() < 0.15 ? { [`$setElementOrder/${step}`]: some(draw, list, 0.8).map(i => ({ [key]: i[key] })) } : {} // prettier-ignore
    return { ...order, [step]: [isObject(part) ? { ...named, ...part, ...extra(draw, 0.04) } : part] }
  }
  return build(object, change.path, schema)
}
const extra = (draw, share) => (draw() < share ? pick(draw, DIRECTIVES) : {})

const pointer = path => path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export function jsonPatch(draw, object, change) {
  const path = pointer(change.path)
  const now = at(object, change.path)
  if (change.value === undefined) return [{ op: 'remove', path }]
  const parent = change.path.slice(0, -1)
  return weigh(draw, [
    [30, () => [{ op: 'add', path, value: change.value }]],
    [30, () => [{ op: 'replace', path, value: change.value }]],
    [10, () => [{ op: 'test', path, value: now ?? null }, { op: 'replace', path, value: change.value }]], // prettier-ignore
    [5, () => [{ op: 'test', path, value: change.value }]],
    [5, () => [{ op: 'copy', from: path, path: pointer(['metadata', 'annotations', 'copy']) }]],
    [5, () => [{ op: 'move', from: path, path: pointer([...parent, 'moved']) }]],
    [8, () => [{ op: 'add', path: pointer([...parent, '-']), value: change.value }]],
    [4, () => [{ op: 'add', path: pointer([...parent, '01']), value: change.value }]],
    [3, () => [{ op: 'remove', path: pointer([...change.path, 'x']) }]],
    [3, () => [{ op: 'replace', path: '', value: changed(object, change) }]],
  ])()
}

/** Some fields of the object; items of lists keep what names them. */
export function somePart(draw, value, schema, schemas, keep = []) {
  const resolved = resolve(schema, schemas)
  if (Array.isArray(value)) {
    const keys = schema?.['x-kubernetes-list-map-keys'] ?? ['name', 'key', 'type']
    return some(draw, value, 0.75).map(item => somePart(draw, item, resolved.items, schemas, keys))
  }
  if (!isObject(value)) return value
  const names = Object.keys(value)
    .sort()
    .filter(name => keep.includes(name) || draw() < 0.6)
  const of = name => resolved.properties?.[name] ?? resolved.additionalProperties
  return Object.fromEntries(names.map(name => [name, somePart(draw, value[name], of(name), schemas)]))
}
