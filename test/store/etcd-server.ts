// A real etcd member for a test: its own temporary folder, loopback ports of its own, ended by its process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { poll } from '../suites/store-helpers.ts'
import { freePorts } from '../support/free-ports.ts'
import { type TempFolder, tempFolder } from './temp-folder.ts'

export interface EtcdMember {
  readonly name: string
  readonly clientPort: number
  readonly peerPort: number
  /** Default: loopback. */
  readonly address?: string
}

const addressOf = ({ address = '127.0.0.1' }: EtcdMember) => address

export interface EtcdOptions {
  /** What runs etcd, such as a program that puts it into a network of its own. */
  readonly command?: readonly string[]
  /** More of etcd's own flags. */
  readonly args?: readonly string[]
  /** Serves clients over TLS with these flags instead of in plain text. */
  readonly tlsArgs?: readonly string[]
  readonly member?: EtcdMember
  /** All members, this one too, of a cluster of several. */
  readonly cluster?: readonly EtcdMember[]
}

export class EtcdServer implements AsyncDisposable {
  readonly folder: TempFolder
  readonly member: EtcdMember
  readonly #options: EtcdOptions
  #child: ChildProcess | undefined
  /** What etcd printed, for a failing test. */
  output = ''

  private constructor(folder: TempFolder, member: EtcdMember, options: EtcdOptions) {
    this.folder = folder
    this.member = member
    this.#options = options
  }

  static async start(options: EtcdOptions = {}): Promise<EtcdServer> {
    const server = await EtcdServer.prepare(options)
    server.launch()
    await server.ready()
    return server
  }

  static async prepare(options: EtcdOptions = {}): Promise<EtcdServer> {
    const [clientPort, peerPort] = await freePorts(2)
    const member = options.member ?? { name: 'one', clientPort: clientPort!, peerPort: peerPort! }
    return new EtcdServer(await tempFolder(), member, options)
  }

  get url(): string {
    return `${this.#options.tlsArgs ? 'https' : 'http'}://${addressOf(this.member)}:${this.member.clientPort}`
  }

  launch(): void {
    const { member, url } = this
    const { command = [], args = [], tlsArgs = [], cluster = [member] } = this.#options
    const peer = (each: EtcdMember) => `http://${addressOf(each)}:${each.peerPort}`
    const all = [
      ['--name', member.name, '--data-dir', `${this.folder.path}/data`, '--logger', 'zap', '--log-outputs', 'stderr'],
      ['--listen-client-urls', url, '--advertise-client-urls', url],
      ['--listen-peer-urls', peer(member), '--initial-advertise-peer-urls', peer(member)],
      ['--initial-cluster', cluster.map(each => `${each.name}=${peer(each)}`).join(',')],
      ['--max-request-bytes', '4194304'],
    ].flat()
    const [program = '', ...rest] = [...command, '/usr/bin/etcd', ...all, ...tlsArgs, ...args]
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-20_000)))
    this.#child = child
  }

  /** Waits until it has a leader. */
  async ready(): Promise<void> {
    await poll(async () => {
      if (this.#child?.exitCode !== null && this.#child?.exitCode !== undefined)
        throw new Error(`etcd ended:\n${this.output}`)
      if (this.#options.tlsArgs) return this.output.includes('serving client traffic securely')
      // Any answer to a quorum read will do: /health is false while an alarm is on.
      return (await this.json('/v3/kv/range', { key: 'AA==' }).catch(() => undefined)) !== undefined
    }, 30_000)
  }

  /** A call of etcd's JSON gateway. */
  json(path: string, body: object | undefined, token?: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const headers = token ? { authorization: token } : {}
      const asked = request(`${this.url}${path}`, { method: body ? 'POST' : 'GET', headers }, response => {
        let text = ''
        response.on('data', chunk => (text += String(chunk)))
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>)
          else reject(new Error(`${path}: ${response.statusCode} ${text}`))
        })
      })
      asked.on('error', reject)
      asked.end(body ? JSON.stringify(body) : undefined)
    })
  }

  /** Loses everything, while it is stopped. */
  forget(): Promise<void> {
    return rm(`${this.folder.path}/data`, { recursive: true, force: true })
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** SIGSTOP: nobody hears of it any more, as behind a cut line. SIGCONT: it is there again. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** Ends the process and starts it again on the same folder and ports. */
  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.stop(signal)
    this.launch()
    await this.ready()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.folder[Symbol.asyncDispose]()
  }
}
