// What a CustomResourceDefinition must look like. Its schema is checked where it is compiled.
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../../../shared/api/apiextensions/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { APPROVAL, approvalOf } from '../../apiextensions/approval.ts'
import { clientErrors } from '../admissionregistration/validate.ts'
import { list } from '../support/collections.ts'
import { each, immutable, obey, oneOf, requiredAnd, requiredText } from '../support/rules.ts'
import { hasDefaults, storedVersionErrors, versionErrors } from './validate-versions.ts'

type Names = Partial<CustomResourceDefinitionNames>

/** What names of a definition may be, those that are there. */
export function validateNames(path: string, names: Names): FieldError[] {
  const { plural, singular, kind = '', listKind = '' } = names
  const label = (at: string, name: string | undefined) => (name ? obey(at, name, dns1035Label) : [])
  const mixed = (at: string, name: string) =>
    name
      ? dns1035Label(name.toLowerCase()).map(why =>
          invalidValue(at, name, `may have mixed case, but should otherwise match: ${why}`),
        )
      : []
  return [
    ...label(`${path}.plural`, plural),
    ...label(`${path}.singular`, singular),
    ...mixed(`${path}.kind`, kind),
    ...mixed(`${path}.listKind`, listKind),
    ...each(`${path}.shortNames`, names.shortNames, (at, name) => obey(at, name, dns1035Label)),
    ...(kind && listKind === kind
      ? [invalidValue(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...each(`${path}.categories`, names.categories, (at, name) => obey(at, name, dns1035Label)),
  ]
}

function nameErrors({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const { names = {}, group } = spec as { names?: Names; group?: string }
  const expected = `${names.plural ?? ''}.${group ?? ''}`
  return [
    ...(!metadata.name || metadata.name === expected
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...(['plural', 'singular', 'kind', 'listKind'] as const).flatMap(field =>
      requiredText(`spec.names.${field}`, names[field]),
    ),
    ...validateNames('spec.names', names),
  ]
}

const REVIEW_VERSIONS = ['v1', 'v1beta1']

const NOT_MEANT = 'should not be set when strategy is not set to Webhook'

function conversionErrors(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const errors = oneOf('spec.conversion.strategy', strategy, ['None', 'Webhook'])
  // Upstream keeps what is in `webhook` beside the strategy.
  const [client, reviews] = ['spec.conversion.webhookClientConfig', 'spec.conversion.conversionReviewVersions']
  const versions = list(webhook?.conversionReviewVersions)
  if (strategy !== 'Webhook')
    return [
      ...errors,
      ...(webhook?.clientConfig ? [forbiddenField(client, NOT_MEANT)] : []),
      ...(versions.length > 0 ? [forbiddenField(reviews, NOT_MEANT)] : []),
    ]
  if (webhook?.clientConfig) errors.push(...clientErrors(client, webhook.clientConfig))
  else errors.push(required(client, 'required when strategy is set to Webhook'))
  if (versions.length === 0) return [...errors, required(reviews)]
  errors.push(
    ...each(reviews, versions, (at, version, i) =>
      versions.indexOf(version) < i
        ? [invalidValue(at, version, 'duplicate version')]
        : obey(at, version, dns1035Label),
    ),
  )
  if (!versions.some(version => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidValue(reviews, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  return errors
}

/** What was let in stays: only a definition that falls into another state of wrong is refused. */
function approvalErrors(definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const approval = approvalOf(definition)
  if (!approval || (old && approvalOf(old)?.state === approval.state)) return []
  const at = `metadata.annotations[${APPROVAL}]`
  if (approval.state === 'MissingAnnotation') return [required(at, approval.message)]
  if (approval.state !== 'InvalidAnnotation') return []
  return [invalidValue(at, definition.metadata.annotations?.[APPROVAL], approval.message)]
}

function preserveErrors({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (!spec.preserveUnknownFields || old?.spec.preserveUnknownFields) return []
  const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  const at = 'spec.preserveUnknownFields'
  const errors = [invalidValue(at, true, `cannot set to true, ${instead}`)]
  if (hasDefaults(spec)) errors.push(invalidValue(at, true, 'must be false in order to use defaults in the schema'))
  return errors
}

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec } = definition
  const group = requiredAnd('spec.group', spec.group, dns1123Subdomain)
  if (group.length === 0 && !spec.group.includes('.'))
    group.push(invalidValue('spec.group', spec.group, 'should be a domain with at least one dot'))
  return [
    ...group,
    ...oneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced']),
    ...nameErrors(definition),
    ...versionErrors(definition),
    ...conversionErrors(spec.conversion),
    ...storedVersionErrors(definition),
  ]
}

/** What depends on how it was: nothing at first. */
export const changeErrors = (definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] => [
  ...approvalErrors(definition, old),
  ...preserveErrors(definition, old),
]

export const validateDefinitionUpdate = (
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] => [
  ...immutable('spec.group', spec.group, old.spec.group),
  ...immutable('spec.names.plural', spec.names?.plural, old.spec.names?.plural),
  ...immutable('spec.names.kind', spec.names?.kind, old.spec.names?.kind),
  ...immutable('spec.scope', spec.scope, old.spec.scope),
]
