// systemd-logind tells that the machine is about to shut down, and waits for those who asked it to. Its own programs are
// the way to it: a lock is an open file, which Node cannot be handed over D-Bus.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Run } from '../../network/exec.ts'

export interface ShutdownSource {
  /** @param seconds that a shutdown has to wait if it is asked to @returns false where nothing tells of shutdowns */
  prepare(seconds: number): Promise<boolean>
  /** Delays shutdowns until it is released. */
  inhibit(): Lock
  /** Yields true when a shutdown begins, false when it is called off. */
  shutdowns(signal: AbortSignal): AsyncIterable<boolean>
  /** Undoes `prepare`. */
  restore(): Promise<void>
}

export interface Lock {
  release(): Promise<void>
}

const LOGIND = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'] as const
const CONFIG_FOLDER = '/run/systemd/logind.conf.d'
const CONFIG = `${CONFIG_FOLDER}/99-flotilla.conf`
const MATCH = `type='signal',interface='${LOGIND[2]}',member='PrepareForShutdown'`
/** Ends with its standard input, and so with the agent, however that ends. */
const MONITOR = `busctl monitor --system --json=short --match "$0" & child=$!; cat > /dev/null; kill $child`

export class Logind implements ShutdownSource {
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  async prepare(seconds: number): Promise<boolean> {
    try {
      const answer = await this.#run(['busctl', 'get-property', ...LOGIND, 'InhibitDelayMaxUSec'])
      if (Number(answer.trim().split(' ')[1]) / 1e6 >= seconds) return true
      // Only until the next boot: the host's own configuration is not touched.
      await mkdir(CONFIG_FOLDER, { recursive: true })
      await writeFile(CONFIG, `[Login]\nInhibitDelayMaxSec=${seconds}\n`)
      await this.#reload()
      return true
    } catch {
      return false // no systemd, no logind, or not its superuser
    }
  }

  #reload = () => this.#run(['systemctl', 'kill', '--signal=HUP', 'systemd-logind.service'])

  async restore(): Promise<void> {
    if (!existsSync(CONFIG)) return
    await rm(CONFIG)
    await this.#reload().catch(() => undefined) // not there any more
  }

  inhibit(): Lock {
    const why = '--why=pods end within their grace periods'
    const child = spawn('systemd-inhibit', ['--what=shutdown', '--who=flotilla', why, '--mode=delay', 'cat'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const ended = endOf(child)
    return {
      release() {
        child.stdin.end()
        return ended
      },
    }
  }

  async *shutdowns(signal: AbortSignal): AsyncGenerator<boolean> {
    const child = spawn('sh', ['-c', MONITOR, MATCH], { stdio: ['pipe', 'pipe', 'ignore'] })
    const ended = endOf(child)
    const stop = () => child.stdin.end()
    signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const begins = beginsShutdown(line)
        if (begins !== undefined) yield begins
      }
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
      await ended
    }
  }
}

/** @returns undefined for a line that says nothing about it */
export function beginsShutdown(line: string): boolean | undefined {
  if (!line.startsWith('{')) return undefined
  const message = JSON.parse(line) as { member?: string; payload?: { data?: unknown[] } }
  const begins = message.payload?.data?.[0]
  return message.member === 'PrepareForShutdown' && typeof begins === 'boolean' ? begins : undefined
}

async function endOf(child: ChildProcess): Promise<void> {
  child.stdin?.on('error', () => undefined) // it has ended already
  await once(child, 'close').catch(() => undefined) // it could not be started
}
