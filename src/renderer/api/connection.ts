// How this window reaches the API server: same origin in a browser, through the `app://` scheme in the desktop app.
import { messageOf } from '../../shared/machinery/message-of.ts'
import type { Client } from '../../shared/client/client.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { AGGREGATED } from './discovery.ts'
import { fetchTransport } from '../../shared/client/fetch-transport.ts'
import type { Transport } from '../../shared/client/transport.ts'
import { createClient } from '../../shared/client/typed-client.ts'

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const METADATA = ['PartialObjectMetadataList', 'PartialObjectMetadata']
  .map(as => `application/json;as=${as};v=v1;g=meta.k8s.io`)
  .concat('application/json')
  .join()

/** Told on `window` when the server refuses a request. */
export const REFUSED = 'flotilla:refused'

export interface Connection {
  readonly client: Client
  /** Lists and watches as the server's Table. */
  readonly tables: Transport
  /** Lists and watches without spec and status. */
  readonly metadata: Transport
  /** Asks what the server serves. */
  readonly discovery: Transport
  /** For what is not JSON, such as logs. Cookie writes carry the CSRF header. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Opens an upgraded stream such as exec. */
  openStream(path: string, protocols: readonly string[]): StreamSocket
}

/** The part of WebSocket that terminals use; the desktop app provides it over its bridge. */
export interface StreamSocket {
  onopen: ((protocol: string) => void) | undefined
  onmessage: ((data: Uint8Array) => void) | undefined
  onclose: ((code: number, reason: string) => void) | undefined
  /** Resolves when there is room for more; what is sent to a closed stream is lost. */
  send(data: Uint8Array): Promise<void>
  close(): void
}

/** More than this waits in the browser before a sender is held up. */
const MOST_BUFFERED_BYTES = 1 << 20
const DRAIN_LOOK_MS = 20

/** Browsers do not tell when a socket has drained: it has to be looked at. */
const drained = (socket: WebSocket) =>
  new Promise<void>(resolve => {
    const look = () =>
      socket.readyState === WebSocket.OPEN && socket.bufferedAmount > MOST_BUFFERED_BYTES
        ? setTimeout(look, DRAIN_LOOK_MS)
        : resolve()
    look()
  })

function browserStream(baseUrl: string, path: string, protocols: readonly string[]): StreamSocket {
  const socket = new WebSocket(new URL(baseUrl + path, location.href.replace(/^http/, 'ws')), [...protocols])
  socket.binaryType = 'arraybuffer'
  const stream: StreamSocket = {
    onopen: undefined,
    onmessage: undefined,
    onclose: undefined,
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data as Uint8Array<ArrayBuffer>)
      return drained(socket)
    },
    close: () => socket.close(1000),
  }
  socket.onopen = () => stream.onopen?.(socket.protocol)
  socket.onmessage = ({ data }) => {
    stream.onmessage?.(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer))
  }
  socket.onclose = ({ code, reason }) => stream.onclose?.(code, reason)
  return stream
}

function desktopStream(path: string, protocols: readonly string[]): StreamSocket {
  const { flotilla } = window
  if (!flotilla) throw new Error('the desktop bridge is missing')
  let closed = false
  const stream: StreamSocket = {
    onopen: undefined,
    onmessage: undefined,
    onclose: undefined,
    send: data => opened.then(async id => void (closed || (await flotilla.invoke('stream:send', id, data)))),
    close: () =>
      void opened.then(
        id => flotilla.invoke('stream:close', id),
        // One that was not opened has told so.
        () => undefined,
      ),
  }
  const finish = (code: number, reason: string) => {
    if (closed) return
    closed = true
    stopListening()
    stream.onclose?.(code, reason)
  }
  // Events may arrive before the id is known; they wait in order.
  const early: ((id: string) => void)[] = []
  let ownId: string | undefined
  const stopListening = flotilla.on('stream:event', ({ id, event }) => {
    const handle = (own: string) => {
      if (id !== own) return
      if (event.type === 'open') stream.onopen?.(event.protocol)
      else if (event.type === 'message') stream.onmessage?.(event.data)
      else finish(event.code, event.reason)
    }
    if (ownId === undefined) early.push(handle)
    else handle(ownId)
  })
  const opened = flotilla.invoke('stream:open', path, protocols).then(id => {
    ownId = id
    for (const handle of early.splice(0)) handle(id)
    return id
  })
  opened.catch((error: unknown) => finish(1006, messageOf(error)))
  return stream
}

/** When a read that did not come through is tried again. */
const AGAIN_AFTER_MS = [200, 1000]

/** Browsers break off what is under way when an address of the machine comes or goes, as with pods and VPNs. */
async function withSecondTry<T>(read: () => Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  for (const delayMs of AGAIN_AFTER_MS) {
    try {
      return await read()
    } catch (error) {
      if (signal?.aborted) throw error
      await new Promise(resolve => setTimeout(resolve, delayMs))
    }
  }
  return await read()
}

/**
 * Browsers take such a segment for a step up: the request would be about something else.
 * @throws ApiError NotFound: nothing has that name
 */
function refuseSteps(path: string): void {
  const step = path
    .split('?', 1)[0]
    ?.split('/')
    .find(segment => segment === '.' || segment === '..')
  if (step) throw new ApiError(404, 'NotFound', `nothing is named "${step}"`)
}

/** @param baseUrl prefix of every API path, '' in a browser */
export function connect(baseUrl: string, fetchLike: typeof fetch): Connection {
  const send = async (path: string, init?: RequestInit): Promise<Response> => {
    refuseSteps(path)
    const method = init?.method ?? 'GET'
    const headers = new Headers(init?.headers)
    const isWrite = WRITES.has(method)
    if (isWrite) headers.set('X-Flotilla-CSRF', '1')
    const attempt = () => fetchLike(path, { ...init, headers, credentials: 'same-origin' })
    const answer = await (isWrite ? attempt() : withSecondTry(attempt, init?.signal))
    // The session may have ended, for example with the server that knew it.
    if (answer.status === 401 || answer.status === 403) window.dispatchEvent(new Event(REFUSED))
    return answer
  }
  return {
    client: createClient(fetchTransport({ fetch: send, baseUrl })),
    tables: fetchTransport({ fetch: send, baseUrl, headers: { Accept: TABLE } }),
    metadata: fetchTransport({ fetch: send, baseUrl, headers: { Accept: METADATA } }),
    discovery: fetchTransport({ fetch: send, baseUrl, headers: { Accept: AGGREGATED } }),
    fetch: (path, init) => send(baseUrl + path, init),
    openStream(path, protocols) {
      refuseSteps(path)
      return window.flotilla ? desktopStream(path, protocols) : browserStream(baseUrl, path, protocols)
    },
  }
}

const inDesktop = () => typeof window !== 'undefined' && window.flotilla !== undefined

/** The connection of this window. */
export const connection: Connection = connect(
  inDesktop() ? `${location.origin}/clusters/local` : location.origin,
  (input, init) => fetch(input, init),
)
