// Asks the host's DNS servers: over UDP from a fresh random port each time, over TCP when the answer was cut short.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { type Answer, encodeQuestion, parseAnswer, type Query, RCODE } from './message.ts'
import { MessageReader, frame } from './tcp-framing.ts'

export interface UpstreamServer {
  readonly address: string
  readonly port: number
}

const UDP_TIMEOUT_MS = 2_000
const TCP_TIMEOUT_MS = 4_000

/**
 * Asks the servers in turn until one gives a usable answer.
 * @throws Error when none does
 */
export async function askUpstream(
  query: Query,
  servers: readonly UpstreamServer[],
  signal: AbortSignal,
): Promise<Answer> {
  let failure: unknown = new Error('the host has no DNS server')
  let refusal: Answer | undefined
  for (const server of servers) {
    if (signal.aborted) break
    try {
      const answer = await askUdp(query, server, signal)
      const whole = answer.isTruncated ? await askTcp(query, server, signal) : answer
      if (whole.rcode === RCODE.noError || whole.rcode === RCODE.nxDomain) return whole
      refusal ??= whole
    } catch (error) {
      failure = error
    }
  }
  if (refusal) return refusal
  throw failure
}

function askUdp(query: Query, { address, port }: UpstreamServer, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000)
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      socket.close()
      settle()
    }
    const fail = (error: unknown) => finish(() => reject(error as Error))
    const abort = () => fail(signal.reason)
    const timer = setTimeout(() => fail(new Error(`${address} does not answer`)), UDP_TIMEOUT_MS)
    signal.addEventListener('abort', abort)
    socket.on('error', fail)
    socket.on('message', message => {
      let answer: Answer
      try {
        answer = parseAnswer(message, id, query.question)
      } catch {
        return // forged or broken: the real answer may still come
      }
      finish(() => resolve(answer))
    })
    // Connected, so that only this server's packets arrive and a closed port is noticed at once.
    socket.connect(port, address, () => {
      socket.send(encodeQuestion(id, query), error => {
        if (error) fail(error)
      })
    })
  })
}

function askTcp(query: Query, { address, port }: UpstreamServer, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000)
    const reader = new MessageReader()
    const socket = connect({ host: address, port, noDelay: true, signal })
    const fail = (error: unknown) => {
      socket.destroy()
      reject(error as Error)
    }
    socket.setTimeout(TCP_TIMEOUT_MS, () => fail(new Error(`${address} does not answer over TCP`)))
    socket.on('error', fail)
    socket.on('close', () => fail(new Error(`${address} closed the connection`)))
    socket.on('connect', () => socket.write(frame(encodeQuestion(id, query))))
    socket.on('data', chunk => {
      const [message] = reader.push(chunk)
      if (!message) return
      try {
        resolve(parseAnswer(message, id, query.question))
        socket.destroy()
      } catch (error) {
        fail(error)
      }
    })
  })
}
