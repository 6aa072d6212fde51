// FlowSchemas.
import { FlowSchema } from '../../../../shared/api/flowcontrol/v1.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { validateFlowSchema } from './validate.ts'
import { validateTypes } from '../support/conditions.ts'
import { ensureStructs, specAndStatus, bareStatusStrategy } from '../support/strategy.ts'

export const flowSchemas = defineResource<FlowSchema>({
  type: FlowSchema,
  setDefaults: schema => {
    ensureStructs(schema, 'spec', 'status')
    schema.spec.matchingPrecedence ||= 1000
  },
  ...specAndStatus(),
  status: bareStatusStrategy<FlowSchema>(({ status }) => validateTypes('status.conditions', status.conditions)),
  validate: validateFlowSchema,
  columns: [
    nameColumn,
    text('PriorityLevel', 'Level that requests go to.', s => s.spec.priorityLevelConfiguration?.name ?? ''),
    text('MatchingPrecedence', 'Lower is tried first.', s => s.spec.matchingPrecedence ?? 0),
    text('DistinguisherMethod', 'How flows are told apart.', s => s.spec.distinguisherMethod?.type ?? NONE),
    ageColumn,
    text('MissingPL', 'Whether the level does not exist.', s => {
      return list(s.status.conditions).find(condition => condition.type === 'Dangling')?.status ?? '?'
    }),
  ],
})
