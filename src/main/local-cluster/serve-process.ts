// A control plane as a process of its own, which goes on when whoever started it has ended.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LocalProgram } from './program.ts'
import type { Serve } from './way.ts'

/** What is read of a log to say why it ended. */
const LAST_BYTES = 2_000

export const serveDetached =
  (program: () => Promise<LocalProgram>): Serve =>
  async (args, logPath) => {
    const { node, commandLine, env } = await program()
    mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 })
    const log = openSync(logPath, 'a', 0o600)
    try {
      const child = spawn(node, [commandLine, ...args], {
        detached: true,
        cwd: dirname(logPath),
        stdio: ['ignore', log, log],
        env: { ...process.env, ...env },
        windowsHide: true,
      })
      child.unref()
      const ended = new Promise<string>(resolve => {
        child.once('error', error => resolve(error.message))
        child.once('exit', code => resolve(lastLine(logPath) || `exit code ${code}`))
      })
      return { ended }
    } finally {
      closeSync(log)
    }
  }

const lastLine = (path: string): string =>
  readFileSync(path, 'utf8')
    .slice(-LAST_BYTES)
    .trimEnd()
    .split('\n')
    .at(-1)
    ?.replace(/^flotilla: /, '') ?? ''
