// PriorityClasses.
import { PriorityClass } from '../../../../shared/api/scheduling/v1.ts'
import { ageColumn, boolean, integer, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { startGeneration } from '../support/strategy.ts'
import { validatePriorityClass, validatePriorityClassUpdate } from './validate.ts'

export const priorityClasses = defineResource<PriorityClass>({
  type: PriorityClass,
  shortNames: ['pc'],
  setDefaults: priority => {
    priority.value ??= 0
    priority.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  prepareForCreate: startGeneration,
  checkedWhenNew: true,
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  columns: [
    nameColumn,
    integer('Value', 'Higher goes first.', priority => priority.value),
    boolean('Global-Default', 'Whether pods without a class get it.', priority => priority.globalDefault ?? false),
    ageColumn,
    text('PreemptionPolicy', 'Whether its pods push others out.', priority => priority.preemptionPolicy ?? ''),
  ],
})
