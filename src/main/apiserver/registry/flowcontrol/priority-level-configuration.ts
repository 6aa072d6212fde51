// PriorityLevelConfigurations.
import { PriorityLevelConfiguration } from '../../../../shared/api/flowcontrol/v1.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { validatePriorityLevel } from './validate.ts'
import { validateTypes } from '../support/conditions.ts'
import { ensureStructs, specAndStatus, bareStatusStrategy } from '../support/strategy.ts'

const queuing = (level: PriorityLevelConfiguration) => level.spec.limited?.limitResponse?.queuing

export const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  type: PriorityLevelConfiguration,
  setDefaults: level => {
    ensureStructs(level, 'spec', 'status')
    const { exempt, limited } = level.spec
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0
      exempt.lendablePercent ??= 0
    }
    if (limited) {
      limited.nominalConcurrencyShares ??= 30
      limited.lendablePercent ??= 0
    }
    const queues = queuing(level)
    if (queues) {
      queues.handSize ||= 8
      queues.queues ||= 64
      queues.queueLengthLimit ||= 50
    }
  },
  ...specAndStatus(),
  status: bareStatusStrategy<PriorityLevelConfiguration>(({ status }) =>
    validateTypes('status.conditions', status.conditions),
  ),
  validate: validatePriorityLevel,
  columns: [
    nameColumn,
    text('Type', 'Limited or Exempt.', level => level.spec.type),
    text(
      'NominalConcurrencyShares',
      'Share of the seats.',
      level => level.spec.limited?.nominalConcurrencyShares ?? NONE,
    ),
    text('Queues', 'Number of queues.', level => queuing(level)?.queues ?? NONE),
    text('HandSize', 'Queues that a flow may use.', level => queuing(level)?.handSize ?? NONE),
    text('QueueLengthLimit', 'Requests that a queue holds.', level => queuing(level)?.queueLengthLimit ?? NONE),
    ageColumn,
  ],
})
