// Ports of Services on this machine's loopback, where nodes' addresses are out of its reach or nobody knows them: those of
// Docker Desktop, of rootless Docker, of a local cluster. Each connection goes to the node port of a node, through the
// connection that its agent has dialled, so that kube-proxy there decides as for any other client.
import { type Server, type Socket, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import { Node, Service } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { EventRecorder } from '../../shared/client/events.ts'
import { Informer } from '../../shared/client/informer.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../shared/machinery/conditions.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { NodeDialer } from '../apiserver/proxy/node-tunnels.ts'
import { type WantedPort, wantedPorts } from './wanted-ports.ts'

export interface NodePortsOptions {
  readonly client: Client
  readonly dialer: NodeDialer
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
}

const HOST = '127.0.0.1'
const SERVICE_LABEL = 'kubernetes.io/service-name'
/** A port that another program has may be free by then. */
const RETRY_MS = 15_000
const MOST_NODES_TRIED = 3

interface Open {
  readonly server: Server
  readonly sockets: Set<Socket>
  wanted: WantedPort
}

export class NodePorts implements AsyncDisposable {
  readonly #options: NodePortsOptions
  readonly #stop = new AbortController()
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  readonly #open = new Map<number, Open>()
  /** What was told of a port, so that it is told once. */
  readonly #told = new Map<string, string>()
  #turn: Promise<void> = Promise.resolve()
  #dirty = false
  #cancelRetry: () => void = () => undefined
  #next = 0

  constructor(options: NodePortsOptions) {
    this.#options = options
    const { client, clock, log } = options
    const onError = (error: unknown) => log.debug({ err: error }, 'node ports: watch interrupted')
    this.#services = new Informer(client, Service, { clock, onError })
    this.#slices = new Informer(client, EndpointSlice, { clock, onError, labelSelector: SERVICE_LABEL })
    this.#nodes = new Informer(client, Node, { clock, onError })
    const changed = () => this.#changed()
    this.#services.on({ added: changed, updated: changed, deleted: changed })
    for (const informer of [this.#services, this.#slices, this.#nodes]) void informer.start(this.#stop.signal)
  }

  /** Ports that are open now. */
  get ports(): number[] {
    return [...this.#open.keys()].sort((a, b) => a - b)
  }

  /** Several changes at once are looked at once, one look after the other. */
  #changed(): void {
    if (this.#dirty || this.#stop.signal.aborted) return
    this.#dirty = true
    this.#turn = this.#turn.then(() => this.#sync())
  }

  async #sync(): Promise<void> {
    await this.#services.synced().catch(() => undefined)
    this.#dirty = false
    if (this.#stop.signal.aborted) return
    const { open, late } = wantedPorts(this.#services.lister.list())
    for (const port of this.#open.keys()) if (!open.has(port)) await this.#close(port)
    const problems = late.map((wanted): [WantedPort, string] => [wanted, `${ownerOf(open, wanted)} has it`])
    for (const [port, wanted] of open) {
      const known = this.#open.get(port)
      if (known) known.wanted = wanted
      else {
        const problem = await this.#listen(wanted)
        if (problem) problems.push([wanted, problem])
      }
    }
    this.#tell(problems)
    this.#cancelRetry()
    if (problems.length > 0) this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.#changed())
  }

  /** @returns what is in the way */
  #listen(wanted: WantedPort): Promise<string | undefined> {
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    const open: Open = { server, sockets, wanted }
    server.on('connection', socket => void this.#carry(open, socket))
    return new Promise(resolve => {
      // Also later, such as when this process has no file descriptor left.
      server.on('error', (error: NodeJS.ErrnoException) => resolve(whyNot(error)))
      server.listen(wanted.port, HOST, () => {
        this.#open.set(wanted.port, open)
        resolve(undefined)
      })
    })
  }

  #tell(problems: readonly (readonly [WantedPort, string])[]): void {
    const now = new Map(problems.map(([{ port, service }, why]) => [`${keyOf(service.metadata)}:${port}`, why]))
    for (const key of this.#told.keys()) if (!now.has(key)) this.#told.delete(key)
    for (const [{ port, service }, why] of problems) {
      const key = `${keyOf(service.metadata)}:${port}`
      if (this.#told.get(key) === why) continue
      this.#told.set(key, why)
      const message = `${HOST}:${port} does not lead to this Service: ${why}`
      this.#options.events.event(service, 'Warning', 'LoopbackPortNotOpened', message)
    }
  }

  async #carry(open: Open, socket: Socket): Promise<void> {
    const { dialer, log } = this.#options
    open.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => open.sockets.delete(socket))
    const { service, nodePort } = open.wanted
    for (const { name, address } of this.#nodesFor(service).slice(0, MOST_NODES_TRIED)) {
      if (socket.destroyed) return
      try {
        const stream = await dialer.dial(name, `${address.includes(':') ? `[${address}]` : address}:${nodePort}`)
        return join(socket, stream)
      } catch (error) {
        log.debug({ err: error, node: name, nodePort }, 'a node port does not answer')
      }
    }
    socket.destroy()
  }

  /** Those that have an endpoint of it come first, as others may not forward to them; in turns. */
  #nodesFor({ metadata }: Service): { name: string; address: string }[] {
    const withEndpoint = new Set(
      this.#slices.lister
        .list()
        .filter(
          slice =>
            slice.metadata.namespace === metadata.namespace && slice.metadata.labels?.[SERVICE_LABEL] === metadata.name,
        ) // prettier-ignore
        .flatMap(({ endpoints }) => endpoints ?? [])
        .flatMap(({ nodeName, conditions }) => (nodeName && conditions?.ready !== false ? [nodeName] : [])),
    )
    const ready = this.#nodes.lister
      .list()
      .filter(({ status }) => isConditionTrue(status.conditions, 'Ready'))
      .flatMap(node => {
        const address = node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address
        return address === undefined ? [] : [{ name: node.metadata.name, address }]
      })
    const first = ready.filter(({ name }) => withEndpoint.has(name))
    const turn = first.length > 0 ? this.#next++ % first.length : 0
    return [...first.slice(turn), ...first.slice(0, turn), ...ready.filter(({ name }) => !withEndpoint.has(name))]
  }

  async #close(port: number): Promise<void> {
    const open = this.#open.get(port)
    if (!open) return
    this.#open.delete(port)
    for (const socket of open.sockets) socket.destroy()
    await new Promise<void>(resolve => open.server.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('node ports are closed'))
    this.#cancelRetry()
    await this.#turn
    await Promise.all([...this.#open.keys()].map(port => this.#close(port)))
  }
}

/** Either side may end before the other one has said all; a fault of one ends both. */
function join(socket: Socket, stream: Duplex): void {
  stream.on('error', () => socket.destroy())
  stream.once('close', () => {
    if (!stream.readableEnded) socket.destroy()
  })
  socket.once('close', () => stream.destroy())
  socket.pipe(stream).pipe(socket)
}

const ownerOf = (open: ReadonlyMap<number, WantedPort>, { port }: WantedPort): string => {
  const owner = open.get(port)?.service
  return owner ? `Service ${keyOf(owner.metadata)}` : 'another Service'
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'this user may not open ports below 1024',
}
const whyNot = ({ code = '', message }: NodeJS.ErrnoException): string => REASONS[code] ?? message
