#!/usr/bin/env node
// `npm run conformance:kubectl -- NAME…`: upstream's scripts that try kubectl's commands on an API server with
// controllers, without a scheduler and nodes, against Flotilla's. NAME is `pod`, short for `run_pod_tests`; without any,
// all are run. `--log FILE` keeps all that they print.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ensureDependencies, root, say } from '../../../scripts/lib/setup.mjs'
import { ensureSystem } from '../../../scripts/lib/system.mjs'
import { buildProgram, KUBERNETES, newestKubectl, prepareFolder } from '../binaries.mjs'
import { bundleServers } from '../integration/servers.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { log: { type: 'string' } } })

/** What the scripts read of upstream's tree. */
const FOLDERS = ['hack', 'test/cmd', 'test/fixtures', 'test/e2e/testing-manifests', 'third_party/forked/shell2junit']

/** As upstream's own run of them starts its server. */
const FLAGS = [
  '--authorization-mode=RBAC,AlwaysAllow',
  '--disable-admission-plugins=ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,StorageObjectInUseProtection',
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-cluster-ip-range=10.0.0.0/24',
  '--controllers=*,-node-ipam-controller',
]

/** Programs that the scripts call; which kubectl is the newest may be another one than at the last run. */
function linkPrograms(folder, cache) {
  const bin = join(folder, '_output/bin')
  rmSync(bin, { recursive: true, force: true })
  mkdirSync(bin, { recursive: true })
  symlinkSync(newestKubectl(), join(bin, 'kubectl'))
  symlinkSync(buildProgram(cache, 'kubectl-convert', say), join(bin, 'kubectl-convert'))
}

/** A copy of the scripts, which write into the folder that they are started in. */
function prepareScripts(cache) {
  const folder = join(cache, `kubectl-tests-${KUBERNETES}`)
  if (!existsSync(folder)) {
    const { sources } = prepareFolder(cache)
    const work = `${folder}.new`
    rmSync(work, { recursive: true, force: true })
    for (const name of FOLDERS) cpSync(join(sources, name), join(work, name), { recursive: true })
    for (const entry of readdirSync(work, { withFileTypes: true, recursive: true }))
      chmodSync(join(entry.parentPath, entry.name), 0o755)
    renameSync(work, folder)
  }
  linkPrograms(folder, cache)
  return folder
}

ensureDependencies()
ensureSystem()
const cache = join(root, '.cache')
mkdirSync(cache, { recursive: true })
const servers = await bundleServers(cache)
const scripts = prepareScripts(cache)
const folder = mkdtempSync(join(tmpdir(), 'flotilla-kubectl-'))
const testdata = join(scripts, 'hack/testdata')
const files = [`--token-auth-file=${testdata}/auth-tokens.csv`, `--client-ca-file=${testdata}/ca/ca.crt`]
const server = spawn(process.execPath, [join(servers, 'flotilla.mjs'), JSON.stringify([...FLAGS, ...files])], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const { value: ready } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()
if (ready === undefined) {
  console.error('the API server ended before it was ready')
  rmSync(folder, { recursive: true, force: true })
  process.exit(1)
}
const { url, ca } = JSON.parse(ready)
writeFileSync(join(folder, 'apiserver.crt'), ca)

const driver = spawn('bash', [join(import.meta.dirname, 'driver.sh'), ...positionals], {
  cwd: scripts,
  env: { ...process.env, TERM: 'xterm', TMPDIR: folder, SECURE_API_PORT: new URL(url).port },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = new Promise(resolve => driver.once('close', resolve))
const log = values.log && createWriteStream(values.log)
const count = { held: 0, failed: 0, cutShort: 0 }
let current = 'before all'
let said = []
function tell(what) {
  console.log(`✗ ${current}: ${what}`)
  for (const text of said.slice(-12)) console.log(`    ${text}`)
}
for await (const line of createInterface({ input: driver.stdout })) {
  log?.write(`${line}\n`)
  const [, mark, rest] = /@@(begin|held|failed|end)(?: (.*))?$/.exec(line) ?? []
  if (!mark) said.push(line)
  if (mark === 'begin') current = rest
  else if (mark === 'held') count.held++
  else if (mark === 'failed' && ++count.failed) tell(rest)
  else if (mark === 'end' && rest !== '0' && ++count.cutShort) tell('was cut short by a command that failed')
  if (mark) said = []
}
const status = await ended
server.stdin.end()
rmSync(folder, { recursive: true, force: true })
console.log(`${count.held} assertions held, ${count.failed} did not; ${count.cutShort} functions were cut short`)
process.exit(status === 0 && count.failed + count.cutShort === 0 ? 0 : 1)
