// Whether packets get here, to the port of the nodes' tunnels, from a machine that is no node yet, and some from here to
// there. They are counted before any firewall of this host has its say: the agent opens that once the machine is a node.
import { createSocket } from 'node:dgram'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { bindUdp } from '../bind-udp.ts'
import type { Run } from '../exec.ts'
import { ARRIVALS_TABLE } from '../names.ts'

export interface ArrivalsOptions {
  readonly run: Run
  readonly nodeIP: string
  /** UDP; of the nodes' tunnels. */
  readonly port: number
  readonly clock: Clock
}

/** As many are watched for at a time. */
const MOST = 16
const LOOK_EVERY_MS = 40
const LOOK_FOR_MS = 4_000
/** So many packets are sent after one has come: the other side hears by then. */
const SENT_AFTER = 5
/** Whoever gets it drops it: it is too short for VXLAN and for WireGuard. */
const PACKET = Buffer.from('?')

export class TooManyArrivalsError extends Error {}

/** Ended by dispose, with its rules. */
export class Arrivals implements AsyncDisposable {
  readonly #options: ArrivalsOptions
  readonly #stop = new AbortController()
  readonly #watches = new Set<Promise<unknown>>()
  #next = 1

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** Takes away what an agent that was killed left. */
  async start(): Promise<void> {
    await this.#removeTable()
  }

  /**
   * Watches for packets, for some seconds at most, and sends some all the time.
   * @param address IPv4
   * @returns whether one came
   * @throws TooManyArrivalsError
   */
  from(address: string): Promise<boolean> {
    if (this.#watches.size >= MOST) return Promise.reject(new TooManyArrivalsError('too many are watched for already'))
    const watch = this.#watch(address)
    this.#watches.add(watch)
    const over = () => void this.#watches.delete(watch)
    watch.then(over, over)
    return watch
  }

  async #watch(address: string): Promise<boolean> {
    const { run, nodeIP, port, clock } = this.#options
    const chain = `${ARRIVALS_TABLE} from-${this.#next++}`
    const socket = createSocket('udp4').on('error', () => undefined) // what cannot be sent does not arrive
    await run(['nft', '-f', '-'], {
      input:
        `add table ${ARRIVALS_TABLE}\nadd chain ${chain} { type filter hook prerouting priority -350; }\n` +
        `add rule ${chain} ip saddr ${address} udp dport ${port} counter\n`,
    })
    const hasCome = async () => !/ packets 0 /.test(await run(['nft', 'list', 'chain', ...chain.split(' ')]))
    try {
      await bindUdp(socket, 0, nodeIP)
      let sentAfter = 0
      const until = clock.monotonic() + LOOK_FOR_MS
      while (sentAfter > 0 ? sentAfter < SENT_AFTER : clock.monotonic() < until) {
        socket.send(PACKET, port, address, () => undefined)
        await delay(clock, LOOK_EVERY_MS, this.#stop.signal)
        if (sentAfter > 0 || (await hasCome())) sentAfter++
      }
      return sentAfter > 0
    } finally {
      socket.close()
      await run(['nft', '-f', '-'], { input: `flush chain ${chain}\ndelete chain ${chain}\n` })
    }
  }

  #removeTable(): Promise<string> {
    const input = `add table ${ARRIVALS_TABLE}\ndelete table ${ARRIVALS_TABLE}\n`
    return this.#options.run(['nft', '-f', '-'], { input })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the network ends'))
    await Promise.allSettled(this.#watches)
    await this.#removeTable()
  }
}
