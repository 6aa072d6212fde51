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
  readonly command: () => AgentCommand
  readonly logPath: string
  /** Told when the agent ends by itself, with the last line that it wrote; it is started again later. */
  readonly onExit: (line: string, machineTaken: boolean) => void
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions
  #child: ChildProcess | undefined
  #pauseMs = FIRST_PAUSE_MS
  #cancelRestart: () => void = () => undefined
  #stopped = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    mkdirSync(dirname(options.logPath), { recursive: true, mode: 0o700 })
    this.#start()
  }

  #start(): void {
    const { clock, command, logPath } = this.#options
    const { command: program, args, env } = command()
    const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 })
    const startedMs = clock.monotonic()
    // The agent ends when its standard input does, so it never outlives a control plane that was killed.
    const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
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
      if (this.#stopped) return
      if (clock.monotonic() - startedMs > STABLE_MS) this.#pauseMs = FIRST_PAUSE_MS
      const taken = code === MACHINE_TAKEN
      if (taken) this.#pauseMs = LONGEST_PAUSE_MS
      this.#options.onExit(lastLine || `exit code ${code}`, taken)
      this.#cancelRestart = clock.after(this.#pauseMs, () => this.#start())
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    })
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
