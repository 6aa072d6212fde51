// Team members invited and revoked by a click, in a browser and in the desktop app: their kubeconfigs are used by kubectl.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, type Ran, execute, until } from '../support/cluster.ts'
import { type OpenWindow, openInChromium, shoot } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-team-'))
const fileOf = (name: string) => join(folder, `${name}.kubeconfig`)
const kubectlAs = (name: string, ...args: string[]): Promise<Ran> =>
  execute('kubectl', args, { env: { KUBECONFIG: fileOf(name) } })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function fillIn(page: Page, name: string, namespace?: string): Promise<void> {
  await page.getByRole('button', { name: 'Team', exact: true }).click()
  await page.getByRole('button', { name: 'Invite a team member' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('input[name=name]').fill(name)
  if (namespace) await dialog.getByRole('checkbox', { name: namespace, exact: true }).check()
}
const send = (page: Page) => page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click()
const member = (page: Page, name: string) => page.locator(`[data-member="${name}"]`)

async function revoke(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Revoke ${name}` }).click()
  await page.getByRole('button', { name: 'Revoke', exact: true }).last().click()
  await member(page, name).waitFor({ state: 'detached' })
}
async function mayLookIntoDefaultOnly(name: string): Promise<void> {
  expect(await kubectlAs(name, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toMatchObject({
    code: 0,
    stdout: name,
  })
  expect(await kubectlAs(name, 'get', 'pods')).toMatchObject({ code: 0 })
  expect((await kubectlAs(name, 'get', 'pods', '-n', 'kube-system')).stderr).toMatch(/forbidden/i)
}

describe('in a browser', () => {
  let cluster: Cluster
  let window: OpenWindow
  let page: Page

  beforeAll(async () => {
    cluster = await Cluster.start(['--no-local-node', '--listen', '0.0.0.0:0'])
    const { servers } = JSON.parse(readFileSync(join(cluster.dataDir, 'runtime.json'), 'utf8')) as { servers: string[] }
    const login = new URL(cluster.loginUrl)
    window = await openInChromium(new URL(login.pathname + login.search + login.hash, servers[0]).href)
    page = window.page
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Who can do what' }).click()
  })
  afterAll(async () => {
    await window?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  it('the kubeconfig is a download that works at the address of the page', async () => {
    await fillIn(page, 'Ada Lovelace')
    await page.getByText('Small letters, digits, dots and dashes').waitFor()
    await page.getByRole('dialog').locator('input[name=name]').fill('ada')
    await page.getByRole('dialog').getByRole('checkbox', { name: 'default', exact: true }).check()
    await shoot(page, 'team-invite')
    const download = page.waitForEvent('download')
    await send(page)
    const file = await download
    expect(file.suggestedFilename()).toBe('ada.kubeconfig')
    writeFileSync(fileOf('ada'), readFileSync(await file.path()), { mode: 0o600 })
    await member(page, 'ada').getByText('default').waitFor()
    await shoot(page, 'team')
    expect(readFileSync(fileOf('ada'), 'utf8')).toContain(new URL(page.url()).origin)
    await mayLookIntoDefaultOnly('ada')
  })
  it('revoking takes it away at once', async () => {
    await revoke(page, 'ada')
    expect((await kubectlAs('ada', 'get', 'pods')).stderr).toMatch(/must be logged in|Unauthorized/)
    expect(window.problems).toEqual([])
  })
})

describe.skipIf(!process.env.DISPLAY)('in the desktop app', () => {
  let app: DesktopApp
  let page: Page

  async function begin(listen: string): Promise<void> {
    app = await DesktopApp.launch({ listen })
    page = await app.page()
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Who can do what' }).click()
  }
  afterAll(() => app?.[Symbol.asyncDispose]())
  /** Native dialogs cannot be driven. @param path undefined: it is left without a file */
  const answer = (path: string | undefined) =>
    app.electron.evaluate(({ dialog }, filePath) => {
      Object.assign(dialog, {
        showSaveDialog: () => Promise.resolve({ canceled: !filePath, filePath: filePath ?? '' }),
      })
    }, path)

  it('nobody is invited to where nobody else comes, with the reason', async () => {
    await begin('127.0.0.1:0')
    await fillIn(page, 'bob')
    await page.getByText('Nobody else reaches this cluster.').waitFor()
    await page.getByText(/listens on 127\.0\.0\.1:\d+ only.*--listen 0\.0\.0\.0/).waitFor()
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).isDisabled()).toBe(true)
    await shoot(page, 'team-unreachable')
    await app[Symbol.asyncDispose]()
  })
  it('the kubeconfig goes into the file that the user chose, and never into the page', async () => {
    await begin('0.0.0.0:0')
    await answer(undefined)
    await fillIn(page, 'bob', 'default')
    await send(page)
    await until('it is asked for a file', () => page.getByRole('button', { name: 'Invite', exact: true }).last().isEnabled()) // prettier-ignore
    expect((await app.kubectl('get', 'rolebindings', '-A', '-l', 'flotilla.dev/invited-user')).stdout).toBe('')
    await answer(fileOf('bob'))
    await send(page)
    await member(page, 'bob').getByText('default').waitFor()
    expect(statSync(fileOf('bob')).mode & 0o777).toBe(0o600)
    await mayLookIntoDefaultOnly('bob')
    await revoke(page, 'bob')
    expect((await kubectlAs('bob', 'get', 'pods')).stderr).toMatch(/must be logged in|Unauthorized/)
  })
  it('whoever asks past the page is refused what is no name, no address and no time', async () => {
    const asked = (invitation: object, server: string) =>
      page.evaluate(
        `flotilla.invoke('people:invite', ${JSON.stringify({ name: 'x', role: 'view', namespaces: [], days: 1, ...invitation })}, '${server}').then(() => 'done', error => error.message)`,
      )
    expect(await asked({ name: 'system:masters' }, '')).toContain('a name has small letters')
    expect(await asked({ role: 'cluster-admin' }, '')).not.toBe('done')
    expect(await asked({ days: 4000 }, '')).toContain('1 to 365 days')
    expect(await asked({}, 'https://evil.example')).toContain('others do not reach')
  })
})
