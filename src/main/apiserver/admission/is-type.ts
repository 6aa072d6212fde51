// Which kind a request is about, whatever its version.
import type { AdmissionRequest, KindOfAnyVersion } from './contract.ts'

export const isType = (
  { resource }: Pick<AdmissionRequest, 'resource'>,
  { group, plural }: KindOfAnyVersion,
): boolean => resource.type.group === group && resource.type.plural === plural

/** A create of the kind itself, not of one of its subresources. */
export const isCreateOf = (request: AdmissionRequest, kind: KindOfAnyVersion): boolean =>
  request.operation === 'CREATE' && request.subresource === '' && isType(request, kind)
