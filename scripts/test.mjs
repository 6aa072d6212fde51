#!/usr/bin/env node
// `npm test`: installs what is missing, checks the code, and runs every test against real programs. Arguments name
// areas to run instead of all: `npm test -- store api`.
import { fork, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { ensureBuilt, ensureDependencies, onEnd, requireNode, root, say } from './lib/setup.mjs'
import { ensureDocker, ensureSystem, isInstalled, makeDisplay } from './lib/system.mjs'

/**
 * Stages run one after another, the lanes of a stage beside each other, the projects of a lane one after another. What
 * is beside something else uses nothing that the other has to itself, such as this machine as a node; each lane has a
 * screen of its own. A project's area is its name up to the first dash.
 */
const STAGES = [
  // The store's tests wait for disks and power cuts half of their time. Lab hosts' images take minutes to make, for which
  // all of `hosts` would wait.
  [
    ['api', 'control', 'cli'],
    ['store', 'lab'],
  ],
  [['network']],
  [['agent']],
  [['hosts']],
  // The first compare the whole machine before and after, and mostly wait; the others are in processes alone.
  [
    ['hosts-alone', 'e2e-alone'],
    ['shared', 'desktop', 'window'],
  ],
  [['e2e'], ['clients', 'e2e-beside']],
]
/** Files at a time; two where nothing is said. Those of `hosts`, `store` and `agent` wait much, for machines, disks and probes. */
const WORKERS = {
  store: 3,
  agent: 3,
  hosts: 6,
  lab: 1,
  'hosts-alone': 1,
  e2e: 1,
  'e2e-alone': 1,
  'e2e-beside': 1,
  clients: 1,
}
const areaOf = project => project.replace(/-.*/, '')
const AREAS = [...new Set(STAGES.flat(2).map(areaOf))]
/** Minutes that the tests of an area may take, so that the whole stays a coffee break. */
const BUDGET_MINUTES = { store: 4, api: 5, control: 4, agent: 5, network: 4, hosts: 6, window: 5 }
/** More broken files than this are not unsteady, they are broken. */
const MOST_RETRIED = 6

const begun = Date.now()
const wanted = process.argv.slice(2)
const unknown = wanted.filter(area => !AREAS.includes(area))
if (unknown.length) {
  console.error(`flotilla: no such test area: ${unknown.join(', ')}. Areas: ${AREAS.join(', ')}`)
  process.exit(2)
}
/** They make networks, mounts and machines. */
const ROOT_PROJECTS = ['lab', 'network', 'agent', 'hosts', 'hosts-alone', 'e2e', 'e2e-alone', 'clients']
const isWanted = project => !wanted.length || wanted.includes(areaOf(project))
const withheld = process.getuid?.() === 0 ? [] : ROOT_PROJECTS.filter(isWanted)
const isChosen = project => isWanted(project) && !withheld.includes(project)
const notRun = `not run without root, which makes their networks and machines: ${withheld.join(', ')}`

requireNode()
if (withheld.length) say(`${notRun}. All: sudo npm test`)
// Of programs that change a machine, users' paths know nothing.
if (process.platform === 'linux') process.env.PATH += ':/usr/sbin:/sbin'
ensureDependencies()
// They read sources alone: they run beside what follows.
const checked = wanted.length ? Promise.resolve([]) : runChecks()
ensureSystem()
ensureBuilt()
const endDocker = await ensureDocker()
process.on('exit', endDocker)

const env = { ...process.env }
/** One for each lane of a stage. */
const screens = [await makeDisplay(), await makeDisplay()]
for (const { end } of screens) process.on('exit', end)
const clients = spawnSync(process.execPath, [join(root, 'scripts/test-clients.mjs')], { encoding: 'utf8' }).stdout
for (const path of clients.trim().split('\n').filter(Boolean)) {
  env[path.endsWith('/helm') ? 'FLOTILLA_HELM' : 'FLOTILLA_KUBECTL_NEWEST'] = path
}
if (!env.FLOTILLA_HELM) say('Helm cannot be had: its tests are skipped')
if (!isInstalled('kubectl')) {
  if (!env.FLOTILLA_KUBECTL_NEWEST) {
    console.error('flotilla: the tests drive kubectl, which cannot be had from a Debian mirror here: please install it')
    process.exit(1)
  }
  env.PATH = `${env.PATH}:${dirname(env.FLOTILLA_KUBECTL_NEWEST)}`
}

mkdirSync(join(root, '.cache'), { recursive: true })
const totals = { passed: 0, failed: 0, skipped: 0 }
const problems = []
/** By area, and in there by project. */
const seconds = {}
const unsteady = []
const allowedSkips = JSON.parse(readFileSync(join(root, 'test/allowed-skips.json'), 'utf8'))

const running = new Set()
onEnd(() => {
  for (const child of running) child.kill('SIGTERM')
  process.exit(1)
})

/** What tests make for themselves, which is to go with them. */
const scratch = () => readdirSync(tmpdir()).filter(name => /^flotilla-.+-\w{6}$/.test(name))
const scratchBefore = new Set(scratch())

/** @returns the names of the checks that failed */
function runChecks() {
  const child = fork(join(root, 'scripts/checks.mjs'))
  return new Promise(resolve => {
    let failed = ['checks']
    child.once('message', names => (failed = names))
    child.once('close', code => resolve(code === 0 ? [] : failed))
  })
}

/** Runs a program; what it prints is shown as it comes in the first lane, or as a whole at its end. */
function runProgram(command, args, { lane }) {
  return new Promise(resolve => {
    const chunks = []
    const stdio = ['ignore', ...(lane === 0 ? ['inherit', 'inherit'] : ['pipe', 'pipe'])]
    const { display } = screens[lane]
    const child = spawn(command, args, { cwd: root, env: { ...env, ...(display && { DISPLAY: display }) }, stdio })
    running.add(child)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => chunks.push(chunk))
    child.once('error', error => chunks.push(Buffer.from(`${error.message}\n`)))
    child.once('close', () => {
      running.delete(child)
      process.stdout.write(Buffer.concat(chunks))
      resolve()
    })
  })
}

/** Runs test files of a project. @returns the report of vitest, or undefined when there is none */
async function vitest(project, report, args, { lane }) {
  const path = join(root, '.cache', `tests-${report}.json`)
  rmSync(path, { force: true })
  const shared = ['--reporter=default', '--reporter=json', `--outputFile.json=${path}`, '--passWithNoTests']
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  await runProgram(process.execPath, [program, 'run', ...shared, '--project', project, ...args], { lane })
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** The message without the stack, as far as it fits: a failed command says why after its first line. */
const firstLines = message =>
  message
    .split(/\n\s+at /)[0]
    .split('\n')
    .slice(0, 12)
    .join('\n    ')

/** @returns what was run, with its report */
async function runProject(project, { lane }) {
  const started = Date.now()
  const workers = WORKERS[project] ?? 2
  const serial = workers === 1 ? ['--no-file-parallelism'] : []
  const report = await vitest(project, project, [`--maxWorkers=${workers}`, ...serial], { lane })
  countTime(project, started)
  return { project, report }
}

/** Its lanes beside each other; then each file that failed once more, with nothing beside it. */
async function runStage(lanes) {
  const results = await Promise.all(
    lanes.map(async (projects, lane) => {
      const done = []
      for (const project of projects.filter(isChosen)) done.push(await runProject(project, { lane }))
      return done
    }),
  )
  for (const { project, report } of results.flat()) await conclude(project, report)
}

async function conclude(project, report) {
  if (!report) return void problems.push(`${project}: no report`)
  const broken = report.testResults.filter(file => file.status === 'failed').map(({ name }) => name)
  const again = broken.length > 0 && broken.length <= MOST_RETRIED ? await retry(project, broken) : []
  const files = report.testResults.map(file => again.find(({ name }) => name === file.name) ?? file)
  const tests = files.flatMap(file => file.assertionResults)
  for (const file of files)
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
      problems.push(`${relative(root, file.name)}: ${(file.message ?? 'failed').split('\n')[0]}`)
  for (const test of tests) countTest(test)
  if (tests.length === 0) problems.push(`no tests ran in ${project}`)
}

/** What failed beside others gets one run alone: what passes then is told as unsteady, what fails again is red. */
async function retry(project, files) {
  const started = Date.now()
  const report = await vitest(project, `${project}-again`, ['--maxWorkers=1', ...files], { lane: 0 })
  countTime(`${project}-again`, started)
  for (const { name, status } of report?.testResults ?? []) if (status === 'passed') unsteady.push(relative(root, name))
  return report?.testResults ?? []
}

function countTime(name, started) {
  const spent = (seconds[areaOf(name)] ??= {})
  spent[name] = (spent[name] ?? 0) + (Date.now() - started) / 1000
}

function timeOf([area, projects]) {
  const budget = BUDGET_MINUTES[area]
  const spent = Object.values(projects).reduce((sum, each) => sum + each, 0)
  const each = Object.entries(projects).map(([name, time]) => `${name} ${Math.round(time)}`)
  const parts = each.length > 1 ? ` (${each.join(', ')})` : ''
  const over = budget && spent > budget * 60 ? ` (over its budget of ${budget} min)` : ''
  return `${area} ${Math.round(spent)} s${parts}${over}`
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

problems.push(...(await checked))
if (withheld.length) problems.push(notRun)
for (const lanes of STAGES) await runStage(lanes)

const minutes = (Date.now() - begun) / 60_000
console.log(`\nTimes: ${Object.entries(seconds).map(timeOf).join(' · ')} · all of it ${minutes.toFixed(1)} min`)
if (unsteady.length)
  console.log(`\nFailed beside others, passed alone:\n${unsteady.map(name => `  - ${name}`).join('\n')}`)
const left = scratch().filter(name => !scratchBefore.has(name))
if (left.length) console.log(`\nLeft behind in ${tmpdir()}:\n${left.map(name => `  - ${name}`).join('\n')}`)
if (problems.length) console.error(`\nNot green:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(problems.length ? 1 : 0)
