// What an action does, as kubectl would be told it: a command for each namespace.
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { inNamespace, line } from '../../create/kubectl-command.ts'

interface Named {
  readonly namespace?: string | undefined
  readonly name: string
}

/** As kubectl takes it, such as `deployments.apps`. */
export const resourceOf = ({ group, plural }: Pick<ResourceType<unknown>, 'group' | 'plural'>): string =>
  group ? `${plural}.${group}` : plural

/** @param words what stands behind the names */
export function asKubectl(
  verb: string | readonly string[],
  type: Pick<ResourceType<unknown>, 'group' | 'plural'> | undefined,
  objects: readonly Named[],
  ...words: readonly string[]
): string {
  const places = new Map<string | undefined, string[]>()
  for (const { namespace, name } of objects) {
    const names = places.get(namespace)
    if (names) names.push(name)
    else places.set(namespace, [name])
  }
  return [...places]
    .map(([namespace, names]) =>
      line('kubectl', ...[verb].flat(), type && resourceOf(type), ...names, ...words, inNamespace(namespace)),
    )
    .join('\n')
}
