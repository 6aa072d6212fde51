// What runs in the cluster answers here under the server's own origin: what such an answer may not say.
import type { Duplex } from 'node:stream'

/** What an answer may not do in the name of this server: set its cookies, clear its data, open it to other origins. */
const KEPT_BACK =
  /^(set-cookie|clear-site-data|service-worker-allowed|strict-transport-security|content-security-policy|access-control-.*|(alt|report)-.*|reporting-endpoints|nel)$/

export const isKeptBack = (header: string): boolean => KEPT_BACK.test(header.toLowerCase())

/** A browser that shows it must treat it as a stranger's page, or its scripts would act with the session of its reader. */
export const SANDBOX = 'sandbox allow-scripts allow-forms allow-popups allow-downloads allow-modals'

/** Of all heads of an answer: those before the last are passed on whether or not the client reads them. */
const MAX_HEAD_BYTES = 64 * 1024
const HEAD_END = '\r\n\r\n'
const STATUS = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):/

interface Head {
  readonly code: number
  readonly text: string
  /** Another head follows: this one was only a sign of life. */
  readonly isInterim: boolean
}

/** @returns undefined for what is no head of an answer */
function withoutKeptBack(head: string): Head | undefined {
  const [first = '', ...lines] = head.split(/\r\n|\r|\n/)
  const code = Number(STATUS.exec(first)?.[1])
  if (Number.isNaN(code)) return undefined
  const isRefusal = code >= 200
  const kept = lines.filter(line => {
    const name = HEADER.exec(line)?.[1]
    return name !== undefined && !isKeptBack(name) && !(isRefusal && /^(connection|keep-alive)$/i.test(name))
  })
  if (isRefusal) kept.push(`Content-Security-Policy: ${SANDBOX}`, 'Connection: close')
  return { code, text: [first, ...kept].join('\r\n') + HEAD_END, isInterim: code < 200 && code !== 101 }
}

/**
 * Passes on what answers an upgrade: once its head is through, its bytes are the client's.
 * @returns the answer's code, when its head is through; 502 for what was none
 */
export const passAnswer = (from: Duplex, to: Duplex): Promise<number> =>
  new Promise(resolve => {
    from.once('close', () => resolve(502)).once('end', () => resolve(502))
    passHeads(from, to, resolve)
  })

function passHeads(from: Duplex, to: Duplex, answered: (code: number) => void): void {
  let waiting = Buffer.alloc(0)
  let left = MAX_HEAD_BYTES
  const hear = (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    for (;;) {
      const end = waiting.indexOf(HEAD_END)
      if ((end === -1 ? waiting.length : end) > left) return void from.destroy()
      if (end === -1) return
      const head = withoutKeptBack(waiting.toString('latin1', 0, end))
      if (!head) return void from.destroy()
      to.write(head.text, 'latin1')
      waiting = waiting.subarray(end + HEAD_END.length)
      left -= end + HEAD_END.length
      if (head.isInterim) continue
      from.off('data', hear)
      if (waiting.length > 0) to.write(waiting)
      answered(head.code)
      return void from.pipe(to)
    }
  }
  from.on('data', hear)
  from.once('end', () => to.end())
}
