// Which kind a request is about, whatever its version.
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import type { AdmissionRequest } from './contract.ts'

type Kind = Pick<ResourceType<unknown>, 'group' | 'plural'>

export const isType = ({ resource }: Pick<AdmissionRequest, 'resource'>, { group, plural }: Kind): boolean =>
  resource.type.group === group && resource.type.plural === plural

/** A create of the kind itself, not of one of its subresources. */
export const isCreateOf = (request: AdmissionRequest, kind: Kind): boolean =>
  request.operation === 'CREATE' && request.subresource === '' && isType(request, kind)
