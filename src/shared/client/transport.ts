// How a client reaches an API server: over TLS (agents, kubectl-like tools, the window) or in process (controllers
// and scheduler, through the same handlers and the same authorization).
import type { AnyObject } from '../machinery/object.ts'

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** URL path, percent-encoded, without the query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  /** A JSON value. In process it is handed over as it is: do not change it afterwards. */
  readonly body?: unknown
  /** Media type of the body; default `application/json`. */
  readonly contentType?: string
  readonly signal?: AbortSignal
}

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: AnyObject
}

export interface Transport {
  /**
   * @returns the decoded body. In process this is the server's own object: treat it as immutable.
   * @throws ApiError for every answer ≥ 400, with the server's Status
   */
  request(request: TransportRequest): Promise<unknown>
  /**
   * Opens a watch (`watch=1` is added). The stream ends when the server ends it or `signal` aborts.
   * @throws ApiError when the server refuses the watch
   */
  watch(request: TransportRequest): AsyncIterable<WatchFrame>
}
