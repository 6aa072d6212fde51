// The connections to one webhook server, kept while they are used: one over HTTP/2 where it offers that, else HTTP/1.1.
import { Agent, type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Trust } from '../../pki/namesakes.ts'
import { type Answer, AnswerBytes, IDLE_MS, type Message, NotHandledError } from './exchange.ts'
import { Http2Connection } from './http2-connection.ts'
import { withoutUpgrade } from '../../../shared/machinery/unasked-upgrade.ts'

/** As often as Go's client, which waits for 1, 2, 4… seconds after the first time. */
const MAX_REPEATS = 6

interface Server {
  /** Host and port, as in a URL: whom a call is for. */
  readonly authority: string
  /** A name or an address, which its certificate must be for. */
  readonly host: string
  /** PEM; absent means those that this machine trusts. */
  readonly ca: Buffer | undefined
  /** Without it, it is connected to by its host and port. */
  readonly dial?: (() => Promise<Duplex>) | undefined
  readonly port: number
}

/** Node's pool of sockets that idle; a request brings its own when there is none. */
class Pool extends Agent {
  constructor() {
    super({ keepAlive: true, timeout: IDLE_MS })
  }

  override createConnection({ createConnection }: RequestOptions): Duplex | null | undefined {
    return createConnection?.({}, () => undefined)
  }

  get hasIdle(): boolean {
    return Object.values(this.freeSockets).some(sockets => sockets?.some(({ destroyed }) => !destroyed))
  }
}

export class Connections implements Disposable {
  readonly #server: Server
  readonly #trust: Trust
  readonly #pool = new Pool()
  readonly #shared: Http2Connection[] = []
  readonly #ended = new AbortController()
  /** With it the next handshake is shorter. */
  #ticket: Buffer | undefined

  constructor(server: Server) {
    this.#server = server
    this.#trust = new Trust(server.ca)
  }

  /** Makes a call again that the server has not looked at. */
  async post(message: Message, signal: AbortSignal): Promise<Answer> {
    for (let repeats = 0; ; repeats++) {
      try {
        return await this.#post(message, signal)
      } catch (error) {
        if (!(error instanceof NotHandledError) || repeats === MAX_REPEATS) throw error
        if (repeats > 0) await delay(1000 * 2 ** (repeats - 1), undefined, { signal })
      }
    }
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    this.#pool.destroy()
    for (const connection of this.#shared.splice(0)) connection[Symbol.dispose]()
  }

  async #post(message: Message, signal: AbortSignal): Promise<Answer> {
    const shared = this.#roomy
    if (shared) return shared.post(message, signal)
    if (this.#pool.hasIdle) return this.#postAlone(message, undefined, signal)
    const socket = await this.#connect(signal)
    return socket.alpnProtocol === 'h2'
      ? this.#share(socket).post(message, signal)
      : this.#postAlone(message, socket, signal)
  }

  get #roomy(): Http2Connection | undefined {
    return this.#shared.find(({ hasRoom }) => hasRoom)
  }

  /** Of several that were made at the same time, one is kept. */
  #share(socket: TLSSocket): Http2Connection {
    const shared = this.#roomy
    if (shared) {
      socket.destroy()
      return shared
    }
    const made = new Http2Connection(socket, this.#server.authority, retired => {
      const index = this.#shared.indexOf(retired)
      if (index !== -1) this.#shared.splice(index, 1)
    })
    this.#shared.push(made)
    return made
  }

  /** @param socket new; absent, one is taken that idles */
  async #postAlone(
    { path, headers, payload }: Message,
    socket: TLSSocket | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    let sent: ClientRequest | undefined
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request({
          ...{ agent: this.#pool, createConnection: () => socket, method: 'POST', path, signal },
          headers: { ...headers, host: this.#server.authority, 'content-length': payload.length },
        })
        sent = withoutUpgrade(asked)
        sent.once('response', resolve)
        sent.once('error', reject)
        sent.end(payload)
      })
      const bytes = new AnswerBytes()
      for await (const chunk of answer) bytes.add(chunk as Buffer)
      return { code: answer.statusCode ?? 0, bytes: bytes.all() }
    } catch (error) {
      // The server may close a connection that was kept just when it is used again.
      const isStale = sent?.reusedSocket === true && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
      if (!isStale || signal.aborted) throw error
      return this.#post({ path, headers, payload }, signal)
    }
  }

  /** @returns a connection that both sides are content with, and have agreed on a protocol for */
  async #connect(caller: AbortSignal): Promise<TLSSocket> {
    try {
      return await this.#shakeHands(caller)
    } catch (error) {
      if (!(await this.#trust.reconsiders(error, () => this.#shakeHands(caller, true)))) throw error
      return this.#shakeHands(caller)
    }
  }

  /** @param withAnybody whoever it is */
  async #shakeHands(caller: AbortSignal, withAnybody = false): Promise<TLSSocket> {
    const { host, port } = this.#server
    const signal = AbortSignal.any([caller, this.#ended.signal])
    const carrier = await this.#dial(signal)
    const socket = connectTls({
      ...(carrier ? { socket: carrier } : { host, port }),
      ...(isIP(host) ? {} : { servername: host }),
      ...(this.#ticket && !withAnybody && { session: this.#ticket }),
      ...this.#trust.options,
      rejectUnauthorized: !withAnybody,
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    if (!withAnybody) socket.on('session', ticket => (this.#ticket = ticket))
    socket.on('error', () => undefined) // whoever uses it sees its end
    socket.once('close', () => carrier?.destroy())
    if (!carrier) socket.setNoDelay(true)
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        reject(signal.reason as Error)
        socket.destroy()
      }
      if (signal.aborted) return giveUp()
      signal.addEventListener('abort', giveUp)
      socket.once('error', reject)
      socket.once('close', () => {
        signal.removeEventListener('abort', giveUp)
        reject(new Error('it closed the connection'))
      })
      socket.once('secureConnect', () => {
        signal.removeEventListener('abort', giveUp)
        resolve(socket)
      })
    })
  }

  /** What is dialled when nobody waits for it any more is closed. */
  async #dial(signal: AbortSignal): Promise<Duplex | undefined> {
    const coming = this.#server.dial?.()
    if (!coming) return undefined
    let giveUp: () => void = () => undefined
    const givenUp = new Promise<never>((_resolve, reject) => (giveUp = () => reject(signal.reason as Error)))
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([coming, givenUp])
    } catch (error) {
      coming.then(
        late => late.on('error', () => undefined).destroy(),
        () => undefined,
      )
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }
}
