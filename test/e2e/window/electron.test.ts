// The desktop app in a real Electron makes its machine a node: pods on it, and the way to a port of theirs.
import { afterEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { execute, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { counterImage } from './support/counter-image.ts'
import { DesktopApp } from './support/electron-app.ts'

let app: DesktopApp | undefined
afterEach(() => app?.[Symbol.asyncDispose]())

/** Two pods that say their names, behind a Service. */
const site = () => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: site}
spec:
  replicas: 2
  selector: {matchLabels: {app: site}}
  template:
    metadata: {labels: {app: site}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: '${counterImage()}'
          imagePullPolicy: IfNotPresent
          command: [sh, -c, 'mkdir /www; hostname >/www/index.html; exec httpd -f -p 8080 -h /www']
          readinessProbe: {periodSeconds: 1, httpGet: {port: 8080, path: /}}
---
apiVersion: v1
kind: Service
metadata: {name: site}
spec: {selector: {app: site}, ports: [{port: 80, targetPort: 8080}]}`

/** A port of the app's own machine leads to a pod, to another one when that goes, and again after the next start. */
async function forwardsPorts(page: Page, desktop: DesktopApp): Promise<void> {
  const applied = await execute('kubectl', ['apply', '-f', '-'], {
    env: { KUBECONFIG: desktop.kubeconfig },
    input: site(),
  })
  expect(applied.stderr).toBe('')
  await page.getByRole('link', { name: 'Services', exact: true }).click()
  await page.locator('[data-key="default/site"]').click()
  await page.getByRole('dialog').getByLabel('Forward a port').click()
  await page.getByLabel('Port of this machine').fill('0')
  await page.getByRole('button', { name: 'Forward', exact: true }).click()
  const forward = (on: Page) => on.locator('[data-forward=site]')
  await forward(page).getByText('Listening').waitFor()
  const url = async (on: Page) => `http://${/127\.0\.0\.1:\d+/.exec(await forward(on).innerText())?.[0]}/`
  const read = async (on: Page) => (await fetch(await url(on), { headers: { connection: 'close' } })).text()
  const first = (await until('a pod answers', () => read(page))).trim()
  await forward(page).getByText(`through pod ${first}`).waitFor()
  await desktop.kubectl('delete', 'pod', first)
  const second = await until('another pod answers', async () => {
    const answer = (await read(page)).trim()
    return answer !== first && answer
  })
  await forward(page).getByText(`through pod ${second}`).waitFor()
  await shoot(page, 'electron-forward')

  // What a browser would be told is written down.
  await desktop.electron.evaluate(({ shell }) => {
    shell.openExternal = url => {
      Object.assign(globalThis, { openedOutside: url })
      return Promise.resolve()
    }
  })
  await page.getByLabel('Open in the browser').click()
  const opened = () => desktop.electron.evaluate(() => (globalThis as { openedOutside?: string }).openedOutside)
  await until('a browser is opened', opened)
  expect(await opened()).toBe(await url(page))

  await desktop.quit()
  await desktop.start()
  const again = await desktop.page()
  await again.getByRole('link', { name: 'Port-forwards' }).click()
  await forward(again).getByText('Listening').waitFor()
  expect(await until('a pod answers after a new start', () => read(again))).toMatch(/^site-/)
  await forward(again).getByLabel('Stop', { exact: true }).click()
  await forward(again).getByText('Off').waitFor()
  await forward(again).getByLabel('Remove', { exact: true }).click()
  await again.getByText('No port-forwards').waitFor()
}

describe.skipIf(!process.env.DISPLAY)('the desktop app', () => {
  it('runs pods on this machine: by form, green, logs, terminal, scale, delete; and keeps the way to a port of theirs', async () => {
    app = await DesktopApp.launch({ localNode: true })
    const page = await app.page()
    await page.getByText('1/1', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('menuitem', { name: 'Deployment', exact: true }).click()
    await page.fill('input[name=name]', 'desk')
    await page.fill('input[name=image]', counterImage())
    await page.fill('input[name=replicas]', '3')
    await page.locator('form button[type=submit]').click()
    await page.getByRole('heading', { name: 'desk' }).waitFor()
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    const rows = page.locator('[role=row][data-key]')
    const green = page.locator('[role=row][data-key] [data-tone=healthy]')
    await until('three green pods', async () => (await green.count()) === 3)

    await rows.first().focus()
    await page.keyboard.press('l')
    await until('lines', async () => /count 3 /.test(await page.getByRole('log').innerText()))
    await rows.first().focus()
    await page.keyboard.press('s')
    await page.locator('[data-connected=true]').waitFor()
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('echo "sum $((40+2))"\n')
    await until('its answer', async () => (await page.locator('.xterm-rows').innerText()).includes('\nsum 42'))
    await shoot(page, 'electron-terminal')

    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.getByLabel('Mark desk').check()
    await page.getByRole('button', { name: 'Scale' }).click()
    await page.getByLabel('Replicas').fill('5')
    await page.getByRole('dialog').getByRole('button', { name: 'Scale', exact: true }).click()
    await page.getByText('5/5', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('No deployments').waitFor()
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    await page.getByText('No pods').waitFor()
    await forwardsPorts(page, app)
  })
})
