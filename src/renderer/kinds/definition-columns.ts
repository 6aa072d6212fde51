// Columns of custom resource definitions: what each defines. It is told by what the cluster serves, as the definitions
// themselves are too long to be listed.
import { CustomResourceDefinition } from '../../shared/api/apiextensions/v1.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { type ServedKind, kindKey } from '../api/discovery.ts'
import { ageColumn, dash, nameColumn } from './cells.ts'
import { type ResourceColumn, type Columns, columnsOf } from './column.ts'
import { m } from '../i18n/i18n.ts'

export const isDefinition = (type: ResourceType<unknown>): boolean =>
  kindKey(type) === kindKey(CustomResourceDefinition)

export function definitionColumns(kinds: readonly ServedKind[]): Columns {
  const byName = new Map(kinds.map(({ type }) => [`${type.plural}.${type.group}`, type]))
  const told = (
    id: string,
    title: string,
    least: number,
    read: (type: ResourceType<unknown>) => string,
  ): ResourceColumn => ({
    id,
    title,
    least,
    grows: true,
    // One that is not served yet, or no longer, is told by its name alone.
    value: ({ name }) => {
      const type = byName.get(name)
      return dash(type && read(type))
    },
  })
  return columnsOf(
    nameColumn(),
    told('kind', m('Kind'), 120, ({ kind }) => kind),
    told('group', m('Group'), 120, ({ group }) => group),
    told('version', m('Version'), 84, ({ version }) => version),
    told('scope', m('Scope'), 104, ({ namespaced }) => (namespaced ? 'Namespaced' : 'Cluster')),
    ageColumn(),
  )
}
