// What every generic verb is made from.
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { ChangeOptions, DeleteOptions, EndpointContext } from './contract.ts'
import type { ObjectName } from './server-view.ts'
import type { Represent } from './read/represent.ts'
import type { Change, Changed } from './write/change-object.ts'
import type { Deleted } from './write/delete-object.ts'

export interface EndpointParts extends EndpointContext {
  readonly represent: Represent
  /** 0 ≤ x < 1; spreads watch timeouts and bookmarks. */
  readonly random: () => number
  replace(resource: ResourceDescriptor, name: ObjectName, change: Change, options: ChangeOptions): Promise<Changed>
  remove(resource: ResourceDescriptor, name: ObjectName, options: DeleteOptions): Promise<Deleted>
}

/** A generic verb: the request has been authenticated and authorized for this kind. */
export type Endpoint = (request: ApiRequest, resource: ResourceDescriptor, parts: EndpointParts) => Promise<ApiResponse>
