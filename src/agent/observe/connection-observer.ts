// The connections that this node sees, counted by the kernel and summed up here by who speaks with whom. Works only
// while somebody asks: a live listing for what is open, and the kernel's events for what ended between two questions.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ConnectionEdge, ConnectionSummary, DeniedEdge } from '../../shared/machinery/connection-summary.ts'
import { type Clock, formatTime } from '../../shared/machinery/clock.ts'
import { hasTool, type Run } from '../network/exec.ts'
import type { Family } from '../network/family.ts'
import { TABLE } from '../network/names.ts'
import { type Flow, parseFlow } from './flow.ts'
import { Places, type PlacesOptions } from './places.ts'

export interface ConnectionObserverOptions extends PlacesOptions {
  readonly run: Run
  /** Those that pods have. */
  readonly families: readonly Family[]
  readonly clock: Clock
  /** Makes the kernel count. @throws Error when it cannot */
  readonly countBytes: () => void
}

/** Counting stops when nobody asked for this long. */
const IDLE_MS = 60_000
const MAX_EDGES = 5_000

type Counted = { -readonly [K in keyof ConnectionEdge]: ConnectionEdge[K] }

export class ConnectionObserver implements Disposable {
  readonly #options: ConnectionObserverOptions
  /** What ended connections carried. */
  #ended = new Map<string, Counted>()
  #events: readonly ChildProcess[] = []
  #since = 0
  #last: { readonly at: number; readonly bytes: ReadonlyMap<string, number> } | undefined
  #cancelIdle: (() => void) | undefined

  constructor(options: ConnectionObserverOptions) {
    this.#options = options
  }

  async summary(): Promise<ConnectionSummary> {
    const { run, families, clock, nodeName } = this.#options
    const hasConntrack = await hasTool(run, ['conntrack', '--version'])
    if (hasConntrack) this.#count()
    const [listings, denied] = await Promise.all([
      Promise.all(hasConntrack ? families.map(family => run(['conntrack', '-L', ...only(family)])) : []),
      Promise.all(families.map(({ ip }) => run(['nft', '-j', 'list', 'set', ip, TABLE, 'denied']))),
    ])
    const places = new Places(this.#options)
    const edges = new Map([...this.#ended].map(([key, edge]) => [key, { ...edge }]))
    for (const line of listings.join('\n').split('\n')) {
      const flow = parseFlow(line)
      if (flow) add(edges, flow, places, 1)
    }
    const now = clock.monotonic()
    const windowSeconds = this.#last && (now - this.#last.at) / 1000
    const told = [...edges].map(([key, edge]) => {
      const bytes = edge.bytesSent + edge.bytesReceived
      // A listing and the events may tell of one connection twice for a moment: rates do not go below nothing.
      const more = Math.max(0, bytes - (this.#last?.bytes.get(key) ?? 0))
      return windowSeconds ? { ...edge, bytesPerSecond: Math.round(more / windowSeconds) } : edge
    })
    this.#last = {
      at: now,
      bytes: new Map([...edges].map(([key, { bytesSent, bytesReceived }]) => [key, bytesSent + bytesReceived])),
    }
    return {
      node: nodeName,
      since: formatTime(this.#since || clock.now()),
      time: formatTime(clock.now()),
      ...(windowSeconds && { windowSeconds: Math.round(windowSeconds * 1000) / 1000 }),
      edges: told,
      denied: denied.flatMap(text => deniedEdges(text, places)),
      ...(!hasConntrack && { problem: 'conntrack is missing: install the package conntrack' }),
    }
  }

  [Symbol.dispose](): void {
    this.#cancelIdle?.()
    this.#stop()
  }

  #count(): void {
    const { families, clock } = this.#options
    this.#cancelIdle?.()
    this.#cancelIdle = clock.after(IDLE_MS, () => this.#stop())
    if (this.#events.length > 0) return
    this.#since = clock.now()
    try {
      this.#options.countBytes()
    } catch {
      // read-only /proc/sys: connections are told, their bytes are not
    }
    const children = families.map(family =>
      spawn('conntrack', ['-E', '-e', 'DESTROY', ...only(family), '-b', '4194304'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    this.#events = children
    const gone = () => {
      if (this.#events === children) this.#stop()
    }
    let places = new Places(this.#options)
    let placesAt = clock.monotonic()
    for (const child of children) {
      child.once('error', gone).once('exit', gone)
      createInterface({ input: child.stdout }).on('line', line => {
        const flow = parseFlow(line)
        if (!flow || this.#events !== children) return
        if (clock.monotonic() - placesAt > 1_000) {
          places = new Places(this.#options)
          placesAt = clock.monotonic()
        }
        add(this.#ended, flow, places, 0)
      })
    }
  }

  #stop(): void {
    const events = this.#events
    this.#events = []
    for (const child of events) child.kill('SIGKILL')
    this.#ended = new Map()
    this.#last = undefined
  }
}

function add(edges: Map<string, Counted>, flow: Flow, places: Places, connections: number): void {
  if (!places.isTold(flow.from)) return
  const from = places.endpoint(flow.from)
  const to = places.endpoint(flow.to.ip)
  if (from.kind !== 'pod' && to.kind !== 'pod') return // the machine's own business
  const service = places.serviceOf(flow.asked.ip, flow.asked.port)
  const key = [from.ip ?? '', to.ip ?? '', service ?? '', flow.protocol, flow.to.port].join(' ')
  const edge = edges.get(key)
  if (edge) {
    edge.connections += connections
    edge.bytesSent += flow.bytesSent
    edge.bytesReceived += flow.bytesReceived
  } else if (edges.size < MAX_EDGES) {
    const { protocol, bytesSent, bytesReceived } = flow
    edges.set(key, {
      from,
      to,
      ...(service && { service }),
      protocol,
      port: flow.to.port,
      connections,
      bytesSent,
      bytesReceived,
    })
  }
}

/** @returns conntrack's option for one family */
const only = ({ name }: Family): string[] => ['-f', name.toLowerCase()]

interface SetListing {
  readonly nftables: readonly {
    readonly set?: {
      readonly elem?: readonly {
        readonly elem: {
          readonly val: { readonly concat: readonly [string, string, string, number] }
          readonly counter?: { readonly packets: number }
        }
      }[]
    }
  }[]
}

function deniedEdges(text: string, places: Places): DeniedEdge[] {
  const { nftables } = JSON.parse(text) as SetListing
  return nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem: { val, counter } }) => {
      const [from, to, protocol, port] = val.concat
      return {
        from: places.endpoint(from),
        to: places.endpoint(to),
        protocol: protocol.toUpperCase(),
        port,
        packets: counter?.packets ?? 0,
      }
    }),
  )
}
