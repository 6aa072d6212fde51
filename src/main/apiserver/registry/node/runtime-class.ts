// RuntimeClasses.
import { RuntimeClass } from '../../../../shared/api/node/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { type FieldError, duplicate } from '../../../../shared/machinery/field-error.ts'
import { validateTolerations } from '../core/pod/validate-scheduling.ts'
import { overheadErrors } from '../support/resource-names.ts'
import { oldNodeLabel } from '../support/warnings.ts'
import { each, immutable, requiredAnd, validateLabels } from '../support/rules.ts'

/** What is added to the pods that use it. */
function schedulingErrors(path: string, { nodeSelector, tolerations }: NonNullable<RuntimeClass['scheduling']>) {
  const seen = new Set<string>()
  return [
    ...validateLabels(`${path}.nodeSelector`, nodeSelector),
    ...validateTolerations(`${path}.tolerations`, tolerations),
    ...each(`${path}.tolerations`, tolerations, (at, toleration): FieldError[] => {
      const { key = '', operator = '', value = '', effect = '' } = toleration
      const known = seen.has(`${key} ${operator} ${value} ${effect}`)
      seen.add(`${key} ${operator} ${value} ${effect}`)
      return known ? [duplicate(at, toleration)] : []
    }),
  ]
}

export const runtimeClasses = defineResource<RuntimeClass>({
  type: RuntimeClass,
  createdByUpdates: true,
  updatesNeedVersion: true,
  validate: ({ handler, overhead, scheduling }) => [
    ...requiredAnd('handler', handler, dns1123Label),
    ...overheadErrors('overhead', overhead?.podFixed),
    ...(scheduling ? schedulingErrors('scheduling', scheduling) : []),
  ],
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap(key => oldNodeLabel('scheduling.nodeSelector', key)),
  validateUpdate: (runtime, old) => immutable('handler', (runtime.handler as string | undefined) ?? '', old.handler),
  columns: [nameColumn, text('Handler', 'Runtime that runs the pods.', runtime => runtime.handler), ageColumn],
})
