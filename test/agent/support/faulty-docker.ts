// Docker's socket with another one before it, through which faults come: events that never were, an engine that is away.
import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'

const AT_ONCE = 200

export class FaultyDocker implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #events: Socket | undefined
  #isAway = false
  /** Times that somebody asked what containers there are. */
  lists = 0

  constructor(path: string) {
    this.#server = createServer(client => this.#join(client)).listen(path)
  }

  /** Docker ends, and does not come back yet. */
  leave(): void {
    this.#isAway = true
    for (const socket of this.#sockets) socket.destroy()
  }
  comeBack(): void {
    this.#isAway = false
  }

  #join(client: Socket): void {
    if (this.#isAway) return void client.destroy()
    const engine = connect('/var/run/docker.sock')
    for (const socket of [client, engine]) {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.on('data', (data: Buffer) => {
      const head = data.toString('latin1')
      if (head.startsWith('GET /events')) this.#events = client
      if (head.startsWith('GET /containers/json')) this.lists++
    })
    client.pipe(engine).pipe(client)
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
  }

  get isFollowed(): boolean {
    return this.#events !== undefined
  }

  /** @param actions said of the container in turn; resolves when all were taken */
  async say(podUid: string, ID: string, actions: readonly string[], times: number): Promise<void> {
    const stream = this.#events!
    const Attributes = { 'io.kubernetes.pod.uid': podUid }
    for (let at = 0; at < times; at += AT_ONCE) {
      const lines = Array.from({ length: AT_ONCE }, (_, i) =>
        JSON.stringify({ Type: 'container', Action: actions[(at + i) % actions.length], Actor: { ID, Attributes } }),
      ).join('\n')
      // A chunk of its own, between Docker's.
      if (!stream.write(`${(lines.length + 1).toString(16)}\r\n${lines}\n\r\n`)) await once(stream, 'drain')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
