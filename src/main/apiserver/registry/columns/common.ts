// Building blocks of printed columns.
import type { Container } from '../../../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import { humanSince } from '../../../../shared/machinery/human-duration.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import { SelectorError, fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import { list, sortedEntries } from '../support/collections.ts'
import type { Column } from '../resource.ts'

export const NONE = '<none>'
export const UNSET = '<unset>'

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique among its kind in its namespace.',
  value: object => object.metadata.name,
}

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  value: (object, nowMs) => humanSince(object.metadata.creationTimestamp, nowMs),
}

/** What a kind without printer of its own shows. */
export const defaultColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the object was created.',
    value: object => object.metadata.creationTimestamp,
  },
]

export const nameAndAge: readonly Column<KubeObject>[] = [nameColumn, ageColumn]

type Value<T> = (object: T, nowMs: number) => unknown

export const text = <T>(name: string, description: string, value: Value<T>): Column<T> => ({
  name,
  type: 'string',
  description,
  value,
})
export const integer = <T>(name: string, description: string, value: Value<T>): Column<T> => ({
  name,
  type: 'integer',
  description,
  value,
})
export const boolean = <T>(name: string, description: string, value: Value<T>): Column<T> => ({
  name,
  type: 'boolean',
  description,
  value,
})
/** Shown only with `-o wide`. */
export const wide = <T>(column: Column<T>): Column<T> => ({ ...column, priority: 1 })

/** A label selector as `kubectl` prints it; `<none>` when it selects by nothing. */
export function selectorText(selector: LabelSelector | undefined): string {
  try {
    return fromLabelSelector(selector).format() || NONE
  } catch (error) {
    // Selectors of kinds that do not check them, and those stored before a rule was added.
    if (error instanceof SelectorError) return '<error>'
    throw error
  }
}

/** Labels as `a=b,c=d`, sorted; `<none>` when there are none. */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  sortedEntries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || NONE

/** The wide columns of everything that has a pod template. */
export const templateColumns = <T>(containersOf: (object: T) => readonly Container[] | undefined): Column<T>[] => [
  wide(
    text('Containers', 'Names of the containers in the template.', o =>
      list(containersOf(o))
        .map(c => c.name)
        .join(','),
    ),
  ),
  wide(
    text('Images', 'Images of the containers in the template.', o =>
      list(containersOf(o))
        .map(c => c.image ?? '')
        .join(','),
    ),
  ),
]

export const selectorColumn = <T>(selectorOf: (object: T) => LabelSelector | undefined): Column<T> =>
  wide(text('Selector', 'Labels that select the pods.', o => selectorText(selectorOf(o))))

/** At most three of the texts, then how many more there are. */
export const firstThree = (texts: readonly string[], empty: string): string =>
  texts.length > 3 ? `${texts.slice(0, 3).join(',')} + ${texts.length - 3} more...` : texts.join(',') || empty
