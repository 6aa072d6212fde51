// Other clusters beside the app's own, each in its window: by certificate, token and program; and ways in that fail.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { Cluster, until } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { shoot } from './support/browser.ts'
import { DesktopApp } from './support/electron-app.ts'

const helm = process.env.FLOTILLA_HELM

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> }[]
  users: { name: string; user: Record<string, unknown> }[]
  contexts: { name: string; context: { cluster: string; user: string } }[]
}

describe.skipIf(!process.env.DISPLAY)('other clusters', () => {
  let folder = ''
  let cluster: Cluster
  let app: DesktopApp
  let own: Page
  let token = ''
  let viewersToken = ''
  let nobodysToken = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-other-'))
    cluster = await Cluster.start(['--no-local-node'])
    await cluster.kubectl('create', 'namespace', 'of-the-other')
    await cluster.kubectl('create', 'serviceaccount', 'visitor')
    await cluster.kubectl(
      'create',
      'clusterrolebinding',
      'visitor',
      '--clusterrole=cluster-admin',
      '--serviceaccount=default:visitor',
    )
    token = (await cluster.kubectl('create', 'token', 'visitor')).trim()
    await cluster.kubectl('create', 'serviceaccount', 'viewer')
    await cluster.kubectl(
      'create',
      'clusterrolebinding',
      'viewer',
      '--clusterrole=view',
      '--serviceaccount=default:viewer',
    )
    viewersToken = (await cluster.kubectl('create', 'token', 'viewer')).trim()
    await cluster.kubectl('create', 'serviceaccount', 'nobody')
    nobodysToken = (await cluster.kubectl('create', 'token', 'nobody')).trim()
    await cluster.kubectl('create', 'deployment', 'shop', '--image=shop:1', '--replicas=1')
    writeConfig()
    const PATH = [...(helm ? [dirname(helm)] : []), process.env.PATH].join(delimiter)
    app = await DesktopApp.launch({ env: { KUBECONFIG: join(folder, 'config'), PATH, HELM_KUBECONTEXT: 'elsewhere' } })
    own = await app.page()
    await own.getByText('Pods by state').waitFor()
  })
  afterAll(async () => {
    await app[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  function writeConfig(): void {
    const { clusters, users } = parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig
    const reply = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }
    writeFileSync(join(folder, 'reply.json'), JSON.stringify(reply))
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [join(folder, 'reply.json')] }
    const logins: Record<string, Record<string, unknown>> = {
      'by-certificate': users[0]?.user ?? {},
      'by-token': { token },
      'by-program': { exec },
      'by-view-role': { token: viewersToken },
      'by-no-role': { token: nobodysToken },
      expired: { token: 'no-longer-good' },
    }
    const here = clusters[0]?.cluster ?? {}
    const names = Object.keys(logins)
    const config: Kubeconfig = {
      clusters: [
        { name: 'here', cluster: here },
        { name: 'gone', cluster: { ...here, server: 'https://127.0.0.1:50' } },
      ],
      users: names.map(name => ({ name, user: logins[name] ?? {} })),
      contexts: [
        ...names.map(name => ({ name, context: { cluster: 'here', user: name } })),
        { name: 'gone', context: { cluster: 'gone', user: 'by-token' } },
      ],
    }
    writeFileSync(join(folder, 'config'), stringify(config), { mode: 0o600 })
  }
  async function add(context: string): Promise<Page> {
    const opened = app.electron.waitForEvent('window')
    await own.getByRole('button', { name: 'Other clusters' }).click()
    await own.getByRole('button', { name: `Add ${context}`, exact: true }).click()
    return opened
  }
  async function showsTheOther(page: Page): Promise<void> {
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await page.locator('[data-key=of-the-other]').waitFor()
  }

  it.each(['by-certificate', 'by-token'])('shows and steers one that it gets into %s', async context => {
    const page = await add(context)
    await showsTheOther(page)
    const made = `made-${context}`
    const created = await page.evaluate(`fetch('/clusters/local/api/v1/namespaces', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { name: '${made}' } }),
    }).then(({ status }) => status)`)
    expect(created).toBe(201)
    expect(await cluster.kubectl('get', 'namespace', made, '-o', 'name')).toBe(`namespace/${made}\n`)
    await page.locator(`[data-key=${made}]`).waitFor()
    const known = await page.evaluate(`Promise.all([
      flotilla.invoke('clusters:list'), flotilla.invoke('clusters:offer', false), flotilla.invoke('control-plane:status'),
    ]).then(JSON.stringify)`)
    expect(known).toContain(context)
    expect(known).not.toContain(token)
    expect(known).not.toContain('LS0tLS1') // PEM
    await shoot(page, `other-cluster-${context}`)
    await page.close()
  })

  it('keeps each cluster in a session of its own: what a page keeps, and the way to its cluster, are there for no other', async () => {
    const page = await add('by-token')
    await page.getByText('Pods by state').waitFor()
    const places = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map(({ webContents }) => webContents.session.storagePath),
    )
    expect(places).toHaveLength(2)
    expect(new Set(places).size).toBe(2)
    await page.evaluate(`localStorage.setItem('kept', 'here')`)
    expect(await own.evaluate(`localStorage.getItem('kept')`)).toBeNull()
    const status = (on: Page) =>
      on.evaluate(`fetch('/clusters/local/api/v1/namespaces/of-the-other').then(({ status }) => status)`)
    expect(await Promise.all([status(page), status(own)])).toEqual([200, 404])
    await page.close()
  })

  const openShop = async (page: Page) => {
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator('[data-key="default/shop"]').click()
    const drawer = page.getByRole('dialog', { name: 'Deployment shop' })
    await drawer.waitFor()
    return { drawer, button: (name: string) => drawer.getByRole('button', { name, exact: true }) }
  }
  const reasonOf = (button: Locator) =>
    button.evaluate(element => (element.ariaDisabled === 'true' ? element.title : undefined))

  it('tells who may only look which right each button would take', async () => {
    const page = await add('by-view-role')
    const { button } = await openShop(page)
    await until('it is known', async () => (await reasonOf(button('Delete'))) !== undefined)
    expect(await reasonOf(button('Delete'))).toBe('You may not delete deployments in default')
    expect(await reasonOf(button('Scale'))).toBe('You may not patch deployments/scale in default')
    expect(await reasonOf(button('Restart'))).toBe('You may not patch deployments in default')
    expect(await reasonOf(button('Logs'))).toBeUndefined()
    await shoot(page, 'other-cluster-viewer')
    await page.locator('[data-key="default/shop"]').click({ button: 'right', position: { x: 80, y: 10 } })
    const menuItem = (name: string) => page.getByRole('menuitem', { name })
    await menuItem('Delete').waitFor()
    expect(await menuItem('Delete').getAttribute('aria-disabled')).toBe('true')
    expect(await menuItem('Logs').first().getAttribute('aria-disabled')).toBeNull()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await until(
      'nothing can be made',
      async () =>
        (await page.locator('[role=menuitem]', { hasText: 'ConfigMap' }).getAttribute('aria-disabled')) === 'true',
    )
    await shoot(page, 'other-cluster-viewer-create')
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'YAML' }).click()
    await page.getByText('You may not update deployments in default').waitFor()
    expect(await page.getByRole('button', { name: 'Apply' }).count()).toBe(0)
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Go to' }).fill('new secret')
    const entry = page.getByRole('option', { name: 'New Secret' })
    await entry.getByText('You may not create secrets').waitFor()
    expect(await entry.getAttribute('aria-disabled')).toBe('true')
    await page.keyboard.press('Enter')
    expect(await entry.isVisible(), 'it stays').toBe(true)
    await page.keyboard.press('Escape')
    await page.close()
  })

  it('is honest with who may do nothing at all, at every place', async () => {
    const page = await add('by-no-role')
    const faults: string[] = []
    page.on('pageerror', error => faults.push(error.message))
    await page.getByText('Pods may not be listed.').waitFor()
    await page.getByText('Nodes may not be listed.').waitFor()
    await page.getByText(`kubectl --kubeconfig=${join(folder, 'config')} --context=by-no-role get pods`).waitFor()
    const told: [place: string, text: string | RegExp][] = [
      ['Topology', 'You may not list what the map shows'],
      ['Timeline', 'It tells of objects that you may read.'],
      ['Hosts', 'You may not list hosts'],
      ['Helm', /cannot list resource "secrets"/],
      ['Who can do what', 'You may not list roles and bindings'],
      ['Nodes', 'You may not list nodes'],
      ['Pods', 'You may not list pods'],
      ['Config Maps', 'You may not list configmaps'],
      ['Namespaces', 'You may not list namespaces'],
      ['Events', 'You may not list events'],
    ]
    for (const [place, text] of told) {
      await page.getByRole('link', { name: place, exact: true }).click()
      await page.locator('#main').getByText(text).first().waitFor()
      expect(await page.locator('[data-empty=disconnected]').count(), place).toBe(0)
      await shoot(page, `other-cluster-nobody-${place.toLowerCase().replaceAll(' ', '-')}`)
    }
    expect(faults).toEqual([])
    await page.close()
  })

  it('goes on over new connections after sleep, and after the cluster was away with what changed meanwhile', async () => {
    await cluster.kubectl('create', 'configmap', 'stays')
    await cluster.kubectl('create', 'configmap', 'goes')
    const page = await add('by-token')
    await page.getByText('Pods by state').waitFor()
    await page.getByRole('link', { name: 'Config Maps', exact: true }).click()
    const row = (name: string) => page.locator(`[data-key="default/${name}"]`)
    await row('goes').waitFor()
    await row('stays').click()
    const drawer = page.getByRole('dialog', { name: 'ConfigMap stays' })
    await drawer.waitFor()

    await app.electron.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'))
    await cluster.kubectl('create', 'configmap', 'after-sleep')
    await row('after-sleep').waitFor()
    const outdated = page.getByText(/Disconnected; data is/).first()
    expect(await outdated.count(), 'nobody was away').toBe(0)

    await cluster.kill()
    await outdated.waitFor()
    expect(await row('goes').count()).toBe(1)
    await shoot(page, 'other-cluster-away')
    await cluster.start()
    await cluster.kubectl('delete', 'configmap', 'goes')
    await cluster.kubectl('create', 'configmap', 'comes')
    await cluster.kubectl('patch', 'configmap', 'stays', '-p', '{"data":{"told":"since"}}')
    await row('comes').waitFor()
    await row('goes').waitFor({ state: 'detached' })
    await drawer.getByText('since').waitFor()
    await outdated.waitFor({ state: 'detached' })
    await page.close()
  })

  it.skipIf(!helm)(
    'has charts installed, upgraded, rolled back and uninstalled by helm, once it was shown what would change',
    async () => {
      const chart = join(folder, 'chart')
      const map = (name: string, value: string) =>
        `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {said: ${value}}\n`
      const write = (version: string, ...maps: string[]) => {
        mkdirSync(join(chart, 'templates'), { recursive: true })
        writeFileSync(join(chart, 'Chart.yaml'), `apiVersion: v2\nname: greeting\nversion: ${version}\n`)
        writeFileSync(join(chart, 'templates/all.yaml'), maps.join(''))
        writeFileSync(join(chart, 'templates/NOTES.txt'), `It says hello, in ${version}.`)
      }
      write('1.0.0', map('stays', 'hello'), map('goes', 'bye'))
      const page = await add('by-token').then(async opened => {
        await opened.getByText('Pods by state').waitFor()
        return opened
      })
      await page.getByRole('link', { name: 'Helm', exact: true }).click()
      await page.getByRole('button', { name: 'Install a chart' }).last().click()
      const dialog = page.getByRole('dialog')
      const plan = dialog.locator('[data-helm-plan]')
      const button = (name: string) => dialog.getByRole('button', { name, exact: true })
      await dialog.locator('input[name=release]').fill('hi')
      await dialog.locator('input[name=namespace]').fill('greetings')
      await dialog.locator('input[name=chart]').fill(chart)
      await dialog.getByText(`helm upgrade --install hi ${chart} --namespace=greetings --create-namespace`).waitFor()
      await button('See what would change').click()
      await plan.getByText('2 new, 0 changed, 0 deleted, 0 as they are').waitFor()
      await shoot(page, 'helm-install-plan')
      expect(await cluster.kubectl('get', 'namespace', 'greetings', '--ignore-not-found')).toBe('')
      await button('Install').click()
      await page.locator('[data-release="greetings/hi"]').getByText('deployed').waitFor()

      write('2.0.0', map('stays', 'hallo'), map('comes', 'hello'))
      await page.locator('[data-release="greetings/hi"]').click()
      await page.getByRole('button', { name: 'Upgrade', exact: true }).click()
      await dialog.locator('input[name=chart]').fill(chart)
      expect(await button('Upgrade').count(), 'not before it is known what it does').toBe(0)
      await button('See what would change').click()
      await plan.getByText('1 new, 1 changed, 1 deleted, 0 as they are').waitFor()
      await plan.getByText('Notes of the chart').click()
      await plan.getByText('It says hello, in 2.0.0.').waitFor()
      await plan.locator('.cm-deletedChunk').first().waitFor()
      await shoot(page, 'helm-upgrade-plan')
      expect(await seriousFindings(page, 'plan of an upgrade', '[data-modal]')).toEqual([])
      await button('Upgrade').click()
      await page.getByText('greeting 2.0.0').first().waitFor()
      const said = () => cluster.kubectl('get', 'configmap', 'stays', '-n', 'greetings', '-o', 'jsonpath={.data.said}')
      expect(await said()).toBe('hallo')

      const release = page.getByRole('complementary', { name: 'Release hi' })
      await release.getByRole('tab', { name: 'History' }).click()
      await release.getByRole('button', { name: 'Roll back to 1' }).click()
      await plan.getByText('1 new, 1 changed, 1 deleted, 0 as they are').waitFor()
      expect(await said(), 'not before it was looked at').toBe('hallo')
      await button('Roll back').click()
      await release.getByRole('button', { name: 'Roll back to 2' }).waitFor()
      expect(await said()).toBe('hello')
      await release.getByRole('button', { name: 'Uninstall' }).click()
      await button('Uninstall').click()
      await page.getByText('No releases').waitFor()
      expect(await cluster.kubectl('get', 'configmap', 'stays', '-n', 'greetings', '--ignore-not-found')).toBe('')
      expect(readdirSync(join(app.folder, 'user/handed')), 'nothing of the way in is left').toEqual([])
      await page.close()
    },
  )

  it('runs a program to log in only after the user saw the command, once for a file as it is', async () => {
    await app.electron.evaluate(({ dialog }) => {
      const asked: string[] = []
      Object.assign(globalThis, { asked })
      // Native dialogs cannot be driven: the first answer is no, all others are yes.
      Object.assign(dialog, {
        showMessageBox: (_window: object, { detail }: { detail: string }) =>
          Promise.resolve({ response: asked.push(detail) === 1 ? 1 : 0 }),
      })
    })
    const asked = () => app.electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
    const open = async () => {
      const opened = app.electron.waitForEvent('window')
      await own.getByRole('button', { name: 'Cluster by-program' }).click()
      return opened
    }
    const refused = await add('by-program')
    await refused.getByText('may not run').waitFor()
    expect((await asked())[0]).toContain(`"cat"\n"${join(folder, 'reply.json')}"`)
    await refused.close()

    const page = await open()
    await showsTheOther(page)
    await page.close()
    await showsTheOther(await open())
    expect(await asked()).toHaveLength(2)
    for (const window of app.electron.windows()) if (window !== own) await window.close()

    writeFileSync(join(folder, 'config'), `${readFileSync(join(folder, 'config'), 'utf8')}# changed\n`)
    await showsTheOther(await open())
    await until('it is asked again', async () => (await asked()).length === 3)
  })

  it('says what is wrong with one that it cannot get into, and all others go on', async () => {
    const expired = await add('expired')
    await expired.getByText('No way into this cluster').waitFor()
    await expired.getByText('Unauthorized').waitFor()
    await shoot(expired, 'other-cluster-expired')
    expect(await seriousFindings(expired, 'no way in', 'html')).toEqual([])
    const gone = await add('gone')
    await gone.getByText(/does not answer: .*ECONNREFUSED/).waitFor()
    expect((await app.kubectl('create', 'namespace', 'of-our-own')).code).toBe(0)
    await own.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await own.locator('[data-key=of-our-own]').waitFor()
    expect(await own.locator('[data-key=of-the-other]').count()).toBe(0)

    await own.getByRole('button', { name: 'Other clusters' }).click()
    await shoot(own, 'other-clusters-dialog')
    expect(await seriousFindings(own, 'other clusters', '[data-modal]')).toEqual([])
    await own.getByRole('button', { name: 'Remove gone' }).click()
    await until('its window is closed', () => Promise.resolve(gone.isClosed()))
    await own.getByRole('button', { name: 'Remove gone' }).waitFor({ state: 'detached' })
  })
})
