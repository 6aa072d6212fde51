// Logs of another cluster, through the main process, for who may look into one namespace only: followed live, of the run
// before, with their times; and nothing is read on once nobody looks.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { Cluster, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { counterImage } from './support/counter-image.ts'
import { DesktopApp } from './support/electron-app.ts'

const pod = (name: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent${more}}]
---`

describe.skipIf(!process.env.DISPLAY)('logs of another cluster', () => {
  let folder = ''
  let cluster: Cluster
  let app: DesktopApp
  let page: Page

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-other-logs-'))
    cluster = await Cluster.start()
    await cluster.nodeReady()
    const crash = ", command: [sh, -c, 'echo this run is over; exit 3']"
    await cluster.apply(`${pod('talker')}${pod('crasher', crash)}`)
    await cluster.kubectl('create', 'serviceaccount', 'reader')
    await cluster.kubectl('create', 'rolebinding', 'reader', '--clusterrole=view', '--serviceaccount=default:reader')
    const token = (await cluster.kubectl('create', 'token', 'reader')).trim()
    const { clusters } = parse(readFileSync(cluster.kubeconfig, 'utf8')) as { clusters: { cluster: object }[] }
    const config = {
      clusters: [{ name: 'there', cluster: clusters[0]?.cluster }],
      users: [{ name: 'reader', user: { token } }],
      contexts: [{ name: 'there', context: { cluster: 'there', user: 'reader', namespace: 'default' } }],
    }
    writeFileSync(join(folder, 'config'), stringify(config), { mode: 0o600 })
    app = await DesktopApp.launch({ env: { KUBECONFIG: join(folder, 'config') } })
    const own = await app.page()
    await own.getByText('Pods by state').waitFor()
    const opened = app.electron.waitForEvent('window')
    await own.getByRole('button', { name: 'Other clusters' }).click()
    await own.getByRole('button', { name: 'Add there', exact: true }).click()
    page = await opened
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
  })
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const row = (name: string) => page.locator(`[data-key="default/${name}"]`)
  const log = () => page.getByRole('log', { name: 'Log' }).last()
  const button = (label: string) => page.getByRole('button', { name: label, exact: true }).last()
  const openLogs = async (name: string) => {
    await row(name).focus()
    await page.keyboard.press('l')
    await log().waitFor()
  }
  /** Connections to the cluster: a log that is followed has one of its own. */
  function connections(): number {
    const port = Number(new URL(cluster.url).port).toString(16).toUpperCase().padStart(4, '0')
    const isOpen = (line: string) => {
      const [, , remote = '', state = ''] = line.trim().split(/\s+/)
      return remote.endsWith(`:${port}`) && state === '01'
    }
    return readFileSync('/proc/net/tcp', 'utf8').split('\n').filter(isOpen).length
  }

  it('are found in the namespace of the kubeconfig, as more may not be listed; another one is typed', async () => {
    await row('talker').waitFor()
    await page.getByRole('button', { name: 'Namespaces shown: default' }).click()
    await page.getByText('You may not list the namespaces').waitFor()
    await page.getByRole('button', { name: 'All namespaces', exact: true }).click()
    await page.getByText('Perhaps you may in one namespace').waitFor()
    await page.getByLabel('Find a namespace').fill('default')
    await shoot(page, 'other-cluster-namespace')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await row('talker').waitFor()
  })

  it('are followed as they are written', async () => {
    await openLogs('talker')
    const newest = async () => Number(/.*count (\d+) /s.exec(await log().innerText())?.[1] ?? 0)
    await until('lines', async () => (await newest()) > 2)
    const before = await newest()
    await until('more of them', async () => (await newest()) > before + 3)
  })

  it('have their times', async () => {
    await button('Timestamps').click()
    await log()
      .getByText(new RegExp(`^${new Date().getUTCFullYear()}-\\d\\d-\\d\\d `))
      .first()
      .waitFor()
    await shoot(page, 'other-cluster-logs')
  })

  it('are read on by nobody once they are closed', async () => {
    await page.getByLabel('Close talker').click()
    const before = connections()
    const TIMES = 6
    for (let time = 0; time < TIMES; time++) {
      await openLogs('talker')
      await log().getByText('count 2 ').first().waitFor()
      await page.getByLabel('Close talker').click()
    }
    await until('nothing is followed', () => Promise.resolve(connections() < before + TIMES / 2))
  })

  it('are those of the run before, where the container was started again', async () => {
    const restarted = async () =>
      Number(
        await cluster.kubectl('get', 'pod', 'crasher', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}'),
      )
    await until('it was', async () => (await restarted()) > 0)
    await row('crasher').focus()
    await page.keyboard.press('p')
    await log().getByText('this run is over').first().waitFor()
    expect(await button('Logs of the previous run').getAttribute('aria-pressed')).toBe('true')
  })
})
