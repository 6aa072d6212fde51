// Upstream's own API server beside the app's cluster, got into by a program: it is seen and steered as ours is.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, repository, until } from '../support/cluster.ts'
import { shoot, walk } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

const TOKEN = 'bench'
const canRun =
  existsSync(join(repository, '.cache/kubernetes-1.36.0/kube-apiserver')) &&
  (await execute('etcd', ['--version'])).code === 0

/** Of the benchmarks, which are no TypeScript. */
interface Upstream {
  readonly url: string
  readonly folder: string
  call(method: string, path: string, body?: object): Promise<{ readonly code: number; readonly text: string }>
  stop(): Promise<void>
}
async function startUpstream(): Promise<Upstream> {
  const module: string = join(repository, 'test/bench/kube-apiserver.mjs')
  const { KubeApiServer } = (await import(module)) as { KubeApiServer: { start(): Promise<Upstream> } }
  return await KubeApiServer.start()
}

const SHOP = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'main', image: 'shop:1' }] } },
  },
}
interface Shop {
  readonly metadata: { readonly labels?: Record<string, string> }
  readonly spec: {
    readonly replicas: number
    readonly template: { readonly metadata: { readonly annotations?: Record<string, string> } }
  }
}

describe.skipIf(!process.env.DISPLAY || !canRun)('a cluster of upstream', () => {
  let folder = ''
  let upstream: Upstream
  let app: DesktopApp
  let page: Page

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-upstream-'))
    upstream = await startUpstream()
    expect((await upstream.call('POST', '/apis/apps/v1/namespaces/default/deployments', SHOP)).code).toBe(201)
    const apiVersion = 'client.authentication.k8s.io/v1'
    writeFileSync(
      join(folder, 'reply.json'),
      JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: TOKEN } }),
    )
    const cluster = { server: upstream.url, 'certificate-authority': join(upstream.folder, 'certs/apiserver.crt') }
    const user = { exec: { apiVersion, command: 'cat', args: [join(folder, 'reply.json')] } }
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'upstream' },
      clusters: [{ name: 'there', cluster }],
      users: [{ name: 'me', user }],
      contexts: [{ name: 'upstream', context: { cluster: 'there', user: 'me' } }],
    }
    writeFileSync(join(folder, 'config'), JSON.stringify(config), { mode: 0o600 })
    app = await DesktopApp.launch({ env: { KUBECONFIG: join(folder, 'config') } })
    const own = await app.page()
    await own.getByText('Pods by state').waitFor()
    await app.electron.evaluate(({ dialog }) => {
      // Native dialogs cannot be driven: the answer is yes.
      Object.assign(dialog, { showMessageBox: () => Promise.resolve({ response: 0 }) })
    })
    const opened = app.electron.waitForEvent('window')
    await own.getByRole('button', { name: 'Other clusters' }).click()
    await own.getByRole('button', { name: 'Add upstream', exact: true }).click()
    page = await opened
    await page.getByText('Pods by state').waitFor()
  })
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]()
    await upstream?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const path = '/apis/apps/v1/namespaces/default/deployments/shop'
  const shop = async () => JSON.parse((await upstream.call('GET', path)).text) as Shop
  const becomes = (what: string, check: (found: Shop) => boolean) => until(what, async () => check(await shop()))
  const drawer = () => page.getByRole('dialog', { name: 'Deployment shop' })
  const act = (name: string) => drawer().getByRole('button', { name, exact: true }).click()
  const confirm = (name: string) => page.locator('[data-modal]').getByRole('button', { name, exact: true }).click()

  it('says that it is none of ours', async () => {
    expect(await page.getByRole('link', { name: 'Hosts', exact: true }).count()).toBe(0)
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator('[data-key="default/shop"]').click()
    await drawer().waitFor()
    await shoot(page, 'upstream-cluster')
  })

  it('tells what only a cluster of ours has, and what nobody measures', async () => {
    await walk(page, 'hosts')
    await page.getByText('This cluster takes no hosts').waitFor()
    expect(await page.getByRole('button', { name: 'Add hosts' }).count()).toBe(0)
    await walk(page, 'timeline')
    await page.getByText('This cluster keeps no history').waitFor()
    expect(await page.getByLabel('Filter the timeline').count()).toBe(0)
    expect((await upstream.call('POST', '/api/v1/nodes', { metadata: { name: 'away' } })).code).toBe(201)
    await walk(page, '')
    await page.getByText('not measured').first().waitFor()
    await walk(page, 'k/apps/v1/deployments?open=default/shop')
    await drawer().waitFor()
  })

  it('is told in the words of the server why logs and a terminal do not come', async () => {
    const pod = {
      metadata: { name: 'lone' },
      spec: { nodeName: 'away', automountServiceAccountToken: false, containers: [{ name: 'main', image: 'lone:1' }] },
    }
    expect((await upstream.call('POST', '/api/v1/namespaces/default/pods', pod)).code).toBe(201)
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    for (const key of ['l', 's']) {
      await page.locator('[data-key="default/lone"]').focus()
      await page.keyboard.press(key)
      await page.locator('[role=log], [role=tabpanel]').getByText('no preferred addresses found').first().waitFor()
      await page.getByLabel('Close lone').click()
    }
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator('[data-key="default/shop"]').click()
    await drawer().waitFor()
  })

  it('is scaled', async () => {
    await act('Scale')
    await page.locator('#confirm-number').fill('3')
    await confirm('Scale')
    await becomes('three are wanted', ({ spec }) => spec.replicas === 3)
  })

  it('restarts a rollout', async () => {
    await act('Restart')
    await confirm('Restart')
    await becomes(
      'the template is marked',
      ({ spec }) => spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'] !== undefined,
    )
  })

  it('is labelled, and its YAML is edited after a look at the difference', async () => {
    await drawer().getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Label' }).click()
    await page.locator('[data-modal] input').fill('team=shop')
    await confirm('Label')
    await becomes('the label is there', ({ metadata }) => metadata.labels?.['team'] === 'shop')
    await drawer().getByRole('tab', { name: 'YAML' }).click()
    const line = drawer().locator('.cm-line', { hasText: 'team: shop' })
    await line.click()
    await page.keyboard.press('End')
    await page.keyboard.type('\ntier: web')
    await drawer().getByRole('button', { name: 'Review changes' }).click()
    await drawer().getByText('nothing is changed yet').waitFor()
    await drawer().getByRole('button', { name: 'Apply' }).click()
    await becomes('the edit is there', ({ metadata }) => metadata.labels?.['tier'] === 'web')
  })

  it('is deleted', async () => {
    await drawer().getByRole('tab', { name: 'Details' }).click()
    await act('Delete')
    await confirm('Delete')
    await until('it is gone', async () => (await upstream.call('GET', path)).code === 404)
  })
})
