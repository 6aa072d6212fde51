// SPDY/3.1's header blocks: zlib with a dictionary that both ends know, one compression context per direction.
// @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/ section 2.6.10
import { type Deflate, type Inflate, constants, createDeflate, createInflate } from 'node:zlib'

export type Headers = ReadonlyMap<string, string>

const MAX_BLOCK_BYTES = 64 * 1024

const WORDS = [
  'options', 'head', 'post', 'put', 'delete', 'trace', 'accept', 'accept-charset', 'accept-encoding',
  'accept-language', 'accept-ranges', 'age', 'allow', 'authorization', 'cache-control', 'connection',
  'content-base', 'content-encoding', 'content-language', 'content-length', 'content-location', 'content-md5',
  'content-range', 'content-type', 'date', 'etag', 'expect', 'expires', 'from', 'host', 'if-match',
  'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'location',
  'max-forwards', 'pragma', 'proxy-authenticate', 'proxy-authorization', 'range', 'referer', 'retry-after',
  'server', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via', 'warning',
  'www-authenticate', 'method', 'get', 'status', '200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie',
  'keep-alive', 'origin',
] // prettier-ignore
const TAIL =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

const lengthPrefixed = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

export const DICTIONARY = Buffer.concat([...WORDS.map(lengthPrefixed), Buffer.from(TAIL)])

export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({
    dictionary: DICTIONARY,
    flush: constants.Z_SYNC_FLUSH,
    chunkSize: MAX_BLOCK_BYTES,
  })
  #failure: Error | undefined

  constructor() {
    this.#inflate.on('error', error => (this.#failure = error))
  }

  /** Blocks must be given in the order of their frames. @throws Error for a block that is not valid */
  async decode(block: Buffer): Promise<Headers> {
    if (this.#failure) throw this.#failure
    await new Promise<void>((resolve, reject) => {
      // zlib reports bad input by the event only: the callback never comes then.
      this.#inflate.once('error', reject)
      this.#inflate.write(block, () => {
        this.#inflate.off('error', reject)
        resolve()
      })
    })
    const bytes = (this.#inflate.read() as Buffer | null) ?? Buffer.alloc(0)
    if (bytes.length > MAX_BLOCK_BYTES) throw new Error('header block too large')
    return parse(bytes)
  }
  close(): void {
    this.#inflate.destroy()
  }
}

function parse(bytes: Buffer): Headers {
  const headers = new Map<string, string>()
  let at = 4
  const next = () => {
    const length = bytes.readUInt32BE(at)
    const text = bytes.toString('utf8', at + 4, at + 4 + length)
    at += 4 + length
    if (at > bytes.length) throw new Error('header block cut short')
    return text
  }
  for (let left = bytes.readUInt32BE(0); left > 0; left--) {
    const name = next().toLowerCase()
    headers.set(name, next())
  }
  return headers
}

export class HeaderEncoder {
  readonly #deflate: Deflate = createDeflate({ dictionary: DICTIONARY })

  /** Blocks must be sent in the order in which they were encoded. */
  async encode(headers: Headers): Promise<Buffer> {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(headers.size)
    const pairs = [...headers].flatMap(([name, value]) => [lengthPrefixed(name), lengthPrefixed(value)])
    this.#deflate.write(Buffer.concat([count, ...pairs]))
    await new Promise<void>(resolve => this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    return (this.#deflate.read() as Buffer | null) ?? Buffer.alloc(0)
  }
  close(): void {
    this.#deflate.destroy()
  }
}
