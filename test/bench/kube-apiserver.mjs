// Upstream's own API server over etcd (that of the PATH, or the one that `FLOTILLA_BENCH_ETCD` names), as a peer to
// measure beside: TLS, RBAC, every write synced.
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../conformance/binaries.mjs'
import { root } from '../../scripts/lib/setup.mjs'
import { Client, Server, cpuSeconds, rssMb } from './lib.mjs'

const TOKEN = 'bench'
const PATIENCE_MS = 60_000

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

/** kube-apiserver and etcd in a fresh folder. */
export class KubeApiServer extends Client {
  /** @throws Error where the Go toolchain or etcd is missing, or they do not get ready */
  static async start() {
    const program = buildProgram(join(root, '.cache'), 'kube-apiserver', text => console.log(text))
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
    const tokens = join(folder, 'tokens.csv')
    writeFileSync(tokens, `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 })
    const started = performance.now()
    const apiserver = run(program, [
      `--etcd-servers=${etcdUrl}`,
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${port}`],
      ...[`--cert-dir=${join(folder, 'certs')}`, '--authorization-mode=Node,RBAC', `--token-auth-file=${tokens}`],
      ...['--service-account-issuer=https://bench', `--service-account-key-file=${key}`],
      ...[`--service-account-signing-key-file=${key}`, '--service-cluster-ip-range=10.97.0.0/16'],
    ])
    const server = new KubeApiServer(`https://127.0.0.1:${port}`, folder, [apiserver, etcd])
    try {
      await server.#untilReady(apiserver)
    } catch (error) {
      await server.stop()
      throw error
    }
    server.readyMs = performance.now() - started
    return server
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
      const [first] = this.#programs
      if (first.child.exitCode !== null || performance.now() > until)
        throw new Error(`kube-apiserver does not get ready: ${apiserver.tail()}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  call(method, path, body, type, accept) {
    return super.call(method, path, body, type, accept, { authorization: `Bearer ${TOKEN}` })
  }
  watch(path, onFrame) {
    return super.watch(path, onFrame, { authorization: `Bearer ${TOKEN}` })
  }
  /** Of both programs. */
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
  const subjects = [{ name: 'Flotilla', server: await Server.start(['--no-local-node']) }]
  if (!process.env['FLOTILLA_BENCH_PEER']) return subjects
  const server = await KubeApiServer.start()
  subjects.push({ name: 'kube-apiserver', server })
  // A controller makes it elsewhere; pods need it.
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
  const { code, text } = await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  if (code !== 201) throw new Error(text)
  return subjects
}
