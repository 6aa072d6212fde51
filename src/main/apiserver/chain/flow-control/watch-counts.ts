// How many watch what: a change costs as much as there are watchers to tell.
import type { AuthorizationAttributes } from '../../authz/contract.ts'

type Target = Pick<AuthorizationAttributes, 'group' | 'resource' | 'namespace' | 'name' | 'fieldSelector'>

const keyOf = ({ group, resource }: Target, namespace: string, name: string) =>
  `${group}/${resource}/${namespace}/${name}`

/** Watches of one node's pods are found by the node: most changes do not concern them. */
const isNarrow = ({ group, resource, fieldSelector = [] }: Target) =>
  group === '' &&
  resource === 'pods' &&
  fieldSelector.some(({ field, op, value }) => field === 'spec.nodeName' && op !== '!=' && value !== '')

export class WatchCounts {
  readonly #counts = new Map<string, number>()

  /** @returns to be called when the watch ends */
  begin(target: Target): () => void {
    if (isNarrow(target)) return () => undefined
    const key = keyOf(target, target.namespace, target.name)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left > 0) this.#counts.set(key, left)
      else this.#counts.delete(key)
    }
  }

  /** Those who may be told of a change: of all of the kind, of its namespace, of the object itself. */
  of(target: Target): number {
    const { namespace, name } = target
    const of = (inside: string, called: string) => this.#counts.get(keyOf(target, inside, called)) ?? 0
    return of('', '') + (namespace === '' ? 0 : of(namespace, '')) + (name === '' ? 0 : of(namespace, name))
  }
}
