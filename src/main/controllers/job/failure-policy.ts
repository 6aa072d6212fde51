// What spec.podFailurePolicy says about a failed pod.
import type { JobSpec, PodFailurePolicyRule } from '../../../shared/api/batch/v1.ts'
import type { ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'

export interface FailureAction {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  /** Why, for FailJob. */
  readonly message: string
}

const count: FailureAction = { action: 'Count', message: '' }

/** @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
export function failureActionOf({ podFailurePolicy }: JobSpec, pod: Pod): FailureAction {
  const rules = podFailurePolicy?.rules ?? []
  for (const [index, rule] of rules.entries()) {
    const why = rule.onExitCodes ? exitCodeMatch(rule, pod) : conditionMatch(rule, pod)
    if (why === undefined) continue
    const { namespace, name } = pod.metadata
    const action = ['FailJob', 'FailIndex', 'Ignore'].includes(rule.action) ? rule.action : 'Count'
    return {
      action: action as FailureAction['action'],
      message: `${why.replace('%pod', `${namespace}/${name}`)} matching ${rule.action} rule at index ${index}`,
    }
  }
  return count
}

function exitCodeMatch({ onExitCodes }: PodFailurePolicyRule, { status }: Pod): string | undefined {
  if (!onExitCodes) return undefined
  const { containerName, operator, values } = onExitCodes
  const statuses: readonly ContainerStatus[] = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
  ]
  for (const { name, state } of statuses) {
    const exitCode = state?.terminated?.exitCode
    if (exitCode === undefined || exitCode === 0 || (containerName && containerName !== name)) continue
    if (values.includes(exitCode) === (operator === 'In'))
      return `Container ${name} for pod %pod failed with exit code ${exitCode}`
  }
  return undefined
}

function conditionMatch({ onPodConditions }: PodFailurePolicyRule, { status }: Pod): string | undefined {
  const wanted = onPodConditions ?? []
  const matched = wanted.find(({ type, status: value = 'True' }) =>
    status.conditions?.some(condition => condition.type === type && condition.status === value),
  )
  return matched ? `Pod %pod has condition ${matched.type}` : undefined
}
