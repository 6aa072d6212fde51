// One SSH connection to a host: scripts, forwards, a shell. It ends with the connections that it runs through.
import type { Duplex, Readable } from 'node:stream'
import type { Client, ClientChannel, TcpConnectionDetails } from 'ssh2'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type Heartbeat, startHeartbeat } from '../../../shared/machinery/heartbeat.ts'
import { type Hop, SshError, hopName } from './contract.ts'
import { type Ran, type RunOptions, runScript } from './run-script.ts'

/** So often the host is asked whether it is there; one that says nothing for three times as long is not. */
export const KEEPALIVE_MS = 10_000

export interface SshConnectionParts {
  readonly client: Client
  /** What the client runs over. */
  readonly socket: Duplex
  readonly hop: Hop
  /** The connection that this one runs in; owned. */
  readonly before: SshConnection | undefined
  readonly clock: Clock
  /** This machine's address that it comes from; of the first hop. */
  readonly localAddress: string | undefined
}

/** Accepts a connection that came in on the host. */
export type Incoming = (connection: Duplex) => void

const CLOSE_TIMEOUT_MS = 3_000

export class SshConnection implements AsyncDisposable {
  readonly hop: Hop
  /** Resolves when the connection is over, with the reason. */
  readonly closed: Promise<Error>
  /** This machine's address under which the first of its hops knows us. */
  readonly localAddress: string | undefined
  readonly #client: Client
  readonly #before: SshConnection | undefined
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat
  readonly #incoming = new Map<number, Incoming>()
  #over: Error | undefined
  #resolveClosed: (reason: Error) => void = () => undefined

  constructor({ client, socket, hop, before, clock, localAddress }: SshConnectionParts) {
    this.hop = hop
    this.localAddress = before ? before.localAddress : localAddress
    this.#client = client
    this.#before = before
    this.#clock = clock
    let reason: Error | undefined
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
    client.on('error', error => (reason = error))
    // The library asks. It goes by its answers alone, which wait behind all that is sent over a slow way.
    this.#heartbeat = startHeartbeat({
      clock,
      everyMs: KEEPALIVE_MS,
      ask: () => undefined,
      lost: () => this.#end(new Error('it has said nothing for 30 s')),
    })
    socket.on('data', this.#heartbeat.heard)
    client.once('close', () => this.#end(reason))
    // A connection inside another does not always notice that the outer one is gone.
    void before?.closed.then(error => this.#end(error))
    client.on('tcp connection', (details, accept, reject) => this.#accept(details, accept, reject))
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.#over !== undefined
  }

  /**
   * Runs a constant script in the host's /bin/sh.
   * @throws SshError ConnectionLost, NoPrivileges; an exit code other than 0 is an answer, not an error
   */
  run(script: string, options: RunOptions = {}): Promise<Ran> {
    return runScript(command => this.#exec(command), script, { ...options, hop: this.hop, clock: this.#clock })
  }

  /** As `run`. @throws SshError CommandFailed for any exit code but 0 */
  async must(script: string, options: RunOptions & { readonly what: string }): Promise<string> {
    const { code, stdout, stderr } = await this.run(script, options)
    if (code === 0) return stdout
    const last = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' · ')
    throw new SshError(
      'CommandFailed',
      `${options.what} failed on ${hopName(this.hop)}: ${last || `exit code ${code}`}`,
    )
  }

  /** A raw byte stream to an address as seen from the host. @throws SshError ForwardingRefused, ConnectionLost */
  forwardOut(host: string, port: number): Promise<Duplex> {
    return this.#ask(`reaching ${host}:${port} through ${hopName(this.hop)}`, done =>
      this.#client.forwardOut('127.0.0.1', 0, host, port, done),
    )
  }

  /**
   * Connections to the host's loopback come here.
   * @param port 0 = any
   * @returns the port
   * @throws SshError ForwardingRefused when sshd forbids it or the port is taken
   */
  async forwardIn(port: number, incoming: Incoming): Promise<number> {
    const bound = await this.#ask<number>(`forwarding a port of ${hopName(this.hop)} to here`, done =>
      this.#client.forwardIn('127.0.0.1', port, (error, given) => done(error, port === 0 ? given : port)),
    )
    this.#incoming.set(bound, incoming)
    return bound
  }

  /** A program on the host, spoken to over its standard streams. */
  async stream(script: string, options: RunOptions = {}): Promise<Duplex & { readonly stderr: Readable }> {
    let open: ((channel: ClientChannel) => void) | undefined
    const opened = new Promise<ClientChannel>(resolve => (open = resolve))
    const ran = runScript(command => this.#exec(command), script, {
      ...options,
      hop: this.hop,
      clock: this.#clock,
      onStarted: channel => open?.(channel),
    })
    return await Promise.race([
      opened,
      ran.then(({ code, stderr }) => {
        throw new SshError('CommandFailed', stderr.trim() || `the program ended with ${code}`)
      }),
    ])
  }

  /** A login shell with a terminal. */
  shell(window: { rows: number; cols: number; term: string }): Promise<ClientChannel> {
    return this.#ask(`a shell on ${hopName(this.hop)}`, done => this.#client.shell(window, done))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      this.#client.end()
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#end(undefined))
      await this.closed
      cancel()
    }
    await this.#before?.[Symbol.asyncDispose]()
  }

  #end(reason: Error | undefined): void {
    if (this.#over) return
    this.#over = new SshError(
      'ConnectionLost',
      `the connection to ${hopName(this.hop)} ended${reason ? `: ${reason.message}` : ''}`,
    )
    this.#heartbeat[Symbol.dispose]()
    this.#client.destroy()
    this.#resolveClosed(this.#over)
  }

  #exec(command: string): Promise<ClientChannel> {
    return this.#ask('running a program', done => this.#client.exec(command, done))
  }

  #ask<T>(what: string, call: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> {
    if (this.#over) return Promise.reject(this.#over)
    return new Promise((resolve, reject) => {
      void this.closed.then(reject)
      try {
        call((error, value) => {
          if (!error) return resolve(value)
          const lost = /no response from server|not connected/i.test(error.message)
          reject(new SshError(lost ? 'ConnectionLost' : 'ForwardingRefused', `${what} was refused: ${error.message}`))
        })
      } catch (error) {
        reject(new SshError('ConnectionLost', `${what}: ${(error as Error).message}`))
      }
    })
  }

  #accept(details: TcpConnectionDetails, accept: () => ClientChannel, reject: () => void): void {
    const incoming = this.#incoming.get(details.destPort)
    if (!incoming) return reject()
    const channel = accept()
    channel.on('error', () => channel.destroy())
    incoming(channel)
  }
}
