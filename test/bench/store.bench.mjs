// Durable puts a second and their p99, 1 KB each: the embedded engine and a real etcd on the same disk in the same run,
// both through the engine contract, taking turns so that a noisy moment hits both.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { median, ms, root } from './lib.mjs'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const ETCD = '/usr/bin/etcd'
const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'flotilla-store-bench-'))
const program = join(folder, 'throughput.mjs')
await build({
  entryPoints: [join(root, 'test/bench/store-throughput.ts')],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  logLevel: 'error',
})

const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

async function startEtcd() {
  const [client, peer] = [await freePort(), await freePort()].map(port => `http://127.0.0.1:${port}`)
  const flags = [
    ['--data-dir', join(folder, 'etcd'), '--logger', 'zap', '--log-outputs', '/dev/null'],
    ['--listen-client-urls', client, '--advertise-client-urls', client],
    ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
  ].flat()
  const child = spawn(ETCD, flags, { stdio: 'ignore' })
  const healthy = () =>
    new Promise(resolve =>
      request(`${client}/health`, answer => resolve(answer.statusCode === 200))
        .on('error', () => resolve(false))
        .end(),
    )
  while (!(await healthy())) await new Promise(resolve => setTimeout(resolve, 100))
  return { url: client, end: () => child.kill('SIGKILL') }
}

const measure = (...args) => JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' }))
const etcd = existsSync(ETCD) ? await startEtcd() : undefined
const runs = { nedb: [], etcd: [] }
try {
  for (let round = 0; round < ROUNDS; round++) {
    runs.nedb.push(measure('nedb', join(folder, `nedb-${round}`)))
    if (etcd) runs.etcd.push(measure('etcd', etcd.url))
  }
} finally {
  etcd?.end()
  rmSync(folder, { recursive: true, force: true })
}
for (const [at, writers] of [1, 64].entries()) {
  const of = name => ({
    rate: median(runs[name].map(run => run[at].perSecond)),
    p99: median(runs[name].map(run => run[at].p99Ms)),
  })
  const nedb = of('nedb')
  console.log(`${writers} writer${writers > 1 ? 's' : ''}  nedb ${nedb.rate.toFixed(0)} puts/s, p99 ${ms(nedb.p99)}`)
  if (!etcd) continue
  const other = of('etcd')
  const aim = writers === 1 ? 1 : 3
  console.log(
    `${' '.repeat(10)} etcd ${other.rate.toFixed(0)} puts/s, p99 ${ms(other.p99)}: ratio ${(nedb.rate / other.rate).toFixed(2)} (aim ${aim})`,
  )
}
if (!etcd) console.log(`${ETCD} is not on this machine: no comparison`)
