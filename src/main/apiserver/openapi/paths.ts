// Serves the OpenAPI documents through the server's paths, with ETags.
import { type PathHandler, unknownPath } from '../chain/router.ts'
import type { SubresourceHandler } from '../endpoints/contract.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { loadDescriptions } from './descriptions.ts'
import type { ForeignSpec } from './foreign-spec.ts'
import { openapiHandler } from './handler.ts'
import type { Descriptions } from './type-schemas.ts'

/**
 * @param descriptionsFile texts for people, made by the build; read when a document is first asked for
 * @param foreign what extension servers have
 * @param handlers of subresources
 */
export function openapiPaths(
  resources: readonly ResourceDescriptor[] | (() => readonly ResourceDescriptor[]),
  descriptionsFile: string,
  foreign: () => readonly ForeignSpec[] = () => [],
  handlers: readonly SubresourceHandler[] = [],
): PathHandler[] {
  const served = typeof resources === 'function' ? resources : () => resources
  let descriptions: Promise<Descriptions> | undefined
  const handle = async ({ info, headers }: ApiRequest): Promise<ApiResponse> => {
    descriptions ??= loadDescriptions(descriptionsFile)
    const answer = await openapiHandler(
      ...([info.path, headers.accept, served(), await descriptions, foreign(), handlers] as const),
    )
    if (!answer) throw unknownPath()
    const { bytes, contentType, etag } = answer
    const cache = { etag, vary: 'Accept' }
    if (headers['if-none-match'] === etag) return { code: 304, headers: cache, bytes: Buffer.alloc(0), contentType }
    return { code: 200, headers: cache, bytes, contentType }
  }
  return ['/openapi/v2', '/openapi/v3', '/openapi/v3/*'].map(path => ({ path, handle }))
}
