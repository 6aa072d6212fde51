// One HTTP/2 connection to a webhook: calls side by side, until the webhook wants it to end, it idles, or it lets a call
// wait for too long. It ends with its socket, once its last call has.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type Answer, AnswerBytes, IDLE_MS, type Message, NotHandledError } from './exchange.ts'

const STREAM_WINDOW_BYTES = 1024 * 1024
const SESSION_WINDOW_BYTES = 8 * 1024 * 1024
/** In MB. Node refuses streams once what is under way is more than that. */
const MAX_SESSION_MEMORY = 256
/** How many calls may be under way, as in Go: before the webhook has said how many it takes, and when it does not say. */
const CALLS_AT_FIRST = 100
const CALLS_UNLESS_SAID = 1000

export class Http2Connection implements Disposable {
  readonly #socket: TLSSocket
  readonly #session: ClientHttp2Session
  readonly #authority: string
  readonly #onRetired: (connection: Http2Connection) => void
  #calls = 0
  #mostCalls = CALLS_AT_FIRST
  #isRetired = false
  /** The webhook has not looked at streams beyond this one, and never will. */
  #lastStream = Infinity

  /** @param onRetired is told once, when no further calls go over it */
  constructor(socket: TLSSocket, authority: string, onRetired: (connection: Http2Connection) => void) {
    this.#socket = socket
    this.#authority = authority
    this.#onRetired = onRetired
    socket.once('end', () => socket.destroy()) // a way that may be half open does not end by itself
    const session = connect(`https://${authority}`, {
      createConnection: () => socket,
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    })
    this.#session = session
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES))
    session.on('remoteSettings', ({ maxConcurrentStreams = CALLS_UNLESS_SAID }) => {
      this.#mostCalls = maxConcurrentStreams
    })
    session.on('goaway', (_code, lastStream) => {
      this.#lastStream = lastStream
      this.#retire()
    })
    session.on('error', () => this.#retire()) // whoever waits for an answer is told by the stream
    session.once('close', () => this.#retire())
    session.setTimeout(IDLE_MS, () => this.#retire())
  }

  get hasRoom(): boolean {
    return !this.#isRetired && this.#calls < this.#mostCalls
  }

  /** @throws NotHandledError when the webhook has not looked at it */
  async post(message: Message, signal: AbortSignal): Promise<Answer> {
    this.#calls++
    try {
      return await this.#exchange(message, signal)
    } finally {
      this.#calls--
      // Whoever does not answer in time may be gone: what comes next goes over another connection.
      if (signal.aborted && (signal.reason as Error).name === 'TimeoutError') this.#retire()
      if (this.#isRetired) this.#endWhenIdle()
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #retire(): void {
    if (!this.#isRetired) {
      this.#isRetired = true
      this.#onRetired(this)
    }
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    if (this.#calls === 0) this.#socket.destroy()
  }

  #exchange({ path, headers, payload }: Message, signal: AbortSignal): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const stream = this.#open({ ...headers, ':method': 'POST', ':authority': this.#authority, ':path': path }, signal)
      const bytes = new AnswerBytes()
      let code: number | undefined
      let failure: unknown
      let hasEnded = false
      stream.once('response', head => (code = head[':status']))
      stream.on('data', (chunk: Buffer) => {
        try {
          bytes.add(chunk)
        } catch (error) {
          failure ??= error
          stream.close(constants.NGHTTP2_CANCEL)
        }
      })
      stream.once('end', () => {
        hasEnded = true
        if (!stream.writableFinished) stream.close() // it may answer before it has read everything
      })
      stream.once('error', error => (failure ??= error))
      stream.once('close', () => {
        const isWhole = hasEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR
        if (code !== undefined && isWhole && failure === undefined) return resolve({ code, bytes: bytes.all() })
        const why = failure ?? new Error('the connection ended before the answer did')
        reject(!signal.aborted && this.#isUnseen(stream) ? new NotHandledError(why) : why)
      })
      stream.end(payload)
    })
  }

  #isUnseen({ id = 0, rstCode }: ClientHttp2Stream): boolean {
    return rstCode === constants.NGHTTP2_REFUSED_STREAM || id > this.#lastStream
  }

  #open(head: Record<string, string | number>, signal: AbortSignal): ClientHttp2Stream {
    try {
      return this.#session.request(head, { signal })
    } catch (error) {
      this.#retire()
      throw new NotHandledError(error)
    }
  }
}
