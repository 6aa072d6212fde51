// What axe finds in the light and in the dark: at every place, in the drawer of every kind, in every dialog that a browser
// shows, and in what is told when something is not there. Chromium, a real cluster.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { repository } from '../support/cluster.ts'
import { seriousFindings } from './support/axe.ts'
import { allLoaded, closeDock, openInChromium } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'
import { drop } from './support/drop.ts'
import { ONE_OF_EACH } from './support/one-of-each.ts'

let window: ClusterWindow
let page: Page

beforeAll(async () => {
  window = await ClusterWindow.open({
    prepare: async cluster => {
      await cluster.apply(ONE_OF_EACH(counterImage()))
      await cluster.kubectl('wait', '--for=condition=Established', 'crd/boats.example.dev')
      await cluster.apply('apiVersion: example.dev/v1\nkind: Boat\nmetadata: {name: one}\nspec: {sails: 2}')
    },
  })
  ;({ page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

/** What opens over a place and holds the keys. */
const LAYER = '[role=dialog][data-modal], [role=menu]'
const go = (path: string) => window.go(path)
const rows = () => page.locator('[role=row][data-key]')
const press = (key: string) => page.keyboard.press(key)
const drawer = () => page.locator('aside[role=dialog]')

/** A place, and what stands on it when it is there. */
const PLACES: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ['overview', '', () => page.getByText('Pods by state').waitFor()],
  ['pods', 'k/core/v1/pods', () => page.locator('[data-key*=shop] [data-tone=healthy]').nth(1).waitFor()],
  ['an empty list', 'k/core/v1/replicationcontrollers', () => page.locator('[data-empty=nothing]').waitFor()],
  ['a list that is filtered out', 'k/core/v1/pods?q=none', () => page.locator('[data-empty=filtered]').waitFor()],
  ['a kind that is not served', 'k/gone.example/v1/boats', () => page.getByText('does not serve boats').waitFor()],
  ['nowhere', 'no/such/place', () => page.locator('#main').getByRole('link').first().waitFor()],
  ['an object that is gone', 'k/core/v1/pods?open=default/gone', () => page.getByText('gone is gone').waitFor()],
  ['topology', 'topology', () => page.locator('[data-card^="pods."]').first().waitFor()],
  [
    'topology with relations',
    'topology?traffic&with=config,autoscaler,policy',
    () => page.locator('[data-card]').first().waitFor(),
  ],
  ['timeline', 'timeline', () => page.locator('#main').getByRole('listitem').first().waitFor()],
  ['hosts', 'hosts?host=away', () => page.getByRole('complementary', { name: 'What is done' }).waitFor()],
  ['YAML', 'create/yaml', () => page.locator('.cm-content').waitFor()],
  ['deployment form', 'create/deployment', () => page.locator('input[name=name]').waitFor()],
  ['a form from the schema', 'create/batch/v1/cronjobs', () => page.locator('[name="spec.schedule"]').waitFor()],
  ['why', 'k/core/v1/pods?open=default/broken', () => page.locator('[data-why]').waitFor()],
  ['YAML of an object', 'k/core/v1/services?open=default/shop&tab=yaml', () => page.locator('.cm-content').waitFor()],
  [
    'events of an object',
    'k/core/v1/pods?open=default/broken&tab=events',
    () => drawer().getByText('BackOff').first().waitFor(),
  ],
  [
    'history of an object',
    'k/apps/v1/deployments?open=default/shop&tab=history',
    async () => {
      const revisions = page.getByRole('list', { name: 'Revisions' })
      await revisions.getByRole('button').first().click()
      await page.locator('.cm-content').waitFor()
    },
  ],
  ['port-forwards', 'forwards', () => page.getByText('No port-forwards').waitFor()],
  ['Helm', 'helm', () => page.getByText('No releases').waitFor()],
  [
    'who can do what, and why',
    'access',
    async () => {
      await page.getByLabel("Kubernetes' own").check()
      await page.getByRole('table', { name: 'Who can do what' }).waitFor()
      await page
        .getByRole('button', { name: /get: yes$/ })
        .first()
        .click()
      await page.locator('[data-reasons]').waitFor()
    },
  ],
]

describe('axe finds nothing serious, in the light and in the dark,', () => {
  it.each(PLACES)('on %s', async (name, path, isThere) => {
    await go(path)
    await isThere()
    expect(await seriousFindings(page, name, name === 'overview' ? 'html' : '#main')).toEqual([])
  })

  it('in the list and the drawer of the kinds that have an object', { timeout: 900_000 }, async () => {
    await go('k/core/v1/nodes')
    for (const group of ['Other', 'Access Control', 'Custom Resources']) {
      const button = page.getByRole('navigation', { name: 'Kinds' }).getByRole('button', { name: group, exact: true })
      if ((await button.getAttribute('aria-expanded')) === 'false') await button.click()
    }
    const places = await page
      .locator('nav[aria-label=Kinds] a[href*="/k/"]')
      .evaluateAll(links => links.map(link => (link.getAttribute('href') ?? '').replace(/^\/ui\//, '')))
    const [found, seen]: [string[], string[]] = [[], []]
    const pluralOf = (place: string) => /k\/[^/]+\/[^/]+\/([^?]+)/.exec(place)?.[1] ?? place
    const looksAt = (place: string) => isEveryKind || IN_DETAIL.includes(pluralOf(place))
    for (const place of new Set(places.filter(looksAt))) {
      await go(place)
      await allLoaded(page)
      await rows().first().or(page.locator('[data-empty]')).first().waitFor()
      if ((await rows().count()) === 0) continue
      await rows().first().focus()
      await press('Enter')
      await drawer().waitFor()
      await allLoaded(page)
      seen.push(pluralOf(place))
      found.push(...(await seriousFindings(page, place, '#main')))
    }
    expect(found).toEqual([])
    expect(seen).toEqual(expect.arrayContaining(IN_DETAIL))
  })

  it('in every dialog and menu', { timeout: 600_000 }, async () => {
    const found: string[] = []
    const looked = new Set<string>()
    const opened = async (name: string, component: string, open: () => Promise<unknown>) => {
      await open()
      await page.locator(LAYER).first().waitFor()
      await page.locator(`:root:not(:has([aria-busy=true][data-modal]))`).waitFor()
      found.push(...(await seriousFindings(page, name, LAYER)))
      looked.add(component)
      await press('Escape')
      await page.locator(LAYER).waitFor({ state: 'detached' })
    }
    // An empty place offers the same once more.
    const button = (name: string) => () => page.getByRole('button', { name, exact: true }).first().click()
    const act = (label: string) => () => drawer().getByLabel(label, { exact: true }).click()
    const more = (label: string) => async () => {
      await act('More')()
      await page.getByRole('menuitem', { name: label, exact: true }).click()
      await page.locator('[data-modal]').waitFor()
    }
    await go('k/core/v1/pods')
    await rows().first().focus()
    await opened('palette', 'CommandPalette', () => press('Control+k'))
    await opened('palette with objects', 'CommandPalette', async () => {
      await press('Control+k')
      await page.keyboard.type('shop')
      await page.getByRole('option').filter({ hasText: 'Service in default' }).waitFor()
    })
    await opened('keys', 'HelpDialog', () => press('?'))
    await opened('settings', 'SettingsDialog', () => press('Control+,'))
    await opened('tour', 'TourDialog', async () => {
      await press('?')
      await button('Take the tour')()
      await page.getByText('1 of 6').waitFor()
    })
    await opened('create menu', '', button('Create'))
    await opened('columns', '', button('Columns'))
    await opened('menu of a row', '', () =>
      rows()
        .first()
        .click({ button: 'right', position: { x: 120, y: 10 } }),
    )
    await rows().first().focus()
    await opened('delete', 'ConfirmDialog', () => press('Control+d'))
    await go('k/core/v1/pods?open=default/broken')
    await opened('debug', 'DebugDialog', more('Debug container'))
    await opened('delete at once', 'ConfirmDialog', more('Delete at once'))
    await go('k/core/v1/nodes')
    await rows().first().focus()
    await opened('shell of a node', 'DebugDialog', () => press('s'))
    await rows().first().focus()
    await press('Enter')
    await opened('drain', 'DrainDialog', act('Drain'))
    await opened('cordon', 'ConfirmDialog', act('Cordon'))
    await go('hosts?add=')
    await opened('add hosts', 'AddHostsDialog', () => Promise.resolve())
    await go('hosts')
    await opened('load images', 'LoadImagesDialog', () => page.getByLabel('Load images onto away').click())
    await opened('remove a host', 'ConfirmDialog', () => page.getByLabel('Remove away').click())
    await go('access')
    await opened('can somebody', 'CanDialog', button('Can somebody…?'))
    await opened('the team', 'TeamDialog', button('Team'))
    await opened('invite', 'InviteDialog', async () => {
      await button('Team')()
      await button('Invite a team member')()
    })
    await go('helm')
    await opened('install a chart', 'HelmDialog', button('Install a chart'))
    await go('k/core/v1/namespaces')
    await rows().first().focus()
    await opened('delete a namespace', 'ConfirmDialog', () => press('Control+d'))
    await go('k/apps/v1/deployments?open=default/shop')
    await opened('scale', 'ConfirmDialog', act('Scale'))
    await opened('restart', 'ConfirmDialog', act('Restart'))
    await opened('label', 'ConfirmDialog', more('Label'))
    await go('k/core/v1/services?open=default/shop')
    await opened('forward a port', 'ForwardDialog', act('Forward a port'))
    await go('topology')
    await opened('relations', '', button('Relations'))
    await opened('what was dropped', 'ApplyDialog', async () => {
      using _files = await drop(page, {
        'new.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh}\ndata: {a: "1"}',
        'wrong.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: Wrong_}\nspec: {ports: [{port: 80}]}',
        'broken.yaml': 'a: [',
      })
      await page.getByRole('button', { name: /^Apply \d/ }).waitFor()
    })
    expect(found).toEqual([])
    const all = readdirSync(join(repository, 'src/renderer'), { recursive: true, encoding: 'utf8' })
      .map(file => /(\w+Dialog|CommandPalette)\.vue$/.exec(file)?.[1] ?? '')
      .filter(Boolean)
    expect(all.filter(component => !looked.has(component) && !ELSEWHERE.has(component))).toEqual([])
  })

  it('in what is told: notifications, messages, and the namespaces to choose', async () => {
    const found: string[] = []
    await go('k/apps/v1/deployments')
    await page.getByLabel(/^Notifications: \d+ failing/).click()
    await page.getByRole('dialog', { name: 'Notifications' }).waitFor()
    found.push(...(await seriousFindings(page, 'notifications', '[role=dialog]')))
    await press('Escape')
    await page.getByRole('button', { name: /^Namespaces shown/ }).click()
    await page.getByLabel('Find a namespace').waitFor()
    found.push(...(await seriousFindings(page, 'namespaces', '[role=dialog]')))
    await press('Escape')
    await rows().first().getByRole('checkbox').check()
    found.push(...(await seriousFindings(page, 'marked rows', '#main')))
    await page.getByRole('button', { name: 'Label', exact: true }).click()
    await page.locator('[data-modal] input').fill('a=b')
    await press('Enter')
    await page
      .getByRole('status')
      .filter({ hasText: /^Labelled/ })
      .waitFor()
    found.push(...(await seriousFindings(page, 'a message', '[aria-live=polite]')))
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
    await rows().first().focus()
    await press('e')
    await page.locator('[data-dock] .cm-content').waitFor()
    found.push(...(await seriousFindings(page, 'editor', '[data-dock]')))
    await closeDock(page)
    await page.getByRole('link', { name: 'Topology' }).click()
    await page.getByLabel('As a tree').click()
    await page.getByRole('treeitem').first().waitFor()
    found.push(...(await seriousFindings(page, 'tree', '#main')))
    expect(found).toEqual([])
  })

  it('where one logs in, and while the server is away', async () => {
    await using stranger = await openInChromium(new URL('/ui/', window.cluster.url).href)
    await stranger.page.getByText('Sign in to Flotilla').waitFor()
    expect(await seriousFindings(stranger.page, 'log-in', 'html')).toEqual([])
    await go('k/core/v1/namespaces')
    await rows().first().waitFor()
    await window.cluster.kill()
    await page.getByText(/Disconnected; data is/).waitFor()
    expect(await seriousFindings(page, 'disconnected', 'html')).toEqual([])
    await window.cluster.start()
  })

  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})

/** Of the desktop app alone, where they are looked at, or a frame that is there for a moment. */
const ELSEWHERE = new Set(['ClustersDialog', 'LogBundleDialog', 'ModalDialog'])
/** `npm run torture -- window-kinds`: the others show in their drawers what every object has. */
const isEveryKind = process.env.FLOTILLA_EVERY_KIND !== undefined
/** Whose drawer shows more than that, and some that are like all others. */
const IN_DETAIL = [
  ...['pods', 'deployments', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs', 'services', 'ingresses', 'configmaps'],
  ...['secrets', 'persistentvolumeclaims', 'persistentvolumes', 'horizontalpodautoscalers', 'poddisruptionbudgets'],
  ...['networkpolicies', 'namespaces', 'resourcequotas', 'limitranges', 'roles', 'rolebindings', 'clusterroles'],
  ...['nodes', 'customresourcedefinitions', 'boats', 'events', 'storageclasses', 'serviceaccounts', 'leases'],
]
