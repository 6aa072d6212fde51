// A request that came over TLS, as the chain sees it. A class: a literal with getters would get a hidden class of its
// own for each request, and make everything slow that reads one.
import type { Duplex } from 'node:stream'
import type { ApiRequest, RequestInfo, UserInfo } from '../request.ts'
import type { LazyBody } from './lazy-body.ts'
import type { PassingBody } from './passing-body.ts'
import type { RequestLife } from './request-life.ts'
import type { Warnings } from './warnings.ts'

/** What of a request is the same whoever is behind it. */
export interface RequestParts {
  readonly method: string
  readonly info: RequestInfo
  readonly query: URLSearchParams
  readonly headers: ApiRequest['headers']
  readonly annotations: Readonly<Record<string, string>>
  readonly content: LazyBody
  readonly life: RequestLife
  /** As it was when the request came: an HTTP/2 connection that is gone throws where it is asked. */
  readonly remoteAddress: string | undefined
  readonly warnings: Warnings
  /** What the answer's headers will have besides its own. */
  readonly answerHeaders: Record<string, string>
  readonly drop: () => void
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined
}

/** Others are made on top of it, with a user or a note of their own: no private names, which those would not have. */
export class IncomingRequest implements ApiRequest {
  readonly method: string
  readonly info: RequestInfo
  readonly query: URLSearchParams
  readonly headers: ApiRequest['headers']
  readonly user: UserInfo
  declare readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer }
  waited: ApiRequest['waited'] = undefined
  private readonly parts: RequestParts

  constructor(parts: RequestParts, user: UserInfo) {
    this.method = parts.method
    this.info = parts.info
    this.query = parts.query
    this.headers = parts.headers
    this.user = user
    this.parts = parts
    if (parts.upgrade) this.upgrade = parts.upgrade
  }

  body(): Promise<unknown> {
    return this.parts.content.value()
  }
  rawBody(): Promise<Buffer> {
    return this.parts.content.bytes()
  }
  passOn(): Promise<PassingBody | undefined> {
    return this.parts.content.passOn()
  }
  get duplicateFields(): readonly string[] {
    return this.parts.content.duplicates()
  }
  get literals(): ReadonlyMap<string, string> | undefined {
    return this.parts.content.literals()
  }
  get signal(): AbortSignal {
    return this.parts.life.signal
  }
  afterAnswer(run: () => void): void {
    this.parts.life.afterAnswer(run)
  }
  get annotations(): Readonly<Record<string, string>> {
    return this.parts.annotations
  }
  get remoteAddress(): string | undefined {
    return this.parts.remoteAddress
  }
  warn(text: string): void {
    this.parts.warnings.add(text)
  }
  answerWith(headers: Readonly<Record<string, string>>): void {
    Object.assign(this.parts.answerHeaders, headers)
  }
  drop(): void {
    this.parts.drop()
  }
}
