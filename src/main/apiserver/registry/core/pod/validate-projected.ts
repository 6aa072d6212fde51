// Projected volumes: several sources in one folder.
import type { ProjectedVolumeSource, VolumeProjection } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../../shared/machinery/field-error.ts'
import { list } from '../../support/collections.ts'
import { each, fileMode, requiredText } from '../../support/rules.ts'
import { nonReservedPath } from './paths.ts'
import { validateDownwardFile, validateItems } from './validate-items.ts'

const TEN_MINUTES = 600
const MAX_SECONDS = 2 ** 32

type Claim = (file: string | undefined, shown: string) => FieldError[]

function tokenErrors(path: string, volume: string, token: NonNullable<VolumeProjection['serviceAccountToken']>) {
  const errors: FieldError[] = []
  const { expirationSeconds: seconds, path: file } = token
  if (seconds !== undefined && seconds < TEN_MINUTES)
    errors.push(invalidValue(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'))
  if (seconds !== undefined && seconds > MAX_SECONDS)
    errors.push(
      invalidValue(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
    )
  if (!file) errors.push(required(`${volume}.path`))
  else errors.push(...nonReservedPath(`${volume}.path`, file))
  return errors
}

function trustBundleErrors(path: string, bundle: NonNullable<VolumeProjection['clusterTrustBundle']>) {
  const errors: FieldError[] = []
  if (bundle.name !== undefined && bundle.signerName !== undefined)
    errors.push(invalidValue(path, bundle, 'only one of name and signerName may be used'))
  else if (bundle.name === undefined && bundle.signerName === undefined)
    errors.push(required(path, 'either name or signerName must be specified'))
  else if (bundle.name === '') errors.push(required(`${path}.name`, 'must be a valid object name'))
  else if (bundle.signerName === '') errors.push(required(`${path}.signerName`, 'must be a valid signer name'))
  if (bundle.name !== undefined && bundle.labelSelector)
    errors.push(
      invalidValue(`${path}.labelSelector`, bundle.labelSelector, 'labelSelector must be unset if name is specified'),
    )
  return [
    ...errors,
    ...requiredText(`${path}.path`, bundle.path),
    ...nonReservedPath(`${path}.path`, bundle.path ?? ''),
  ]
}

export function validateProjected(path: string, volume: ProjectedVolumeSource): FieldError[] {
  const files = new Set<string>()
  const claim: Claim = (file, shown) => {
    if (!file) return []
    if (files.has(file)) return [invalidValue(path, shown, 'conflicting duplicate paths')]
    files.add(file)
    return []
  }
  return [
    ...fileMode(`${path}.defaultMode`, volume.defaultMode),
    ...each(`${path}.sources`, volume.sources, (at, source) => {
      const errors: FieldError[] = []
      for (const kind of ['secret', 'configMap'] as const) {
        const given = source[kind]
        if (!given) continue
        errors.push(
          ...requiredText(`${at}.${kind}.name`, given.name),
          ...validateItems(`${at}.${kind}.items`, given.items),
        )
        for (const item of list(given.items)) errors.push(...claim(item.path, given.name ?? ''))
      }
      for (const file of list(source.downwardAPI?.items))
        errors.push(...validateDownwardFile(`${at}.downwardAPI`, file), ...claim(file.path, file.path))
      if (source.serviceAccountToken)
        errors.push(...tokenErrors(`${at}.serviceAccountToken`, path, source.serviceAccountToken))
      if (source.clusterTrustBundle) {
        const { clusterTrustBundle: bundle } = source
        errors.push(...trustBundleErrors(`${at}.clusterTrustBundle`, bundle), ...claim(bundle.path, bundle.path))
      }
      if (Object.keys(source).length > 1)
        errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
      return errors
    }),
  ]
}
