// Electron's security checklist, on the built app in a real Electron.
// @see https://www.electronjs.org/docs/latest/tutorial/security
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repository } from '../support/cluster.ts'
import { DesktopApp } from './support/electron-app.ts'

let app: DesktopApp
let page: Page
const violations: string[] = []

describe.skipIf(!process.env.DISPLAY)('the window of the desktop app', () => {
  beforeAll(async () => {
    app = await DesktopApp.launch()
    page = await app.page()
    page.on('console', message => {
      if (/Content Security Policy|Refused to/.test(message.text())) violations.push(message.text())
    })
    await page.getByText('Pods by state').waitFor()
  })
  afterAll(() => app[Symbol.asyncDispose]())
  /** What a script of the page gets: `done`, or why not. */
  const outcome = (script: string, on = page) =>
    on.evaluate(`(async () => { try { await ${script}; return 'done' } catch (error) { return String(error) } })()`)

  it('is sandboxed and isolated, without Node, webviews or insecure content', async () => {
    const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      return contents.getLastWebPreferences()
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
    })
    expect(preferences.nodeIntegrationInWorker).not.toBe(true)
    expect(
      await page.evaluate('[typeof require, typeof process, typeof module, Object.keys(flotilla).sort().join()]'),
    ).toEqual(['undefined', 'undefined', 'undefined', 'invoke,on,platform'])
  })

  it('answers only channels that exist, with arguments as they should be', async () => {
    expect(await outcome(`flotilla.invoke('shell:open', '/')`)).toContain('unknown channel')
    expect(await outcome(`flotilla.invoke('__proto__')`)).toContain('unknown channel')
    expect(await outcome(`flotilla.invoke('control-plane:start', { dataDir: 7 })`)).not.toBe('done')
    expect(await outcome(`flotilla.invoke('control-plane:start', {}, 'more')`)).not.toBe('done')
    expect(await outcome(`flotilla.invoke('desktop:change-settings', { onClose: 'explode' })`)).not.toBe('done')
    expect(await outcome(`flotilla.invoke('stream:open', '/api/v1/secrets?', [])`)).toContain('only exec and attach')
  })

  it('listens only on loopback for port-forwards, opens only those, and runs helm with names alone', async () => {
    expect(await outcome(`flotilla.invoke('forward:open', 'https://example.com/')`)).toContain('does not listen')
    const forward = `{ id: 'a', kind: 'pods', namespace: 'default', name: 'p', port: 80, localPort: 0 }`
    expect(await outcome(`flotilla.invoke('forward:start', { ...${forward}, host: '0.0.0.0' })`)).not.toBe('done')
    expect(await page.evaluate(`flotilla.invoke('forward:start', ${forward})`)).toMatchObject({ state: 'listening' })
    expect(await outcome(`flotilla.invoke('forward:stop', 'a')`)).toBe('done')
    const chart = `{ do: 'upgrade', namespace: 'a', name: 'b', chart: '--debug', version: '', values: '' }`
    expect(await outcome(`flotilla.invoke('helm:run', ${chart})`)).toContain('is no chart')
  })

  it('touches no folder but those of local clusters', async () => {
    const noName = 'a name has small letters'
    expect(await outcome(`flotilla.invoke('local:run', 'delete', '../../etc', 0)`)).toContain(noName)
    expect(await outcome(`flotilla.invoke('local:open', '..')`)).toContain(noName)
    expect(await outcome(`flotilla.invoke('local:run', 'create', 'a', 21)`)).toContain('1 to 20 nodes')
    expect(await outcome(`flotilla.invoke('local:run', 'explode', 'a', 1)`)).not.toBe('done')
  })

  it('answers no other page, were one to be there with the same bridge', async () => {
    const opened = app.electron.waitForEvent('window')
    await app.electron.evaluate(
      ({ BrowserWindow }, preload) => {
        const stranger = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
        void stranger.loadURL('data:text/html,<title>stranger</title>')
      },
      join(repository, 'out/preload/index.cjs'),
    )
    const stranger = await opened
    await stranger.waitForFunction('typeof flotilla === "object"')
    expect(await outcome(`flotilla.invoke('control-plane:status')`, stranger)).toContain('may not ask')
    expect(await outcome(`fetch('app://flotilla/clusters/local/api/v1/secrets')`, stranger)).not.toBe('done')
    await stranger.close()
  })

  it('gets no camera, microphone, place, screen, devices or clipboard to read', async () => {
    for (const script of [
      'navigator.mediaDevices.getUserMedia({ video: true })',
      'navigator.mediaDevices.getUserMedia({ audio: true })',
      'navigator.mediaDevices.getDisplayMedia({ video: true })',
      'new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, ({ message }) => reject(message)))',
      'navigator.clipboard.readText()',
      'navigator.usb.requestDevice({ filters: [] })',
      'navigator.requestMIDIAccess({ sysex: true })',
    ])
      expect(await outcome(script), script).not.toBe('done')
  })

  it('runs no inline script and no eval, takes no inline style, and its own editor lives with that', async () => {
    const answer = await page.evaluate(
      `fetch('app://flotilla/ui/').then(({ headers }) => headers.get('content-security-policy'))`,
    )
    expect(answer).toContain("default-src 'none'")
    expect(answer).not.toContain('unsafe-')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('menuitem', { name: 'Anything from YAML' }).click()
    const editor = page.locator('.cm-editor').first()
    await editor.waitFor()
    // These come from a style element that the editor adds.
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.cm-editor')).display`)).toBe('flex')
    expect(violations).toEqual([])
    // Playwright's own evaluation is exempt from the policy; what the page starts later is not.
    const blocked = `(() => new Promise(resolve => {
      const names = new Set()
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        names.add(effectiveDirective)
        if (names.size === 3) resolve([...names].sort())
      })
      const style = document.importNode(
        new DOMParser().parseFromString('<style>body { color: rgb(1, 2, 3) }</style>', 'text/html').querySelector('style'), true)
      document.body.append(style)
      const script = document.createElement('script')
      script.textContent = 'window.injected = 1'
      document.body.append(script)
      const timer = document.createElement('button')
      timer.setAttribute('onclick', 'window.injected = 2')
      timer.click()
    }))()`
    expect(await page.evaluate(blocked)).toEqual(['script-src-attr', 'script-src-elem', 'style-src-elem'])
    expect(await page.evaluate('[window.injected, getComputedStyle(document.body).color]')).not.toContain(
      'rgb(1, 2, 3)',
    )
    expect(await page.evaluate('window.injected')).toBeUndefined()
  })

  it('cannot go elsewhere, open windows, or reach other servers', async () => {
    // A page of the cluster opens beside this one, by the app's own hand; nothing else does.
    const windows = () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
    const before = await windows()
    await page.evaluate(`location.href = 'https://example.com/'`)
    expect(
      await page.evaluate(
        '["file:///etc/passwd", "app://elsewhere/ui/", "data:text/html,x"].every(url => open(url) === null)',
      ),
    ).toBe(true)
    expect(await outcome(`fetch('https://127.0.0.1:1/')`)).not.toBe('done')
    expect(await outcome(`fetch('file:///etc/passwd')`)).not.toBe('done')
    expect(
      await outcome(`fetch('app://elsewhere/ui/').then(answer => { if (!answer.ok) throw answer.status })`),
    ).not.toBe('done')
    const climb = `fetch('app://flotilla/ui/..%2f..%2fpackage.json').then(answer => { if (!answer.ok) throw answer.status })`
    expect(await outcome(climb)).toBe('404')
    expect(page.url()).toMatch(/^app:\/\/flotilla\/ui\//)
    expect(await windows()).toBe(before)
  })
})
