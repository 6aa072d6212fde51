// The copy of a packaged app that containers of local clusters run: one path for good, one copy a version.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { copyProgram } from '../../src/main/local-cluster/program.ts'
import { writeState } from '../../src/main/local-cluster/state.ts'

/** In place of Node: tells what it was asked to run. */
const NODE = '#!/bin/sh\necho "$(cat "$1")"\n'
const ARCHIVE = `out/agent/runtime/${process.arch}/node.tar.gz`
let folder = ''
const app = () => join(folder, 'app.asar')
const base = () => join(folder, 'clusters')

function write(path: string, text: string) {
  mkdirSync(dirname(join(app(), path)), { recursive: true })
  writeFileSync(join(app(), path), text)
}
/** An app of this version, laid out as a package is. */
function pack(version: string) {
  write('package.json', JSON.stringify({ version }))
  write('out/main/cli.js', `command line ${version}`)
  write('out/main/chunks/part.js', `part ${version}`)
  write('out/agent/agent.cjs', `agent ${version}`)
  write('node_modules/library/index.js', 'library')
  write(ARCHIVE, '')
  writeFileSync(join(folder, 'node'), NODE, { mode: 0o755 })
  execFileSync('tar', ['-czf', join(app(), ARCHIVE), '-C', folder, 'node'])
  const sha256 = createHash('sha256').update(NODE).digest('hex')
  writeFileSync(join(app(), dirname(ARCHIVE), 'runtime.json'), JSON.stringify({ sha256, bytes: NODE.length }))
}
const run = (node: string, script: string) => execFileSync(node, [script], { encoding: 'utf8' }).trim()
const copies = () => readdirSync(join(base(), '.program')).filter(name => name !== 'current')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-local-program-'))
  pack('1')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('runs outside the app: the command line, the agent and all that they load', async () => {
  const { node, commandLine, agent, env } = await copyProgram(app(), base())
  expect(run(node, commandLine)).toBe('command line 1')
  expect(run(node, agent)).toBe('agent 1')
  expect(env).not.toHaveProperty('ELECTRON_RUN_AS_NODE')
  const copy = join(dirname(commandLine), '../..')
  expect(readFileSync(join(copy, 'out/main/chunks/part.js'), 'utf8')).toBe('part 1')
  expect(existsSync(join(copy, 'node_modules/library/index.js'))).toBe(true)
  expect(existsSync(join(copy, 'out/agent/runtime'))).toBe(false)
})

it('copies a version once', async () => {
  const { commandLine } = await copyProgram(app(), base())
  const { ino } = statSync(commandLine)
  await copyProgram(app(), base())
  expect(statSync(commandLine).ino).toBe(ino)
})

it('leads a container that is started again to the newer version, by the path that it has', async () => {
  const old = await copyProgram(app(), base())
  pack('2')
  expect(await copyProgram(app(), base())).toEqual(old)
  expect(run(old.node, old.commandLine)).toBe('command line 2')
})

it('keeps what a cluster may still run, and nothing once there is none', async () => {
  const { commandLine } = await copyProgram(app(), base())
  const running = realpathSync(commandLine)
  const state = { name: 'one', subnet: '10.0.0.0/24', gateway: '10.0.0.1', port: 6443, nodes: [] }
  mkdirSync(join(base(), 'one'))
  writeState(base(), state)
  pack('2')
  await copyProgram(app(), base())
  expect(readFileSync(running, 'utf8')).toBe('command line 1')
  rmSync(join(base(), 'one'), { recursive: true })
  await copyProgram(app(), base())
  expect(copies()).toHaveLength(1)
})

it('leaves no half of a copy where the app is damaged, and makes a whole one afterwards', async () => {
  writeFileSync(join(app(), ARCHIVE), 'damaged')
  await expect(copyProgram(app(), base())).rejects.toThrow('damaged')
  pack('1')
  const { node, agent } = await copyProgram(app(), base())
  expect(run(node, agent)).toBe('agent 1')
  expect(copies()).toHaveLength(1)
})
