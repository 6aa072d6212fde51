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
    width: string,
    read: (type: ResourceType<unknown>) => string,
  ): ResourceColumn => ({
    id,
    title,
    width,
    // One that is not served yet, or no longer, is told by its name alone.
    value: ({ name }) => {
      const type = byName.get(name)
      return dash(type && read(type))
    },
  })
  return columnsOf(
    nameColumn(),
    told('kind', m('Kind'), 'minmax(120px, 1.2fr)', ({ kind }) => kind),
    told('group', m('Group'), 'minmax(120px, 1.5fr)', ({ group }) => group),
    told('version', m('Version'), 'minmax(84px, 0.5fr)', ({ version }) => version),
    told('scope', m('Scope'), '104px', ({ namespaced }) => (namespaced ? 'Namespaced' : 'Cluster')),
    ageColumn(),
  )
}
