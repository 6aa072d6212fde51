// A TCP relay in front of etcd whose line a test can cut, also exactly between a request and its answer.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class CuttableLine implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #open = true
  /** What a request must contain for its answer to be withheld. */
  #withheld: string | undefined

  private constructor(target: number) {
    this.#server = createServer(client => {
      this.#sockets.add(client)
      client.on('error', () => undefined).on('close', () => this.#sockets.delete(client))
      if (!this.#open) return void client.destroy()
      const upstream = connect(target, '127.0.0.1')
      upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
      client.on('close', () => upstream.destroy())
      let deaf = false
      client.on('data', (chunk: Buffer) => {
        if (this.#withheld !== undefined && chunk.includes(this.#withheld)) deaf = true
        upstream.write(chunk)
      })
      upstream.on('data', chunk => {
        if (!deaf) client.write(chunk)
      })
    })
  }

  static async to(port: number): Promise<CuttableLine> {
    const line = new CuttableLine(port)
    await once(line.#server.listen(0, '127.0.0.1'), 'listening')
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  cut(): void {
    this.#open = false
    this.#break()
  }

  mend(): void {
    this.#open = true
  }

  /** The connection that this text is sent over hears nothing any more, while etcd gets all that it is told. */
  withholdAnswersTo(text: string): void {
    this.#withheld = text
  }

  /** Those who wait for what is withheld learn that it is lost. */
  loseWithheld(): void {
    this.#withheld = undefined
    this.#break()
  }

  #break(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await once(this.#server.close(), 'close')
  }
}
