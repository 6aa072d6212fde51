// A cluster in a network namespace of its own, where this test's clients run as well: the node's addresses, routes
// and rules end with the namespace.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute, type Ran, repository, until } from '../e2e/support/cluster.ts'

const CLI = join(repository, 'out/main/cli.js')

export class Clients implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'flotilla-clients-'))
  readonly #namespace = `flc${process.pid}`
  #child: ChildProcess | undefined
  #output = ''

  static async start(): Promise<Clients> {
    const clients = new Clients()
    try {
      await clients.#start()
    } catch (error) {
      // Whoever is refused here has nothing to dispose of.
      await clients[Symbol.asyncDispose]()
      throw error
    }
    return clients
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig')
  }

  async #start(): Promise<void> {
    const name = this.#namespace
    const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })
    ip('netns', 'add', name)
    ip('link', 'add', `${name}h`, 'type', 'veth', 'peer', 'name', 'e0', 'netns', name)
    ip('link', 'set', `${name}h`, 'up')
    ip('-n', name, 'addr', 'add', '10.251.9.2/24', 'dev', 'e0')
    ip('-n', name, 'link', 'set', 'e0', 'up')
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'route', 'add', 'default', 'via', '10.251.9.1')
    const args = this.#inside(process.execPath, [CLI, 'serve', '--data-dir', this.dataDir, '--listen', '127.0.0.1:0'])
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (this.#output += String(text)))
    await until('flotilla serve is ready', () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${this.#output}`)
      return Promise.resolve(/^ready /m.test(this.#output))
    })
    await until('the node is Ready', async () => / Ready /.test((await this.run('kubectl', ['get', 'nodes'])).stdout))
  }

  #inside(command: string, args: readonly string[]): string[] {
    return [`--net=/run/netns/${this.#namespace}`, command, ...args]
  }

  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string): Promise<Ran> {
    return execute('nsenter', this.#inside(command, args), {
      env: { KUBECONFIG: this.kubeconfig, ...env },
      timeoutMs: 90_000,
      ...(input === undefined ? {} : { input }),
    })
  }

  /** @returns standard output. @throws Error when the command fails */
  async must(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, args, env, input)
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }

  /** A pod that serves `hello` on 8080, Ready. */
  async webPod(namespace: string, image: string): Promise<void> {
    await this.must('kubectl', ['create', 'namespace', namespace])
    const script = 'mkdir -p /www; echo hello > /www/index.html; echo serving; exec httpd -f -p 8080 -h /www'
    const options = [`--image=${image}`, '--image-pull-policy=Never', '--command', '--', 'sh', '-c', script]
    await this.must('kubectl', ['run', 'web', '-n', namespace, ...options])
    await this.must('kubectl', ['wait', '-n', namespace, '--for=condition=Ready', 'pod/web', '--timeout=60s'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null) {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
    }
    const reset = await this.run(process.execPath, [CLI, 'reset', '--yes', '--data-dir', this.dataDir])
    execFileSync('ip', ['netns', 'delete', this.#namespace])
    if (reset.code !== 0) throw new Error(`reset failed: ${reset.stderr}`)
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}
