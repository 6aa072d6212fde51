// Environment variables of containers.
import type { EnvFromSource, EnvVar, EnvVarSource } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { configMapKey, dns1123Label, dns1123Subdomain, envVarName } from '../../../../../shared/machinery/names.ts'
import { each, obey, requiredAnd, requiredText } from '../../support/rules.ts'
import { noBacksteps } from './paths.ts'
import { ENV_FIELDS, validateFieldRef, validateResourceFieldRef } from './validate-field-refs.ts'

const keyRef = (path: string, { name = '', key }: { name?: string; key: string }): FieldError[] => [
  ...obey(`${path}.name`, name, dns1123Subdomain),
  ...requiredAnd(`${path}.key`, key, configMapKey),
]

function sourceErrors(path: string, source: EnvVarSource, value: string | undefined): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  if (source.fieldRef) {
    count++
    errors.push(...validateFieldRef(`${path}.fieldRef`, source.fieldRef, ENV_FIELDS))
  }
  if (source.resourceFieldRef) {
    count++
    errors.push(...validateResourceFieldRef(`${path}.resourceFieldRef`, source.resourceFieldRef, false))
  }
  if (source.configMapKeyRef) {
    count++
    errors.push(...keyRef(`${path}.configMapKeyRef`, source.configMapKeyRef))
  }
  if (source.secretKeyRef) {
    count++
    errors.push(...keyRef(`${path}.secretKeyRef`, source.secretKeyRef))
  }
  if (source.fileKeyRef) {
    count++
    const at = `${path}.fileKeyRef`
    errors.push(
      ...requiredAnd(`${at}.key`, source.fileKeyRef.key, envVarName),
      ...requiredAnd(`${at}.volumeName`, source.fileKeyRef.volumeName, dns1123Label),
      ...requiredText(`${at}.path`, source.fileKeyRef.path),
      ...noBacksteps(`${at}.path`, source.fileKeyRef.path ?? ''),
    )
  }
  if (count === 0)
    errors.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (value) errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'))
  else if (count > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
  return errors
}

export const validateEnv = (path: string, variables: readonly EnvVar[] | undefined): FieldError[] =>
  each(path, variables, (at, variable) => [
    ...requiredAnd(`${at}.name`, variable.name, envVarName),
    ...(variable.valueFrom ? sourceErrors(`${at}.valueFrom`, variable.valueFrom, variable.value) : []),
  ])

export const validateEnvFrom = (path: string, sources: readonly EnvFromSource[] | undefined): FieldError[] =>
  each(path, sources, (at, { prefix, configMapRef, secretRef }) => {
    const errors: FieldError[] = prefix ? obey(`${at}.prefix`, prefix, envVarName) : []
    if (configMapRef) errors.push(...requiredAnd(`${at}.configMapRef.name`, configMapRef.name, dns1123Subdomain))
    if (secretRef) errors.push(...requiredAnd(`${at}.secretRef.name`, secretRef.name, dns1123Subdomain))
    if (!configMapRef && !secretRef)
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    else if (configMapRef && secretRef)
      errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
    return errors
  })
