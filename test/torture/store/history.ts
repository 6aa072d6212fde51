// 64 clients on two control planes over an etcd of three members that are killed, frozen and cut off from the others, one
// at a time, and checked as in test/store/consistency.test.ts: `node history.mjs <seed>`.
import { openEtcdEngine } from '../../../src/main/store/etcd/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { EtcdServer } from '../../store/etcd-server.ts'
import { checkHistory } from '../../store/proof/history-check.ts'
import { randomFrom } from '../../support/random.ts'
import { MemberNetworks } from './member-networks.ts'

const seed = Number(process.argv[2] ?? 1)
/** Of all clients together, between one disturbance and the next. */
const EVERY = 1_000
const AWAY_MS = 3_000
const random = randomFrom(seed)
using networks = new MemberNetworks(3)
const cluster = networks.members.map(({ address }, i) => ({
  name: `member-${i}`,
  address,
  clientPort: 2379,
  peerPort: 2380,
}))
const servers = await Promise.all(
  cluster.map((member, i) => EtcdServer.prepare({ member, cluster, command: networks.members[i]!.command })),
)
for (const server of servers) server.launch()
await Promise.all(servers.map(server => server.ready()))
const endpoints = servers.map(({ url }) => url)
const open = async (first: number) =>
  openObjectStore(await openEtcdEngine({ endpoints: [...endpoints.slice(first), ...endpoints.slice(0, first)] }), {
    compactEveryMs: 0,
  })
// Each begins with another member.
const stores = [await open(0), await open(1)]
let [killed, frozen, cutOff] = [0, 0, 0]
let away: Promise<void> | undefined

/** One member at most is away: without a quorum nothing would be written. */
async function sendAway(): Promise<void> {
  const member = Math.floor(random() * servers.length)
  const server = servers[member]!
  const pause = () => new Promise(resolve => setTimeout(resolve, AWAY_MS))
  const what = Math.floor(random() * 3)
  if (what === 0) {
    killed++
    await server.stop()
    await pause()
    server.launch()
  } else if (what === 1) {
    frozen++
    server.signal('SIGSTOP')
    await pause()
    server.signal('SIGCONT')
  } else {
    // Its clients still reach it; it must not tell them what is not so any more.
    cutOff++
    networks.cutOff(member)
    await pause()
    networks.heal()
  }
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
  `seed ${seed}: members killed ${killed} times, frozen ${frozen} times and cut off from the others ${cutOff} times; ${writes} writes acknowledged, ${unanswered} ` +
    `without an answer that were done, ${lists} lists, ${watches} watches resumed ${resumed} times: all fits one order`,
)
