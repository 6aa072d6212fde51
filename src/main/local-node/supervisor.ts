// Keeps the agent's process running: restarts it with growing pauses, and ends it with the control plane.
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { AgentCommand } from './agent-command.ts'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** An agent that ran this long starts over with the first pause. */
const STABLE_MS = 60_000
const STOP_TIMEOUT_MS = 8_000
/** The agent's exit code when the machine is a node of another cluster. */
const MACHINE_TAKEN = 3

export interface SupervisorOptions {
  readonly clock: Clock
  /** Asked before every start, so that it can first remove what an earlier run left behind. */
  readonly command: () => Promise<AgentCommand>
  readonly logPath: string
  /**
   * Told when the agent ends by itself, with the last line that it wrote; it is started again later. That another cluster
   * has the machine is told once, however often it is tried.
   */
  readonly onExit: (line: string, machineTaken: boolean) => void
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions
  #child: ChildProcess | undefined
  #pauseMs = FIRST_PAUSE_MS
  #cancelRestart: () => void = () => undefined
  /** Why the machine was not to be had the last time. */
  #refusal: string | undefined
  #stopped = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    mkdirSync(dirname(options.logPath), { recursive: true, mode: 0o700 })
    void this.#start()
  }

  async #start(): Promise<void> {
    const startedMs = this.#options.clock.monotonic()
    try {
      const command = await this.#options.command()
      if (!this.#stopped) this.#spawn(command, startedMs)
    } catch (error) {
      this.#ended((error as Error).message, startedMs)
    }
  }

  #spawn({ command, args, env }: AgentCommand, startedMs: number): void {
    const log = createWriteStream(this.#options.logPath, { flags: 'a', mode: 0o600 })
    // The agent ends when its standard input does, so it never outlives a control plane that was killed.
    const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.#child = child
    let lastLine = ''
    const collect = (chunk: Buffer) => {
      log.write(chunk)
      lastLine = chunk.toString('utf8').trimEnd().split('\n').at(-1) ?? lastLine
    }
    log.on('error', () => undefined) // a full disk must not end the control plane
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.stdin.on('error', () => undefined) // the agent's own exit is told by 'close'
    child.once('error', error => (lastLine = error.message))
    child.once('close', code => {
      log.end()
      this.#child = undefined
      this.#ended(lastLine || `exit code ${code}`, startedMs, code === MACHINE_TAKEN)
    })
  }

  #ended(line: string, startedMs: number, machineTaken = false): void {
    if (this.#stopped) return
    const { clock, onExit } = this.#options
    if (clock.monotonic() - startedMs > STABLE_MS) this.#pauseMs = FIRST_PAUSE_MS
    if (!machineTaken || line !== this.#refusal) onExit(line, machineTaken)
    this.#refusal = machineTaken ? line : undefined
    this.#cancelRestart = clock.after(this.#pauseMs, () => void this.#start())
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  /** Ends the agent; pods keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#cancelRestart()
    const child = this.#child
    if (!child) return
    const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
    child.stdin?.end()
    child.kill('SIGTERM')
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, () => child.kill('SIGKILL'))
    await closed
    cancel()
  }
}
