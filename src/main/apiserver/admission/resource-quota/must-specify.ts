// A quota on cpu or memory makes every container of a pod say how much it wants.
import type { Container, Pod } from '../../../../shared/api/core/v1.ts'

const COMPULSORY = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

function isGiven({ resources }: Container, name: string): boolean {
  const [kind, resource = ''] = name.startsWith('limits.') ? ['limits', name.slice(7)] : ['requests', name.replace('requests.', '')] // prettier-ignore
  return resources?.[kind as 'limits' | 'requests']?.[resource] !== undefined
}

/** @param names those of the quota that are about pods @returns what is missing, or undefined */
export function missingAmounts({ spec }: Pod, names: readonly string[]): string | undefined {
  // Amounts for the pod as a whole are amounts.
  if (Object.keys({ ...spec.resources?.requests, ...spec.resources?.limits }).length > 0) return undefined
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const missing = names
    .filter(name => COMPULSORY.has(name))
    .sort()
    .flatMap(name => {
      const without = containers.filter(container => !isGiven(container, name)).map(container => container.name)
      return without.length > 0 ? `${name} for: ${without.sort().join(',')}` : []
    })
  return missing.length > 0 ? `must specify ${missing.join('; ')}` : undefined
}
