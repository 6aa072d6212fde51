// Calls of one extender: JSON that is posted, over connections that are kept.
import { readFile } from 'node:fs/promises'
import { parseJson, encodeJson } from '../../../shared/machinery/json-text.ts'
import { messageOf } from '../../../shared/machinery/message-of.ts'
import { trusting } from '../../pki/trust.ts'
import type { ExtenderConfiguration, ExtenderTls, PemSource } from '../config/extenders.ts'

type Dispatcher = import('undici').Agent

/** With the nodes of a large cluster in it. */
const MOST_ANSWER_BYTES = 64 << 20

const pemOf = async (source: PemSource | undefined) =>
  source && ('pem' in source ? source.pem : await readFile(source.file, 'utf8'))

async function connectWith({ insecure, serverName, ...pem }: ExtenderTls): Promise<Dispatcher> {
  const [{ Agent }, cert, key, ca] = await Promise.all([
    import('undici'),
    pemOf(pem.cert),
    pemOf(pem.key),
    pemOf(pem.ca),
  ])
  return new Agent({
    maxResponseSize: MOST_ANSWER_BYTES,
    connect: {
      ...trusting(ca),
      ...(cert && key ? { cert, key } : {}),
      ...(serverName ? { servername: serverName } : {}),
      rejectUnauthorized: !insecure,
    },
  })
}

export class ExtenderCalls {
  readonly #given: ExtenderConfiguration
  readonly #signal: AbortSignal
  #dispatcher: Promise<Dispatcher> | undefined

  /** Connections end with the signal. */
  constructor(given: ExtenderConfiguration, signal: AbortSignal) {
    this.#given = given
    this.#signal = signal
    const close = () => void this.#dispatcher?.then(dispatcher => dispatcher.destroy()).catch(() => undefined)
    signal.addEventListener('abort', close, { once: true })
  }

  /** @throws Error in upstream's words, where it has any */
  async post(verb: string, body: unknown): Promise<unknown> {
    const url = `${this.#given.urlPrefix}/${verb}`
    const code = await this.#exchange(url, encodeJson(body)).catch((error: unknown) => {
      throw new Error(`Post "${url}": ${this.#reasonOf(error)}`, { cause: error })
    })
    if (code.status !== 200) throw new Error(`failed ${verb} with extender at URL ${url}, code ${code.status}`)
    return parseJson(code.text)
  }

  async #exchange(url: string, body: string): Promise<{ status: number; text: string }> {
    this.#dispatcher ??= connectWith(this.#given.tls)
    // A file that cannot be read may be there the next time.
    this.#dispatcher.catch(() => (this.#dispatcher = undefined))
    const dispatcher = await this.#dispatcher
    const { request } = await import('undici')
    const answer = await request(url, {
      ...{ dispatcher, body, method: 'POST', headers: { 'content-type': 'application/json' } },
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(this.#given.timeoutMs)]),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }

  #reasonOf(error: unknown): string {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return isLate ? `no answer within ${this.#given.timeoutMs} ms` : messageOf(error)
  }
}
