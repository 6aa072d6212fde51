// What every generic verb is made from.
import type { EndpointContext } from './contract.ts'
import type { Represent } from './read/represent.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'

export interface EndpointParts extends EndpointContext {
  readonly represent: Represent
  /** 0 ≤ x < 1; spreads watch timeouts and bookmarks. */
  readonly random: () => number
}

/** A generic verb: the request has been authenticated and authorized for this kind. */
export type Endpoint = (request: ApiRequest, resource: ResourceDescriptor, parts: EndpointParts) => Promise<ApiResponse>
