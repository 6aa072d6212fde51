// What a call of a webhook is on a connection, whichever protocol that speaks.

/** How long a connection is kept that nobody uses. */
export const IDLE_MS = 60_000
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

export interface Message {
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly payload: Buffer
}

export interface Answer {
  readonly code: number
  readonly bytes: Buffer
}

/** For everything that goes wrong with a call, worded as upstream's client words it. */
export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError'
}

/** The webhook has not looked at the call, which may thus be made again. */
export class NotHandledError extends Error {
  override readonly name = 'NotHandledError'

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** The bytes of an answer, as they come. */
export class AnswerBytes {
  readonly #chunks: Buffer[] = []
  #length = 0

  /** @throws WebhookCallError when it is too long */
  add(chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length > MAX_ANSWER_BYTES)
      throw new WebhookCallError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    this.#chunks.push(chunk)
  }

  all(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
