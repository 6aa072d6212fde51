// A real cluster for a test: the built command line in a process of its own, on a temporary data folder.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectApi } from '../../../src/agent/api-client.ts'
import { readKubeconfig } from '../../../src/main/data-folder/kubeconfig-file.ts'
import { Node } from '../../../src/shared/api/core/v1.ts'
import { isConditionTrue } from '../../../src/shared/machinery/conditions.ts'

export const repository = fileURLToPath(new URL('../../..', import.meta.url))
const CLI = join(repository, 'out/main/cli.js')

/** What nobody sees coming late takes as long as the machine is busy: this is when it is taken for never. */
export const NEVER_MS = 120_000

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export function execute(
  command: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(
      command,
      [...args],
      { env: { ...process.env, ...options.env }, timeout: options.timeoutMs ?? NEVER_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
        resolve({ code, stdout, stderr })
      },
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
  })
}

const MOST_PAUSE_MS = 1_000

/** Polls until the check returns something truthy. @throws Error with the last failure at the deadline */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeoutMs = NEVER_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    const from = Date.now()
    try {
      const result = await check()
      if (result) return result
      last = undefined
    } catch (error) {
      last = error
    }
    const checked = Date.now()
    if (checked > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}${last ? `: ${String(last)}` : ''}`)
    // Programs that look take the processor from what they look for: it gets as much time as they do.
    await new Promise(resolve => setTimeout(resolve, Math.min(MOST_PAUSE_MS, Math.max(100, checked - from))))
  }
}

export const cli = (...args: string[]): Promise<Ran> => execute(process.execPath, [CLI, ...args])

/** `cli` through another command, such as one that changes the user. */
const cliThrough = (program: readonly string[], ...args: string[]): Promise<Ran> => {
  const [command = process.execPath, ...rest] = [...program, CLI, ...args]
  return execute(command, rest)
}

export class Cluster implements AsyncDisposable {
  readonly dataDir: string
  url = ''
  /** Everything printed so far by the running process. */
  output = ''
  #child: ChildProcess | undefined
  #listen: string
  readonly #args: readonly string[]
  /** The command line of Node. */
  readonly #program: readonly string[]
  /** The built command line that runs: of this version, unless told otherwise before the next start. */
  cli = CLI

  private constructor(args: readonly string[], dataDir: string, program: readonly string[]) {
    this.#args = args
    this.#program = program
    this.dataDir = dataDir
    this.#listen = '127.0.0.1:0'
  }

  /**
   * @param args more arguments of `flotilla serve`, such as `--no-local-node`
   * @param prefix a command that runs the program by exec, in place of itself: `setpriv …`
   * @param node the executable of Node
   * @param program the built command line
   */
  static async start(
    args: readonly string[] = [],
    dataDir = mkdtempSync(join(tmpdir(), 'flotilla-e2e-')),
    prefix: readonly string[] = [],
    node = process.execPath,
    program = CLI,
  ): Promise<Cluster> {
    const cluster = new Cluster(args, dataDir, [...prefix, node])
    cluster.cli = program
    await cluster.start()
    return cluster
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig')
  }
  get pid(): number {
    return this.#child?.pid ?? 0
  }
  /** `null` while it runs. */
  get exitCode(): number | null | undefined {
    return this.#child?.exitCode
  }
  /** Of the newest start. */
  get loginUrl(): string {
    return /https:\S+\/ui\/login#token=\S+/.exec(this.output)?.[0] ?? ''
  }

  /** Resolves when `ready` is printed. The port of the first start is kept. */
  async start(): Promise<void> {
    this.output = ''
    const serve = [this.cli, 'serve', '--data-dir', this.dataDir, '--listen', this.#listen, ...this.#args]
    const [command = process.execPath, ...rest] = [...this.#program, ...serve]
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    const collect = (chunk: Buffer) => (this.output += chunk.toString('utf8'))
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    this.url = await until('flotilla serve is ready', () => {
      if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}: ${this.output}`)
      return Promise.resolve(/^ready (https:\S+)/m.exec(this.output)?.[1])
    })
    this.#listen = new URL(this.url).host
  }

  /** kill -9 of the control plane. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }
  /** A clean stop, as by Ctrl-C. */
  stop(): Promise<void> {
    return this.#end('SIGINT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const closed = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill(signal)
    await closed
  }

  run(kubectl: string, args: readonly string[], input?: string): Promise<Ran> {
    return execute(kubectl, args, { env: { KUBECONFIG: this.kubeconfig }, ...(input === undefined ? {} : { input }) })
  }

  /** @returns kubectl's standard output. @throws Error when it fails */
  async kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('kubectl', args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`)
    return stdout
  }

  async apply(manifest: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('kubectl', ['apply', '-f', '-'], manifest)
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`)
    return stdout
  }

  /** The local node's name, once it is Ready. */
  async nodeReady(): Promise<string> {
    const { server, ca, cert, key } = readKubeconfig(this.kubeconfig)
    await using api = connectApi([server], { ca, cert, key })
    return await until(`a Ready node (${this.output.split('\n').at(-2)})`, async () => {
      const { items } = await api.client.list(Node)
      return items.find(({ status }) => isConditionTrue(status.conditions, 'Ready'))?.metadata.name
    })
  }

  /** `flotilla reset`, as the same user. */
  reset(): Promise<Ran> {
    return cliThrough(this.#program, 'reset', '--yes', '--data-dir', this.dataDir)
  }

  /** Ends the cluster and removes everything it made on this machine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    const { code, stderr } = await this.reset()
    if (code !== 0) throw new Error(`reset failed: ${stderr}; ${this.agentLog().slice(-2_000)}`)
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  agentLog(): string {
    try {
      return readFileSync(join(this.dataDir, 'logs/agent.log'), 'utf8')
    } catch {
      return ''
    }
  }
}
