// The window for people who use keys alone or hear the screen: axe on every kind of place, and the main flows without
// a pointer, in a real Chromium on a real cluster.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { closeDock, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

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
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec:
  containers: [{name: main, image: '${image}', imagePullPolicy: IfNotPresent, command: [sh, -c, 'echo no; exit 3']}]`),
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

/** What opens over a place and holds the keys. */
const LAYER = '[role=dialog][data-modal], [role=menu]'
const go = (path: string) => window.go(path)
/** Goes there as a link in the window does: nothing is loaded anew. */
const walk = (path: string) =>
  page.evaluate(
    `history.pushState(history.state, '', '/ui/${path}'); dispatchEvent(new PopStateEvent('popstate', { state: history.state }))`,
  )
const rows = () => page.locator('[role=row][data-key]')
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key)
}

/** A place, and what stands on it when it is there. */
const PLACES: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ['overview', '', () => page.getByText('Pods by state').waitFor()],
  ['pods', 'k/core/v1/pods', () => page.locator('[data-key*=shop] [data-tone=healthy]').nth(1).waitFor()],
  ['an empty list', 'k/batch/v1/cronjobs', () => page.locator('[data-empty=nothing]').waitFor()],
  ['topology', 'topology', () => page.locator('[data-card^="pods."]').first().waitFor()],
  ['timeline', 'timeline', () => page.locator('#main').getByRole('listitem').first().waitFor()],
  ['hosts', 'hosts', () => page.getByRole('button', { name: 'Add hosts' }).first().waitFor()],
  ['YAML', 'create/yaml', () => page.locator('.cm-content').waitFor()],
  ['deployment form', 'create/deployment', () => page.locator('input[name=name]').waitFor()],
  ['a form from the schema', 'create/batch/v1/cronjobs', () => page.locator('[name="spec.schedule"]').waitFor()],
  ['drawer of a pod', 'k/core/v1/pods?open=default/broken', () => page.locator('[data-why]').waitFor()],
  ['drawer of a deployment', 'k/apps/v1/deployments?open=default/shop', () => page.getByText('Rollout').waitFor()],
  ['drawer of a secret', 'k/core/v1/secrets?open=default/login', () => page.getByText('password').first().waitFor()],
  ['YAML of an object', 'k/core/v1/services?open=default/shop&tab=yaml', () => page.locator('.cm-content').waitFor()],
  ['port-forwards', 'forwards', () => page.getByText('No port-forwards').waitFor()],
  ['Helm', 'helm', () => page.getByText('No releases').waitFor()],
  [
    'who can do what',
    'access',
    async () => {
      await page.getByLabel("Kubernetes' own").check()
      await page.getByRole('table', { name: 'Who can do what' }).waitFor()
    },
  ],
  [
    'history',
    'k/apps/v1/deployments?open=default/shop&tab=history',
    () => page.getByRole('list', { name: 'Revisions' }).waitFor(),
  ],
]

describe('axe finds nothing serious, in the light and in the dark,', () => {
  it.each(PLACES)('on %s', async (name, path, isThere) => {
    await walk(path)
    await isThere()
    expect(await seriousFindings(page, name, name === 'overview' ? 'html' : '#main')).toEqual([])
  })

  it('on what opens over a place', async () => {
    const found: string[] = []
    const opened = async (name: string, open: () => Promise<unknown>) => {
      await open()
      await page.locator(LAYER).first().waitFor()
      found.push(...(await seriousFindings(page, name, LAYER)))
      await press('Escape')
      await page.locator(LAYER).waitFor({ state: 'detached' })
    }
    await go('k/core/v1/pods')
    await rows().first().focus()
    await opened('palette', () => press('Control+k'))
    await opened('keys', () => press('?'))
    await opened('settings', () => press('Control+,'))
    await opened('create menu', () => page.getByRole('button', { name: 'Create', exact: true }).click())
    await opened('columns', () => page.getByRole('button', { name: 'Columns' }).click())
    await rows().first().focus()
    await opened('delete', () => press('Control+d'))
    await go('k/core/v1/nodes')
    await rows().first().focus()
    await press('Enter')
    await opened('drain', () => page.getByRole('dialog').getByLabel('Drain').click())
    await opened('cordon', () => page.getByRole('dialog').getByLabel('Cordon').click())
    await go('hosts?add=')
    await opened('add hosts', () => Promise.resolve())
    // An empty place offers the same once more.
    const button = (name: string) => () => page.getByRole('button', { name, exact: true }).first().click()
    await walk('access')
    await opened('can somebody', button('Can somebody…?'))
    await opened('the team', button('Team'))
    await opened('invite', async () => {
      await button('Team')()
      await button('Invite a team member')()
    })
    await walk('helm')
    await opened('install a chart', button('Install a chart'))
    await walk('k/core/v1/namespaces')
    await rows().first().focus()
    await opened('delete a namespace', () => press('Control+d'))
    await walk('k/apps/v1/deployments?open=default/shop')
    await opened('scale', () => page.getByRole('dialog').getByLabel('Scale').click())
    await opened('label', async () => {
      await page.getByRole('dialog').getByLabel('More').click()
      await page.getByRole('menuitem', { name: 'Label' }).click()
      await page.getByRole('dialog', { name: 'Label Deployment shop' }).waitFor()
    })
    await walk('k/core/v1/services?open=default/shop')
    await opened('forward a port', () => page.getByRole('dialog').getByLabel('Forward a port').click())
    expect(found).toEqual([])
  })

  it('on a form that the server refuses, and on what it would make', async () => {
    const found: string[] = []
    await go('create/core/v1/services')
    const name = page.locator('[name="metadata.name"]')
    await name.fill('No_Name')
    await page.getByRole('button', { name: 'Review' }).click()
    await page.locator('p[role=alert]').first().waitFor()
    found.push(...(await seriousFindings(page, 'refused', '#main')))
    await name.fill('fine')
    await page.getByRole('button', { name: 'Review' }).click()
    await page.getByText('Checked by the server').waitFor()
    found.push(...(await seriousFindings(page, 'review', '#main')))
    expect(found).toEqual([])
  })

  it('on the dock and the tree', async () => {
    const found: string[] = []
    await go('k/core/v1/pods?q=shop')
    await rows().first().focus()
    await press('l')
    await page.getByRole('log').getByText('count').first().waitFor()
    found.push(...(await seriousFindings(page, 'logs', '[data-dock]')))
    await rows().first().focus()
    await press('s')
    await page.locator('[data-connected=true]').waitFor()
    found.push(...(await seriousFindings(page, 'terminal', '[data-dock]')))
    await rows().first().focus()
    await press('f')
    await page.getByRole('table', { name: 'Files in' }).waitFor()
    found.push(...(await seriousFindings(page, 'files', '[data-dock]')))
    await closeDock(page)
    await page.getByRole('link', { name: 'Topology' }).click()
    await page.getByLabel('As a tree').click()
    await page.getByRole('treeitem').first().waitFor()
    found.push(...(await seriousFindings(page, 'tree', '#main')))
    expect(found).toEqual([])
  })
})

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

/** What has the focus, in words; it has to be seen. In the page's own words, as tests know no document. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (!element || element === document.body) return 'nothing'
  const { outlineStyle, boxShadow } = getComputedStyle(element)
  const editor = element.closest('.cm-editor')
  const rect = element.querySelector(':scope > rect')
  const isSeen =
    (element.matches(':focus-visible') && outlineStyle !== 'none') ||
    boxShadow !== 'none' ||
    (editor !== null && getComputedStyle(editor).outlineStyle !== 'none') ||
    (rect !== null && getComputedStyle(rect).strokeWidth === '2.5px')
  const words = element.getAttribute('aria-label') ?? element.getAttribute('name') ?? element.textContent.trim()
  const at = element.getAttribute('data-key') ?? element.getAttribute('data-card') ?? words.replace(/\\s+/g, ' ')
  return isSeen ? at : 'unseen: ' + at
})()`
const focused = () => page.evaluate<string>(FOCUSED)
const REGION = `(() => {
  const found = document.activeElement?.closest('nav, header, [role=row], #main')
  return found?.getAttribute('role') ?? found?.getAttribute('aria-label') ?? found?.localName ?? 'nothing'
})()`
const focusOn = (what: RegExp) =>
  until(`the focus is on ${what}`, async () => {
    const found = await focused()
    if (what.test(found)) return true
    throw new Error(`it is on ${found}`)
  })
/** Presses Tab until the focus is where it should go, as people do. */
async function tabTo(what: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    let found = ''
    // An editor draws its focus an instant after it has it.
    await until('the focus is seen', async () => !(found = await focused()).startsWith('unseen'))
    if (what.test(found)) return
    await press('Tab')
  }
  throw new Error(`Tab does not lead to ${what}; it is on ${await focused()}`)
}
async function goTo(words: string): Promise<void> {
  await press('Control+k')
  await page.keyboard.type(words)
  await press('Enter')
  await page.getByRole('combobox', { name: 'Go to' }).waitFor({ state: 'detached' })
}

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
    await focusOn(/^services.*kubernetes$/)
    await press('ArrowDown')
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
