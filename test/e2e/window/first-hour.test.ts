// The first hour in the window, in a real Chromium, on a real cluster with real containers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { closeDock, openInChromium, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

beforeAll(async () => {
  const image = counterImage()
  expect(image).toBeTruthy()
  window = await ClusterWindow.open()
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const rows = () => page.locator('[role=row][data-key]')
const running = () => page.locator('[role=row][data-key] [data-tone=healthy]')
const go = (place: string) => window.go(place)

describe('the window', () => {
  it('logs in by the link, and leaves no token in the address or the history', async () => {
    await page.getByText('Pods by state').waitFor()
    expect(page.url()).not.toContain('token')
    expect(await page.evaluate<number>('history.length')).toBeLessThan(3)
    await shoot(page, 'overview')
  })

  it('refuses the same link a second time', async () => {
    const second = await openInChromium(cluster.loginUrl)
    await second.page.getByText('used already or is older').waitFor()
    await second[Symbol.asyncDispose]()
  })

  it('shows what the server finds wrong at the fields', async () => {
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('menuitem', { name: 'Deployment', exact: true }).click()
    await page.fill('input[name=name]', 'Shop_')
    await page.fill('input[name=image]', counterImage())
    await page.locator('form button[type=submit]').click()
    const problem = page.locator('p[role=alert]').first()
    await problem.waitFor()
    expect(await problem.textContent()).toContain('RFC 1123')
    await shoot(page, 'validation')
  })

  it('creates a Deployment by form, with the YAML in step', async () => {
    await page.fill('input[name=name]', 'shop')
    await page.fill('input[name=replicas]', '3')
    await page.getByRole('button', { name: 'Add a variable' }).click()
    await page.getByLabel('Variable 1', { exact: true }).fill('MODE')
    await page.getByLabel('Value of variable 1').fill('production')
    const yaml = page.locator('.cm-content')
    await until('the YAML shows the form', async () => (await yaml.innerText()).includes('name: shop'))
    expect(await page.getByLabel('The same with kubectl').innerText()).toContain('kubectl create deployment shop')
    await shoot(page, 'create-deployment')
    await page.locator('form button[type=submit]').click()
    await page.getByRole('heading', { name: 'shop' }).waitFor()
  })

  it('shows three pods turn green without a reload', async () => {
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    await until('three green pods', async () => (await running().count()) === 3)
    await shoot(page, 'pods')
  })

  it('filters, and offers the way back when nothing matches', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('nothing-is-called-this')
    await page.getByRole('button', { name: 'Reset the filter' }).click()
    expect(await rows().count()).toBe(3)
  })

  it('follows logs live', async () => {
    await rows().first().focus()
    await page.keyboard.press('l')
    const log = page.getByRole('log')
    await until('ten lines', async () => /count 10 /.test(await log.innerText()))
    await shoot(page, 'logs')
    const count = async () =>
      Number.parseInt((await page.locator('[data-log-count]').innerText()).replace(/\D/g, ''), 10)
    const before = await count()
    await until('more lines', async () => (await count()) > before)
  })

  it('runs a shell in the terminal', async () => {
    await rows().first().focus()
    await page.keyboard.press('s')
    await page.locator('[data-connected=true]').waitFor()
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('echo "sum $((40+2)) $MODE"\n')
    const screen = page.locator('.xterm-rows')
    await until('its answer', async () => (await screen.innerText()).includes('sum 42 production'))
    await shoot(page, 'terminal')
    await page.keyboard.type('exit\n')
    await page.getByText('The shell ended.').waitFor()
    await page.getByRole('button', { name: 'Connect again' }).waitFor()
  })

  it('goes on with both when it is loaded anew: the shell is another one, and says so', async () => {
    await page.reload()
    const screen = page.locator('.xterm-rows')
    await until('what became of the old one', async () => (await screen.innerText()).includes('this is a new session'))
    await page.locator('[data-connected=true]').waitFor()
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('echo "sum $((50+5))"\n')
    await until('its answer', async () => (await screen.innerText()).includes('sum 55'))
    await shoot(page, 'terminal-again')
    await page
      .getByRole('tab', { name: /^shop-/ })
      .last()
      .focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('log').getByText('count').first().waitFor()
    await page.keyboard.press('ArrowRight')
    await page.locator('.xterm-rows:visible').waitFor()
    expect(await page.evaluate(`document.activeElement?.role`), 'keys walk on over the tabs').toBe('tab')
    await closeDock(page)
  })

  it('scales to five', async () => {
    await go('k/apps/v1/deployments?open=default/shop')
    await page.getByRole('button', { name: 'Scale' }).click()
    await page.getByLabel('Replicas').fill('5')
    await page.getByRole('dialog').getByRole('button', { name: 'Scale', exact: true }).click()
    await page.getByText('Scaled Deployment shop to 5').waitFor()
    await until('five ready', async () =>
      (await page.getByRole('region', { name: 'Rollout' }).innerText()).replace(/\s+/g, ' ').includes('5 / 5'),
    )
    await shoot(page, 'deployment')
  })

  it('edits YAML with a check by the server first', async () => {
    await page.getByRole('tab', { name: 'YAML' }).click()
    const editor = page.locator('[role=tabpanel] .cm-content')
    await editor.waitFor()
    await editor.click()
    await page.keyboard.press('Control+f')
    // Not those of the status, which goes on changing.
    await page.locator('.cm-search input[name=search]').fill(String.raw`spec:\n  replicas: 5`)
    await page.locator('.cm-search input[name=replace]').fill(String.raw`spec:\n  replicas: 2`)
    await page.locator('.cm-search button[name=replaceAll]').click()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Review changes' }).click()
    await page.getByText('Checked by the server').waitFor()
    await shoot(page, 'review')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('Applied shop').waitFor()
    const spec = async () =>
      JSON.parse(await cluster.kubectl('get', 'deployment', 'shop', '-o', 'json')) as { spec: { replicas: number } }
    expect((await spec()).spec.replicas).toBe(2)
  })

  it('reaches every kind that the server lists and watches', async () => {
    const served = (await cluster.kubectl('api-resources', '--verbs=list,watch', '-o', 'name')).trim().split('\n')
    const links = await page
      .locator('nav[aria-label=Kinds] a[title]')
      .evaluateAll(found => found.map(each => each.getAttribute('title') ?? ''))
    await page.getByRole('button', { name: 'Other' }).click()
    await page.getByRole('button', { name: 'Access Control' }).click()
    await page.getByRole('button', { name: 'Custom Resources' }).click()
    const all = await page
      .locator('nav[aria-label=Kinds] a[href*="/k/"]')
      .evaluateAll(found => found.map(each => each.getAttribute('href') ?? ''))
    expect(links.length).toBeGreaterThan(0)
    const plurals = new Set(all.map(href => /\/k\/[^/]+\/[^/]+\/([^?]+)/.exec(href)?.[1]))
    const missing = served.map(name => name.split('.')[0] ?? '').filter(plural => !plurals.has(plural))
    expect(missing.filter(plural => plural !== 'componentstatuses')).toEqual([])
  })

  it('deletes after a question that says what follows and a moment to cancel it, and the pods go', async () => {
    await go('k/apps/v1/deployments')
    await rows().first().waitFor()
    await page.getByLabel('Mark shop').check()
    await page.getByRole('button', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).toContain('pods are deleted with it')
    await shoot(page, 'delete')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    // Who thinks again has some seconds for it.
    const message = page.getByRole('status').filter({ hasText: 'About to delete Deployment shop' })
    await shoot(page, 'delete-cancellable')
    await message.getByRole('button', { name: 'Cancel' }).click()
    await message.waitFor({ state: 'detached' })
    expect(await cluster.kubectl('get', 'deployment', 'shop', '-o', 'jsonpath={.metadata.deletionTimestamp}')).toBe('')
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('No deployments').waitFor()
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    await page.getByText('No pods').waitFor()
  })

  it('says that it is disconnected, and is live again when the server is back', async () => {
    await go('k/core/v1/namespaces')
    await rows().first().waitFor()
    await cluster.kill()
    await page.getByText(/Disconnected; data is/).waitFor()
    expect(await rows().count()).toBeGreaterThan(3)
    await shoot(page, 'disconnected')
    await cluster.start()
    // Sessions do not outlive the server: the window asks for a new login rather than showing old data as new.
    await page.getByText('Sign in to Flotilla').waitFor()
    await page.getByText(/Your session has ended: .* the control plane was started anew/).waitFor()
  })

  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
