#!/usr/bin/env node
// `npm test`: installs what is missing, checks the code, and runs every test against real programs. Arguments name
// areas to run instead of all: `npm test -- store api`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findElectron } from './lib/electron.mjs'
import { ensureBuilt, ensureDependencies, requireNode, root, run, say } from './lib/setup.mjs'
import { ensureDisplay, ensureDocker, ensureSystem } from './lib/system.mjs'

/** Areas that share the machine, then those that drive Docker and the kernel and run one file at a time. */
const PARALLEL = ['shared', 'store', 'api', 'control', 'cli', 'window']
const SERIAL = ['network', 'agent', 'clients', 'e2e']

const wanted = process.argv.slice(2)
const unknown = wanted.filter(area => ![...PARALLEL, ...SERIAL].includes(area))
if (unknown.length) {
  console.error(`flotilla: no such test area: ${unknown.join(', ')}. Areas: ${[...PARALLEL, ...SERIAL].join(', ')}`)
  process.exit(2)
}
const chosen = areas => (wanted.length ? areas.filter(area => wanted.includes(area)) : areas)

requireNode()
ensureDependencies()
ensureSystem()
ensureBuilt()
const endDocker = await ensureDocker()
process.on('exit', endDocker)

const env = { ...process.env }
const screen = await ensureDisplay()
process.on('exit', screen.end)
if (screen.display) env.DISPLAY = screen.display
const electron = findElectron({ timeoutMs: 60_000 })
if (electron.executable) env.FLOTILLA_ELECTRON = electron.executable
else say(`Electron tests cannot run: ${electron.reason}`)
const clients = spawnSync(process.execPath, [join(root, 'scripts/test-clients.mjs')], { encoding: 'utf8' }).stdout
for (const path of clients.trim().split('\n').filter(Boolean)) {
  env[path.endsWith('/helm') ? 'FLOTILLA_HELM' : 'FLOTILLA_KUBECTL_NEWEST'] = path
}
if (!env.FLOTILLA_HELM) say('Helm cannot be had: its tests are skipped')

mkdirSync(join(root, '.cache'), { recursive: true })
const totals = { passed: 0, failed: 0, skipped: 0 }
const problems = []
const allowedSkips = JSON.parse(readFileSync(join(root, 'test/allowed-skips.json'), 'utf8'))

function check(name, command, args) {
  const started = Date.now()
  const ok = run(command, args, { env })
  console.log(`${ok ? '✓' : '✗'} ${name} (${Math.round((Date.now() - started) / 1000)} s)`)
  if (!ok) problems.push(name)
}

function runTests(areas, extra) {
  if (!areas.length) return
  const report = join(root, '.cache', `tests-${areas[0]}.json`)
  const projects = areas.flatMap(area => ['--project', area])
  const args = [
    'vitest',
    'run',
    ...projects,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    '--passWithNoTests',
    ...extra,
  ]
  const ok = run('npx', args, { env })
  if (!existsSync(report)) return void problems.push(`${areas.join(', ')}: no report`)
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  let counted = 0
  for (const file of testResults)
    for (const test of file.assertionResults) {
      counted++
      if (test.status === 'passed') totals.passed++
      else if (test.status === 'failed') totals.failed++
      else {
        totals.skipped++
        const allowed = allowedSkips.find(({ test: name }) => test.fullName.includes(name))
        console.log(
          `skipped: ${test.fullName}: ${allowed ? allowed.why : 'NOT ALLOW-LISTED (test/allowed-skips.json)'}`,
        )
        if (!allowed && env.CI) problems.push(`skipped test: ${test.fullName}`)
      }
    }
  if (!ok) problems.push(`tests of ${areas.join(', ')}`)
  if (counted === 0) problems.push(`no tests ran in ${areas.join(', ')}`)
}

if (!wanted.length) {
  check('types', 'npm', ['run', '--silent', 'typecheck'])
  check('lint', 'npm', ['run', '--silent', 'lint'])
  check('format', 'npm', ['run', '--silent', 'format:check'])
  check('import directions', 'npm', ['run', '--silent', 'check:deps'])
  check('unused code', 'npm', ['run', '--silent', 'check:unused'])
}
runTests(chosen(PARALLEL), ['--maxWorkers=2'])
runTests(chosen(SERIAL), ['--maxWorkers=1', '--no-file-parallelism'])

if (problems.length) console.error(`\nNot green:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(problems.length ? 1 : 0)
