// The window for people who use keys alone, and what it tells them: the main flows without a pointer, another language, the
// tour, in a real Chromium on a real cluster. What axe finds is in axe.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'
import { Keys } from './support/keys.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page
let press: Keys['press']
let focused: Keys['focused']
let focusOn: Keys['focusOn']
let tabTo: Keys['tabTo']
let goTo: Keys['goTo']

beforeAll(async () => {
  const image = counterImage()
  window = await ClusterWindow.open({
    prepare: cluster =>
      cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: '${image}', imagePullPolicy: IfNotPresent}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sick}
spec:
  selector: {matchLabels: {app: sick}}
  template:
    metadata: {labels: {app: sick}}
    spec:
      containers: [{name: main, image: '${image}', imagePullPolicy: IfNotPresent, command: [sh, -c, 'exit 4']}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}`),
  })
  ;({ cluster, page } = window)
  ;({ press, focused, focusOn, tabTo, goTo } = new Keys(page))
})
afterAll(() => window?.[Symbol.asyncDispose]())

/** What opens over a place and holds the keys. */
const LAYER = '[role=dialog][data-modal], [role=menu]'
const go = (place: string) => window.go(place)
const rows = () => page.locator('[role=row][data-key]')

describe('another language', () => {
  it('is spoken at once, by every part of the frame, and is kept', async () => {
    await go('k/core/v1/pods')
    await rows().first().waitFor()
    await press('Control+,')
    await page.getByRole('dialog', { name: 'Settings' }).getByLabel('Language').selectOption('de')
    await page.getByRole('dialog', { name: 'Einstellungen' }).waitFor()
    expect(await seriousFindings(page, 'settings in German', LAYER)).toEqual([])
    await shoot(page, 'german-settings')
    await page.reload()
    await page.getByRole('link', { name: 'Übersicht' }).waitFor()
    await page.getByPlaceholder('Pods filtern').waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    await shoot(page, 'german-pods')
    await press('Control+,')
    await page.getByRole('dialog', { name: 'Einstellungen' }).getByLabel('Sprache').selectOption('system')
    await page.getByRole('dialog', { name: 'Settings' }).waitFor()
  })
})

describe('the tour', () => {
  const tour = () => page.locator('[data-modal]')

  it('is taken from the help by the keys alone, points at what it tells of, and ends by Escape', async () => {
    await go('k/core/v1/pods')
    await rows().first().waitFor()
    await press('?')
    await page.getByRole('button', { name: 'Take the tour' }).focus()
    await press('Enter')
    for (const step of [1, 2, 3, 4, 5, 6]) {
      await tour().getByText(`${step} of 6`).waitFor()
      await page.locator('[data-lit=true]').waitFor()
      if (step === 1) expect(await seriousFindings(page, 'tour', LAYER)).toEqual([])
      if (step < 6) await press(step % 2 ? 'ArrowRight' : 'Enter')
    }
    await press('ArrowLeft')
    await tour().getByText('5 of 6').waitFor()
    await press('Escape')
    await tour().waitFor({ state: 'detached' })
  })

  it('is offered to who opens the window for the first time, and never again after any answer', async () => {
    const offer = () => page.getByRole('region', { name: 'Tour' })
    await page.evaluate(`localStorage.removeItem('flotilla.tour-answered')`)
    await go('')
    await page.reload()
    await offer().waitFor()
    await offer().getByRole('button', { name: 'No, thanks' }).click()
    await offer().waitFor({ state: 'detached' })
    await page.reload()
    await page.getByText('Nodes ready').waitFor()
    expect(await offer().count()).toBe(0)
  })
})

const REGION = `(() => {
  const found = document.activeElement?.closest('nav, header, [role=row], #main')
  return found?.getAttribute('role') ?? found?.getAttribute('aria-label') ?? found?.localName ?? 'nothing'
})()`
describe('without a pointer', () => {
  it('Tab goes through the window in the order in which it is read, and the first stop skips all of it', async () => {
    await go('k/core/v1/pods')
    await rows().first().waitFor()
    await press('Tab')
    expect(await focused()).toBe('Skip to content')
    const regions: string[] = []
    for (let presses = 0; presses < 60; presses++) {
      await press('Tab')
      expect(await focused()).not.toMatch(/^unseen/)
      const region = await page.evaluate<string>(REGION)
      if (regions.at(-1) !== region) regions.push(region)
      if (region === 'row' && (await page.locator('[data-key]:focus').count())) break
    }
    expect(regions).toEqual(['Clusters', 'Kinds', 'header', 'main', 'row'])
  })

  it('a pod is found, looked at, and left again', async () => {
    await press('/')
    await page.keyboard.type('shop')
    await until('two pods', async () => (await rows().count()) === 2)
    await press('ArrowDown')
    await focusOn(/^default\/shop-/)
    await press('ArrowDown', 'Enter')
    await focusOn(/^Pod shop-/)
    await shoot(page, 'keys-drawer')
    await tabTo(/^Details$/)
    await press('Tab')
    await until('the panel is seen to have the focus', async () => !/^(unseen|nothing)/.test(await focused()))
    await press('Escape')
    await focusOn(/^default\/shop-/)
  })

  it('its logs are read, and the dock is left and closed', async () => {
    await press('l')
    await page.getByRole('log').getByText('count').first().waitFor()
    await press('F6')
    await focusOn(/^shop-/)
    await press('Delete')
    await page.getByRole('log').waitFor({ state: 'detached' })
    await press('F6')
    await focusOn(/^Overview/)
  })

  it('a terminal and an editor let go of the keys', async () => {
    await press('F6', 's')
    await page.locator('[data-connected=true]').waitFor()
    await focusOn(/^Terminal input/)
    await press('Tab')
    await focusOn(/^Terminal input/)
    await press('F6')
    await focusOn(/^Overview/)
    await press('Shift+F6')
    await focusOn(/^shop-/)
    await press('Delete')
    await goTo('create from yaml')
    await tabTo(/^YAML/)
    await press('Tab')
    await focusOn(/^YAML/)
    await press('Escape', 'Tab')
    expect(await focused()).not.toMatch(/^(YAML|unseen|nothing)/)
  })

  it('a Deployment is scaled', async () => {
    await press(':')
    await page.keyboard.type('deploy')
    await press('Enter')
    await page.locator('[data-key="default/shop"]').waitFor()
    await press('ArrowDown', 'Enter')
    await focusOn(/^Deployment shop/)
    await page.getByRole('button', { name: 'Scale', exact: true }).waitFor()
    await tabTo(/^Scale$/)
    await press('Enter')
    // The number has the focus and is selected: what is typed takes its place.
    await focusOn(/^number$/)
    await page.keyboard.type('1')
    await press('Enter')
    await page.getByText('Scaled Deployment shop to 1').waitFor()
    await focusOn(/^Scale$/)
  })

  it('a ConfigMap is made by its form', async () => {
    await goTo('new configmap')
    await page.locator('[name="metadata.name"]').waitFor()
    await tabTo(/^metadata\.name$/)
    await page.keyboard.type('by-keys')
    await press('Enter')
    await page.getByRole('heading', { name: 'by-keys' }).waitFor()
    expect(await cluster.kubectl('get', 'configmap', 'by-keys', '-o', 'name')).toContain('by-keys')
  })

  it('it is deleted, and the dialog holds the keys no longer than it is open', async () => {
    await press('Escape')
    await press('/')
    await page.keyboard.type('by-keys')
    await until('one row', async () => (await rows().count()) === 1)
    await press('ArrowDown', 'Control+d')
    const dialog = page.getByRole('dialog', { name: /^Delete/ })
    await dialog.waitFor()
    for (let presses = 0; presses < 4; presses++) {
      await press('Tab')
      expect(await dialog.locator(':focus').count()).toBe(1)
    }
    await press('Escape')
    await focusOn(/by-keys$/)
    await press('Control+d')
    await tabTo(/^Delete$/)
    await press('Enter')
    await page.getByText('No configmaps match').or(page.getByText('match “by-keys”')).waitFor()
  })

  it('the topology is walked', async () => {
    await goTo('topology')
    for (const kind of ['services', 'deployments', 'pods'])
      await page.locator(`[data-card^="${kind}."]`).first().waitFor()
    await press('ArrowDown')
    await focusOn(/^services/)
    // What is connected with nothing, as `kubernetes` is, may stand above it or below.
    if (/shop$/.test(await focused())) {
      await press('ArrowDown')
      await focusOn(/^services(?!.*shop$)/)
      await press('ArrowUp')
    } else await press('ArrowDown')
    await focusOn(/^services.*shop$/)
    await press('ArrowRight')
    await focusOn(/^(deployments|pods)/)
    await press('Enter')
    await page.getByRole('dialog').waitFor()
    await press('Escape')
    await focusOn(/^(deployments|pods)/)
    await shoot(page, 'keys-topology')
  })
})

describe('keys', () => {
  it('are given to commands by the user, kept, and handed back', async () => {
    await go('k/apps/v1/deployments')
    await page.locator('[data-key="default/shop"]').waitFor()
    await press('?')
    const help = page.getByRole('dialog', { name: 'Keys' })
    await help.getByRole('button', { name: 'Filter the list: /; change it' }).click()
    await press('Tab')
    await help.getByRole('button', { name: 'Filter the list: /; change it' }).click()
    await press('l')
    await help.getByText('l is taken already.').waitFor()
    await help.getByRole('button', { name: 'Filter the list: /; change it' }).click()
    await press('g')
    await help.getByRole('button', { name: 'Filter the list: g; change it' }).waitFor()
    await shoot(page, 'keys-changed')
    await press('Escape')
    await page.reload()
    await page.locator('[data-key="default/shop"]').waitFor()
    const isFiltering = () => page.evaluate(`document.activeElement?.matches('main input[type=text]')`)
    await press('/')
    expect(await isFiltering()).toBe(false)
    await press('g')
    expect(await isFiltering()).toBe(true)
    await press('Escape', 'Escape', '?')
    await help.getByRole('button', { name: 'All keys as they were' }).click()
    await help.getByRole('button', { name: 'Filter the list: /; change it' }).waitFor()
    await press('Escape')
  })
})

describe('kept at hand, and told', () => {
  it('what is starred stands first, in the sidebar and in the palette', async () => {
    await go('k/apps/v1/deployments?open=default/shop')
    await page.getByText('Rollout').waitFor()
    await page.getByRole('dialog').getByLabel('Favourite').click()
    await press('Escape')
    await page.getByLabel('Favourite').click()
    const favourites = page.locator('[data-favourites]')
    expect(await favourites.getByRole('link').allInnerTexts()).toEqual(['shop', 'Deployments'])
    await press('Control+k')
    expect((await page.getByRole('option').first().innerText()).replace(/\s+/g, ' ')).toContain('shop favourite')
    await press('Escape')
    await go('k/core/v1/secrets')
    await favourites.getByRole('link', { name: 'shop' }).click()
    await page.getByRole('heading', { name: 'shop' }).waitFor()
    await press('Escape')
  })

  it('list, drawer and topology all say of a Deployment that its pods crash', async () => {
    const says = '[data-tone=failed]:has-text("CrashLoopBackOff")'
    await go('k/apps/v1/deployments')
    await page.locator(`[data-key="default/sick"] ${says}`).waitFor()
    await page.locator('[data-key="default/shop"] [data-tone=healthy]').waitFor()
    await go('k/apps/v1/deployments?open=default/sick')
    await page.locator(`h2 ${says}`).waitFor()
    await page
      .getByRole('dialog')
      .getByText(/^sick-.*exit code 4/)
      .first()
      .waitFor()
    await go('topology')
    await page.locator('[data-card^="deployments."][data-card$="/sick"][data-tone=failed]').waitFor()
  })

  it('a failing workload is told with its cause, not while its namespace is muted, and no longer when it is gone', async () => {
    const bell = page.locator('[data-bell]')
    await until('its pod has failed', async () =>
      (await cluster.kubectl('get', 'pods', '-l', 'app=sick')).includes('CrashLoopBackOff'),
    )
    await go('')
    await page.getByLabel('Notifications: 1 failing').click()
    await page
      .getByText(/CrashLoopBackOff.*exit code 4/)
      .last()
      .waitFor()
    await shoot(page, 'notifications')
    await page.getByLabel('Mute default').click()
    await page.getByText('No workload and no node is failing.').waitFor()
    await press('Escape', 'Control+,')
    await shoot(page, 'settings')
    await page.getByLabel('Tell of default again').click()
    await press('Escape')
    await page.getByLabel('Notifications: 1 failing').waitFor()
    await cluster.kubectl('delete', 'deployment', 'sick')
    await page.getByLabel('Notifications: none').waitFor()
    expect(await bell.innerText()).toBe('')
  })

  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
