// What can be done with objects of a kind: what it is called, whether the user may, and doing it.
import type { Component } from 'vue'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { type Right, useRightsStore } from '../../access/rights.ts'
import type { ServedKind } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { t } from '../../i18n/i18n.ts'

export interface ResourceAction {
  readonly id: string
  readonly title: string
  readonly icon: Component
  /** As `useHotkeys` names it. */
  readonly key?: string
  readonly danger?: boolean
  /** Works on several rows at once. */
  readonly bulk?: boolean
  /** Stands in the menu rather than among the buttons. */
  readonly minor?: boolean
  /** Why the user may not do this to these rows, in a sentence; undefined when nothing is known against it. */
  readonly refusal: (rows: readonly Row[]) => string | undefined
  /** Of what it is offered for, where not for all of the kind. */
  readonly fits?: (object: AnyObject) => boolean
  readonly run: (rows: readonly Row[]) => void | Promise<void>
}

/** A right that an action takes, on the kind itself where no resource is told. */
export interface Need {
  readonly verb: string
  readonly resource?: string
  readonly group?: string
  /** `pods/log` and such: of the object itself where it is of the kind. */
  readonly subresource?: string
  /** Where it is not the object's own; '' = in all. */
  readonly namespace?: string
}

export type Draft = Omit<ResourceAction, 'refusal'> & { readonly needs: readonly Need[] }

/** False where a kind has no such action. */
export type Drafts = readonly (Draft | false)[]

/** The rights that it takes to do something to these objects. */
function rightsFor(needs: readonly Need[], { type }: ServedKind, rows: readonly Row[]): Right[] {
  const places = [...new Map(rows.map(row => [row.namespace, row])).values()]
  return needs.flatMap(({ verb, group = type.group, resource = type.plural, subresource, namespace }) => {
    const isOwn = group === type.group && resource === type.plural
    return (isOwn ? rows : places).map(row => ({
      verb,
      group,
      resource: subresource ? `${resource}/${subresource}` : resource,
      namespace: (namespace ?? row.namespace) || undefined,
      ...(isOwn ? { name: row.name } : {}),
    }))
  })
}

/** What a pod's streams take, whichever object leads to the pod. */
export const ofPods = (verb: string, subresource: string): Need => ({ verb, group: '', resource: 'pods', subresource })
export const PATCH: readonly Need[] = [{ verb: 'patch' }]

/** Of the first row. */
export const first = (run: (row: Row) => void) => (rows: readonly Row[]) => {
  if (rows[0]) run(rows[0])
}

export const settle = (drafts: Drafts, kind: ServedKind): ResourceAction[] =>
  drafts
    .filter(draft => draft !== false)
    .map(({ needs, ...action }) => ({
      ...action,
      refusal: rows => useRightsStore().refusalOf(rightsFor(needs, kind, rows)),
    }))

/** Those of a kind that make sense for an object as it is. */
export const fitting = (actions: readonly ResourceAction[], object: AnyObject): ResourceAction[] =>
  actions.filter(({ fits }) => fits?.(object) ?? true)

/** Does it, or tells why not. */
export function perform(action: ResourceAction, rows: readonly Row[]): void {
  const refusal = action.refusal(rows)
  if (refusal) useToastStore().failed(t('{name}: not done', { name: action.title }), new Error(refusal))
  else void action.run(rows)
}
