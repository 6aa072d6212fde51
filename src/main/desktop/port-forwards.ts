// Ports of this machine's loopback that lead to pods, through the API server. Each connection finds its pod anew where
// the last one is gone, so that a forward outlives the pods behind it and restarts of the cluster.
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import type { WebSocket } from 'ws'
import type { ForwardSpec, ForwardStatus } from '../../preload/channels.ts'
import { delay, systemClock } from '../../shared/machinery/clock.ts'
import { type ApiGet, type ForwardTarget, findTarget } from './forward-target.ts'

/** How port-forwards reach the cluster. */
export interface ForwardApi {
  readonly get: ApiGet
  /** @param path path and query */
  readonly open: (path: string, protocols: readonly string[]) => Promise<WebSocket>
}

const PROTOCOL = 'v4.channel.k8s.io'
const DATA = 0
const ERROR = 1
/** More than this waits for the network before the client is held up. */
const MOST_BUFFERED_BYTES = 1 << 20
/** The pod may have just gone, and its replacement be on the way. */
const TRIES = 20
const RETRY_MS = 500

interface Forward {
  readonly spec: ForwardSpec
  readonly server: Server
  readonly sockets: Set<Socket>
  readonly stopped: AbortController
  target: ForwardTarget | undefined
  status: ForwardStatus
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

export class PortForwards implements AsyncDisposable {
  readonly #api: ForwardApi
  readonly #onChange: (status: ForwardStatus) => void
  readonly #forwards = new Map<string, Forward>()

  constructor(api: ForwardApi, onChange: (status: ForwardStatus) => void) {
    this.#api = api
    this.#onChange = onChange
  }

  /** Listens; a forward that listens already goes on. Never throws: what is wrong is in the status. */
  async start(spec: ForwardSpec): Promise<ForwardStatus> {
    const known = this.#forwards.get(spec.id)
    if (known?.status.state === 'listening') return known.status
    void this.stop(spec.id)
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    const status: ForwardStatus = { id: spec.id, state: 'failed', localPort: spec.localPort, connections: 0 }
    const forward: Forward = { spec, server, sockets, stopped: new AbortController(), target: undefined, status }
    this.#forwards.set(spec.id, forward)
    server.on('connection', socket => void this.#carry(forward, socket))
    return new Promise(resolve => {
      // Also later, such as when this process has no file descriptor left: without a listener it would end the app.
      server.on('error', (error: NodeJS.ErrnoException) => {
        const message = error.code === 'EADDRINUSE' ? `port ${spec.localPort} of this machine is taken` : error.message
        resolve(this.#tell(forward, { state: 'failed', message }))
      })
      server.listen(spec.localPort, '127.0.0.1', () =>
        resolve(this.#tell(forward, { state: 'listening', localPort: (server.address() as AddressInfo).port })),
      )
    })
  }

  /** @returns where it listens, for a browser */
  urlOf(id: string): string {
    const { state, localPort } = this.#forwards.get(id)?.status ?? {}
    if (state !== 'listening') throw new Error('this port-forward does not listen')
    return `http://127.0.0.1:${localPort}/`
  }

  async stop(id: string): Promise<void> {
    const forward = this.#forwards.get(id)
    if (!forward) return
    this.#forwards.delete(id)
    forward.stopped.abort()
    for (const socket of forward.sockets) socket.destroy()
    await new Promise<void>(resolve => forward.server.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#forwards.keys()].map(id => this.stop(id)))
  }

  #tell(forward: Forward, change: Partial<ForwardStatus>): ForwardStatus {
    forward.status = { ...forward.status, connections: forward.sockets.size, ...change }
    if (this.#forwards.get(forward.spec.id) === forward) this.#onChange(forward.status)
    return forward.status
  }

  async #carry(forward: Forward, socket: Socket): Promise<void> {
    forward.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      forward.sockets.delete(socket)
      this.#tell(forward, {})
    })
    for (let left = TRIES; left > 0 && !socket.destroyed; left--)
      try {
        forward.target ??= await findTarget(this.#api.get, forward.spec)
        const { namespace, pod, port } = forward.target
        const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`
        const webSocket = await this.#opened(`${path}?ports=${port}`, forward.stopped.signal)
        this.#tell(forward, { pod, message: undefined })
        return join(socket, webSocket, message => this.#tell(forward, { message }))
      } catch (error) {
        forward.target = undefined
        if (forward.stopped.signal.aborted) break
        this.#tell(forward, { message: messageOf(error) })
        await delay(systemClock, RETRY_MS, forward.stopped.signal).catch(() => undefined)
      }
    socket.destroy()
  }

  async #opened(path: string, signal: AbortSignal): Promise<WebSocket> {
    const webSocket = await this.#api.open(path, [PROTOCOL])
    return new Promise((resolve, reject) => {
      webSocket.binaryType = 'nodebuffer'
      const end = () => webSocket.terminate()
      signal.addEventListener('abort', end, { once: true })
      webSocket.once('close', () => signal.removeEventListener('abort', end))
      webSocket.once('open', () => resolve(webSocket))
      webSocket.once('error', reject)
      // Stopped while its pod was looked for.
      if (signal.aborted) end()
    })
  }
}

/** The first frame of each channel only names the port; then bytes go both ways, each side as fast as the other takes. */
function join(socket: Socket, webSocket: WebSocket, onProblem: (message: string) => void): void {
  const named = new Set<number>()
  webSocket.on('message', (data: Buffer) => {
    const channel = data[0] ?? 0
    if (!named.has(channel)) return void named.add(channel)
    if (channel === ERROR) return onProblem(data.subarray(1).toString('utf8'))
    if (channel === DATA && !socket.write(data.subarray(1))) {
      webSocket.pause()
      socket.once('drain', () => webSocket.resume())
    }
  })
  webSocket.on('close', () => socket.end())
  webSocket.on('error', () => socket.destroy())
  socket.on('data', (data: Buffer) => {
    webSocket.send(Buffer.concat([Buffer.from([DATA]), data]), () => socket.resume())
    if (webSocket.bufferedAmount > MOST_BUFFERED_BYTES) socket.pause()
  })
  socket.on('close', () => webSocket.close())
  // A client that has said all may still wait for the answer: only the pod, or its own end, closes the connection.
  socket.resume()
}
