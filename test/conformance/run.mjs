#!/usr/bin/env node
// `npm run conformance`: upstream's own conformance suite against a fresh Flotilla. Options: --focus and --skip take
// regular expressions over test names, --procs how many run at once, --list prints the names only.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuilt, ensureDependencies, root, say } from '../../scripts/lib/setup.mjs'
import { ensureDocker } from '../../scripts/lib/system.mjs'
import { buildPrograms } from './binaries.mjs'
import { ensureImages } from './images.mjs'
import { readReport } from './report.mjs'

const { values } = parseArgs({
  options: {
    focus: { type: 'string', default: '' },
    skip: { type: 'string', default: '' },
    procs: { type: 'string', default: '4' },
    timeout: { type: 'string', default: '3h' },
    list: { type: 'boolean', default: false },
  },
})

ensureDependencies()
ensureBuilt()
const cache = join(root, '.cache')
mkdirSync(cache, { recursive: true })
const endDocker = await ensureDocker()
process.on('exit', endDocker)
const programs = buildPrograms(cache, say)
ensureImages(programs, cache, say)

const folder = mkdtempSync(join(tmpdir(), 'flotilla-conformance-'))
const cluster = spawn(
  process.execPath,
  [join(root, 'out/main/cli.js'), 'serve', '--data-dir', folder, '--listen', '127.0.0.1:0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const ended = new Promise(resolve => cluster.once('exit', resolve))
await new Promise((resolve, reject) => {
  let output = ''
  cluster.stdout.on('data', chunk => {
    output += chunk
    if (/joined as/.test(output)) resolve()
  })
  void ended.then(() => reject(new Error(`the cluster ended: ${output}`)))
})

const report = join(folder, 'report.json')
const status = await new Promise(resolve => {
  const child = spawn(
    programs.path('ginkgo'),
    [
      `--procs=${values.procs}`,
      `--timeout=${values.timeout}`,
      `--label-filter=Conformance`,
      ...(values.focus ? [`--focus=${values.focus}`] : []),
      ...(values.skip ? [`--skip=${values.skip}`] : []),
      `--output-dir=${folder}`,
      '--json-report=report.json',
      ...(values.list ? ['--dry-run', '-v'] : ['--silence-skips']),
      '--no-color',
      programs.path('e2e.test'),
      '--',
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      '--provider=skeleton',
      '--dump-logs-on-failure=false',
      '--disable-log-dump',
      '--allowed-not-ready-nodes=0',
      '--node-os-distro=debian',
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
cluster.kill('SIGTERM')
await ended
spawnSync(process.execPath, [join(root, 'out/main/cli.js'), 'reset', '--yes', '--data-dir', folder], {
  stdio: 'ignore',
})
rmSync(folder, { recursive: true, force: true })
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(status ?? 1)
