#!/usr/bin/env node
// `npm test`: installs what is missing, checks the code, and runs every test against real programs. Arguments name
// areas to run instead of all: `npm test -- store api`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { findElectron } from './lib/electron.mjs'
import { ensureBuilt, ensureDependencies, requireNode, root, run, say } from './lib/setup.mjs'
import { ensureDisplay, ensureDocker, ensureSystem } from './lib/system.mjs'

/**
 * Areas that share the machine, then those that drive Docker and the kernel and run one file at a time. Where machines
 * are the tests' own, and much of the time is waiting, several files run at a time; those of `hosts-alone` after them.
 */
const PARALLEL = ['shared', 'store', 'api', 'control', 'cli', 'desktop', 'window']
const SERIAL = ['network', 'agent', 'hosts', 'clients', 'e2e']
const WORKERS = { network: 2, hosts: 3 }
/** Minutes that the tests of an area may take, so that the whole stays a coffee break. */
const BUDGET_MINUTES = { store: 4, api: 5, control: 4, agent: 5, network: 4, hosts: 6, window: 5 }
/** More broken files than this are not unsteady, they are broken. */
const MOST_RETRIED = 6

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
const times = []
const unsteady = []
const allowedSkips = JSON.parse(readFileSync(join(root, 'test/allowed-skips.json'), 'utf8'))

function check(name, command, args) {
  const started = Date.now()
  const ok = run(command, args, { env })
  console.log(`${ok ? '✓' : '✗'} ${name} (${Math.round((Date.now() - started) / 1000)} s)`)
  if (!ok) problems.push(name)
}

/** Runs test files. @returns the report of vitest, or undefined when there is none */
function vitest(name, args) {
  const report = join(root, '.cache', `tests-${name}.json`)
  rmSync(report, { force: true })
  const shared = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--passWithNoTests']
  run('npx', ['vitest', 'run', ...shared, ...args], { env })
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
}

/** The message without the stack, as far as it fits: a failed command says why after its first line. */
const firstLines = message =>
  message
    .split(/\n\s+at /)[0]
    .split('\n')
    .slice(0, 12)
    .join('\n    ')

const projectsOf = area => ['--project', area, '--project', `${area}-*`]

/** Areas run one after another, so that each has its own time; a file that fails is run once more, by itself. */
function runTests(area, extra) {
  const started = Date.now()
  const report = vitest(area, [...projectsOf(area), ...extra])
  if (!report) return void problems.push(`${area}: no report`)
  const broken = report.testResults.filter(file => file.status === 'failed').map(({ name }) => name)
  const again = broken.length > 0 && broken.length <= MOST_RETRIED ? retry(area, broken) : []
  const files = report.testResults.map(file => again.find(({ name }) => name === file.name) ?? file)
  const tests = files.flatMap(file => file.assertionResults)
  for (const file of files)
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
      problems.push(`${relative(root, file.name)}: ${(file.message ?? 'failed').split('\n')[0]}`)
  for (const test of tests) countTest(test)
  if (tests.length === 0) problems.push(`no tests ran in ${area}`)
  const seconds = Math.round((Date.now() - started) / 1000)
  const budget = BUDGET_MINUTES[area]
  times.push(`${area} ${seconds} s${budget && seconds > budget * 60 ? ` (over its budget of ${budget} min)` : ''}`)
}

/** What failed beside others gets one run alone: what passes then is told as unsteady, what fails again is red. */
function retry(area, files) {
  const { testResults = [] } = vitest(`${area}-again`, [...projectsOf(area), '--maxWorkers=1', ...files]) ?? {}
  for (const { name, status } of testResults) if (status === 'passed') unsteady.push(relative(root, name))
  return testResults
}

function countTest(test) {
  if (test.status === 'passed') return void totals.passed++
  if (test.status === 'failed') {
    totals.failed++
    problems.push(`${test.fullName}: ${firstLines(test.failureMessages?.[0] ?? '')}`)
    return
  }
  totals.skipped++
  const allowed = allowedSkips.find(({ test: name }) => test.fullName.includes(name))
  console.log(`skipped: ${test.fullName}: ${allowed ? allowed.why : 'NOT ALLOW-LISTED (test/allowed-skips.json)'}`)
  if (!allowed && env.CI) problems.push(`skipped test: ${test.fullName}`)
}

if (!wanted.length) {
  check('types', 'npm', ['run', '--silent', 'typecheck'])
  check('lint', 'npm', ['run', '--silent', 'lint'])
  check('format', 'npm', ['run', '--silent', 'format:check'])
  check('import directions', 'npm', ['run', '--silent', 'check:deps'])
  check('unused code', 'npm', ['run', '--silent', 'check:unused'])
}
for (const area of chosen(PARALLEL)) runTests(area, ['--maxWorkers=2'])
for (const area of chosen(SERIAL))
  runTests(area, WORKERS[area] ? [`--maxWorkers=${WORKERS[area]}`] : ['--maxWorkers=1', '--no-file-parallelism'])

console.log(`\nTimes: ${times.join(' · ')}`)
if (unsteady.length)
  console.log(`\nFailed beside others, passed alone:\n${unsteady.map(name => `  - ${name}`).join('\n')}`)
if (problems.length) console.error(`\nNot green:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(problems.length ? 1 : 0)
