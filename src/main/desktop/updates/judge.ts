// The old version watches the new one until it is ready, and takes it back when it is not.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TrialFile } from './trial.ts'

/** @returns undefined: it may stay; else why it must not */
export type Verdict = string | undefined

export interface JudgeOptions {
  readonly trial: TrialFile
  readonly timeoutMs: number
  readonly pollMs: number
}

/** What an AppImage tells its own program about itself. */
const OWN_VARIABLES = ['APPIMAGE', 'APPDIR', 'ARGV0', 'OWD']

/** Starts a version as if a user had, on its own feet. */
export function startProgram(program: string, args: readonly string[]): ChildProcess {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.includes(name)))
  const child = spawn(program, args, { env, detached: true, stdio: 'ignore' })
  child.unref()
  return child
}

export async function judge(child: ChildProcess, { trial, timeoutMs, pollMs }: JudgeOptions): Promise<Verdict> {
  let ended: string | undefined
  child.once('error', error => (ended = `it cannot be started: ${error.message}`))
  child.once('exit', (code, signal) => {
    // Somebody who quits it while it starts does not complain about it; its next start is a trial again.
    ended = code === 0 ? '' : `it ended while it started (${signal ?? `code ${String(code)}`})`
  })
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (trial.isOver) return undefined
    const { current } = trial
    if (current?.state === 'undecided') return undefined
    if (current?.state === 'failed') return current.reason ?? 'it failed'
    if (ended !== undefined) return ended || undefined
    if (performance.now() > deadline) return `it was not ready within ${Math.round(timeoutMs / 1000)} s`
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}

/** Ends it, first by asking; when it does not listen, with all that it started. */
export async function endProgram(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), graceMs)
  await exit
  clearTimeout(timer)
}
