// Keeps one SSH connection to a host, with a port on the host's loopback that leads to the API server. It comes back by
// itself after sleep, a new address or a cut, with the cluster's own key; nobody is asked anything.
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { OwnKey } from '../own-key.ts'
import type { SshConnection } from '../ssh/connection.ts'
import { type Hop, type HostKeyPins, SshError } from '../ssh/contract.ts'
import { connectAny } from '../ssh/recorded-route.ts'
import { type ApiServerAddress, joinApiServer } from './join-api-server.ts'
import { serveRelay } from './relay.ts'

export interface HostLinkOptions {
  /** Asked before every attempt, and tried in order: the user's SSH configuration may have changed. */
  readonly ways: () => Promise<readonly (readonly Hop[])[]>
  /** Asked before every attempt: somebody may have accepted another key. */
  readonly pins: () => Promise<HostKeyPins>
  readonly ownKey: OwnKey
  /** Path of an ssh-agent's socket: jump hosts may need it. */
  readonly agent: string | undefined
  readonly apiPort: number
  /** Where the API server listens, as seen from here. */
  readonly apiServer: ApiServerAddress
  readonly clock: Clock
  readonly log: Log
  /** @param up whether the host is connected; `why` tells what ended it, or why it cannot be */
  readonly onChange: (up: boolean, why: string) => void
  /** 0 ≤ x < 1, spreads attempts. */
  readonly random?: () => number
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 20_000

/**
 * sshd does not notice that we went to sleep: its old session may still hold the port. It belongs to the same account,
 * which may end it.
 */
const FREE_PORT = `
read -r port
case "$port" in *[!0-9]*|'') exit 2;; esac
PATH="$PATH:/usr/sbin:/sbin"
ss -Hltnp "sport = :$port" 2>/dev/null | sed -n 's/.*"sshd[^"]*",pid=\\([0-9]*\\).*/\\1/p' | while read -r pid; do kill "$pid"; done
i=0
while [ $i -lt 20 ] && [ -n "$(ss -Hltn "sport = :$port" 2>/dev/null)" ]; do sleep 0.1; i=$((i+1)); done
exit 0
`
const RELAY = `
read -r port
case "$port" in *[!0-9]*|'') exit 2;; esac
exec /opt/flotilla/bin/node /opt/flotilla/bin/agent.cjs --relay "$port"
`

/** Nobody is there to answer. */
const silentPrompter = {
  ask: ({ text }: { text: string }): Promise<string> =>
    Promise.reject(new SshError('AuthenticationFailed', `it asks what only a person can answer (${text})`)),
}

export class HostLink implements AsyncDisposable {
  readonly #options: HostLinkOptions
  readonly #stop = new AbortController()
  #connection: SshConnection | undefined
  #route: readonly Hop[] | undefined
  #wake: () => void = () => undefined
  #running: Promise<void> | undefined

  constructor(options: HostLinkOptions) {
    this.#options = options
  }

  /** The way that it found last by itself. */
  get route(): readonly Hop[] | undefined {
    return this.#route
  }

  /** The connection, while there is one. */
  get connection(): SshConnection | undefined {
    return this.#connection?.ended ? undefined : this.#connection
  }

  /**
   * @param connection one that is open already and becomes the link's own
   * @throws SshError when the port cannot be forwarded in any way
   */
  async start(connection?: SshConnection): Promise<void> {
    if (connection && connection !== this.#connection) {
      this.#connection = connection
      await this.#open(connection)
    }
    this.#running ??= this.#keep()
  }

  /** What is open may be dead without knowing: the machine slept, or its network changed. */
  reconnect(): void {
    void this.#drop()
    this.#wake()
  }

  /** Leaves the connection to whoever uses it, if it is this link's: disposing does not close it then. */
  detach(connection: SshConnection): void {
    if (this.#connection === connection) this.#connection = undefined
  }

  async #keep(): Promise<void> {
    const { clock, onChange, log, random = Math.random } = this.#options
    const { signal } = this.#stop
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      try {
        if (!this.connection) await this.#connect()
        pauseMs = FIRST_PAUSE_MS
        onChange(true, '')
        const reason = this.#connection && (await endOf(this.#connection, signal))
        if (signal.aborted) return
        onChange(false, reason?.message ?? 'the connection ended')
      } catch (error) {
        if (signal.aborted) return
        log.debug({ error: String(error) }, 'a host cannot be reached')
        onChange(false, (error as Error).message)
        await this.#drop()
        // Waiting cannot mend it, and trying with a key that is not the pinned one is what an attacker hopes for.
        if (error instanceof SshError && error.code === 'HostKeyChanged') pauseMs = LONGEST_PAUSE_MS
      }
      const woken = new Promise<void>(resolve => (this.#wake = resolve))
      await Promise.race([delay(clock, pauseMs * (0.75 + random() / 2), signal).catch(() => undefined), woken])
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  async #connect(): Promise<void> {
    const { ways, pins, ownKey, agent, clock } = this.#options
    const { connection, route } = await connectAny(await ways(), {
      pins: await pins(),
      ownKey: ownKey.privateKey,
      agent,
      prompter: silentPrompter,
      clock,
      signal: this.#stop.signal,
    })
    this.#connection = connection
    this.#route = route
    await this.#open(connection)
  }

  /** A forwarded port; where sshd forbids it, a program on the host that does the same over its standard streams. */
  async #open(connection: SshConnection): Promise<void> {
    const { apiPort, apiServer, log } = this.#options
    const forward = () => connection.forwardIn(apiPort, stream => joinApiServer(stream, apiServer))
    try {
      await forward()
    } catch (error) {
      if (!(error instanceof SshError) || error.code !== 'ForwardingRefused') throw error
      await connection.run(FREE_PORT, { input: `${apiPort}\n` })
      try {
        return void (await forward())
      } catch (again) {
        log.debug({ error: String(again) }, 'no forwarding: the link runs over a program')
      }
      const program = await connection.stream(RELAY)
      program.write(`${apiPort}\n`)
      serveRelay(program, stream => joinApiServer(stream, apiServer))
      // The link is only as good as the program.
      program.once('close', () => void connection[Symbol.asyncDispose]())
    }
  }

  async #drop(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the link is closed'))
    this.#wake()
    await this.#drop()
    await this.#running
  }
}

/** @returns why the connection ended; undefined when that is not waited for any longer */
const endOf = ({ closed }: SshConnection, signal: AbortSignal): Promise<Error | undefined> =>
  new Promise(resolve => {
    const stop = () => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
    void closed.then(reason => {
      signal.removeEventListener('abort', stop)
      resolve(reason)
    })
    if (signal.aborted) stop()
  })
