// The links of all hosts that joined: one each, kept up, and what happened to them written down.
import { Host, type HostAway, type HostHop } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { hostKeyPins, patchHostStatus } from '../operation/host-status.ts'
import type { OwnKey } from '../own-key.ts'
import type { SshConnection } from '../ssh/connection.ts'
import type { Hop } from '../ssh/contract.ts'
import { asRecorded, recordedRoute, sameRoute } from '../ssh/recorded-route.ts'
import { HostLink } from './host-link.ts'

export interface HostLinksOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly ownKey: OwnKey
  readonly agent: string | undefined
  readonly waysTo: (host: Host) => Hop[][]
  readonly apiServer: { readonly host: string; readonly port: number }
}

const MOST_AWAY = 20

export class HostLinks implements AsyncDisposable {
  readonly #options: HostLinksOptions
  readonly #links = new Map<string, HostLink>()
  /** Writes about one host happen one after the other. */
  readonly #writes = new Map<string, Promise<void>>()
  readonly #up = new Map<string, boolean>()
  readonly #why = new Map<string, string>()

  constructor(options: HostLinksOptions) {
    this.#options = options
  }

  connectionOf(hostName: string): SshConnection | undefined {
    return this.#links.get(hostName)?.connection
  }

  /**
   * Opens the link of a host that has a port for it, unless it is open.
   * @param connection one that is open already and becomes the link's own
   * @throws SshError when the given connection cannot carry the link
   */
  async open(host: Host, connection?: SshConnection): Promise<void> {
    const { name } = host.metadata
    const { apiPort } = host.status
    if (apiPort === undefined) return
    const known = this.#links.get(name)
    if (known?.connection) return
    const { client, waysTo, ...options } = this.#options
    const link =
      known ??
      new HostLink({
        ...options,
        ways: async () => waysTo(await client.get(Host, { name })),
        pins: async () => hostKeyPins(client, await client.get(Host, { name })),
        apiPort,
        onChange: (up, why) => this.#changed(name, up, why),
      })
    this.#links.set(name, link)
    await link.start(connection)
  }

  /** @param kept a connection that somebody goes on using */
  async release(hostName: string, kept?: SshConnection): Promise<void> {
    const link = this.#links.get(hostName)
    this.#links.delete(hostName)
    this.#up.delete(hostName)
    this.#why.delete(hostName)
    if (kept) link?.detach(kept)
    await link?.[Symbol.asyncDispose]()
  }

  /**
   * The machine slept: what is open may be dead without knowing.
   * @param sinceMs when it was last awake: from then on, hosts were alone
   */
  reconnectAll(sinceMs: number): void {
    const { clock } = this.#options
    for (const [name, link] of this.#links) {
      // Also where that it is cut off was noticed first: it has been since then.
      if (sinceMs < clock.now()) this.#note(name, false, 'this machine slept', sinceMs)
      link.reconnect()
    }
  }

  /**
   * This machine's network changed: what comes from an address that it no longer has is dead without knowing.
   * @param addresses that it has
   */
  reconnectFrom(addresses: ReadonlySet<string>): void {
    for (const [name, link] of this.#links) {
      const from = link.connection?.localAddress
      if (from === undefined || addresses.has(from)) continue
      this.#changed(name, false, `this machine no longer has the address ${from}`)
      link.reconnect()
    }
  }

  #changed(name: string, up: boolean, why: string, atMs = this.#options.clock.now()): void {
    // Why it cannot come back may be something else than what ended it.
    if (this.#up.get(name) !== up || (!up && this.#why.get(name) !== why)) this.#note(name, up, why, atMs)
  }

  #note(name: string, up: boolean, why: string, atMs: number): void {
    this.#up.set(name, up)
    this.#why.set(name, why)
    const write = (this.#writes.get(name) ?? Promise.resolve()).then(() => this.#record(name, up, why, atMs))
    this.#writes.set(name, write)
  }

  async #record(name: string, up: boolean, why: string, atMs: number): Promise<void> {
    const { client, log } = this.#options
    const now = formatTime(atMs)
    try {
      const host = await client.get(Host, { name })
      const conditions = setCondition(
        host.status.conditions,
        {
          type: 'Connected',
          status: up ? 'True' : 'False',
          reason: up ? 'LinkUp' : 'LinkDown',
          message: why,
        },
        now,
      )
      const phase = up ? (host.status.phase === 'Away' ? 'Ready' : host.status.phase) : host.status.phase === 'Ready' ? 'Away' : host.status.phase // prettier-ignore
      await patchHostStatus(client, name, {
        conditions,
        away: awayAfter(host.status.away ?? [], up, now, why),
        ...(phase === undefined ? {} : { phase }),
        ...(up ? this.#routeChange(host) : {}),
      })
    } catch (error) {
      if (!isNotFound(error)) log.warn({ err: error, host: name }, 'the state of a link is not written')
    }
  }

  #routeChange(host: Host): { route?: HostHop[] } {
    const route = this.#links.get(host.metadata.name)?.route
    if (!route || sameRoute(route, recordedRoute(host) ?? [])) return {}
    return { route: asRecorded(route) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const names = [...this.#links.keys()]
    // Before they close: the interval begins now, and ends when the control plane is back.
    for (const name of names) if (this.#up.get(name)) this.#changed(name, false, 'the control plane stopped')
    await Promise.all(this.#writes.values())
    await Promise.all([...this.#links.values()].map(link => link[Symbol.asyncDispose]()))
  }
}

/**
 * @param at when it went or came back
 * @returns the intervals after that: what was noted later than that it went, as after a sleep, is part of the same one
 */
export function awayAfter(away: readonly HostAway[], up: boolean, at: string, reason: string): HostAway[] {
  const known = up ? [...away] : away.filter(({ from }) => from <= at)
  const last = known.at(-1)
  const isOpen = last && last.until === undefined
  if (up) return isOpen ? [...known.slice(0, -1), { ...last, until: at }] : known
  return isOpen ? known : [...known, { from: at, reason: reason.slice(0, 200) }].slice(-MOST_AWAY)
}
