#!/usr/bin/env node
// `npm run conformance`: upstream's own conformance suite against a fresh Flotilla. Options: --focus and --skip take
// regular expressions over test names, --labels a query over ginkgo's labels for tests beyond conformance, --nodes how
// many nodes the cluster has, --procs how many tests run at once, --list prints the names only.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuilt, ensureDependencies, root, say } from '../../scripts/lib/setup.mjs'
import { ensureDocker, ensureSystem } from '../../scripts/lib/system.mjs'
import { buildPrograms, newestKubectl } from './binaries.mjs'
import { startCluster } from './cluster.mjs'
import { ensureImages } from './images.mjs'
import { readReport } from './report.mjs'

const { values } = parseArgs({
  options: {
    focus: { type: 'string', default: '' },
    skip: { type: 'string', default: '' },
    labels: { type: 'string', default: 'Conformance' },
    nodes: { type: 'string', default: '1' },
    procs: { type: 'string', default: '4' },
    timeout: { type: 'string', default: '3h' },
    list: { type: 'boolean', default: false },
  },
})

ensureDependencies()
ensureBuilt()
ensureSystem()
const cache = join(root, '.cache')
mkdirSync(cache, { recursive: true })
const endDocker = await ensureDocker()
process.on('exit', endDocker)
const programs = buildPrograms(cache, say)
ensureImages(programs, cache, say)

const folder = mkdtempSync(join(tmpdir(), 'flotilla-conformance-'))
const cluster = await startCluster(folder, Number(values.nodes))

const report = join(folder, 'report.json')
const status = await new Promise(resolve => {
  const child = spawn(
    programs.path('ginkgo'),
    [
      `--procs=${values.procs}`,
      `--timeout=${values.timeout}`,
      `--label-filter=${values.labels}`,
      ...(values.focus ? [`--focus=${values.focus}`] : []),
      ...(values.skip ? [`--skip=${values.skip}`] : []),
      `--output-dir=${folder}`,
      '--json-report=report.json',
      ...(values.list ? ['--dry-run', '-v'] : ['--silence-skips']),
      '--no-color',
      programs.path('e2e.test'),
      '--',
      `--kubeconfig=${cluster.kubeconfig}`,
      '--provider=skeleton',
      '--dump-logs-on-failure=false',
      '--disable-log-dump',
      '--allowed-not-ready-nodes=0',
      '--node-os-distro=debian',
      // Adds tests of the cluster's own storage class, under "External Storage".
      `--storage.testdriver=${join(root, 'test/conformance/local-path.yaml')}`,
      `--kubectl-path=${newestKubectl()}`,
    ],
    { stdio: 'inherit', cwd: folder },
  )
  child.once('exit', resolve)
})

const { rows, passed, failed } = readReport(readFileSync(report, 'utf8'))
for (const { name, state, message, seconds } of rows) {
  console.log(
    `${state === 'passed' ? '✓' : '✗'} ${name} (${Math.round(seconds)} s)${message ? `\n    ${message}` : ''}`,
  )
}
await cluster.end()
rmSync(folder, { recursive: true, force: true })
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(status ?? 1)
