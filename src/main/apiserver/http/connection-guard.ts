// Ends connections that only take up room: those that never ask, or never finish asking. HTTP/2 servers have no such
// bound of their own, and they serve HTTP/1.1 as well.
import type { Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { STOOD_STILL_MS } from '../../../shared/machinery/observed-time.ts'

export interface ConnectionLimits {
  /** From connecting, or from the first byte of a request, to the end of its headers. */
  readonly headerMs: number
  /** How long a connection may wait for its next request. */
  readonly keepAliveMs: number
  /** More at a time are refused. */
  readonly maxConnections: number
}

/** Upstream's, and for the number what a laptop can bear. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  headerMs: 32_000,
  keepAliveMs: 90_000,
  maxConnections: 10_000,
}

interface State {
  open: number
  /** Since when no request is open. */
  idleSinceMs: number
  /** Since when a request has been coming in. */
  askingSinceMs: number | undefined
  bytesBefore: number
}

/** What is known of a socket: how much has come in. */
type Socket = Duplex & { readonly bytesRead?: number }

export class ConnectionGuard implements Disposable {
  readonly #limits: ConnectionLimits
  readonly #clock: Clock
  readonly #sockets = new Map<Socket, State>()
  #cancel: () => void = () => undefined
  #ticking = false

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** A connection that speaks HTTP/1.1. */
  add(socket: Socket): void {
    const now = this.#clock.monotonic()
    this.#sockets.set(socket, { open: 0, idleSinceMs: now, askingSinceMs: now, bytesBefore: 0 })
    socket.once('close', () => this.#sockets.delete(socket))
    if (!this.#ticking) this.#tick()
  }

  /** One that speaks HTTP/2 and must ask for something soon; afterwards it may stay. */
  addSession(session: Http2Session): void {
    const cancel = this.#clock.after(this.#limits.headerMs, () => session.destroy())
    session.once('stream', cancel)
    session.once('close', cancel)
  }

  /** A request has come in. */
  begin(socket: Socket): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.open++
    state.askingSinceMs = undefined
  }

  /** Its answer is out. */
  end(socket: Socket): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.open--
    state.idleSinceMs = this.#clock.monotonic()
    state.bytesBefore = socket.bytesRead ?? 0
  }

  /** Taken over by whoever speaks another protocol on it. */
  release(socket: Socket): void {
    this.#sockets.delete(socket)
  }

  [Symbol.dispose](): void {
    this.#cancel()
    this.#sockets.clear()
  }

  #tick(): void {
    this.#ticking = this.#sockets.size > 0
    if (!this.#ticking) return
    const every = Math.max(10, Math.min(5_000, this.#limits.headerMs / 4))
    const dueMs = this.#clock.monotonic() + every
    this.#cancel = this.#clock.after(every, () => {
      this.#sweep(this.#clock.monotonic() - dueMs)
      this.#tick()
    })
  }

  /** @param lateMs how long nobody was listened to: where the process stood still, that was not the clients' doing */
  #sweep(lateMs: number): void {
    const now = this.#clock.monotonic()
    const { headerMs, keepAliveMs } = this.#limits
    const lostMs = lateMs > STOOD_STILL_MS ? lateMs : 0
    for (const [socket, state] of this.#sockets) {
      state.idleSinceMs += lostMs
      if (state.askingSinceMs !== undefined) state.askingSinceMs += lostMs
      if (state.open > 0) continue
      if (state.askingSinceMs === undefined && (socket.bytesRead ?? 0) > state.bytesBefore) state.askingSinceMs = now
      const tooSlow = state.askingSinceMs !== undefined && now - state.askingSinceMs > headerMs
      if (tooSlow || now - state.idleSinceMs > keepAliveMs) socket.destroy()
    }
  }
}
