// The embedded engine and a real etcd on the same disk in the same run, both through the engine contract, taking turns so
// that a noisy moment hits both: durable puts a second and their p99, 1 KB each; loading, listing and compaction of
// 10,000 objects of 1 KB, and a thousand watches; then 100,000 objects of 2 KB in the embedded one, and how soon a server with 10,000 is ready.
// BENCH_STEP=watches runs the watches alone.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../torture/lib.mjs'
import { median, ms, Server } from './lib.mjs'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const ETCD = '/usr/bin/etcd'
const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'flotilla-store-bench-'))
const program = await bundle('test/bench/store-throughput.ts', folder)
const stateProgram = await bundle('test/bench/store-state.ts', folder)

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
const state = (step, engine, where, env = {}) =>
  JSON.parse(
    execFileSync(process.execPath, [stateProgram, step, engine, where], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    }),
  )
const heard = ({ p50, p99 }) => `p50 ${ms(p50)}, p99 ${ms(p99)}`
const beside = (what, embedded, other) => console.log(`${what}  nedb ${embedded}${etcd ? `, etcd ${other}` : ''}`)
const etcd = existsSync(ETCD) ? await startEtcd() : undefined
if (process.env['BENCH_STEP'] === 'watches') {
  watchesAlone()
  process.exit()
}

/** Taking turns, as the puts do. */
function watchesAlone() {
  const told = { nedb: [], etcd: [] }
  try {
    for (let round = 0; round < ROUNDS; round++)
      for (const [engine, where, step] of [
        ['nedb', join(folder, 'watches'), 'watches'],
        ...(etcd ? [['etcd', etcd.url, 'fanout']] : []),
      ]) {
        if (round === 0) state('fill', engine, where)
        told[engine].push(state(step, engine, where))
      }
  } finally {
    etcd?.end()
    rmSync(folder, { recursive: true, force: true })
  }
  const of = runs => ({ p50: median(runs.map(({ p50 }) => p50)), p99: median(runs.map(({ p99 }) => p99)) })
  beside('1,000 watches have heard of a put', heard(of(told.nedb)), etcd && heard(of(told.etcd)))
}
const runs = { nedb: [], etcd: [] }
const states = { nedb: {}, etcd: {} }
let large
let readyMs
try {
  for (let round = 0; round < ROUNDS; round++) {
    runs.nedb.push(measure('nedb', join(folder, `nedb-${round}`)))
    if (etcd) runs.etcd.push(measure('etcd', etcd.url))
  }
  const dataDir = join(folder, 'state')
  for (const [engine, where] of [['nedb', dataDir], ...(etcd ? [['etcd', etcd.url]] : [])])
    for (const step of ['fill', 'load', 'compact', ...(engine === 'etcd' ? ['range', 'fanout'] : ['watches'])])
      states[engine][step] = state(step, engine, where)
  const server = await Server.start(['--no-local-node'], dataDir)
  readyMs = server.readyMs
  await server.stop({ reset: false })
  const env = { COUNT: '100000', BYTES: '2000' }
  const filled = state('fill', 'nedb', join(folder, 'large'), env)
  large = { filled, loaded: state('load', 'nedb', join(folder, 'large'), env) }
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
const { nedb: own, etcd: other } = states
const worst = ({ ms: took, cpuMs, loopMs, turnMs }) =>
  `${ms(took)} (processor ${ms(cpuMs)}; loop held ${ms(loopMs)}, ${ms(turnMs)} of processor time)`
beside('10,000 objects loaded', worst(own.load), other.load && worst(other.load))
beside('the same, listed and encoded', ms(own.load.listMs), other.range && `read by range ${ms(other.range.listMs)}`)
beside('as many overwritten ones compacted', worst(own.compact), other.compact && ms(other.compact.ms))
beside('1,000 watches have heard of a put', heard(own.watches), other.fanout && heard(other.fanout))
console.log(`serve is ready over 10,000 objects  ${ms(readyMs)} (aim 5,000)`)
console.log(`100,000 objects of 2 KB loaded  ${worst(large.loaded)}, RSS ${large.loaded.rssMb.toFixed(0)} MB (aims 6,000 ms, 50 ms, 700 MB)`) // prettier-ignore
if (!etcd) console.log(`${ETCD} is not on this machine: no comparison`)
