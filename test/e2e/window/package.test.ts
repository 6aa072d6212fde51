// The packaged app: its fuses, its start, this machine as a node without Electron acting as Node, and links to it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, execute, repository, until } from '../support/cluster.ts'
import { electronRuntime } from './support/electron-app.ts'

const program = join(repository, 'dist/linux-unpacked/flotilla')
/** Of the runtime that the tests have. */
const ELECTRON_VERSION = '33.2.1'
let folder = ''
let child: ChildProcess | undefined
let browser: Browser | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-package-'))
  const script = join(repository, 'scripts/package.mjs')
  const args = [script, '--dir', '--electron', dirname(electronRuntime()), ELECTRON_VERSION]
  const { code, stdout, stderr } = await execute(process.execPath, args, { timeoutMs: 420_000 })
  if (code !== 0) throw new Error(`the package was not made: ${stderr}${stdout}`)
}, 480_000)
afterAll(async () => {
  await browser?.close()
  if (child && child.exitCode === null) {
    const running = child
    const ended = new Promise(resolve => running.once('exit', resolve))
    running.kill('SIGTERM')
    await ended
  }
  const { code, stderr } = await cli('reset', '--yes', '--data-dir', join(folder, 'data'))
  expect(`${code} ${stderr}`).toBe('0 ')
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!process.env.DISPLAY)('the packaged app', () => {
  it('has every fuse as it should be', async () => {
    const wire = await getCurrentFuseWire(program)
    const on = (fuse: FuseV1Options) => String.fromCharCode(wire[fuse] ?? 0) === '1'
    expect(wire.version).toBe(FuseVersion.V1)
    expect({
      RunAsNode: on(FuseV1Options.RunAsNode),
      NodeOptions: on(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      NodeCliInspect: on(FuseV1Options.EnableNodeCliInspectArguments),
      CookieEncryption: on(FuseV1Options.EnableCookieEncryption),
      AsarIntegrity: on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      OnlyAsar: on(FuseV1Options.OnlyLoadAppFromAsar),
      FilePrivileges: on(FuseV1Options.GrantFileProtocolExtraPrivileges),
    }).toEqual({
      RunAsNode: false,
      NodeOptions: false,
      NodeCliInspect: false,
      CookieEncryption: true,
      AsarIntegrity: true,
      OnlyAsar: true,
      FilePrivileges: false,
    })
    expect(readdirSync(join(dirname(program), 'resources'))).toEqual(['app.asar'])
  })

  it('starts, makes this machine a node, and follows a link that a second start hands over', async () => {
    const own = ['--no-sandbox', `--user-data-dir=${folder}/user`]
    const more = ['--data-dir', join(folder, 'data'), '--listen', '127.0.0.1:0', '--remote-debugging-port=0']
    const started = spawn(program, [...own, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    let output = ''
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    const line = (pattern: RegExp) =>
      until(`${String(pattern)} in ${output}`, () => Promise.resolve(pattern.exec(output)?.[1]), 60_000)
    browser = await chromium.connectOverCDP(await line(/DevTools listening on (ws:\S+)/))
    const page = await until('the window', () => Promise.resolve(browser?.contexts()[0]?.pages()[0]), 30_000)
    await page.getByText('Pods by state').waitFor({ timeout: 30_000 })
    const node = await line(/this node {3}joined as (\S+)/)
    await page.getByText('1/1', { exact: true }).waitFor({ timeout: 30_000 })

    // Were it to act as Node, it would take the link for a script.
    const env = { ELECTRON_RUN_AS_NODE: '1' }
    await execute(program, [...own, 'flotilla://k/core/v1/nodes'], { env })
    await page.waitForURL(/\/ui\/k\/core\/v1\/nodes$/, { timeout: 15_000 })
    await page.locator(`[data-key="${node}"]`).waitFor()
    await execute(program, [...own, 'flotilla://create/yaml'], { env })
    expect(page.url()).toMatch(/\/ui\/k\/core\/v1\/nodes$/)
  })
})
