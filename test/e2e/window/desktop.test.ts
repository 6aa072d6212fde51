// The app on a desktop, in a real Electron: its window's place, closing, settings, the log bundle.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ElectronApplication, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { shoot, walk } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

const settings = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'user/settings.json'), 'utf8')) as {
    onClose: string
    keepAwake: boolean
    window?: { width: number; height: number }
  }

const windowsOf = (electron: ElectronApplication) =>
  electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)

/** A native dialog cannot be driven: the user's click is put in its place. @returns what tells what was asked since */
async function clickInDialogs(electron: ElectronApplication, button: number): Promise<() => Promise<string[]>> {
  await electron.evaluate(({ dialog }, response) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    Object.assign(dialog, {
      showMessageBox: ({ message }: { message: string }) => (asked.push(message), Promise.resolve({ response })),
    })
  }, button)
  return () => electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
}

const crashReports = (folder: string): string[] => {
  const crashes = join(folder, 'data/logs/crashes')
  return existsSync(crashes) ? readdirSync(crashes) : []
}

describe.skipIf(!process.env.DISPLAY)('the app on a desktop, as it is opened and closed,', () => {
  let app: DesktopApp | undefined
  afterEach(async () => {
    await app?.[Symbol.asyncDispose]()
    app = undefined
  })

  it('asks once what closing means, runs on in the tray, and comes back where it was, at the place of a link', async () => {
    app = await DesktopApp.launch()
    const { electron, folder } = app
    const page = await app.page()
    await page.getByText('Pods by state').waitFor()
    await electron.evaluate(({ dialog, BrowserWindow }) => {
      const asked: string[] = []
      Object.assign(globalThis, { asked })
      // A native dialog cannot be driven: the user's click is put in its place.
      Object.assign(dialog, {
        showMessageBox: (_window: object, { message }: { message: string }) => {
          asked.push(message)
          return Promise.resolve({ response: asked.length === 1 ? 2 : 0 })
        },
      })
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 50, width: 1100, height: 700 })
    })
    await until('its place is kept', () => Promise.resolve(settings(folder).window?.width === 1100))
    const close = () => electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    const asked = () => electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)

    await close()
    await until('the question', async () => (await asked()).length === 1)
    expect(await windowsOf(electron)).toBe(1)
    expect(settings(folder).onClose).toBe('ask')
    await close()
    await until('the window is closed', async () => (await windowsOf(electron)) === 0)
    expect(settings(folder).onClose).toBe('stay')
    expect((await app.kubectl('get', 'namespaces')).code).toBe(0)

    const shown = electron.waitForEvent('window')
    await app.startAgain('flotilla://k/core/v1/nodes')
    const again = await shown
    await again.waitForURL(/\/ui\/k\/core\/v1\/nodes$/)
    await app.startAgain('flotilla://create/yaml')
    expect(again.url()).toMatch(/\/ui\/k\/core\/v1\/nodes$/)
    const bounds = await electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())
    expect(bounds).toMatchObject({ width: 1100, height: 700 })
    await close()
    await until('it is closed without a question', async () => (await windowsOf(electron)) === 0)
    expect(await asked()).toEqual(['Keep the cluster running?', 'Keep the cluster running?'])
  })

  it('started by a link opens at its place; its tray says how the cluster is, opens places, and quits', async () => {
    app = await DesktopApp.launch({ args: ['flotilla://k/core/v1/nodes?ns=shop'] })
    const { electron, folder } = app
    const page = await app.page()
    await page.waitForURL(/\/ui\/k\/core\/v1\/nodes\?ns=shop$/)
    await page.getByRole('heading', { name: 'Nodes' }).waitFor()
    // No panel shows the icon beside a virtual screen: the menu that it is given is kept, and its items are clicked.
    await electron.evaluate(({ Tray }) => {
      const { prototype } = Tray
      const give = Reflect.get(prototype, 'setContextMenu') as (menu: Electron.Menu) => void
      prototype.setContextMenu = function (this: Electron.Tray, menu: Electron.Menu) {
        Object.assign(globalThis, { given: menu })
        give.call(this, menu)
      }
    })
    const labels = () =>
      electron.evaluate(() =>
        ((globalThis as unknown as { given?: Electron.Menu }).given?.items ?? []).map(({ label }) => label),
      )
    const click = (label: string) =>
      electron.evaluate(
        (_electron, wanted) =>
          (globalThis as unknown as { given: Electron.Menu }).given.items.find(item => item.label === wanted)?.click(),
        label,
      )
    const node = join(folder, 'node.json')
    const strange = '<b>&File</b>\u001b[31m\u202etxt.exe'
    const conditions = [{ type: 'Ready', status: 'False', reason: 'Strange', message: strange }]
    const metadata = { name: 'box', annotations: { strange } }
    writeFileSync(node, JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata, status: { conditions } }))
    expect((await app.kubectl('create', '-f', node)).code).toBe(0)
    await until('it counts the node', async () => (await labels())[0] === 'Running · 0 of 1 node ready')
    // What objects say has no place there.
    expect((await labels()).join()).not.toMatch(/[<&\u001b\u202e]|txt\.exe/)
    await click('Keep this computer awake')
    await until('it is kept awake', () => Promise.resolve(settings(folder).keepAwake))
    await clickInDialogs(electron, 0)
    await electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    await until('the window is closed', async () => (await windowsOf(electron)) === 0)
    const shown = electron.waitForEvent('window')
    await click('Topology')
    await (await shown).waitForURL(/\/ui\/topology$/)
    const ended = new Promise(resolve => electron.process().once('exit', resolve))
    await click('Quit (containers keep running)').catch(() => undefined)
    expect(await ended).toBe(0)
    expect(existsSync(join(folder, 'data/runtime.json'))).toBe(false)
    app.forget()
  })

  it('shows places of a cluster beside each other, and asks for the last one only', async () => {
    app = await DesktopApp.launch()
    const { electron, folder } = app
    const page = await app.page()
    await page.getByText('Pods by state').waitFor()
    const asked = await clickInDialogs(electron, 0)

    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    const row = page.locator('[role=row][data-key="kube-system"]')
    const opened = electron.waitForEvent('window')
    await row.click({ modifiers: ['Control'] })
    const second = await opened
    await second.waitForURL(/namespaces\?open=kube-system$/)
    await second.getByRole('heading', { name: 'kube-system' }).waitFor()
    expect(new URL(page.url()).search).toBe('')

    const third = electron.waitForEvent('window')
    await electron.evaluate(({ Menu }) => {
      const file = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'File')
      file?.submenu?.items.find(({ label }) => label === 'New window')?.click()
    })
    await (await third).getByRole('heading', { name: 'Namespaces' }).waitFor()
    expect(await windowsOf(electron)).toBe(3)

    // What happens in the cluster is seen in all of them; what is open in one closes with it alone.
    await app.kubectl('create', 'namespace', 'for-both')
    for (const each of [page, second]) await each.locator('[data-key="for-both"]').waitFor()
    await second.close()
    await (await third).close()
    await until('two are closed', async () => (await windowsOf(electron)) === 1)
    expect(await asked()).toEqual([])
    await electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    await until('the question', async () => (await asked()).length === 1)
    expect(settings(folder).onClose).toBe('stay')
  })

  it('quits at once, also while its cluster starts, without a fault on the way out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-electron-'))
    for (const ms of [0, 100, 300, 600]) {
      app = await DesktopApp.launch({ folder })
      await app.page()
      await new Promise(resolve => setTimeout(resolve, ms))
      await app.quit()
      expect(crashReports(folder)).toEqual([])
    }
  })

  it('goes on after a fault that nobody foresaw, writes it down, and starts again when the user says so', async () => {
    app = await DesktopApp.launch()
    const { electron, folder } = app
    const page = await app.page()
    await page.getByText('Pods by state').waitFor()
    const asked = await clickInDialogs(electron, 1)
    const fail = (code?: string) =>
      electron.evaluate((_electron, name) => {
        setTimeout(() => {
          throw Object.assign(new Error('out of paper'), name ? { code: name } : {})
        })
      }, code)
    await fail('ECONNRESET')
    await fail()
    await until('it is told', async () => (await asked()).length > 0)
    expect(await asked()).toEqual(['Flotilla met a fault that was not foreseen'])
    const reports = crashReports(folder)
    expect(reports).toHaveLength(1)
    expect(readFileSync(join(folder, 'data/logs/crashes', reports[0] ?? ''), 'utf8')).toContain('Error: out of paper')
    expect((await app.kubectl('get', 'namespaces')).code).toBe(0)
    const relaunched = join(folder, 'relaunched')
    await electron.evaluate(({ app: program }, path) => {
      const { writeFileSync } = process.getBuiltinModule('node:fs')
      Object.assign(program, { relaunch: () => writeFileSync(path, '') })
    }, relaunched)
    await clickInDialogs(electron, 0)
    const ended = new Promise(resolve => electron.process().once('exit', resolve))
    await fail()
    expect(await ended).toBe(0)
    expect(existsSync(relaunched)).toBe(true)
    app.forget()
  })
})

describe.skipIf(!process.env.DISPLAY)('the app on a desktop', () => {
  let home = ''
  let app: DesktopApp
  let page: Page
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'flotilla-home-'))
    mkdirSync(join(home, '.ssh'))
    writeFileSync(join(home, '.ssh', 'config'), 'Host box-1\n  User ada\n  Port 2222\nHost *\n  Compression yes\n')
    app = await DesktopApp.launch({ env: { HOME: home } })
    page = await app.page()
    await page.getByText('Pods by state').waitFor()
  })
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  it('tells who has no node yet what is missing, and offers the hosts of the SSH configuration', async () => {
    const steps = page.getByRole('region', { name: 'First steps' })
    await steps.getByText("The control plane's machine is none: --no-local-node was given.").waitFor()
    await shoot(page, 'desktop-first-steps')
    await steps.getByRole('link', { name: 'Add hosts' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add hosts' })
    await dialog.getByRole('button', { name: 'box-1 ada@box-1:2222' }).click()
    expect(await dialog.getByRole('textbox').inputValue()).toBe('box-1')
    await dialog.getByRole('region', { name: 'From your SSH configuration' }).waitFor({ state: 'detached' })
    await shoot(page, 'desktop-ssh-hosts')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  it('shows what is in the log bundle, and saves exactly that, without secrets', async () => {
    const { electron, folder } = app
    const target = join(folder, 'bundle.tar.gz')
    await electron.evaluate(({ dialog }, filePath) => {
      Object.assign(dialog, { showSaveDialog: () => Promise.resolve({ canceled: false, filePath }) })
    }, target)
    await electron.evaluate(({ Menu }) => {
      const find = (items: Electron.MenuItem[]): Electron.MenuItem | undefined =>
        items.find(({ label }) => label.startsWith('Save a log bundle')) ??
        items.map(({ submenu }) => (submenu ? find(submenu.items) : undefined)).find(Boolean)
      find(Menu.getApplicationMenu()?.items ?? [])?.click()
    })
    const dialog = page.getByRole('dialog', { name: 'Save a log bundle' })
    await dialog.getByText('about.json').waitFor()
    await dialog.getByText('logs/control-plane.log').waitFor()
    await shoot(page, 'electron-log-bundle')
    expect(await seriousFindings(page, 'log bundle', '[data-modal]')).toEqual([])
    await dialog.getByRole('button', { name: 'Save…' }).click()
    await page.getByText('The log bundle is saved').waitFor()
    const archive = gunzipSync(readFileSync(target)).toString('latin1')
    expect(archive).toContain('flotilla-logs/logs/control-plane.log')
    expect(archive).toContain(`"electron"`)
    expect(archive).not.toContain('PRIVATE KEY')
  })

  it('tells of a failing node on the desktop where that is wanted, as text, and takes it back when it is over', async () => {
    expect(await page.evaluate('Notification.permission')).toBe('granted')
    // Nothing shows notifications beside a virtual screen: what is asked of the system is written down.
    await page.evaluate(`
      window.told = []
      window.Notification = class {
        static permission = 'granted'
        static requestPermission = () => Promise.resolve('granted')
        constructor(title, { body }) { window.told.push([title, body].join(': ')) }
        close() { window.told.push('closed') }
      }`)
    await page.keyboard.press('Control+,')
    await page.getByLabel('On the desktop too').check()
    await page.keyboard.press('Escape')
    const told = () => page.evaluate('window.told') as Promise<string[]>
    // What fails when the window opens is listed, not announced.
    await page.locator('[data-bell][aria-busy=false]').waitFor()
    const failing = {
      type: 'Ready',
      status: 'False',
      // One that only just joins is left its time to become ready: this one was.
      lastTransitionTime: new Date(Date.now() + 60_000).toISOString().replace(/\.\d+/, ''),
      reason: 'Broken',
      message: '<b>no disk</b>\u001b[31m\u202etxt.exe',
    }
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'box' }, status: { conditions: [failing] } }
    const created = await page.evaluate(`fetch('/clusters/local/api/v1/nodes', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ${JSON.stringify(JSON.stringify(node))},
    }).then(({ status }) => status)`)
    expect(created).toBe(201)
    await until('it is told', async () => (await told()).length === 1)
    expect((await told())[0]).toMatch(/^Node box: NotReady: .*<b>no disk<\/b>\ufffdtxt\.exe/)
    await app.kubectl('delete', 'node', 'box')
    await until('it is taken back', async () => (await told())[1] === 'closed')
  })

  it('is started at login when told to, and keeps the computer awake', async () => {
    const { electron, folder } = app
    await page.keyboard.press('Control+,')
    await page.getByLabel('Start at login, in the tray').check()
    await page.getByLabel('Keep this computer awake while the cluster runs').check()
    await page.getByLabel('Closing the window').selectOption('Quit')
    await shoot(page, 'electron-settings')
    expect(await seriousFindings(page, 'settings of the desktop app', '[data-modal]')).toEqual([])
    await until('they are kept', () => Promise.resolve(settings(folder).onClose === 'quit'))
    expect(settings(folder).keepAwake).toBe(true)
    expect(await electron.evaluate(({ powerSaveBlocker }) => powerSaveBlocker.isStarted(0))).toBe(true)
    const entry = readFileSync(join(folder, 'config/autostart/flotilla.desktop'), 'utf8')
    expect(entry).toMatch(/^Exec=".*electron" ".*" "--hidden"$/m)
    await page.getByLabel('Start at login, in the tray').uncheck()
    await until('the entry is gone', () =>
      Promise.resolve(!existsSync(join(folder, 'config/autostart/flotilla.desktop'))),
    )
    await page.keyboard.press('Escape')
  })

  it('loads a page that died again, once by itself and then when the user says so, and writes it down', async () => {
    const { electron, folder } = app
    await walk(page, '')
    await page.getByText('Pods by state').waitFor()
    const asked = await clickInDialogs(electron, 0)
    const die = () => electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer()) // prettier-ignore
    const reports = () =>
      readdirSync(join(folder, 'data/logs/crashes')).filter(name => name.endsWith('-window-gone.txt')).length
    // The driver's page is gone with the process behind it: the window itself is asked.
    const shown = () =>
      electron.evaluate(({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents
        if (!contents || contents.isCrashed()) return ''
        return contents.executeJavaScript('document.body.innerText') as Promise<string>
      })
    const isBack = () => until('the page is back', async () => (await shown()).includes('Pods by state'))
    await die()
    await until('it is written down', () => Promise.resolve(reports() === 1))
    await isBack()
    expect(await asked()).toEqual([])
    await die()
    await until('it is written down again', () => Promise.resolve(reports() === 2))
    await isBack()
    expect(await asked()).toEqual(['The window stopped working again'])
    expect((await app.kubectl('get', 'namespaces')).code).toBe(0)
  })

  it('starts without a window where it is started at login', async () => {
    await app.quit()
    await app.start(['--hidden'])
    await until('the cluster runs', () => Promise.resolve(existsSync(join(app.folder, 'data/runtime.json'))))
    expect(await windowsOf(app.electron)).toBe(0)
  })
})
