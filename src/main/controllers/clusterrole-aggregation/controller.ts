// clusterrole-aggregation: a ClusterRole with an aggregation rule has the rules of all that its selectors match.
import { ClusterRole, type PolicyRule } from '../../../shared/api/rbac/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'

export class ClusterRoleAggregation implements Reconciler<ClusterRole> {
  readonly name = 'clusterrole-aggregation'
  readonly type = ClusterRole
  readonly watches = [
    mapped(ClusterRole, (_change, { lister }) =>
      lister(ClusterRole)
        .list()
        .filter(role => role.aggregationRule)
        .map(role => role.metadata),
    ),
  ]

  async reconcile(role: ClusterRole, { client, lister, signal }: ControllerContext): Promise<Result> {
    const selectors = role.aggregationRule?.clusterRoleSelectors?.map(fromLabelSelector)
    if (!selectors) return done
    const sources = lister(ClusterRole)
      .list()
      .filter(other => other.metadata.name !== role.metadata.name)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    const rules: PolicyRule[] = []
    for (const selector of selectors) {
      for (const source of sources.filter(({ metadata }) => selector.matches(metadata.labels))) {
        for (const rule of source.rules ?? []) if (!rules.some(known => deepEqual(known, rule))) rules.push(rule)
      }
    }
    if (deepEqual(rules, role.rules, { emptyIsAbsent: true })) return done
    await client.update(ClusterRole, { ...role, rules }, { signal })
    return done
  }
}
