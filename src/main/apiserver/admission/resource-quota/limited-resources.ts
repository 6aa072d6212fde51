// What may be had only where a quota says how much of it: elsewhere, without a quota, there is no end to it.
// @see https://kubernetes.io/docs/concepts/policy/resource-quotas/#limit-priority-class-consumption-by-default
import type { ScopedResourceSelectorRequirement } from '../../../../shared/api/core/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { zero } from '../../../../shared/machinery/quantity.ts'
import type { QuotaEvaluator } from '../../../../shared/machinery/quota-evaluators.ts'
import type { Usage } from '../../../../shared/machinery/quota-usage.ts'
import type { ConfigurationReader as Reader } from '../../configuration-reader.ts'

export interface LimitedResource {
  readonly apiGroup: string
  readonly resource: string
  /** Parts of the names of what is limited. */
  readonly matchContains: readonly string[]
  readonly matchScopes: readonly ScopedResourceSelectorRequirement[]
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'resourcequota.admission.k8s.io/v1beta1', 'resourcequota.admission.k8s.io/v1alpha1'] // prettier-ignore

function scopeOf(given: Reader): ScopedResourceSelectorRequirement {
  given.only('scopeName', 'operator', 'values')
  const values = given.field('values').items.map(({ text }) => text)
  return {
    scopeName: given.field('scopeName').text,
    operator: given.field('operator').text,
    ...(values.length > 0 ? { values } : {}),
  }
}

/** @param file a ResourceQuotaConfiguration */
export function readLimitedResources(file: Reader): LimitedResource[] {
  const kind = file.field('kind').text
  if (!API_VERSIONS.includes(file.field('apiVersion').text) || !/^(ResourceQuota)?Configuration$/.test(kind))
    throw file.wrong('is no ResourceQuotaConfiguration of apiserver.config.k8s.io/v1')
  file.only('apiVersion', 'kind', 'limitedResources')
  return file.field('limitedResources').items.map(each => {
    each.only('apiGroup', 'resource', 'matchContains', 'matchScopes')
    return {
      apiGroup: each.field('apiGroup').optionalText,
      resource: each.field('resource').text,
      matchContains: each.field('matchContains').items.map(({ text }) => text),
      matchScopes: each.field('matchScopes').items.map(scopeOf),
    }
  })
}

const shown = ({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement) =>
  `{${scopeName} ${operator} [${values.join(' ')}]}`

interface Covered {
  readonly names: ReadonlySet<string>
  readonly scopes: readonly ScopedResourceSelectorRequirement[]
}

/** @returns why the object may not be had, or undefined where quotas cover what of it is limited */
export function uncovered(
  limited: readonly LimitedResource[],
  kind: { readonly group: string; readonly plural: string },
  { object, usage, evaluator }: { object: AnyObject; usage: Usage; evaluator: QuotaEvaluator },
  covered: Covered,
): string | undefined {
  const ours = limited.filter(({ apiGroup, resource }) => apiGroup === kind.group && resource === kind.plural)
  const names = [...usage].flatMap(([name, amount]) =>
    amount.compare(zero) > 0 && ours.some(({ matchContains }) => matchContains.some(part => name.includes(part)))
      ? [name]
      : [],
  )
  const without = names.filter(name => !covered.names.has(name)).sort()
  if (without.length > 0) return `insufficient quota to consume: ${without.join(',')}`
  const scopes = limited
    .flatMap(({ matchScopes }) => matchScopes)
    .filter(scope => evaluator.inScope(object, scope))
    .filter(({ scopeName }) => !covered.scopes.some(scope => scope.scopeName === scopeName))
  return scopes.length > 0 ? `insufficient quota to match these scopes: [${scopes.map(shown).join(' ')}]` : undefined
}
