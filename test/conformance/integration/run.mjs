#!/usr/bin/env node
// `npm run conformance:integration -- PACKAGE…`: upstream's integration tests of its API server, against Flotilla's. A
// package is `pods`, short for `k8s.io/kubernetes/test/integration/pods`, or a whole name; `--run` takes a regular
// expression over the tests' names, and `--scheduler` runs Flotilla's scheduler where a test runs upstream's. An etcd runs beside it, since tests open a client of it whether they need it or not.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ensureDependencies, root, say } from '../../../scripts/lib/setup.mjs'
import { ensureSystem } from '../../../scripts/lib/system.mjs'
import { prepareModules } from './modules.mjs'
import { bundleServers } from './servers.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: 'string', default: '' },
    timeout: { type: 'string', default: '10m' },
    scheduler: { type: 'boolean', default: false },
  },
})
if (positionals.length === 0) {
  console.error('name packages: pods evictions apiserver/apply k8s.io/apiextensions-apiserver/test/integration …')
  process.exit(2)
}

ensureDependencies()
ensureSystem()
const cache = join(root, '.cache')
const programs = await bundleServers(cache)

const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

async function startEtcd(folder) {
  const [client, peer] = [await freePort(), await freePort()].map(port => `http://127.0.0.1:${port}`)
  const etcd = spawn(
    'etcd',
    [
      ...['--data-dir', folder, '--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ],
    { stdio: 'ignore' },
  )
  return { url: client, end: () => etcd.kill('SIGKILL') }
}

/** Shows what failed, and what it said. @returns how many tests passed and failed */
async function runTests(binary, cwd, env) {
  const args = ['-test.v', `-test.timeout=${values.timeout}`, ...(values.run ? [`-test.run=${values.run}`] : [])]
  const child = spawn(binary, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = new Map()
  const count = { passed: 0, failed: 0, skipped: 0 }
  const ended = new Promise(resolve => child.once('close', resolve))
  let current = ''
  child.stderr.resume()
  for await (const line of createInterface({ input: child.stdout })) {
    const run = /^=== (?:RUN|CONT|NAME)\s+(\S+)/.exec(line)
    const end = /^--- (PASS|FAIL|SKIP): (\S+)/.exec(line.trim())
    // Of Go's: the tests that would have come after it are not run.
    if (line.startsWith('panic: ')) console.log(`✗ ${current} ended all of them: ${line}`)
    if (run) current = run[1]
    else if (!end) said.set(current, [...(said.get(current) ?? []), line].slice(-20))
    else {
      count[{ PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' }[end[1]]]++
      if (end[1] === 'FAIL')
        console.log(`✗ ${end[2]}\n${(said.get(end[2]) ?? []).map(text => `    ${text}\n`).join('')}`)
    }
  }
  // Such as a panic, or no etcd: then nothing may have been counted.
  if ((await ended) !== 0 && count.failed === 0) count.failed++
  return count
}

const modules = prepareModules(cache, say)
const folder = mkdtempSync(join(tmpdir(), 'flotilla-integration-'))
const etcd = await startEtcd(join(folder, 'etcd'))
process.on('exit', () => {
  etcd.end()
  rmSync(folder, { recursive: true, force: true })
})
mkdirSync(join(folder, 'tests'))
let failed = 0
for (const given of positionals) {
  const name = given.startsWith('k8s.io/') ? given : `k8s.io/kubernetes/test/integration/${given}`
  // As `go test` names it: tests look for it among the owners of fields.
  const binary = join(folder, 'tests', `${name.split('/').at(-1)}.test`)
  say(`building ${name}`)
  modules.build(name, binary)
  const env = {
    ...process.env,
    KUBE_INTEGRATION_ETCD_URL: etcd.url,
    FLOTILLA_API_SERVER: join(programs, 'flotilla.mjs'),
    ...(values.scheduler ? { FLOTILLA_SCHEDULER: join(programs, 'scheduler.mjs') } : {}),
    FLOTILLA_NODE: process.execPath,
  }
  const count = await runTests(binary, modules.folderOf(name), env)
  failed += count.failed
  console.log(`${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (with parts of tests)`)
}
process.exit(failed > 0 ? 1 : 0)
