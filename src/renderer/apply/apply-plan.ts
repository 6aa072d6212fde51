// From files to objects in the order in which they can be made, and what a dry run says of each.
import { messageOf } from '../../shared/machinery/message-of.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { Status } from '../../shared/api/meta/v1.ts'
import { parseObjects } from '../api/yaml-text.ts'
import type { DroppedFile } from './dropped-files.ts'
import { t } from '../i18n/i18n.ts'

export interface ApplyItem {
  readonly path: string
  readonly object: AnyObject
}
export interface ApplyPlan {
  readonly items: readonly ApplyItem[]
  /** Files that cannot be read. */
  readonly problems: readonly { readonly path: string; readonly message: string }[]
}

/** What others need to exist. */
const FIRST = ['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'StorageClass', 'ServiceAccount']
const rank = ({ object }: ApplyItem) => {
  const at = FIRST.indexOf(object.kind)
  return at < 0 ? FIRST.length : at
}

/** A `List` is its items. */
const flat = (object: AnyObject): AnyObject[] => {
  const { items } = object as { items?: unknown }
  return object.kind === 'List' && Array.isArray(items) ? (items as AnyObject[]).flatMap(flat) : [object]
}

export function planApply(files: readonly DroppedFile[]): ApplyPlan {
  const problems: { path: string; message: string }[] = []
  const items = files.flatMap(({ path, text }) => {
    try {
      return parseObjects(text)
        .flatMap(flat)
        .map(object => {
          if (typeof object.metadata?.name !== 'string')
            throw new Error(t('A {kind} has no name.', { kind: object.kind }))
          return { path, object }
        })
    } catch (error) {
      problems.push({ path, message: messageOf(error) })
      return []
    }
  })
  return { items: items.sort((a, b) => rank(a) - rank(b)), problems }
}

/** Whether an object may be refused now only because something of the same plan is missing. */
export function waitsFor({ object }: ApplyItem, plan: ApplyPlan, namespace: string | undefined): string | undefined {
  for (const { object: other } of plan.items) {
    if (other === object) continue
    if (other.kind === 'Namespace' && other.metadata.name === namespace) return `Namespace ${namespace}`
    const spec = other.spec as { group?: unknown; names?: { kind?: unknown } } | undefined
    if (
      other.kind === 'CustomResourceDefinition' &&
      spec?.names?.kind === object.kind &&
      spec.group === object.apiVersion.split('/')[0]
    )
      return t('the definition of {kind}', { kind: object.kind })
  }
  return undefined
}

function comparable({ metadata, status: _status, ...rest }: AnyObject): unknown {
  const {
    managedFields: _managed,
    resourceVersion: _version,
    generation: _generation,
    ...kept
  } = metadata as {
    managedFields?: unknown
    resourceVersion?: unknown
    generation?: unknown
  }
  return { ...rest, metadata: kept }
}

/** Whether an apply would change what people see. */
export const differs = (before: AnyObject, after: AnyObject): boolean =>
  !deepEqual(comparable(before), comparable(after))

/** Fields that somebody else owns, told by a refused apply. */
export const ownedByOthers = ({ details }: Status): string[] =>
  (details?.causes ?? [])
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ field = '', message = '' }) => `${field}: ${message}`)
