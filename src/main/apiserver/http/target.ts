// The path and query of a request.
import { ApiError } from '../../../shared/machinery/status.ts'

export interface Target {
  /** Percent-encoded, without dot segments. */
  readonly path: string
  readonly query: URLSearchParams
}

/** With no segment that begins with a dot, a URL parser leaves it as it is. Everything else is that parser's business. */
const PLAIN = /^\/[\w\-.~!$&'()*+,;=:@/]*$/

/**
 * @param url as in the request line; what the client calls the host there is checked elsewhere
 * @throws ApiError 400
 */
export function targetOf(url: string): Target {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const search = mark < 0 ? '' : url.slice(mark + 1)
  const isPlain = PLAIN.test(path) && !path.includes('/.') && !/^\?|#/.test(search)
  if (isPlain) return { path, query: new URLSearchParams(search) }
  try {
    const { pathname, searchParams } = new URL(`https://server${url.startsWith('/') ? url : `/${url}`}`)
    return { path: pathname, query: searchParams }
  } catch {
    throw new ApiError(400, 'BadRequest', 'the request URL cannot be parsed')
  }
}
