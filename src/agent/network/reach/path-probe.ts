// Whether pods' packets reach another node: asks it on an address of the pod network kept for that, over the way that
// pods' packets take while nothing is relayed.
import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { VXLAN_PORT } from '../../../shared/machinery/node-network.ts'
import { PROBE_PORT, PROBE_SOURCE_PORT } from '../names.ts'
import { probeAddressOf } from '../node-routes.ts'
import { type TunnelEnd, vxlanProbe } from './vxlan-packet.ts'
import { bindUdp } from '../bind-udp.ts'

export interface ProbeTarget {
  readonly nodeIP: string
  readonly podCIDR: string
  /** Pods' packets go through the tunnel, not by a route. */
  readonly isTunnelled: boolean
}

export interface PathProbeOptions {
  readonly nodeIP: string
  readonly podCIDR: string
  readonly clock: Clock
}

/** `flotilla`, 1 = question or 2 = answer, 8 bytes that an answer repeats. */
const MAGIC = Buffer.from('flotilla')
const QUESTION = 1
const ANSWER = 2
const MESSAGE_BYTES = MAGIC.length + 1 + 8
const ANSWER_WITHIN_MS = 1_000
/** An answer that comes within this proves the way as well: the other agent was late, nothing was dropped. */
const LATE_WITHIN_MS = 15_000
/** An agent that was not let run has timers and answers due at once: it reads before it takes that for silence. */
const READ_WITHIN_MS = 50

export class PathProbe implements AsyncDisposable {
  readonly #options: PathProbeOptions
  readonly #own: TunnelEnd
  /** In the pod network: asks and answers. */
  readonly #inside = createSocket('udp4')
  /** On the node's own network: sends questions in packets of the tunnel. The rules know its port. */
  readonly #outside = createSocket('udp4')
  /** Question → what an answer does, and what ends the wait for it. */
  readonly #waiting = new Map<string, () => void>()
  readonly #cancels = new Map<string, () => void>()

  constructor(options: PathProbeOptions) {
    this.#options = options
    this.#own = { nodeIP: options.nodeIP, innerIP: probeAddressOf(options.podCIDR) }
    for (const socket of [this.#inside, this.#outside]) socket.on('error', () => undefined) // no answer comes then
    this.#inside.on('message', (message, from) => this.#heard(message, from))
  }

  async start(): Promise<void> {
    await bindUdp(this.#inside, PROBE_PORT, this.#own.innerIP)
    await bindUdp(this.#outside, PROBE_SOURCE_PORT, '0.0.0.0')
  }

  /**
   * @param late called when the answer comes after all
   * @returns whether an answer came in time
   */
  reaches({ nodeIP, podCIDR, isTunnelled }: ProbeTarget, late: () => void = () => undefined): Promise<boolean> {
    const nonce = randomBytes(8)
    const key = nonce.toString('hex')
    const question = Buffer.concat([MAGIC, Buffer.from([QUESTION]), nonce])
    const innerIP = probeAddressOf(podCIDR)
    return new Promise(resolve => {
      const { clock } = this.#options
      const forget = () => {
        this.#cancels.get(key)?.()
        this.#cancels.delete(key)
        this.#waiting.delete(key)
      }
      const wait = (ms: number, then: () => void) => this.#cancels.set(key, clock.after(ms, then))
      const answered = (tell: () => void) => () => {
        forget()
        tell()
      }
      const giveUp = () => {
        this.#waiting.set(key, answered(late))
        wait(LATE_WITHIN_MS, forget)
        resolve(false)
      }
      this.#waiting.set(key, answered(() => resolve(true))) // prettier-ignore
      wait(ANSWER_WITHIN_MS, () => wait(READ_WITHIN_MS, giveUp))
      const sent = () => undefined // a failure to send is a question without an answer
      if (isTunnelled)
        this.#outside.send(vxlanProbe(this.#own, { nodeIP, innerIP }, PROBE_PORT, question), VXLAN_PORT, nodeIP, sent)
      else this.#inside.send(question, PROBE_PORT, innerIP, sent)
    })
  }

  #heard(message: Buffer, { address, port }: RemoteInfo): void {
    if (message.length !== MESSAGE_BYTES || !message.subarray(0, MAGIC.length).equals(MAGIC)) return
    const nonce = message.subarray(MAGIC.length + 1)
    if (message[MAGIC.length] === ANSWER) this.#waiting.get(nonce.toString('hex'))?.()
    else this.#inside.send(Buffer.concat([MAGIC, Buffer.from([ANSWER]), nonce]), port, address, () => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cancel of this.#cancels.values()) cancel()
    await Promise.all([this.#inside, this.#outside].map(socket => new Promise<void>(done => socket.close(done))))
  }
}
