// Backends that see copies of requests (the filter RequestMirror): nobody waits for them, and their answers go nowhere.
import { ServerResponse } from 'node:http'
import { PassThrough, Writable } from 'node:stream'
import type { Clock } from '../../shared/machinery/clock.ts'
import { type Exchange, hasBody, type SentRequest } from './exchange.ts'

/** A copy that is this far behind is given up: the request itself must not wait for it. */
const MAX_BEHIND_BYTES = 1 << 20
/** How long a copy may go on when the request itself is over. */
const LATE_MS = 10_000

export class Copies implements Disposable {
  readonly #clock: Clock
  readonly #open = new Set<Writable>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns an exchange of the same request, whose answer is dropped. To be made before the request is read. */
  of(exchange: Exchange, targets: Exchange['targets']): Exchange {
    const request = copyOf(exchange.request)
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    this.#open.add(nowhere)
    const response = new ServerResponse({ method: request.method } as SentRequest & ServerResponse['req'])
    response.assignSocket(nowhere as unknown as Parameters<ServerResponse['assignSocket']>[0])
    response.once('finish', () => nowhere.destroy()).on('error', () => nowhere.destroy())
    exchange.response.once('close', () => {
      if (!exchange.request.readableEnded) request.destroy()
      const cancel = this.#clock.after(LATE_MS, () => nowhere.destroy())
      nowhere.once('close', cancel)
    })
    nowhere.once('close', () => {
      this.#open.delete(nowhere)
      request.destroy()
    })
    return { ...exchange, request, response, answered: headers => headers, targets }
  }

  [Symbol.dispose](): void {
    for (const each of this.#open) each.destroy()
  }
}

function copyOf(request: SentRequest): SentRequest {
  const { method, headers, httpVersionMajor } = request
  const copy = new PassThrough({ highWaterMark: MAX_BEHIND_BYTES }).on('error', () => undefined)
  if (!hasBody(request)) copy.end()
  // Listening to the body would start it, so that waits until somebody else reads it.
  request.once('resume', () => {
    request.on('data', (chunk: Buffer) => {
      if (copy.writable && !copy.write(chunk)) copy.destroy(new Error('the copy is too far behind'))
    })
  })
  request.once('end', () => copy.end())
  return Object.assign(copy, { method, headers, httpVersionMajor })
}
