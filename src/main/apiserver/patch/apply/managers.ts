// The managers of an object's fields, decoded from and encoded to metadata.managedFields.
import type { ManagedFieldsEntry } from '../../../../shared/api/meta/v1.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { isPlain, NOT_PRINTABLE } from '../../schema/validate-meta.ts'
import { type FieldSet, isEmpty, setOf, union } from './field-set.ts'
import { setIn, treeOf } from './shared-trees.ts'

export interface Manager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly set: FieldSet
}

/** By identity: a manager has one entry per operation and subresource, an updater also one per version. */
export type Managers = Map<string, Manager>

const MAX_UPDATERS = 10
const BUCKET = 'ancient-changes'

export const identityOf = (m: Omit<Manager, 'set' | 'time'>): string =>
  JSON.stringify([m.manager, m.operation, m.operation === 'Apply' ? '' : m.apiVersion, m.subresource])

/** @returns undefined when an entry cannot be read. */
export function* decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Pieces<Managers | undefined> {
  const managers: Managers = new Map()
  for (const entry of entries ?? []) {
    const { operation } = entry
    const set = yield* setIn(entry.fieldsV1)
    if (!set || (operation !== 'Apply' && operation !== 'Update') || !entry.apiVersion) return undefined
    if (entry.fieldsType !== 'FieldsV1') return undefined
    const manager: Manager = {
      manager: entry.manager ?? '',
      operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      set,
    }
    managers.set(identityOf(manager), manager)
  }
  return managers
}

/** Of the metadata. */
export const UNTRACKED_FIELDS = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]
const UNTRACKED = UNTRACKED_FIELDS.map(field => ['f:metadata', `f:${field}`])

const UNTRACKED_METADATA: ReadonlySet<string> = new Set(UNTRACKED.map(([, step = '']) => step))

/** @param plainStatus the status is a field like any other @returns which field this path may not write */
export function fieldApart(subresource: string, plainStatus = false): 'spec' | 'status' | undefined {
  if (subresource === 'status') return 'spec'
  return subresource === '' && !plainStatus ? 'status' : undefined
}

/** @returns the set without what identifies the object, and without the field that its writer's path may not write. */
export function trackable(set: FieldSet, apart: 'spec' | 'status' | undefined): FieldSet {
  const ignored = apart && `f:${apart}`
  const children = new Map<string, FieldSet>()
  for (const [step, child] of set.children) {
    if (step === 'f:apiVersion' || step === 'f:kind' || step === ignored) continue
    if (step !== 'f:metadata') children.set(step, child)
    else {
      const inner = new Map([...child.children].filter(([field]) => !UNTRACKED_METADATA.has(field)))
      // `metadata: {}` alone says nothing.
      if (inner.size > 0) children.set(step, { member: false, children: inner })
    }
  }
  return { member: set.member, children }
}

/** The identity fields, which every object has and which no manager can lose. */
export const IDENTITY: FieldSet = setOf([['f:apiVersion'], ['f:kind'], ...UNTRACKED])

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export function* encodeManager(entry: Manager): Pieces<ManagedFieldsEntry> {
  return {
    ...(entry.manager ? { manager: entry.manager } : {}),
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.time === undefined ? {} : { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: yield* treeOf(entry.set),
    ...(entry.subresource ? { subresource: entry.subresource } : {}),
  }
}

export function* encodeManagers(managers: Managers): Pieces<ManagedFieldsEntry[]> {
  const sorted = [...managers.values()]
    .filter(({ set }) => !isEmpty(set))
    .sort(
      (a, b) =>
        compareText(a.operation, b.operation) ||
        compareText(a.time ?? '', b.time ?? '') ||
        compareText(a.manager, b.manager) ||
        compareText(a.apiVersion, b.apiVersion) ||
        compareText(a.subresource, b.subresource),
    )
  const entries: ManagedFieldsEntry[] = []
  for (const manager of sorted) entries.push(yield* encodeManager(manager))
  return entries
}

/** Merges the oldest updaters into one bucket per version, so that the list stays short. */
export function capUpdaters(managers: Managers): void {
  if (managers.size <= MAX_UPDATERS) return
  const updaters = [...managers].filter(([, m]) => m.operation === 'Update')
  let count = updaters.length
  updaters.sort(([a, x], [b, y]) => compareText(x.time ?? '', y.time ?? '') || compareText(a, b))
  const firstOf = new Map<string, string>()
  for (const [id, updater] of updaters) {
    if (count <= MAX_UPDATERS) return
    const first = firstOf.get(updater.apiVersion)
    if (first === undefined) {
      firstOf.set(updater.apiVersion, id)
      continue
    }
    const bucket = { manager: BUCKET, operation: 'Update', apiVersion: updater.apiVersion, subresource: '' } as const
    const bucketId = identityOf(bucket)
    const into = managers.get(bucketId) ?? managers.get(first)
    if (!managers.has(bucketId)) managers.delete(first)
    managers.delete(id)
    managers.set(bucketId, { ...bucket, time: updater.time, set: into ? union(into.set, updater.set) : updater.set })
    count -= 1
  }
}

/** The manager's name of a request that does not give one: the program in the User-Agent header. */
export function managerFromUserAgent(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/', 1)[0] ?? ''
  const printable = (isPlain(name) ? name : name.replace(NOT_PRINTABLE, '')).slice(0, 128)
  return printable || 'unknown'
}
