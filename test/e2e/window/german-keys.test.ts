// A day's work in German by keys alone, in a real Chromium on a real cluster: found, read, edited, reviewed, applied, looked
// into, taken back. The focus is always seen and given back, and nothing that the window says is left in English.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHelm } from '../../../src/main/desktop/helm.ts'
import { german } from '../../../src/renderer/i18n/de/german.ts'
import { type Cluster, repository, until } from '../support/cluster.ts'
import { allLoaded, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'
import { leftInEnglish } from './support/german.ts'
import { Keys } from './support/keys.ts'

const helm = process.env.FLOTILLA_HELM
let cluster: Cluster
let window: ClusterWindow
let page: Page
let keys: Keys

beforeAll(async () => {
  window = await ClusterWindow.open({
    prepare: async cluster => {
      await cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: laden}
spec:
  replicas: 2
  selector: {matchLabels: {app: laden}}
  template:
    metadata: {labels: {app: laden}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent}]
---
apiVersion: v1
kind: Service
metadata: {name: tresen}
spec: {selector: {app: laden}, ports: [{port: 80}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ada-liest}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: ada, apiGroup: rbac.authorization.k8s.io}]`)
      await cluster.kubectl('rollout', 'status', 'deployment/laden', '--timeout=90s')
      if (!helm) return
      const of = { do: 'upgrade' as const, name: 'demo', namespace: 'default', version: '' }
      const chart = join(repository, 'test/clients/chart')
      for (const size of [1, 2]) {
        const values = `image: ${counterImage()}\nreplicas: 0\ntext: size ${size}\n`
        await runHelm({ ...of, chart, values }, cluster.kubeconfig, helm)
      }
    },
  })
  ;({ cluster, page } = window)
  keys = new Keys(page)
  // Whoever touches a pointer is found out at the end.
  await page.evaluate(`addEventListener('pointerdown', () => (globalThis.pointed = true), true)`)
})
afterAll(() => window?.[Symbol.asyncDispose]())

/** A text as the window says it. */
const de = (key: keyof typeof german, values: Readonly<Record<string, string | number>> = {}): string =>
  german[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
const exactly = (text: string) => new RegExp(`^${escaped(text)}$`)
const beginsWith = (text: string) => new RegExp(`^${escaped(text)}`)
const press = (...pressed: string[]) => keys.press(...pressed)
const rows = () => page.locator('[role=row][data-key]')
const goTo = (words: string) => keys.goTo(words, de('Go to'))
const dialog = () => page.locator('[data-modal]')
const isShut = () => dialog().waitFor({ state: 'detached' })
const focusIsSeen = () =>
  until('the focus is seen', async () => {
    const found = await keys.focused()
    if (/^(unseen|nothing)/.test(found)) throw new Error(`it is on ${found}`)
    return true
  })
const allIsGerman = async () => {
  await allLoaded(page)
  expect(await leftInEnglish(page)).toEqual([])
}
/** Tells a list of one kind by its short name, and the row of an object in it. */
async function findRow(kind: string, text: string): Promise<void> {
  await press(':')
  await keys.type(kind)
  await press('Enter')
  await isShut()
  await rows().first().waitFor()
  await press('/')
  await press('Control+a')
  await keys.type(text)
  await until('one row', async () => (await rows().count()) === 1)
  await press('ArrowDown')
  await keys.focusOn(new RegExp(text))
}

describe('in German, without a pointer,', () => {
  it('the language is chosen in the settings, which give the focus back', async () => {
    await keys.goTo('pods')
    await rows().first().waitFor()
    await press('ArrowDown')
    await keys.focusOn(/^[\w-]+\//)
    const row = await keys.focused()
    await press('Control+,')
    await dialog().waitFor()
    await keys.tabTo(/Deutsch$/)
    await keys.type('Deut')
    await page.getByRole('dialog', { name: de('Settings') }).waitFor()
    await allIsGerman()
    await press('Escape')
    await isShut()
    expect(await keys.focused()).toBe(row)
    await allIsGerman()
  })

  it('a Deployment is found, edited, reviewed and applied', async () => {
    await findRow('deploy', 'laden')
    await press('Enter')
    await keys.focusOn(/^Deployment laden/)
    await page.getByRole('tab', { name: de('Details'), exact: true }).waitFor()
    await keys.tabTo(exactly(de('Details')))
    await allIsGerman()
    await press('ArrowRight')
    await keys.focusOn(exactly(de('YAML')))
    await page.locator('.cm-content').waitFor()
    await keys.tabTo(exactly(de('YAML of {name}', { name: 'laden' })))
    await press('Control+f')
    await page.getByPlaceholder(de('Find')).waitFor()
    await allIsGerman()
    await keys.type('replicas: 2')
    await press('Enter', 'Escape')
    await keys.focusOn(exactly(de('YAML of {name}', { name: 'laden' })))
    await keys.type('replicas: 1')
    // Out of the editor, whose Tab indents.
    await press('Escape', 'Tab')
    await keys.tabTo(exactly(de('Review changes')))
    await press('Enter')
    await page.getByText(de('Checked by the server; nothing is changed yet.')).waitFor()
    await focusIsSeen()
    await allIsGerman()
    await shoot(page, 'german-review')
    await keys.tabTo(exactly(de('Apply')))
    await press('Enter')
    await page.getByText(de('Applied {name}', { name: 'laden' })).waitFor()
    await focusIsSeen()
    expect(await cluster.kubectl('get', 'deployment', 'laden', '-o', 'jsonpath={.spec.replicas}')).toBe('1')
    await press('Escape')
    await keys.focusOn(/laden$/)
  })

  it('logs are read, a shell is used, and the keys come out of both', async () => {
    await findRow('po', 'laden')
    await press('l')
    await page.getByRole('log').getByText('count').first().waitFor()
    await allIsGerman()
    await press('F6')
    await keys.focusOn(/^laden-/)
    await press('Delete')
    await page.getByRole('log').waitFor({ state: 'detached' })
    await keys.focusOn(/^default\/laden-/)
    await press('s')
    await page.locator('[data-connected=true]').waitFor()
    await keys.focusOn(/Terminal/)
    await keys.type('echo "sum $((40+2))"\n')
    await until('its answer', async () => (await page.locator('.xterm-rows').innerText()).includes('\nsum 42'))
    await allIsGerman()
    await press('Shift+F6')
    await keys.focusOn(/^default\/laden-/)
    await press('F6')
    await keys.focusOn(/^laden-/)
    await press('Delete')
    await page.locator('.xterm-rows').waitFor({ state: 'detached' })
    await keys.focusOn(/^default\/laden-/)
  })

  it('the palette finds an object, and leads to it', async () => {
    await press('Control+k')
    await keys.type('tresen')
    await page.getByRole('option').filter({ hasText: 'Service in default' }).waitFor()
    await press('Enter')
    await page.getByRole('heading', { name: 'tresen' }).waitFor()
    await allIsGerman()
    await press('Escape')
    await page.getByRole('heading', { name: 'tresen' }).waitFor({ state: 'detached' })
  })

  it('the topology is walked as a tree', async () => {
    await goTo('topologie')
    await page.locator('[data-card^="pods."]').first().waitFor()
    await allIsGerman()
    await keys.tabTo(exactly(de('As a tree')))
    await press('Enter')
    await page.getByRole('treeitem').first().waitFor()
    await keys.focusOn(exactly(de('As a map')))
    await press('F6', 'F6')
    await until('it is on the tree', () => page.locator('[role=treeitem]:focus').isVisible())
    for (let steps = 0; steps < 30; steps++) {
      if (/tresen/.test(await keys.focused())) break
      await press('ArrowDown')
    }
    await keys.focusOn(/tresen/)
    await focusIsSeen()
    await press('Enter')
    await page.getByRole('heading', { name: 'tresen' }).waitFor()
    await press('Escape')
    await keys.focusOn(/tresen/)
    await allIsGerman()
  })

  it('a deletion is cancelled, done, and taken back', async () => {
    const exists = async () =>
      (await cluster.kubectl('get', 'service', 'tresen', '-o', 'name', '--ignore-not-found')) !== ''
    await findRow('svc', 'tresen')
    const erase = async () => {
      await press('Control+d')
      await dialog().waitFor()
      await allIsGerman()
      await keys.tabTo(exactly(de('Delete')))
      await press('Enter')
      await isShut()
    }
    await erase()
    const waiting = page
      .getByRole('status')
      .filter({ hasText: de('About to delete {things}', { things: 'Service tresen' }) })
    await waiting.waitFor()
    await allIsGerman()
    await shoot(page, 'german-delete')
    await press('Control+z')
    await waiting.waitFor({ state: 'detached' })
    expect(await exists()).toBe(true)
    await keys.focusOn(/tresen$/)
    await erase()
    await until('it is gone', async () => !(await exists()))

    await goTo('zeitverlauf')
    await keys.tabTo(exactly(de('Filter the timeline')))
    await keys.type('service tresen')
    await page
      .getByRole('button', { name: de('Bring back'), exact: true })
      .first()
      .waitFor()
    await keys.tabTo(exactly(de('Bring back')))
    await allIsGerman()
    await press('Enter')
    await dialog().waitFor()
    await allIsGerman()
    await keys.tabTo(exactly(de('Bring back')))
    await press('Enter')
    await until('it is back', exists)
    await isShut()
    await focusIsSeen()
  })

  it.skipIf(!helm)('a release of Helm is looked through, and what takes it back is shown', async () => {
    await goTo('helm')
    await page.locator('[data-release="default/demo"]').waitFor()
    await keys.tabTo(/^demo/)
    await press('Enter')
    await keys.tabTo(exactly(de('Overview')))
    await allIsGerman()
    await press('ArrowRight')
    await keys.focusOn(exactly(de('Values')))
    await page.locator('.cm-content').getByText('size 2').waitFor()
    await press('End')
    await keys.focusOn(exactly(de('History')))
    await keys.tabTo(exactly(de('Compare with the newest')))
    await press('Enter')
    await page.locator('.cm-deletedChunk').first().waitFor()
    await allIsGerman()
    await keys.tabTo(exactly(de('Roll back to {revision}', { revision: 1 })))
    await press('Enter')
    await dialog().getByText('helm rollback demo 1 --namespace=default').waitFor()
    await allIsGerman()
    await press('Escape')
    await isShut()
    await keys.focusOn(exactly(de('Roll back to {revision}', { revision: 1 })))
    await press('Escape')
    await keys.focusOn(/^demo/)
  })

  it('a chart is named, and the dialog gives the focus back', async () => {
    await goTo('helm')
    await keys.tabTo(exactly(de('Install a chart')))
    await press('Enter')
    await dialog().waitFor()
    await keys.tabTo(/^release$/)
    await keys.type('neu')
    await keys.tabTo(/^chart$/)
    await keys.type('./chart')
    await dialog().getByText('helm upgrade --install neu ./chart').waitFor()
    await allIsGerman()
    await press('Escape')
    await isShut()
    await keys.focusOn(exactly(de('Install a chart')))
  })

  it('who can do what is asked, and answered with the reason', async () => {
    await goTo('wer darf was')
    await page.locator('[data-subject="User ada"]').waitFor()
    await keys.tabTo(exactly(de('Namespace')))
    await keys.type(de('in {namespace}', { namespace: 'default' }))
    await page.getByLabel(`ada get: ${de('yes')}`).waitFor()
    await keys.tabTo(exactly(`ada get: ${de('yes')}`))
    await press('Enter')
    await page.locator('[data-reasons]').getByRole('link', { name: 'ada-liest' }).waitFor()
    await allIsGerman()
    await press('Escape')
    await keys.focusOn(exactly(`ada get: ${de('yes')}`))
    await keys.tabTo(exactly(de('Can somebody…?')), 'Shift+Tab')
    await press('Enter')
    await keys.tabTo(/^subject$/)
    await keys.type('ada')
    await press('Enter')
    await page
      .locator('[data-answer]')
      .getByText(beginsWith(de('Yes.')))
      .waitFor()
    await allIsGerman()
    await press('Escape')
    await isShut()
    await keys.focusOn(exactly(de('Can somebody…?')))
  })

  it('a host is named whose address is none, which is told before anything is asked', async () => {
    await goTo(de('Add hosts').toLowerCase())
    await keys.focusOn(exactly(de('Addresses, one a line')))
    await keys.type('-oProxyCommand=x')
    await dialog().getByRole('alert').waitFor()
    await allIsGerman()
    await press('Escape')
    await isShut()
    await focusIsSeen()
  })

  it('every other place is German as well, and its first stop skips to it', async () => {
    for (const place of ['Overview', 'Hosts', 'Port-forwards', 'Create a Deployment', 'Create from YAML'] as const) {
      await goTo(de(place).toLowerCase())
      await page.locator('#main').waitFor()
      await allIsGerman()
    }
  })

  it('all of it took no pointer, broke no rule of the content security policy and threw nothing', async () => {
    expect(await page.evaluate('globalThis.pointed ?? false')).toBe(false)
    expect(window.problems).toEqual([])
  })
})
