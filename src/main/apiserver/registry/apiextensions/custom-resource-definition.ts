// CustomResourceDefinitions.
import { CustomResourceDefinition } from '../../../../shared/api/apiextensions/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import { defaultColumns } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { beginCleanup } from '../../apiextensions/conditions.ts'
import { schemasInPieces, validateDefaults } from '../../apiextensions/structural/validate-schemas.ts'
import { changeErrors, validateDefinition, validateDefinitionUpdate, validateNames } from './validate.ts'
import { formatWarnings, NO_SCHEMA } from './validate-versions.ts'

function setDefinitionDefaults(definition: CustomResourceDefinition): void {
  ensureStructs(definition, 'spec', 'status')
  const { names } = definition.spec
  if (names) {
    names.singular ||= (names.kind ?? '').toLowerCase()
    if (!names.listKind && names.kind) names.listKind = `${names.kind}List`
  }
  const conversion = (definition.spec.conversion ??= { strategy: 'None' })
  if (conversion.webhook?.clientConfig?.service) conversion.webhook.clientConfig.service.port ??= 443
}

/** The version that is stored now counts among the stored versions from the start. */
const initialStatus = ({ spec }: CustomResourceDefinition) => ({
  conditions: [],
  acceptedNames: { plural: '', kind: '' },
  storedVersions: [
    ...new Set(
      list(spec.versions)
        .filter(version => version.storage)
        .map(version => version.name),
    ),
  ],
})

/** What all versions share is kept beside them, under these names. */
const SHARED = {
  schema: 'validation',
  subresources: 'subresources',
  additionalPrinterColumns: 'additionalPrinterColumns',
  selectableFields: 'selectableFields',
} as const

/** @returns the errors with paths that say where things are kept: usually a definition has one version */
function whereKept({ spec }: CustomResourceDefinition, errors: readonly FieldError[]): FieldError[] {
  const [first, ...others] = list(spec.versions)
  const shared = (Object.keys(SHARED) as (keyof typeof SHARED)[]).filter(
    field => first?.[field] !== undefined && others.every(other => deepEqual(other[field], first[field])),
  )
  if (errors.length === 0 || shared.length === 0) return [...errors]
  const path = new RegExp(`spec\\.versions\\[\\d+\\]\\.(${shared.join('|')})(?![A-Za-z])`, 'g')
  const moved = (text: string) =>
    text.replace(path, (_all, field: string) => `spec.${SHARED[field as keyof typeof SHARED]}`)
  return errors.map(error => ({
    ...error,
    field: moved(error.field),
    message: moved(error.message).replace(NO_SCHEMA, 'may only be set when validations.schema is included'),
  }))
}

const strategy = specAndStatus()
const status = statusStrategy<CustomResourceDefinition>(({ status }) =>
  validateNames('status.acceptedNames', status.acceptedNames ?? {}),
)

/** Objects may be stored in the version that is written now, whatever else is said. */
function noteStoredVersion(definition: CustomResourceDefinition): void {
  const stored = list(definition.status.storedVersions)
  const current = list(definition.spec.versions).find(version => version.storage)?.name
  if (current !== undefined && !stored.includes(current))
    definition.status = { ...definition.status, storedVersions: [...stored, current] }
}

export const customResourceDefinitions = defineResource<CustomResourceDefinition>({
  type: CustomResourceDefinition,
  updatesNeedVersion: true,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  storedAs: 'apiextensions.k8s.io/v1beta1/CustomResourceDefinition',
  setDefaults: setDefinitionDefaults,
  prepareForCreate: definition => {
    strategy.prepareForCreate(definition)
    definition.status = initialStatus(definition)
  },
  prepareForUpdate: (definition, old) => {
    strategy.prepareForUpdate(definition, old)
    noteStoredVersion(definition)
  },
  status: {
    ...status,
    prepareForUpdate: (definition, old) => {
      status.prepareForUpdate?.(definition, old)
      noteStoredVersion(definition)
    },
  },
  validateInPieces: function* (definition, old) {
    return whereKept(definition, [...validateDefinition(definition), ...(yield* schemasInPieces(definition, old))])
  },
  check: async (definition, old) =>
    whereKept(definition, [...changeErrors(definition, old), ...(await validateDefaults(definition, old))]),
  validateUpdate: validateDefinitionUpdate,
  warnings: formatWarnings,
  beginEmptying: beginCleanup,
  columns: defaultColumns,
})
