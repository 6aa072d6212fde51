// What a request to the kubelet names: read in one place, so that what is allowed is what is served.
import type { IncomingMessage } from 'node:http'
import { HttpError } from './contract.ts'

export interface RequestPath {
  /** The first segment; '' for none. */
  readonly root: string
  readonly rest: string[]
  readonly query: URLSearchParams
}

/** @throws HttpError 400 */
export function parsePath({ url = '/' }: Pick<IncomingMessage, 'url'>): RequestPath {
  try {
    const { pathname, searchParams: query } = new URL(url, 'http://kubelet')
    const [root = '', ...rest] = pathname.split('/').slice(1).map(decodeURIComponent)
    return { root, rest, query }
  } catch {
    throw new HttpError(400, 'the path is not valid')
  }
}
