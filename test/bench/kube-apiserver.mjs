// Upstream's own API server over etcd (that of the PATH, or the one that `FLOTILLA_BENCH_ETCD` names), as a peer to
// measure beside: TLS, RBAC, every write synced. With its scheduler and
// its controllers where they are asked for.
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../conformance/binaries.mjs'
import { root } from '../../scripts/lib/setup.mjs'
import { Client, Server, cpuSeconds, rssMb } from './lib.mjs'

/** What both servers know an admin by, besides a certificate. */
export const TOKEN = 'bench'
function writeTokens(folder) {
  const path = join(folder, 'tokens.csv')
  writeFileSync(path, `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 })
  return path
}
const PATIENCE_MS = 300_000
/** Requests a second. */
const UNLIMITED = 100_000

/** @returns a port of the loopback that nobody listens on */
const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const run = (file, args) => {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let tail = ''
  child.stderr.on('data', chunk => (tail = (tail + chunk).slice(-4_000)))
  child.on('error', error => (tail += error.message))
  return { child, ended: new Promise(resolve => child.once('close', resolve)), tail: () => tail }
}

const build = name => buildProgram(join(root, '.cache'), name, text => console.log(text))

/** kube-apiserver and etcd in a fresh folder. */
export class KubeApiServer extends Client {
  /**
   * @param serviceRange of the Services' addresses
   * @param clientCa who vouches for certificates of clients
   * @param plugins of admission, beside those that are on anyway
   * @throws Error where the Go toolchain or etcd is missing, or they do not get ready
   */
  static async start({ serviceRange = '10.97.0.0/16', clientCa, plugins = [] } = {}) {
    const program = build('kube-apiserver')
    const folder = mkdtempSync(join(tmpdir(), 'kube-apiserver-bench-'))
    const [port, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()]
    const etcdUrl = `http://127.0.0.1:${etcdPort}`
    const peerUrl = `http://127.0.0.1:${peerPort}`
    const etcd = run(process.env['FLOTILLA_BENCH_ETCD'] ?? 'etcd', [
      ...['--data-dir', join(folder, 'etcd'), '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`],
    ])
    const key = join(folder, 'service-accounts.pem')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
    const tokens = writeTokens(folder)
    const clientCaFile = join(folder, 'client-ca.pem')
    if (clientCa) writeFileSync(clientCaFile, clientCa)
    const started = performance.now()
    const apiserver = run(program, [
      `--etcd-servers=${etcdUrl}`,
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', '--allow-privileged', `--secure-port=${port}`],
      ...[`--cert-dir=${join(folder, 'certs')}`, '--authorization-mode=Node,RBAC', `--token-auth-file=${tokens}`],
      ...(clientCa ? [`--client-ca-file=${clientCaFile}`] : []),
      ...(plugins.length > 0 ? [`--enable-admission-plugins=${plugins.join(',')}`] : []),
      ...['--service-account-issuer=https://bench', `--service-account-key-file=${key}`],
      ...[`--service-account-signing-key-file=${key}`, `--service-cluster-ip-range=${serviceRange}`],
    ])
    const server = new KubeApiServer(`https://127.0.0.1:${port}`, folder, [apiserver, etcd])
    try {
      await server.#untilReady(apiserver)
      server.readyMs = performance.now() - started
      // A controller makes it elsewhere; pods need it.
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
      const { code, text } = await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', account)
      if (code !== 201) throw new Error(text)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** @returns the path of a kubeconfig for those who work beside it */
  #kubeconfig() {
    const path = join(this.folder, 'kubeconfig.json')
    const cluster = { server: this.url, 'certificate-authority': join(this.folder, 'certs', 'apiserver.crt') }
    const named = (kind, value) => [{ name: 'bench', [kind]: value }]
    const context = { cluster: 'bench', user: 'bench' }
    const access = { clusters: named('cluster', cluster), users: named('user', { token: TOKEN }) }
    const contexts = { contexts: named('context', context), 'current-context': 'bench' }
    writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...access, ...contexts }), { mode: 0o600 })
    return path
  }

  async #add(name, args) {
    const port = await freePort()
    const listen = ['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${join(this.folder, 'certs')}`]
    // It is the first to be stopped.
    this.#programs.unshift(run(build(name), [...args, ...listen]))
  }

  /** Runs kube-scheduler beside it, as upstream's own tests of its speed do: its client is not held back. */
  async addScheduler() {
    const config = join(this.folder, 'scheduler.json')
    const settings = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      clientConnection: { kubeconfig: this.#kubeconfig(), qps: UNLIMITED, burst: UNLIMITED },
      leaderElection: { leaderElect: false },
    }
    writeFileSync(config, JSON.stringify(settings))
    await this.#add('kube-scheduler', [`--config=${config}`])
  }

  /** Runs kube-controller-manager beside it, with a network for the pods of each node. */
  async addControllers({ podRange = '10.244.0.0/16' } = {}) {
    await this.#add('kube-controller-manager', [
      ...[`--kubeconfig=${this.#kubeconfig()}`, '--leader-elect=false', '--kube-api-qps=1000', '--kube-api-burst=1000'],
      ...['--allocate-node-cidrs', `--cluster-cidr=${podRange}`],
      `--service-account-private-key-file=${join(this.folder, 'service-accounts.pem')}`,
      `--root-ca-file=${join(this.folder, 'certs', 'apiserver.crt')}`,
    ])
  }

  #programs
  constructor(url, folder, programs) {
    super(url, {})
    this.folder = folder
    this.#programs = programs
  }

  async #untilReady(apiserver) {
    const certificate = join(this.folder, 'certs', 'apiserver.crt')
    const until = performance.now() + PATIENCE_MS
    const ask = () =>
      this.call('GET', '/readyz').then(
        answer => answer.code === 200,
        () => false,
      )
    for (;;) {
      // Made by the program itself, before it listens.
      if (existsSync(certificate)) this.agent.options.ca = readFileSync(certificate)
      if (existsSync(certificate) && (await ask())) return
      if (apiserver.child.exitCode !== null || performance.now() > until)
        throw new Error(`kube-apiserver does not get ready: ${apiserver.tail()}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  headers = { authorization: `Bearer ${TOKEN}` }
  /** Of all programs. */
  cpuSeconds() {
    return this.#programs.reduce((sum, { child }) => sum + cpuSeconds(child.pid), 0)
  }
  rssMb() {
    return this.#programs.reduce((sum, { child }) => sum + rssMb(child.pid), 0)
  }

  async stop() {
    this.agent.destroy()
    for (const { child, ended } of this.#programs) {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(force)
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/**
 * A Flotilla without nodes and, with `FLOTILLA_BENCH_PEER=1`, a kube-apiserver to measure in turn with it.
 * @returns {Promise<{ name: string, server: Server | KubeApiServer }[]>}
 */
export async function startSubjects() {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-tokens-'))
  const server = await Server.start(['--no-local-node', '--token-auth-file', writeTokens(folder)])
  rmSync(folder, { recursive: true })
  const subjects = [{ name: 'Flotilla', server }]
  if (!process.env['FLOTILLA_BENCH_PEER']) return subjects
  const clientCa = server.agent.options.ca
  subjects.push({ name: 'kube-apiserver', server: await KubeApiServer.start({ clientCa }) })
  return subjects
}
