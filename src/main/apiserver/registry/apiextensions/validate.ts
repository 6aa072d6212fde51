// What a CustomResourceDefinition must look like. Its schema is checked where it is compiled.
import type { CustomResourceDefinition } from '../../../../shared/api/apiextensions/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
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
  const { conversion } = spec
  errors.push(...optionalOneOf('spec.conversion.strategy', conversion?.strategy, ['None', 'Webhook']))
  if (conversion?.strategy === 'Webhook' && !conversion.webhook?.clientConfig)
    errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'))
  return errors
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
