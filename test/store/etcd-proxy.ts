// A TCP relay in front of etcd whose line a test can cut, also exactly between a request and its answer.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class CuttableLine implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #open = true
  #loseAnswers = false
  lost = 0

  private constructor(target: number) {
    this.#server = createServer(client => {
      this.#sockets.add(client)
      client.on('error', () => undefined).on('close', () => this.#sockets.delete(client))
      if (!this.#open) return void client.destroy()
      const upstream = connect(target, '127.0.0.1')
      upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
      client.on('close', () => upstream.destroy())
      client.on('data', chunk => upstream.write(chunk))
      upstream.on('data', chunk => {
        if (!this.#loseAnswers) return void client.write(chunk)
        this.#loseAnswers = false
        this.lost++
        client.destroy()
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
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#open = true
  }

  /** Breaks the connection instead of passing on the next thing that etcd says. */
  loseNextAnswer(): void {
    this.#loseAnswers = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await once(this.#server.close(), 'close')
  }
}
