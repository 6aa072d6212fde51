// RuntimeClasses.
import { RuntimeClass } from '../../../../shared/api/node/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { immutable, requiredAnd } from '../support/rules.ts'

export const runtimeClasses = defineResource<RuntimeClass>({
  type: RuntimeClass,
  updatesNeedVersion: true,
  validate: runtime => requiredAnd('handler', runtime.handler, dns1123Label),
  validateUpdate: (runtime, old) => immutable('handler', runtime.handler, old.handler),
  columns: [nameColumn, text('Handler', 'Runtime that runs the pods.', runtime => runtime.handler), ageColumn],
})
