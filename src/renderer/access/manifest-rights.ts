// The rights that it takes to do the same to every object of a manifest.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { typeOfReference } from '../kinds/references.ts'
import { type Right, rightTo } from './rights.ts'

/** Of more than so many, the server refuses by itself. */
const MOST_ASKED = 50

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)

/** @param defaultNamespace of objects that name none */
export function rightsOnAll(verb: string, objects: readonly AnyObject[], defaultNamespace: string): Right[] {
  const rights = new Map<string, Right>()
  for (const object of objects) {
    const type = typeOfReference(object)
    if (!type) continue
    const { namespace, name } = (object.metadata ?? {}) as Record<'namespace' | 'name', unknown>
    const right = rightTo(verb, type, {
      namespace: type.namespaced ? (textOf(namespace) ?? defaultNamespace) : undefined,
      // No rule for certain names lets anybody make them.
      name: verb === 'create' ? undefined : textOf(name),
    })
    rights.set(Object.values(right).join(' '), right)
  }
  return [...rights.values()].slice(0, MOST_ASKED)
}
