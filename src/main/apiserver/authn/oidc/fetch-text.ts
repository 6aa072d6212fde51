// What an issuer has at one of its addresses.
import { request as httpsRequest } from 'node:https'
import { trusting } from '../../../pki/trust.ts'
import { withoutUpgrade } from '../../../../shared/machinery/unasked-upgrade.ts'

const FETCH_MS = 10_000
const MAX_BYTES = 1024 * 1024

/**
 * @param caPem absent = the authorities that this machine trusts
 * @throws Error that says what went wrong
 */
export function fetchText(
  url: string,
  caPem: string | undefined,
  headers: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(FETCH_MS)
    const sent = httpsRequest(url, { signal, agent: false, headers, ...trusting(caPem) }, answer => {
      const chunks: Buffer[] = []
      let length = 0
      answer.on('error', reject)
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_BYTES) sent.destroy(new Error(`${url} is too long`))
      })
      answer.on('end', () => {
        if (answer.statusCode !== 200) return reject(new Error(`${url} answers ${answer.statusCode ?? 0}`))
        resolve(Buffer.concat(chunks).toString('utf8'))
      })
    })
    withoutUpgrade(sent).on('error', reject)
    sent.end()
  })
}
