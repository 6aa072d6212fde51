// The desktop app in a real Electron: it starts the cluster, shows it, and offers a way out when it cannot.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { Cluster, execute, until } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { shoot } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

let folder = ''
let app: DesktopApp | undefined

afterEach(async () => {
  await app?.[Symbol.asyncDispose]()
  app = undefined
})

/** @param listen `host:port` */
async function launch(listen: string, prepared?: string): Promise<Page> {
  app = await DesktopApp.launch({ listen, ...(prepared ? { folder: prepared } : {}) })
  folder = app.folder
  return app.page()
}
const kubectl = (...args: string[]) =>
  execute('kubectl', args, { env: { KUBECONFIG: join(folder, 'data/kubeconfig') } })

describe.skipIf(!process.env.DISPLAY)('the desktop app', () => {
  it('starts the cluster, shows it, works on it through its own scheme, and stops it when it quits', async () => {
    const page = await launch('127.0.0.1:0')
    await page.getByText('Pods by state').waitFor()
    expect(page.url()).toMatch(/^app:\/\/flotilla\/ui\//)
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await until('the default namespaces', async () => (await page.locator('[role=row][data-key]').count()) === 4)
    expect((await kubectl('create', 'namespace', 'from-outside')).code).toBe(0)
    await page.locator('[data-key=from-outside]').waitFor()
    await shoot(page, 'electron')

    expect(existsSync(join(folder, 'data/runtime.json'))).toBe(true)
    const pid = app?.pid ?? 0
    await app?.electron.evaluate(({ app: running }) => running.quit()).catch(() => undefined)
    await until('the process is gone', () => {
      try {
        process.kill(pid, 0)
        return Promise.resolve(false)
      } catch {
        return Promise.resolve(true)
      }
    })
    app?.forget()
    expect(existsSync(join(folder, 'data/runtime.json'))).toBe(false)
    expect((await kubectl('get', 'namespaces', '--request-timeout=2s')).code).not.toBe(0)
  })

  it('opens although the port is taken, says so, and starts on another one', async () => {
    const taken = await new Promise<Server>(resolve => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
    })
    try {
      const { port } = taken.address() as { port: number }
      const page = await launch(`127.0.0.1:${port}`)
      await page.getByText('The port is taken').waitFor()
      await shoot(page, 'electron-port-taken')
      expect(await seriousFindings(page, 'a port that is taken', 'html')).toEqual([])
      await page.getByLabel('Port').fill('0')
      await page.getByRole('button', { name: 'Use this port' }).click()
      await page.getByText('Pods by state').waitFor()
      const settings = JSON.parse(readFileSync(join(folder, 'user/settings.json'), 'utf8')) as { listen: string }
      expect(settings.listen).toBe('127.0.0.1:0')
    } finally {
      taken.close()
    }
  })

  it('asks for the passphrase of an encrypted cluster, refuses a wrong one, and opens with the right one', async () => {
    const prepared = mkdtempSync(join(tmpdir(), 'flotilla-electron-'))
    const passphrase = join(prepared, 'passphrase')
    writeFileSync(passphrase, 'correct horse battery staple\n')
    const flags = ['--no-local-node', '--encryption-passphrase-file', passphrase]
    const cluster = await Cluster.start(flags, join(prepared, 'data'))
    await execute('kubectl', ['create', 'namespace', 'from-before'], { env: { KUBECONFIG: cluster.kubeconfig } })
    await cluster.stop()

    const page = await launch('127.0.0.1:0', prepared)
    await page.getByRole('heading', { name: 'Unlock the cluster' }).waitFor()
    await shoot(page, 'electron-passphrase')
    expect(await seriousFindings(page, 'passphrase', 'html')).toEqual([])
    await page.getByLabel('Passphrase').fill('wrong')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByRole('heading', { name: 'Wrong passphrase' }).waitFor()
    expect(await page.getByLabel('Passphrase').inputValue()).toBe('')
    await page.getByLabel('Passphrase').fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await page.locator('[data-key=from-before]').waitFor()
  })
})
