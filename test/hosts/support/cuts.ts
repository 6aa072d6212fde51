// Connections that are cut while a step of the product is at work on a host, of which the host is not told.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { SshConnection } from '../../../src/main/provisioning/ssh/connection.ts'
import type { RunOptions } from '../../../src/main/provisioning/ssh/run-script.ts'
import type { Step, StepContext } from '../../../src/main/provisioning/steps/contract.ts'
import { settle } from '../../support/manual-clock.ts'

/** A port of this machine that leads to an SSH server. */
export class Line implements Disposable {
  readonly #server: Server
  readonly #open = new Map<Socket, Socket>()
  /** Ends of connections that were cut: their hosts wait for more. */
  readonly #waiting: Socket[] = []
  /** Bytes that have left for the host. */
  sent = 0

  private constructor(host: string) {
    this.#server = createServer(near => {
      const far = connect({ host, port: 22, noDelay: true })
      this.#open.set(near, far)
      near.on('data', chunk => far.write(chunk, () => (this.sent += chunk.length)))
      far.pipe(near)
      near.on('error', () => undefined).once('close', () => this.#open.delete(near))
      far.on('error', () => undefined).once('close', () => near.destroy())
    })
  }
  static async to(host: string): Promise<Line> {
    const line = new Line(host)
    await new Promise<void>(resolve => line.#server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }
  /** Connections that stand. */
  get open(): number {
    return this.#open.size
  }
  cut(): void {
    for (const [near, far] of this.#open) {
      far.unpipe().pause()
      this.#waiting.push(far)
      near.resetAndDestroy()
    }
  }
  /** The host hears that they are over, as by its own keepalives, much later. */
  tellHost(): void {
    for (const far of this.#waiting.splice(0)) far.destroy()
  }
  [Symbol.dispose](): void {
    this.#server.close()
    for (const end of [...this.#open].flat()) end.destroy()
    this.tellHost()
  }
}

/** How much of what is sent as a stream goes out before the cut. */
const PART_BYTES = 256 << 10

/** Cuts a line once at each command that a step begins, when what it needs is there and its outcome is not known here. */
export class Cuts implements Disposable {
  readonly #line: Line
  /** Commands that were cut off, as `step script`. */
  readonly #done = new Set<string>()
  /** The step that is at work. */
  readonly #at = new AsyncLocalStorage<{ readonly name: string; commands: number; isOver: boolean }>()
  readonly #undo: (() => void)[] = []
  readonly #watched = new Set<Step>()
  /** Whether it was cut; true while nothing is to be. */
  #isCut = true
  /** Names of steps that were cut off. */
  readonly steps = new Set<string>()

  constructor(line: Line, steps: Iterable<Step>) {
    this.#line = line
    this.watch(steps)
    const { run } = SshConnection.prototype
    const toRun = (connection: SshConnection, script: string, options: RunOptions): RunOptions => {
      const at = this.#at.getStore()
      if (!at || at.isOver) return options
      at.commands++
      return this.#begin(at.name, script) ? { ...options, input: this.#input(connection, options.input) } : options
    }
    SshConnection.prototype.run = function (script: string, options: RunOptions = {}) {
      return run.call(this, script, toRun(this, script, options))
    }
    this.#undo.push(() => void (SshConnection.prototype.run = run))
  }

  /** Cuts once. @returns whether there was something left to cut off */
  async during(work: () => Promise<unknown>): Promise<boolean> {
    this.#isCut = false
    await work()
    const was = this.#isCut
    this.#isCut = true
    return was
  }

  watch(steps: Iterable<Step>): void {
    for (const step of steps) if (!this.#watched.has(step)) this.#watch(step)
  }

  #watch(step: Step): void {
    this.#watched.add(step)
    const { apply } = step
    step.apply = async (context: StepContext) => {
      const at = { name: step.name, commands: 0, isOver: false }
      try {
        await this.#at.run(at, () => apply.call(step, context))
        // It is done through the API server alone.
        if (at.commands === 0 && this.#begin(step.name, '')) this.#line.cut()
      } finally {
        at.isOver = true
      }
    }
    this.#undo.push(() => void (step.apply = apply))
  }

  #begin(step: string, script: string): boolean {
    const command = `${step} ${script}`
    if (this.#isCut || this.#done.has(command)) return false
    this.#isCut = true
    this.#done.add(command)
    this.steps.add(step)
    return true
  }

  /** Read when the command has begun on the host. */
  #input(connection: SshConnection, input: RunOptions['input']): Readable {
    const line = this.#line
    async function* given(): AsyncGenerator<Buffer> {
      let bytes = 0
      for await (const chunk of Readable.from(input ?? [])) {
        yield Buffer.from(chunk as string | Buffer)
        if (input instanceof Readable && (bytes += (chunk as Buffer).length) > PART_BYTES) break
      }
      // It is on its way through this process.
      for (let sent = -1; sent !== line.sent; await settle()) sent = line.sent
      line.cut()
      await connection.closed
    }
    return Readable.from(given())
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo()
  }
}
