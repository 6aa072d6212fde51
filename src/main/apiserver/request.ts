// What the API server knows about a request once HTTP is behind it. HTTP/1.1, HTTP/2 and the in-process transport
// all produce this and go through the same chain: authenticate → authorize → admit → validate → store.
import type { Duplex } from 'node:stream'
import type { WatchFrame } from '../../shared/client/transport.ts'
import type { PassingBody } from './http/passing-body.ts'

/** @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** The verb names that authorization and audit use. */
export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'proxy' | (string & {})

/** A request's target, parsed from method and path (upstream's RequestInfo). */
export interface RequestInfo {
  readonly isResource: boolean
  /** Percent-encoded path as sent, without the query. */
  readonly path: string
  /** Resource requests: the API verb. Others: the lower-case HTTP method. */
  readonly verb: Verb
  readonly group: string
  readonly version: string
  readonly namespace: string
  /** Plural. */
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows the subresource, as in `proxy/some/path`. */
  readonly rest: string
}

export interface ApiRequest {
  readonly method: string
  readonly info: RequestInfo
  readonly query: URLSearchParams
  /** Lower-case names. Values of a repeated `impersonate-…` stand in lines. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly user: UserInfo
  /** The verb by which a user may act as this one; absent where `impersonate` alone was needed, or nobody was. */
  readonly impersonationConstraint?: string
  /** Reads and decodes the body; undefined when there is none. @throws ApiError 400, 413, 415 */
  body(): Promise<unknown>
  /** Paths of fields that the body gives twice; filled once `body()` has resolved. */
  readonly duplicateFields: readonly string[]
  /** How whole numbers of the body are written that have a fraction or an exponent, by their paths. */
  readonly literals?: ReadonlyMap<string, string> | undefined
  /** The body's bytes, for patches that decode it themselves. */
  rawBody(): Promise<Buffer>
  /**
   * The body as it comes, for proxies: of any length, a GET's as well. Undefined when there is none. Absent in this process.
   * @throws ApiError 400, 408
   */
  passOn?(): Promise<PassingBody | undefined>
  /** Aborts when the client goes away or the server shuts down. */
  readonly signal: AbortSignal
  /** Cuts the client off in the middle of the answer, as when it does not read it. Absent in this process. */
  readonly drop?: () => void
  /** Present on `Connection: Upgrade`: the client's socket and the bytes already read from it. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer }
  /** For Warning headers (RFC 7234, code 299). */
  warn(text: string): void
  /** Headers of the answer, whatever it will be. Absent in this process. */
  answerWith?(headers: Readonly<Record<string, string>>): void
  /** Calls once the answer is made, or waits for its client to read it. Absent in this process. */
  afterAnswer?(run: () => void): void
  /** The client's address; absent for clients in this process. */
  readonly remoteAddress?: string | undefined
  /** What the audit log notes of who asks. */
  readonly annotations?: Readonly<Record<string, string>>
  /** For the audit log; absent when the request is not written down. */
  readonly annotate?: Annotate
  /** When the client will have been told that it took too long, on the server's monotonic clock; absent until it is known. */
  deadlineMs?: number
  /** Where time is added that went by with waiting for others: for a turn, for webhooks. */
  waited?: Waited | undefined
}

/** How long somebody else was waited for. */
export interface Waited {
  ms: number
}

/** Adds a fact to the audit event of a request. */
export type Annotate = (key: string, value: string) => void

/** One event of a watch and the line that says it: `{"type":…,"object":…}\n`, encoded once for all watchers. */
export interface Frame extends WatchFrame {
  readonly line: Buffer
  /** The line as HTTP/1.1 sends it: behind its length, with a line end of its own (RFC 9112, section 7.1). */
  readonly chunk: Buffer
}

/** What a watch tells, in batches as they happen. */
export interface FrameStream extends AsyncIterable<readonly Frame[]> {
  /** Resolves when it is at its end, or when nobody wants more of it. */
  readonly over: Promise<void>
}

/** An answer. Exactly one of `object`, `frames`, `bytes`, `stream`, `hijacked` is the body. */
export type ApiResponse = { readonly code: number; readonly headers?: Readonly<Record<string, string>> } &
  /** `json` gives the same answer already encoded, whole or in slices; without it the object is serialised. */
  (
    | { readonly object: unknown; readonly json?: () => Buffer | AsyncIterable<Buffer>; readonly contentType?: string }
    /** A watch. Its end ends the response. */
    | { readonly frames: FrameStream; readonly contentType: string }
    | { readonly bytes: Buffer | readonly Buffer[]; readonly contentType: string }
    /** Chunks are written as they come; the stream's end ends the response. */
    | { readonly stream: AsyncIterable<Buffer | string>; readonly contentType: string }
    /** The handler took the upgraded socket over. */
    | { readonly hijacked: true }
  )

export type Handler = (request: ApiRequest) => Promise<ApiResponse>
