// Requests to an API server as the admin, over whatever leads there: its address, or a stream through SSH.
import { request, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { KubeconfigIdentity } from '../../data-folder/kubeconfig-file.ts'
import { ALWAYS_NAMED } from '../../../shared/machinery/kubeconfig.ts'
import type { OperationEvent } from '../../store/operations/operations.ts'
import { CommandError } from '../../process/usage-error.ts'

export interface ApiEnd {
  readonly identity: Pick<KubeconfigIdentity, 'ca' | 'cert' | 'key'>
  /** For messages. */
  readonly name: string
  /** Default: the TCP connection to `url`. */
  dial?(): Promise<Duplex>
  readonly url?: string
}

const MOVES = '/apis/flotilla.dev/v1/controlplanemoves'
/** A firewall that drops what it does not know leaves a connection without any answer for minutes. */
const READY_ANSWER_MS = 5_000

async function call(
  end: ApiEnd,
  method: string,
  path: string,
  { body, signal }: { readonly body?: object; readonly signal?: AbortSignal } = {},
): Promise<IncomingMessage> {
  const { identity, dial, url = 'https://localhost:6443' } = end
  const { ca, cert, key } = identity
  const tls = { ca, cert, key, servername: ALWAYS_NAMED }
  const stream = await dial?.()
  const socket = stream && connectTls({ ...tls, socket: stream })
  const options: RequestOptions = {
    ...tls,
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    signal,
    ...(socket ? { createConnection: () => socket } : { agent: false }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, options, resolve)
    sent.once('error', error => reject(new CommandError(`${end.name} does not answer: ${error.message}`)))
    sent.end(body && JSON.stringify(body))
  })
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const refusal = ({ name }: ApiEnd, code: number | undefined, text: string): CommandError => {
  try {
    const { message } = JSON.parse(text) as { message?: string }
    if (message) return new CommandError(message)
  } catch {
    // not from an API server
  }
  return new CommandError(`${name} answered ${code}: ${text.slice(0, 200)}`)
}

/** @returns false while it is not there, not ready yet, or silent */
export const isReady = (end: ApiEnd): Promise<boolean> =>
  call(end, 'GET', '/readyz', { signal: AbortSignal.timeout(READY_ANSWER_MS) }).then(
    answer => {
      answer.resume()
      return answer.statusCode === 200
    },
    () => false,
  )

export interface HeldCluster {
  readonly events: AsyncIterable<OperationEvent>
  /** Writes go on there, unless the move was committed. */
  release(): void
}

/** Everything of the cluster; from here to `release`, nothing changes there. @throws CommandError */
export async function beginMove(
  end: ApiEnd,
  move: { readonly id: string; readonly to: string; readonly servers: readonly string[] },
): Promise<HeldCluster> {
  const answer = await call(end, 'POST', MOVES, { body: { action: 'begin', ...move } })
  if (answer.statusCode !== 200) throw refusal(end, answer.statusCode, await textOf(answer))
  return { events: eventsOf(answer, end), release: () => void answer.destroy() }
}

/** @throws CommandError: then nothing is decided, or the next attempt finds out what was */
export async function commitMove(
  end: ApiEnd,
  move: { readonly id: string; readonly to: string; readonly servers: readonly string[] },
): Promise<void> {
  const answer = await call(end, 'POST', MOVES, { body: { action: 'commit', ...move } })
  const text = await textOf(answer)
  if (answer.statusCode !== 200) throw refusal(end, answer.statusCode, text)
}

/** Ends after the result, with the answer left open. */
async function* eventsOf(answer: IncomingMessage, { name }: ApiEnd): AsyncGenerator<OperationEvent, void> {
  let rest = ''
  const decoder = new TextDecoder()
  const chunks = answer.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = JSON.parse(line) as OperationEvent
      if (event.type === 'error') throw new CommandError(event.message)
      yield event
      if (event.type === 'result') return
    }
  }
  throw new CommandError(`${name} went away before everything was read`)
}
