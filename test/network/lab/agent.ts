// The program that a test host runs: the node's network alone, fed with objects over stdin instead of an API server.
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import type { Client, List } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import type { WatchFrame } from '../../../src/shared/client/transport.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { run } from '../../../src/agent/network/exec.ts'
import { cleanUpNetwork } from '../../../src/agent/network/clean-up.ts'
import type { NetworkOptions } from '../../../src/agent/network/contract.ts'
import { startNetwork } from '../../../src/agent/network/network.ts'
import { preflight } from '../../../src/agent/network/preflight.ts'
import type { HostPort, PodSandbox } from '../../../src/agent/contracts.ts'

export interface AgentConfig {
  readonly network: Omit<NetworkOptions, 'client' | 'informers' | 'log' | 'apiServers'>
  readonly apiServers: { host: string; port: number }[]
  /** Folder of the agents' sockets, by which they reach each other as over a control plane. */
  readonly relayFolder?: string
  /** The API server does not answer at all. */
  readonly offline?: boolean
}

export type AgentCommand =
  | { id: number; do: 'put' | 'delete'; plural: string; object: AnyObject }
  | { id: number; do: 'setUp'; sandbox: PodSandbox }
  | { id: number; do: 'retain'; podUids: string[] }
  | { id: number; do: 'tearDown' | 'addressesOf'; podUid: string }
  | { id: number; do: 'arrivals'; from: string }
  | { id: number; do: 'hostPorts'; podUid: string; podIPs: string[]; ports: HostPort[] }
  | { id: number; do: 'isolate'; pod: Pod }
  | {
      id: number
      do:
        | 'cleanUp'
        | 'preflight'
        | 'connections'
        | 'metrics'
        | 'relayed'
        | 'wireguard'
        | 'problem'
        | 'ipv6Problem'
        | 'stop'
    }

/** Lists nothing and watches what the test puts: the informers' own behaviour is real. */
class FedClient {
  readonly #waiting = new Map<string, ((frame: WatchFrame) => void)[]>()
  readonly #kept = new Map<string, Map<string, AnyObject>>()
  readonly #offline: boolean
  #revision = 1
  constructor(offline: boolean) {
    this.#offline = offline
  }

  push(type: 'put' | 'delete', plural: string, given: AnyObject): void {
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: String(++this.#revision) } }
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
    const kept = this.#kept.get(plural) ?? new Map<string, AnyObject>()
    this.#kept.set(plural, kept)
    const known = kept.has(key)
    if (type === 'put') kept.set(key, object)
    else kept.delete(key)
    const frame: WatchFrame = { type: type === 'delete' ? 'DELETED' : known ? 'MODIFIED' : 'ADDED', object }
    for (const send of this.#waiting.get(plural) ?? []) send(frame)
  }

  async list(type: ResourceType<unknown>): Promise<List<AnyObject>> {
    if (this.#offline) throw new Error('the API server is away')
    return { items: [...(this.#kept.get(type.plural)?.values() ?? [])], resourceVersion: String(this.#revision) }
  }

  async *watch(type: ResourceType<unknown>, query: { signal?: AbortSignal }): AsyncGenerator<WatchFrame> {
    const frames: WatchFrame[] = []
    let wake: () => void = () => undefined
    const sends = this.#waiting.get(type.plural) ?? []
    this.#waiting.set(type.plural, sends)
    sends.push(frame => {
      frames.push(frame)
      wake()
    })
    query.signal?.addEventListener('abort', () => wake())
    while (!query.signal?.aborted) {
      const frame = frames.shift()
      if (frame) yield frame
      else await new Promise<void>(resolve => (wake = resolve))
    }
  }
}

const config = JSON.parse(process.argv[2] ?? '{}') as AgentConfig
const client = new FedClient(config.offline ?? false)
const informers = new InformerFactory(client as unknown as Client, systemClock)
const stop = new AbortController()
const write = (fields: object, message: string) =>
  process.stderr.write(
    `${message} ${JSON.stringify(fields, (_key, v: unknown) => (v instanceof Error ? v.stack : v))}\n`,
  )
informers.start(stop.signal)
const { relayFolder } = config
const ownName = config.network.identity.nodeName
const dialNode = (nodeName: string) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect(join(relayFolder ?? '', `${nodeName}.sock`))
    socket.once('error', reject).once('connect', () => {
      socket.write(`${ownName.padEnd(64)}`)
      resolve(socket)
    })
  })
const network = await startNetwork({
  ...config.network,
  ...(relayFolder && { dialNode }),
  client: client as unknown as Client,
  informers,
  apiServers: () => config.apiServers,
  log: { debug: write, info: write, warn: write, error: write },
})
const relayServer = createServer(socket => {
  socket.on('error', () => socket.destroy())
  socket.once('readable', () => network.acceptRelay(String(socket.read(64)).trim(), socket))
})
if (relayFolder) relayServer.listen(join(relayFolder, `${ownName}.sock`))
if (!config.offline) await informers.synced()
process.stdout.write(`${JSON.stringify({ id: 0 })}\n`)

async function handle(command: AgentCommand): Promise<unknown> {
  if (command.do === 'put' || command.do === 'delete') return client.push(command.do, command.plural, command.object)
  if (command.do === 'setUp') return await network.podNetwork.setUp(command.sandbox)
  if (command.do === 'retain') return await network.podNetwork.retain(new Set(command.podUids))
  if (command.do === 'problem') return network.podNetwork.problem
  if (command.do === 'ipv6Problem') return network.ipv6Problem
  if (command.do === 'tearDown') return await network.podNetwork.tearDown(command.podUid)
  if (command.do === 'addressesOf') return network.podNetwork.addressesOf(command.podUid)
  if (command.do === 'hostPorts') return await network.hostPorts(command.podUid, command.podIPs, command.ports)
  if (command.do === 'isolate') return await network.isolate(command.pod)
  if (command.do === 'arrivals') return await network.arrivals(command.from)
  if (command.do === 'connections') return await network.connections()
  if (command.do === 'metrics') return await network.metrics()
  if (command.do === 'relayed') return network.relayed()
  if (command.do === 'wireguard') return network.wireguard && { ...network.wireguard }
  if (command.do === 'preflight')
    return await preflight(run, { ranges: config.network, backend: config.network.backend })
  stop.abort(new Error('stop'))
  await network[Symbol.asyncDispose]()
  relayServer.close()
  if (command.do === 'cleanUp') await cleanUpNetwork(config.network)
  setImmediate(() => process.exit(0))
  return undefined
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as AgentCommand
  handle(command).then(
    result => process.stdout.write(`${JSON.stringify({ id: command.id, result })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ id: command.id, error: String(error) })}\n`),
  )
}
