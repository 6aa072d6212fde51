// The desktop app in a real Electron: it starts the cluster, shows it, and offers a way out when it cannot.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ElectronApplication, type Page, _electron } from 'playwright-core'
import { execute, repository, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'

let executablePath = ''
let folder = ''
let app: ElectronApplication | undefined

beforeAll(() => {
  executablePath = execFileSync('node', [join(repository, 'scripts/electron-runtime.mjs')], { encoding: 'utf8' }).trim()
})
afterEach(async () => {
  await app?.close()
  app = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** @param listen `host:port` */
async function launch(listen: string): Promise<Page> {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-electron-'))
  app = await _electron.launch({
    executablePath,
    args: [
      '--no-sandbox',
      `--user-data-dir=${folder}/user`,
      '--data-dir',
      join(folder, 'data'),
      '--listen',
      listen,
      '--no-local-node',
    ],
  })
  return app.firstWindow()
}
const kubeconfig = () => join(folder, 'data/kubeconfig')
const kubectl = (...args: string[]) => execute('kubectl', args, { env: { KUBECONFIG: kubeconfig() } })

describe.skipIf(!process.env.DISPLAY)('the desktop app', () => {
  it('starts the cluster, shows it, and works on it through its own scheme', async () => {
    const page = await launch('127.0.0.1:0')
    await page.getByText('Pods by state').waitFor({ timeout: 20_000 })
    expect(page.url()).toMatch(/^app:\/\/flotilla\/ui\//)
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await until(
      'the default namespaces',
      async () => (await page.locator('[role=row][data-key]').count()) === 4,
      10_000,
    )
    expect((await kubectl('create', 'namespace', 'from-outside')).code).toBe(0)
    await page.locator('[data-key=from-outside]').waitFor({ timeout: 5_000 })
    await shoot(page, 'electron')
  })

  it('gives the page nothing of Node or Electron, and no way out of its own pages', async () => {
    const page = await launch('127.0.0.1:0')
    await page.getByText('Pods by state').waitFor({ timeout: 20_000 })
    expect(
      await page.evaluate('[typeof require, typeof process, typeof module, Object.keys(flotilla).sort().join()]'),
    ).toEqual(['undefined', 'undefined', 'undefined', 'invoke,on,platform'])
    const refused = (script: string) =>
      page.evaluate(`(async () => { try { await ${script}; return 'done' } catch (error) { return String(error) } })()`)
    expect(await refused(`flotilla.invoke('shell:open', '/')`)).toContain('unknown channel')
    expect(await refused(`flotilla.invoke('control-plane:start', { dataDir: 7 })`)).not.toBe('done')
    expect(await refused(`flotilla.invoke('stream:open', '/api/v1/secrets?', [])`)).toContain('only exec and attach')
    expect(await refused(`fetch('https://127.0.0.1:1/')`)).not.toBe('done')
    await page.evaluate(`location.href = 'https://example.com/'`)
    expect(await page.evaluate('open("https://127.0.0.1:1/x") === null')).toBe(true)
    expect(page.url()).toMatch(/^app:\/\/flotilla\/ui\//)
  })

  it('opens although the port is taken, says so, and starts on another one', async () => {
    const taken = await new Promise<Server>(resolve => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
    })
    try {
      const { port } = taken.address() as { port: number }
      const page = await launch(`127.0.0.1:${port}`)
      await page.getByText('The port is taken').waitFor({ timeout: 20_000 })
      await shoot(page, 'electron-port-taken')
      await page.getByLabel('Port').fill('0')
      await page.getByRole('button', { name: 'Use this port' }).click()
      await page.getByText('Pods by state').waitFor({ timeout: 20_000 })
      const settings = JSON.parse(readFileSync(join(folder, 'user/settings.json'), 'utf8')) as { listen: string }
      expect(settings.listen).toBe('127.0.0.1:0')
    } finally {
      taken.close()
    }
  })

  it('stops the control plane when it quits', async () => {
    const page = await launch('127.0.0.1:0')
    await page.getByText('Pods by state').waitFor({ timeout: 20_000 })
    expect(existsSync(join(folder, 'data/runtime.json'))).toBe(true)
    const pid = app?.process().pid ?? 0
    await app?.evaluate(({ app: running }) => running.quit()).catch(() => undefined)
    await until(
      'the process is gone',
      () => {
        try {
          process.kill(pid, 0)
          return Promise.resolve(false)
        } catch {
          return Promise.resolve(true)
        }
      },
      15_000,
    )
    app = undefined
    expect(existsSync(join(folder, 'data/runtime.json'))).toBe(false)
    expect((await kubectl('get', 'namespaces', '--request-timeout=2s')).code).not.toBe(0)
  })
})
