// A cluster of two nodes on this machine, from the desktop app alone: made, opened, stopped, made anew, deleted.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

const name = `w${process.pid}`
const UP_MS = 150_000

describe.skipIf(!process.env.DISPLAY)('a local cluster', () => {
  let home = ''
  let clusters = ''
  let app: DesktopApp
  let page: Page

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'flotilla-window-local-'))
    clusters = join(home, 'flotilla-local')
    app = await DesktopApp.launch({ env: { XDG_DATA_HOME: home } })
    page = await app.page()
    await page.getByText('Pods by state').waitFor()
  })
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]()
    if (existsSync(join(clusters, name))) await cli('local', 'delete', name, '--folder', clusters)
    rmSync(home, { recursive: true, force: true })
  })

  const dialog = () => page.getByRole('dialog', { name: 'Other clusters' })
  const row = () => dialog().locator(`[data-local-cluster=${name}]`)
  const containers = () => execFileSync('docker', ['ps', '-q', '--filter', `label=dev.flotilla.local-cluster=${name}`], { encoding: 'utf8' }) // prettier-ignore
  const kubectl = (...args: string[]) =>
    execFileSync('kubectl', args, {
      env: { ...process.env, KUBECONFIG: join(clusters, name, 'control-plane/kubeconfig') },
      encoding: 'utf8',
    })
  async function open(): Promise<Page> {
    const opened = app.electron.waitForEvent('window')
    await row()
      .getByRole('button', { name: `Open ${name}` })
      .click()
    const shown = await opened
    await shown.getByText('Pods by state').waitFor()
    return shown
  }

  it('is made by a name and a number, and shown in a window of its own', async () => {
    await page.getByRole('button', { name: 'Other clusters' }).click()
    await dialog().getByLabel('Name').fill('No Name')
    expect(await dialog().getByRole('button', { name: 'Create' }).isDisabled()).toBe(true)
    await dialog().getByLabel('Name').fill(name)
    await dialog().getByLabel('Nodes').fill('2')
    await dialog().getByRole('button', { name: 'Create' }).click()
    await row().getByText('Being made').waitFor()
    await shoot(page, 'local-cluster-being-made')
    await row().getByText('Running', { exact: true }).waitFor({ timeout: UP_MS })
    await row().getByText('2 of 2 nodes').waitFor()
    await shoot(page, 'local-cluster-running')
    const shown = await open()
    await shown.getByRole('link', { name: 'Nodes', exact: true }).click()
    for (const node of [1, 2]) await shown.locator(`[data-key=${name}-${node}]`).waitFor()
    const titles = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map(each => each.getTitle())) // prettier-ignore
    expect(titles).toContain(`${name} — Flotilla`)
    await shoot(shown, 'local-cluster-window')
    kubectl('create', 'namespace', 'of-the-first')
  })

  it('is stopped and started by a click, and loses nothing', async () => {
    await page.getByRole('button', { name: 'Other clusters' }).click()
    await row()
      .getByRole('button', { name: `Stop ${name}` })
      .click()
    await row().getByText('Stopped', { exact: true }).waitFor({ timeout: UP_MS })
    expect(containers()).toBe('')
    await row()
      .getByRole('button', { name: `Start ${name}` })
      .click()
    await row().getByText('Running', { exact: true }).waitFor({ timeout: UP_MS })
    expect(kubectl('get', 'namespace', 'of-the-first', '-o', 'name')).toBe('namespace/of-the-first\n')
  })

  it('is made anew only once its name was typed: its window closes, and nothing of it is left', async () => {
    const before = app.electron.windows().length
    await row()
      .getByRole('button', { name: `Make ${name} anew` })
      .click()
    const question = page.getByRole('dialog', { name: `Make ${name} anew?` })
    expect(await question.getByRole('button', { name: 'Make anew' }).isDisabled()).toBe(true)
    await question.getByRole('textbox').fill(name)
    await question.getByRole('button', { name: 'Make anew' }).click()
    await row().getByText('Being made anew').waitFor()
    await until('its window is closed', () => Promise.resolve(app.electron.windows().length === before - 1))
    await row().getByText('Running', { exact: true }).waitFor({ timeout: UP_MS })
    expect(kubectl('get', 'namespaces', '-o', 'name')).not.toContain('of-the-first')
    await (await open()).close()
  })

  it('is deleted once its name was typed, and leaves nothing on this machine', async () => {
    await page.getByRole('button', { name: 'Other clusters' }).click()
    await row()
      .getByRole('button', { name: `Delete ${name}` })
      .click()
    const question = page.getByRole('dialog', { name: `Delete the local cluster ${name}?` })
    await question.getByRole('textbox').fill(name)
    await question.getByRole('button', { name: 'Delete' }).click()
    await row().waitFor({ state: 'detached', timeout: UP_MS })
    expect(containers()).toBe('')
    expect(existsSync(join(clusters, name))).toBe(false)
    expect(await page.getByRole('button', { name: `Cluster ${name}` }).count()).toBe(0)
  })
})
