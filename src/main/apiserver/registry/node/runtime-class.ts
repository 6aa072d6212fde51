// RuntimeClasses.
import { RuntimeClass } from '../../../../shared/api/node/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const runtimeClasses = defineResource<RuntimeClass>({
  type: RuntimeClass,
  columns: [nameColumn, text('Handler', 'Runtime that runs the pods.', runtime => runtime.handler), ageColumn],
})
