// PodDisruptionBudgets.
import { PodDisruptionBudget } from '../../../../shared/api/policy/v1.ts'
import { pathSegmentName } from '../../../../shared/machinery/names.ts'
import { ageColumn, integer, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validateConditions } from '../support/conditions.ts'
import { nonNegative } from '../support/rules.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { validatePodDisruptionBudget } from './validate.ts'

const INITIAL_STATUS = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const

export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  type: PodDisruptionBudget,
  updatesNeedVersion: true,
  shortNames: ['pdb'],
  setDefaults: budget => {
    ensureStructs(budget, 'spec')
    budget.status = { ...INITIAL_STATUS, ...budget.status }
  },
  ...specAndStatus(INITIAL_STATUS),
  status: statusStrategy<PodDisruptionBudget>(({ status }) => [
    ...validateConditions('status.conditions', status.conditions),
    ...COUNTS.flatMap(field => nonNegative(`status.${field}`, status[field])),
  ]),
  validateName: pathSegmentName,
  validate: validatePodDisruptionBudget,
  columns: [
    nameColumn,
    text('Min Available', 'Pods that must stay.', budget => String(budget.spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', 'Pods that may go.', budget => String(budget.spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', 'Pods that may go right now.', budget => budget.status.disruptionsAllowed),
    ageColumn,
  ],
})
