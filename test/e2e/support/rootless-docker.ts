// A Docker without root's rights, of a user made for it: the distribution's own script starts it, as on a desktop.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute, until } from './cluster.ts'

const SCRIPTS = ['/usr/bin/dockerd-rootless.sh', '/usr/share/docker.io/contrib/dockerd-rootless.sh']
/** Root may forbid it to users, as Ubuntu does to programs without a profile. */
export const usersHaveNamespaces = (): boolean =>
  spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'unshare', '--user', '--map-root-user', '--net', 'true']).status === 0 // prettier-ignore

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).trim()

const ofProcess = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined // it has ended
  }
}
const userNamespaceOf = (pid: string) => ofProcess(() => readlinkSync(`/proc/${pid}/ns/user`))
const isAgent = (pid: string) => ofProcess(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agent.cjs'))

export class RootlessDocker implements AsyncDisposable {
  readonly user = `flo-rootless-${process.pid}`
  /** The user's own folder, which ends with this. */
  readonly home = mkdtempSync(join(tmpdir(), 'flotilla-rootless-docker-'))
  readonly #runtime = join(this.home, 'run')
  #daemon: ChildProcess | undefined
  #said = ''

  private constructor() {
    run('useradd', '--no-create-home', '--home-dir', this.home, this.user)
    mkdirSync(this.#runtime, { mode: 0o700 })
    for (const folder of [this.home, this.#runtime]) chownSync(folder, this.#uid, this.#gid)
    // Some machines keep the device, which the user's network needs, for root.
    run('mknod', '-m', '666', join(this.home, 'tun'), 'c', '10', '200')
    chmodSync(join(this.home, 'tun'), 0o666)
  }

  static async start(): Promise<RootlessDocker> {
    const engine = new RootlessDocker()
    await engine.start()
    return engine
  }

  get #uid(): number {
    return Number(run('id', '-u', this.user))
  }
  get #gid(): number {
    return Number(run('id', '-g', this.user))
  }
  get socket(): string {
    return join(this.#runtime, 'docker.sock')
  }

  /** Runs what follows it as the user, in place of itself. */
  get prefix(): string[] {
    return [
      'setpriv', `--reuid=${this.#uid}`, `--regid=${this.#gid}`, '--init-groups', '--reset-env',
      'env', `HOME=${this.home}`, `XDG_RUNTIME_DIR=${this.#runtime}`, `DOCKER_HOST=unix://${this.socket}`,
    ] // prettier-ignore
  }

  async start(): Promise<void> {
    const script = SCRIPTS.find(existsSync)
    if (script === undefined) throw new Error(`none of ${SCRIPTS.join(', ')} is there`)
    const path = `PATH=${process.env.PATH}:/usr/sbin:/sbin`
    const inside = `mount --bind ${join(this.home, 'tun')} /dev/net/tun && exec "$@"`
    // The plainest storage: which others work for users differs from machine to machine.
    const daemon = [...this.prefix, path, script, '--storage-driver', 'vfs']
    this.#daemon = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', inside, 'sh', ...daemon], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
    })
    for (const stream of [this.#daemon.stdout, this.#daemon.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-2_000)))
    await until(`the rootless Docker answers`, async () => (await this.docker('info')).code === 0).catch(
      (error: Error) => {
        throw new Error(`${error.message}: ${this.#said}`)
      },
    )
  }

  /** With all that it started, as the unit of a desktop's does: a container may come while the daemon goes. */
  async stop(): Promise<void> {
    const daemon = this.#daemon
    if (!daemon || daemon.exitCode !== null) return
    const namespace = userNamespaceOf(readFileSync(join(this.#runtime, 'docker.pid'), 'utf8').trim())
    const ended = new Promise(resolve => daemon.once('close', resolve))
    daemon.kill('SIGTERM')
    await ended
    await until('all that it started has ended', async () => {
      const { stdout } = await execute('pgrep', ['-u', this.user])
      const left = stdout.split('\n').filter(pid => pid !== '' && userNamespaceOf(pid) === namespace && !isAgent(pid))
      for (const pid of left) process.kill(Number(pid), 'SIGKILL')
      return left.length === 0
    })
  }

  docker(...args: string[]) {
    const [command = '', ...rest] = [...this.prefix, 'docker', ...args]
    return execute(command, rest)
  }

  /** Gives it an image of the machine's Docker. */
  async load(image: string): Promise<void> {
    const archive = join(this.home, 'image.tar')
    run('docker', 'save', '-o', archive, image)
    chmodSync(archive, 0o644)
    const { code, stderr } = await this.docker('load', '-i', archive)
    if (code !== 0) throw new Error(stderr)
    rmSync(archive)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true, force: true })
    run('userdel', this.user)
  }
}
