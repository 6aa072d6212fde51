// Media types of bodies.
import { ApiError } from '../../../shared/machinery/status.ts'

export const JSON_TYPE = 'application/json'
export const YAML_TYPE = 'application/yaml'
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

/** @returns the lower-case type without parameters: `application/json`. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Of a patch of a built-in kind, whose other formats are not so much as looked at. */
export const notOfPatches = (): ApiError => new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
