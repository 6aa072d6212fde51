// 64 clients on two control planes over an etcd of three members that are killed and frozen, one at a time, and checked
// as in test/store/consistency.test.ts: `node history.mjs <seed>`.
import { openEtcdEngine } from '../../../src/main/store/etcd/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { EtcdServer, freePorts } from '../../store/etcd-server.ts'
import { checkHistory } from '../../store/proof/history-check.ts'
import { randomFrom } from '../../support/random.ts'

const seed = Number(process.argv[2] ?? 1)
/** Of all clients together, between one disturbance and the next. */
const EVERY = 1_000
const AWAY_MS = 3_000
const random = randomFrom(seed)
const ports = await freePorts(6)
const cluster = ['one', 'two', 'three'].map((name, i) => ({
  name,
  clientPort: ports[2 * i]!,
  peerPort: ports[2 * i + 1]!,
}))
const servers = await Promise.all(cluster.map(member => EtcdServer.prepare({ member, cluster })))
for (const server of servers) server.launch()
await Promise.all(servers.map(server => server.ready()))
const endpoints = servers.map(({ url }) => url)
const open = async () => openObjectStore(await openEtcdEngine({ endpoints }), { compactEveryMs: 0 })
const stores = [await open(), await open()]
let [killed, frozen] = [0, 0]
let away: Promise<void> | undefined

/** One member at most is away: without a quorum nothing would be written. */
async function sendAway(): Promise<void> {
  const server = servers[Math.floor(random() * servers.length)]!
  const kill = random() < 0.5
  if (kill) {
    killed++
    await server.stop()
  } else {
    frozen++
    server.signal('SIGSTOP')
  }
  await new Promise(resolve => setTimeout(resolve, AWAY_MS))
  if (kill) server.launch()
  else server.signal('SIGCONT')
  await server.ready()
  away = undefined
}

const figures = await checkHistory({
  stores,
  seed,
  operations: 200,
  disturb: done => {
    if (done % EVERY === EVERY / 2) away ??= sendAway()
  },
})
await away
for (const store of stores) await store[Symbol.asyncDispose]()
for (const server of servers) await server[Symbol.asyncDispose]()
const { writes, unanswered, lists, watches, resumed } = figures
console.log(
  `seed ${seed}: members killed ${killed} times and frozen ${frozen} times; ${writes} writes acknowledged, ${unanswered} ` +
    `without an answer that were done, ${lists} lists, ${watches} watches resumed ${resumed} times: all fits one order`,
)
