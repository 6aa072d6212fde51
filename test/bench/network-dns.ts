// How many questions a second the node's DNS server answers, and how fast, with 1,000 Services.
import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { fileURLToPath } from 'node:url'
import type { Service } from '../../src/shared/api/core/v1.ts'
import { DnsServer } from '../../src/agent/dns/server.ts'
import { ClusterView } from '../../src/agent/network/cluster-view.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { service } from '../network/lab/objects.ts'

const SECONDS = 5
const IN_FLIGHT = 64

interface Question {
  readonly port: number
  readonly name: string
}

interface Result {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/** A question for an A record. */
function query(id: number, name: string): Buffer {
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const labels = name.split('.').map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])])
}

/** The client, in a process of its own: so many questions are always under way. */
function ask({ port, name }: Question): void {
  const socket = createSocket('udp4')
  const sent = new Map<number, number>()
  const latencies: number[] = []
  let id = 0
  const send = () => {
    id = (id + 1) & 0xffff
    sent.set(id, performance.now())
    const message = query(id, name.replace('#', String(id % 1000)))
    socket.send(message, port, '127.0.0.1')
  }
  const until = performance.now() + SECONDS * 1000
  socket.on('message', answer => {
    const at = sent.get(answer.readUInt16BE(0))
    if (at !== undefined) latencies.push(performance.now() - at)
    sent.delete(answer.readUInt16BE(0))
    if (performance.now() < until) return send()
    if (sent.size > 0) return
    socket.close()
    latencies.sort((a, b) => a - b)
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0
    process.send?.({
      perSecond: latencies.length / SECONDS,
      p50: latencies[latencies.length >> 1] ?? 0,
      p99,
      count: latencies.length,
    })
  })
  for (let i = 0; i < IN_FLIGHT; i++) send()
}

async function measure(): Promise<void> {
  const view = new ClusterView()
  for (let i = 0; i < 1_000; i++)
    view.putService(service(`svc${i}`, { type: 'ClusterIP', clusterIP: `10.96.${i >> 8}.${i & 255}`, ports: [] }) as unknown as Service) // prettier-ignore
  const dns = new DnsServer({ view, addresses: ['127.0.0.1'], families: ['IPv4'], port: 0, zone: 'cluster.local', ownRanges: [], log: silentLog, upstream: [] }) // prettier-ignore
  await dns.start()
  for (const [what, name] of [
    ['services', 'svc#.default.svc.cluster.local'],
    ['names that do not exist', 'nothing#.default.svc.cluster.local'],
  ]) {
    const before = process.cpuUsage()
    const client = fork(fileURLToPath(import.meta.url), [JSON.stringify({ port: dns.port, name })])
    const { perSecond, p50, p99, count } = await new Promise<Result>((resolve, reject) =>
      client.once('message', result => resolve(result as Result)).once('error', reject),
    )
    const { user, system } = process.cpuUsage(before)
    console.log(
      `dns: ${what}: ${Math.round(perSecond)} answers/s with ${IN_FLIGHT} under way, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ${((user + system) / count).toFixed(0)} µs of processor an answer (aim 10,000/s; the client shares the cores)`,
    )
  }
  await dns[Symbol.asyncDispose]()
}

const given = process.argv[2]
if (given === undefined) await measure()
else ask(JSON.parse(given) as Question)
