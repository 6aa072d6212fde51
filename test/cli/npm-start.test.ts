// `npm start` where no window can be opened: it says why, serves the cluster, and takes the server along when it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository, until } from '../e2e/support/cluster.ts'

const { displayProblem, missingLibraries, sandboxProblem } = (await import(
  new URL('../../scripts/lib/electron.mjs', import.meta.url).href
)) as {
  displayProblem: (parts: { platform: string; env: NodeJS.ProcessEnv }) => string | undefined
  missingLibraries: (executable: string, parts: { env: NodeJS.ProcessEnv }) => string[]
  sandboxProblem: (executable: string, parts: { uid: number; env: NodeJS.ProcessEnv }) => string | undefined
}

const folder = mkdtempSync(join(tmpdir(), 'flotilla-npm-start-'))
const electron = join(folder, 'electron')
const lock = join(folder, 'data/lock')
let npm: ChildProcess
let output = ''

/** @param group whether it has one of its own, as what is started in a terminal has */
async function start(group = false): Promise<void> {
  output = ''
  npm = spawn(
    'npm',
    ['start', '--', '--no-local-node', '--data-dir', join(folder, 'data'), '--listen', '127.0.0.1:0'],
    {
      cwd: repository,
      env: { ...process.env, DISPLAY: 'elsewhere:0', FLOTILLA_ELECTRON: electron },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: group,
    },
  )
  for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', chunk => (output += String(chunk)))
  // A checkout that changed is built first.
  await until('it serves', () => Promise.resolve(/^ready /m.test(output)), 240_000)
}
const serverPid = () => (JSON.parse(readFileSync(lock, 'utf8')) as { pid: number }).pid

beforeAll(async () => {
  // A program that asks for a library that no machine has.
  const real = readFileSync(realpathSync('/bin/true')).toString('latin1')
  writeFileSync(electron, real.replaceAll('libc.so.6', 'libq.so.6'), { encoding: 'latin1', mode: 0o755 })
  await start()
}, 260_000)
afterAll(() => {
  npm.kill()
  if (existsSync(lock)) process.kill(serverPid())
  rmSync(folder, { recursive: true, force: true })
})

test('an Electron whose libraries are missing is told with what to install, and the cluster is served without', () => {
  expect(output).toMatch(
    /^flotilla: no window: Electron cannot start: this machine lacks libq\.so\.6; install the packages .*libnss3.*\. Serving the cluster headless;/m,
  )
})

test('the server ends with the npm that was told to end', async () => {
  expect(existsSync(lock)).toBe(true)
  npm.kill('SIGTERM')
  await until('the data folder is free', () => Promise.resolve(!existsSync(lock)))
}, 150_000)

test('a Ctrl-C, which reaches the server from the terminal and again from npm, stops it cleanly', async () => {
  await start(true)
  process.kill(-(npm.pid ?? NaN), 'SIGINT')
  // Who ends without that leaves it.
  await until('the data folder is free', () => Promise.resolve(!existsSync(lock)))
  expect(output).toContain('SIGINT: stopping the control plane')
}, 300_000)

describe('the display', () => {
  const problem = (env: NodeJS.ProcessEnv) => displayProblem({ platform: 'linux', env })
  test('is missing where none is named, and where nobody listens on the one that is', () => {
    expect(problem({})).toBe('there is no display')
    expect(problem({ DISPLAY: ':4321' })).toBe('there is no display :4321, which DISPLAY names')
    expect(displayProblem({ platform: 'darwin', env: {} })).toBeUndefined()
  })
  test('is there where its socket is one without a file, on another machine, and with Wayland', async () => {
    const server = createServer().listen('\0/tmp/.X11-unix/X4322')
    await until('it listens', () => Promise.resolve(server.listening))
    expect(problem({ DISPLAY: ':4322.0' })).toBeUndefined()
    server.close()
    expect(problem({ DISPLAY: 'box:10.0' })).toBeUndefined()
    expect(problem({ WAYLAND_DISPLAY: 'wayland-0' })).toBeUndefined()
  })
})

const program = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return join(folder, path)
}

test('what is missing of libraries is known where musl is the C library, too', () => {
  const line = (name: string) =>
    `Error loading shared library ${name}: No such file or directory (needed by ./electron)`
  const lines = ['libnss3.so', 'ld-linux-x86-64.so.2', 'libnss3.so'].map(line).join('\n')
  program('musl/ldd', `cat >&2 <<'END'\n${lines}\nEND\nexit 127`)
  const env = { ...process.env, PATH: `${join(folder, 'musl')}:${process.env['PATH']}` }
  expect(missingLibraries('electron', { env })).toEqual(['libnss3.so', 'ld-linux-x86-64.so.2'])
})

describe('the sandbox', () => {
  const [closed, open] = ['closed', 'open'].map(name => join(folder, name))
  // `unshare` says for the kernel what it allows, and this Node stands for Electron, which is one where it is told to be.
  const env = { ...process.env, PATH: `${closed}:${process.env['PATH']}` }
  const node = `exec ${process.execPath} "$@"`
  const problem = (executable: string, more: NodeJS.ProcessEnv = {}) =>
    sandboxProblem(executable, { uid: 1000, env: { ...env, ...more } })
  beforeAll(() => {
    program('closed/unshare', 'exit 1')
    program('open/unshare', 'exit 0')
  })
  test('is missing where users have no namespaces and its helper no rights, which are told to be given', () => {
    const executable = program('plain/electron', node)
    const helper = join(folder, 'plain/chrome-sandbox')
    expect(problem(executable)).toContain(`sudo chown root ${helper} && sudo chmod 4755 ${helper}`)
    expect(problem(executable, { ELECTRON_DISABLE_SANDBOX: '1' })).toBeUndefined()
    writeFileSync(helper, '', { mode: 0o755 })
    expect(problem(executable)).toContain('chrome-sandbox')
  })
  test('is there where namespaces are open to users, or to this program alone', () => {
    expect(problem(program('plain/electron', node), { PATH: `${open}:${env.PATH}` })).toBeUndefined()
    expect(problem(program('allowed/electron', `PATH=${open}:$PATH ${node}`))).toBeUndefined()
  })
  test('is not looked for by a program that cannot tell', () => {
    expect(problem(program('odd/electron', 'kill -TRAP $$'))).toBeUndefined()
  })
})
