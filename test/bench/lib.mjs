// What the benchmarks share: a cluster in a process of its own, a keep-alive TLS client, percentiles.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SERVER_NODE_ARGS, serverNode } from '../../scripts/lib/server-node.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
/** The program under test: the build of this checkout, or another one to compare it with. */
const CLI = process.env['FLOTILLA_CLI'] ?? join(root, 'out/main/cli.js')
/** What runs it: as `npm start` chooses, or another one to compare it with. */
const NODE = process.env['FLOTILLA_BENCH_NODE'] ?? serverNode()

export const percentile = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? Number.NaN
}
export const median = values => percentile(values, 50)
export const ms = value => `${value.toFixed(value < 10 ? 1 : 0)} ms`

const decode = text => Buffer.from(text, 'base64').toString('utf8')

/** An API server's address and what a client of it needs: keep-alive TLS, JSON or bytes. */
export class Client {
  /** Of every request. */
  headers = {}

  constructor(url, options) {
    this.url = url
    this.agent = new Agent({ keepAlive: true, maxSockets: 64, ...options })
  }

  /** @param accept the media type of the answer, where it is not JSON @returns its code, bytes and text */
  call(method, path, body, type = 'application/json', accept, more = {}) {
    return new Promise((resolve, reject) => {
      const payload =
        body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
      const headers = payload
        ? { ...this.headers, ...more, 'content-type': type, 'content-length': Buffer.byteLength(payload) }
        : { ...this.headers, ...more }
      if (accept) headers.accept = accept
      const sent = request(`${this.url}${path}`, { method, agent: this.agent, headers }, response => {
        const chunks = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve(new Answer(response, Buffer.concat(chunks))))
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  }

  /**
   * Opens a watch and calls back for every frame.
   * @param onEnd called when the server ends it: upstream's does, where a client is too slow for it
   * @returns a function that ends it; its `opened` resolves when frames can come
   */
  watch(path, onFrame, { headers = {}, onEnd = () => undefined } = {}) {
    let open
    const opened = new Promise(resolve => (open = resolve))
    const sent = request(
      `${this.url}${path}`,
      { agent: this.agent, headers: { ...this.headers, ...headers } },
      response => {
        open()
        let rest = ''
        response.setEncoding('utf8').on('data', chunk => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop()
          for (const line of lines) if (line) onFrame(JSON.parse(line))
        })
        response.on('error', () => undefined).on('end', onEnd)
      },
    )
    sent.on('error', () => undefined)
    sent.end()
    return Object.assign(() => sent.destroy(), { opened })
  }
}

class Answer {
  constructor({ statusCode, headers }, bytes) {
    this.code = statusCode
    this.headers = headers
    this.bytes = bytes
  }
  get text() {
    return this.bytes.toString()
  }
}

const statusField = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
export const rssMb = pid => statusField(pid, 'VmRSS') / 1024
/** @returns what a process has used of the processor, by itself and for the kernel */
export const cpuSeconds = pid => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** A Flotilla of its own in a fresh folder. */
export class Server extends Client {
  static async start(args = [], dataDir = mkdtempSync(join(tmpdir(), 'flotilla-bench-'))) {
    const started = performance.now()
    const child = spawn(NODE, [
      ...SERVER_NODE_ARGS,
      ...(process.env['FLOTILLA_NODE_ARGS']?.split(' ') ?? []),
      CLI,
      'serve',
      '--data-dir',
      dataDir,
      '--listen',
      '127.0.0.1:0',
      ...args,
    ])
    let output = ''
    child.stderr.on('data', chunk => (output += chunk))
    const url = await new Promise((resolve, reject) => {
      child.stdout.on('data', chunk => {
        output += chunk
        const match = /^ready (https:\S+)/m.exec(output)
        if (match) resolve(match[1])
      })
      child.once('exit', code => reject(new Error(`serve exited with ${code}: ${output}`)))
    })
    const readyMs = performance.now() - started
    return new Server(child, url, dataDir, readyMs)
  }

  constructor(child, url, dataDir, readyMs) {
    const kubeconfig = readFileSync(join(dataDir, 'kubeconfig'), 'utf8')
    const field = name => decode(new RegExp(`${name}: *"?([A-Za-z0-9+/=]+)`).exec(kubeconfig)[1])
    super(url, {
      ca: field('certificate-authority-data'),
      cert: field('client-certificate-data'),
      key: field('client-key-data'),
    })
    Object.assign(this, { child, dataDir, readyMs })
  }

  /** Of this machine's own node: a process below the server's. @throws Error when there is none */
  agentPid() {
    const read = (pid, file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8')
      } catch {
        return '' // it ended meanwhile
      }
    }
    const parents = new Map()
    for (const name of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
      const stat = read(name, 'stat')
      if (stat !== '') parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    }
    const isBelow = pid => {
      for (let at = parents.get(pid); at > 1; at = parents.get(at)) if (at === this.child.pid) return true
      return false
    }
    for (const pid of parents.keys()) if (isBelow(pid) && read(pid, 'cmdline').includes('agent.cjs')) return pid
    throw new Error('no agent runs below the server')
  }

  /** A one-time URL of the window. */
  loginUrl() {
    const { stdout } = spawnSync(process.execPath, [CLI, 'login', '--data-dir', this.dataDir], { encoding: 'utf8' })
    return stdout.trim()
  }

  rssMb() {
    return rssMb(this.child.pid)
  }
  cpuSeconds() {
    return cpuSeconds(this.child.pid)
  }
  /** @returns the event loop's longest delay in ms since this was last called, from the server's own metrics */
  async longestLoopDelayMs() {
    const { text } = await this.call('GET', '/metrics')
    const match = /^flotilla_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)
    if (!match) throw new Error('the server does not tell its event loop delay')
    return 1000 * Number(match[1])
  }

  async stop({ reset = true } = {}) {
    const closed = new Promise(resolve => this.child.once('exit', resolve))
    this.child.kill('SIGINT')
    this.agent.destroy()
    await closed
    if (!reset) return
    spawnSync(process.execPath, [CLI, 'reset', '--yes', '--data-dir', this.dataDir])
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** Runs `count` calls with `clients` in flight. @returns rate per second and latencies in ms */
export async function load(count, clients, one) {
  const latencies = []
  let next = 0
  const started = performance.now()
  const worker = async () => {
    for (;;) {
      const i = next++
      if (i >= count) return
      const from = performance.now()
      await one(i)
      latencies.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: clients }, worker))
  return figuresOf(latencies, (performance.now() - started) / 1000)
}

/** What calls that took `latencies` (ms) within `seconds` come to; they stay with it, so that several loads can be one. */
export const figuresOf = (latencies, seconds) => ({
  latencies,
  seconds,
  perSecond: latencies.length / seconds,
  p50: percentile(latencies, 50),
  p99: percentile(latencies, 99),
})
