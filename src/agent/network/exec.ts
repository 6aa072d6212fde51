// Runs host tools (ip, nft, nsenter, iptables, …): argv only, never a shell, input through stdin.
import { spawn } from 'node:child_process'

/** A tool that failed: its command line, what it printed and how it ended. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly exitCode: number | undefined
  readonly stderr: string
  readonly stdout: string

  constructor(argv: readonly string[], exitCode: number | undefined, stderr: string, stdout = '') {
    super(`${argv.join(' ')}: ${stderr.trim() || `exit code ${exitCode ?? 'none'}`}`)
    this.exitCode = exitCode
    this.stderr = stderr
    this.stdout = stdout
  }
}

export interface RunOptions {
  /** Written to stdin, which is then closed. */
  readonly input?: string
  /** After this many milliseconds the tool is killed and the run fails. Default 30,000. */
  readonly timeoutMs?: number
  /** Besides the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a tool to its end; the child never outlives its timeout.
 * @returns what it wrote to stdout
 * @throws ToolError when it cannot be started, exits non-zero or is killed by the timeout
 */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<string>

// Agents started by systemd or sudo may lack the sbin folders, where these tools live.
export const searchPath = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`

export const run: Run = (argv, { input, timeoutMs = 30_000, env } = {}) =>
  new Promise((resolve, reject) => {
    const [file, ...args] = argv
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: searchPath, LC_ALL: 'C', ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => undefined) // it exited without reading its input: the exit code tells why
    child.on('error', error => reject(new ToolError(argv, undefined, error.message)))
    child.on('close', code => {
      if (code === 0) resolve(Buffer.concat(out).toString())
      else reject(new ToolError(argv, code ?? undefined, Buffer.concat(err).toString(), Buffer.concat(out).toString()))
    })
    child.stdin.end(input)
  })

/** @returns whether the tool can be started at all. */
export async function hasTool(run: Run, argv: readonly [string, ...string[]]): Promise<boolean> {
  try {
    await run(argv)
    return true
  } catch (error) {
    return error instanceof ToolError && error.exitCode !== undefined
  }
}
