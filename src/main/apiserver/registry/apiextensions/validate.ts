// What a CustomResourceDefinition must look like. Its schema is checked where it is compiled.
import type { CustomResourceConversion, CustomResourceDefinition } from '../../../../shared/api/apiextensions/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { APPROVAL, approvalOf } from '../../apiextensions/approval.ts'
import { clientErrors } from '../admissionregistration/validate.ts'
import { list } from '../support/collections.ts'
import { each, immutable, obey, optionalOneOf, requiredAnd, requiredText } from '../support/rules.ts'

function nameErrors({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const { names, group } = spec
  if (!names) return []
  const expected = `${names.plural}.${group}`
  const errors: FieldError[] =
    metadata.name === expected
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]
  return [
    ...errors,
    ...requiredAnd('spec.names.plural', names.plural, dns1035Label),
    ...(names.singular ? obey('spec.names.singular', names.singular, dns1035Label) : []),
    ...requiredAnd('spec.names.kind', names.kind, kind =>
      dns1035Label(kind.toLowerCase()).map(message => `may have mixed case, but should otherwise match: ${message}`),
    ),
    ...requiredText('spec.names.listKind', names.listKind),
    ...(names.listKind && names.listKind === names.kind
      ? [invalidValue('spec.names.listKind', names.listKind, 'kind and listKind may not be the same')]
      : []),
    ...each('spec.names.shortNames', names.shortNames, (at, name) => obey(at, name, dns1035Label)),
    ...each('spec.names.categories', names.categories, (at, name) => obey(at, name, dns1035Label)),
  ]
}

function versionErrors({ spec }: CustomResourceDefinition): FieldError[] {
  const seen = new Set<string>()
  const versions = list(spec.versions)
  const errors = each('spec.versions', versions, (at, version) => {
    const wrong = requiredAnd(`${at}.name`, version.name, dns1035Label)
    if (seen.has(version.name)) wrong.push(duplicate(`${at}.name`, version.name))
    seen.add(version.name)
    if (version.served && !version.schema?.openAPIV3Schema)
      wrong.push(required(`${at}.schema.openAPIV3Schema`, 'schemas are required'))
    return wrong
  })
  const stored = versions.filter(version => version.storage)
  if (versions.length === 0) errors.push(required('spec.versions', 'must have at least one version'))
  else if (stored.length !== 1)
    errors.push(
      invalidValue(
        'spec.versions',
        spec.versions.map(({ name, storage }) => ({ name, storage })),
        'must have exactly one version marked as storage version',
      ),
    )
  return errors
}

const REVIEW_VERSIONS = ['v1', 'v1beta1']

function conversionErrors(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const errors = optionalOneOf('spec.conversion.strategy', strategy, ['None', 'Webhook'])
  if (strategy !== 'Webhook')
    return webhook
      ? [...errors, forbiddenField('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook')]
      : errors
  const at = 'spec.conversion.webhook'
  if (webhook?.clientConfig) errors.push(...clientErrors(`${at}.clientConfig`, webhook.clientConfig))
  else errors.push(required(`${at}.clientConfig`, 'required when strategy is set to Webhook'))
  const versions = list(webhook?.conversionReviewVersions)
  if (versions.length === 0) errors.push(required(`${at}.conversionReviewVersions`))
  else if (!versions.some(version => REVIEW_VERSIONS.includes(version)))
    errors.push(
      invalidValue(
        `${at}.conversionReviewVersions`,
        versions,
        `must include at least one of ${REVIEW_VERSIONS.join(', ')}`,
      ),
    )
  return errors
}

/** What was let in stays: only a definition that falls into another state of wrong is refused. */
export function approvalErrors(definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const approval = approvalOf(definition)
  if (!approval || (old && approvalOf(old)?.state === approval.state)) return []
  const at = `metadata.annotations[${APPROVAL}]`
  if (approval.state === 'MissingAnnotation') return [required(at, approval.message)]
  if (approval.state !== 'InvalidAnnotation') return []
  return [invalidValue(at, definition.metadata.annotations?.[APPROVAL], approval.message)]
}

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec } = definition
  const errors = requiredAnd('spec.group', spec.group, dns1123Subdomain)
  if (spec.group && !spec.group.includes('.'))
    errors.push(invalidValue('spec.group', spec.group, 'should be a domain with at least one dot'))
  if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced')
    errors.push(spec.scope ? notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']) : required('spec.scope'))
  if (spec.preserveUnknownFields)
    errors.push(
      invalidValue('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'),
    )
  errors.push(...nameErrors(definition), ...versionErrors(definition))
  return [...errors, ...conversionErrors(spec.conversion)]
}

export const validateDefinitionUpdate = (
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] => [
  ...immutable('spec.group', spec.group, old.spec.group),
  ...immutable('spec.names.plural', spec.names?.plural, old.spec.names?.plural),
  ...immutable('spec.names.kind', spec.names?.kind, old.spec.names?.kind),
  ...immutable('spec.scope', spec.scope, old.spec.scope),
]
