// The way from another network namespace of this machine to the API server: a program in there listens on the loopback
// and passes connections on over its standard streams. It is started again when it ends.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Duplex, type Readable } from 'node:stream'
import { createBackoff } from '../../shared/client/backoff.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { type ApiServerAddress, joinApiServer } from '../provisioning/link/join-api-server.ts'
import { serveRelay } from '../provisioning/link/relay.ts'
import type { AgentCommand } from './agent-command.ts'

export interface InwardLinkOptions {
  readonly clock: Clock
  /** Of the program: `agent --relay PORT`. Asked before every start. */
  readonly command: () => Promise<AgentCommand>
  /** Where the API server listens. */
  readonly apiServer: ApiServerAddress
  /** Told when the program ends by itself, with the last line that it wrote. */
  readonly onExit: (line: string) => void
}

const PAUSES = { initialMs: 500, maxMs: 15_000 }

export class InwardLink implements AsyncDisposable {
  readonly #options: InwardLinkOptions
  readonly #pauses = createBackoff(PAUSES)
  #child: ChildProcessWithoutNullStreams | undefined
  #cancelRestart: () => void = () => undefined
  #stopped = false

  constructor(options: InwardLinkOptions) {
    this.#options = options
    void this.#start()
  }

  async #start(): Promise<void> {
    try {
      const command = await this.#options.command()
      if (!this.#stopped) this.#spawn(command)
    } catch (error) {
      this.#ended((error as Error).message)
    }
  }

  #spawn({ command, args, env }: AgentCommand): void {
    const child = spawn(command, [...args], { stdio: 'pipe', env: { ...process.env, ...env } })
    this.#child = child
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = chunk.toString('utf8')))
    child.once('error', error => (said = error.message))
    const program = Duplex.from({ readable: child.stdout as Readable, writable: child.stdin })
    program.on('error', () => child.kill('SIGKILL'))
    serveRelay(program, stream => {
      this.#pauses.reset()
      joinApiServer(stream, this.#options.apiServer)
    })
    child.once('close', code => {
      this.#child = undefined
      program.destroy()
      this.#ended(said.trimEnd().split('\n').at(-1) || `exit code ${code}`)
    })
  }

  #ended(line: string): void {
    if (this.#stopped) return
    const { clock, onExit } = this.#options
    onExit(line)
    this.#cancelRestart = clock.after(this.#pauses.next(), () => void this.#start())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#cancelRestart()
    const child = this.#child
    if (!child) return
    const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
    child.kill('SIGKILL')
    await closed
  }
}
