// A connection that costs its client next to nothing, for benchmarks in which the client shares the processor with what it
// measures: HTTP/1.1 over TLS, one request at a time, and no object made of an answer that nobody looks into.
import { once } from 'node:events'
import { connect } from 'node:tls'

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

export class PlainConnection {
  #socket
  #head
  #received = Buffer.alloc(0)
  #changed = () => undefined
  #closed
  #isEnded = false

  /** @param client says where the server is, and with what to come to it; see lib.mjs */
  static async open({ url, agent, headers = {} }) {
    const { hostname, port, host } = new URL(url)
    const { ca, cert, key } = agent.options
    const identity = cert ? { cert, key } : {}
    const socket = connect({ host: hostname, port, ca, ...identity, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    return new PlainConnection(socket.setNoDelay(), host, headers)
  }

  constructor(socket, host, headers) {
    this.#socket = socket
    this.#head = [`Host: ${host}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join('\r\n')
    const told = () => this.#changed()
    socket.on('data', chunk => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      told()
    })
    socket.on('error', error => (this.#closed = error))
    socket.on('close', () => {
      this.#closed ??= new Error('the server closed the connection')
      told()
    })
  }

  /** @returns the answer's code and body */
  async call(method, path, body) {
    const text = body === undefined ? '' : JSON.stringify(body)
    const about = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#head}\r\n${about}\r\n\r\n${text}`)
    const { code, length, isChunked } = await this.#answer()
    const parts = []
    if (isChunked) for await (const chunk of this.#chunks()) parts.push(chunk)
    else parts.push(await this.#take(length))
    return { code, text: Buffer.concat(parts).toString() }
  }

  /**
   * Opens a watch; no other request can follow.
   * @param onLine called with every line, of which most need not be decoded
   * @param onEnd called when the server ends it
   */
  async watch(path, onLine, onEnd) {
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${this.#head}\r\n\r\n`)
    const { code } = await this.#answer()
    if (code !== 200) throw new Error(`${path} was answered with ${code}`)
    void this.#tell(onLine).then(onEnd, () => this.#isEnded || onEnd())
  }

  async #tell(onLine) {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of this.#chunks()) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()
      for (const line of lines) onLine(line)
    }
  }

  end() {
    this.#isEnded = true
    this.#socket.destroy()
  }

  async #answer() {
    const head = (await this.#until(HEAD_END)).toString('latin1')
    const length = /^content-length: *(\d+)/im.exec(head)?.[1]
    return { code: Number(head.slice(9, 12)), length: Number(length ?? 0), isChunked: length === undefined }
  }

  async *#chunks() {
    for (;;) {
      const size = Number.parseInt((await this.#until(LINE_END)).toString('latin1'), 16)
      const chunk = await this.#take(size + LINE_END.length)
      if (size === 0) return
      yield chunk.subarray(0, size)
    }
  }

  /** @returns all before the mark, and steps over both */
  async #until(mark) {
    let at
    while ((at = this.#received.indexOf(mark)) === -1) await this.#more()
    const before = this.#received.subarray(0, at)
    this.#received = this.#received.subarray(at + mark.length)
    return before
  }

  async #take(bytes) {
    while (this.#received.length < bytes) await this.#more()
    const taken = this.#received.subarray(0, bytes)
    this.#received = this.#received.subarray(bytes)
    return taken
  }

  #more() {
    if (this.#closed) throw this.#closed
    return new Promise((resolve, reject) => {
      this.#changed = () => (this.#closed ? reject(this.#closed) : resolve())
    })
  }
}
