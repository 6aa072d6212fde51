// Whether the user may make objects of a kind in one of the namespaces shown, where these are few enough to ask about.
import { Namespace } from '../../shared/api/core/v1.ts'
import { rightTo, useRightsStore } from '../access/rights.ts'
import type { ServedKind } from '../api/discovery.ts'
import { useNamespaces } from './use-namespaces.ts'
import { useResourceList } from './use-resource-list.ts'

const MOST_ASKED = 20

/** @returns why not, in a sentence */
export function useCreationRights(): (
  type: Pick<ServedKind['type'], 'group' | 'plural' | 'namespaced'>,
) => string | undefined {
  const rights = useRightsStore()
  const { chosen } = useNamespaces()
  const namespaces = useResourceList(Namespace)
  return type => {
    const right = rightTo('create', type)
    if (!type.namespaced) return rights.refusalOf([right])
    const places = chosen.value.length ? chosen.value : namespaces.rows.value.map(({ name }) => name)
    if (places.length === 0 || places.length > MOST_ASKED) return undefined
    const refusals = places.map(namespace => rights.refusalOf([{ ...right, namespace }]))
    if (refusals.includes(undefined)) return undefined
    return refusals.length === 1 ? refusals[0] : rights.refusalOf([right])
  }
}
