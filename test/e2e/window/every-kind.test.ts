// Lists and drawers of the kinds that a cluster has: what stands in them, and that it is the same for the keys and for
// readers of the screen. In a real Chromium, on a real server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { DRAWERS } from './support/drawers.ts'
import { numberedLines, replaceText } from './support/editor.ts'
import { BOAT, OBJECTS, SILENT, ownedBy } from './support/objects.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

const MANY = 1_200

beforeAll(async () => {
  window = await ClusterWindow.open({
    args: ['--no-local-node'],
    prepare: async cluster => {
      await cluster.apply(OBJECTS)
      await cluster.kubectl('wait', '--for=condition=Established', 'crd/boats.example.dev')
      await cluster.apply(BOAT)
      await cluster.apply(SILENT)
      const tell = (kind: string, name: string, status: object) =>
        cluster.kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }))
      // As they stand once the host has joined, and its agent has started the pod.
      await tell('host', 'box', { nodeName: 'box' })
      await tell('pod', 'half', { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] })
      await cluster.kubectl('create', 'namespace', 'crowd')
      const items = Array.from({ length: MANY }, (_, at) => ({
        ...{ apiVersion: 'v1', kind: 'ConfigMap' },
        metadata: { name: `map-${String(at).padStart(4, '0')}`, namespace: 'crowd' },
      }))
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
      const { code, stderr } = await cluster.run('kubectl', ['create', '-f', '-'], list)
      expect(stderr, String(code)).toBe('')
    },
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const go = (path: string) => window.go(path)
const grid = () => page.getByRole('grid')
const rows = () => page.locator('[role=row][data-key]')
const row = (key: string) => page.locator(`[role=row][data-key="${key}"]`)
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')

describe('the columns', () => {
  it.each([
    [
      'core/v1/pods',
      ['Namespace', 'Containers', 'CPU', 'Memory', 'Restarts', 'Owner', 'Node', 'IP', 'QoS', 'Status', 'Age'],
      ['Node', 'IP', 'QoS'],
    ],
    ['apps/v1/deployments', ['Ready', 'Replicas', 'Conditions', 'Images', 'Age'], ['Replicas', 'Conditions']],
    [
      'core/v1/nodes',
      ['CPU', 'Memory', 'Status', 'Taints', 'Roles', 'Internal IP', 'External IP', 'Version', 'OS', 'Age'],
      ['External IP'],
    ],
    ['core/v1/services', ['Type', 'Cluster IP', 'External IP', 'Ports', 'Selector'], []],
    ['example.dev/v1/boats', ['Sails', 'Rig'], []],
  ])('of %s are those that people look for, some of them hidden at first', async (place, wanted, hidden) => {
    await go(`k/${place}`)
    await page.getByRole('button', { name: 'Columns' }).click()
    const offered = page.getByRole('menuitemcheckbox')
    await offered.first().waitFor()
    const found = new Map(
      (await offered.evaluateAll(all =>
        all.map(each => [each.querySelector('span.flex-1')?.textContent ?? '', each.getAttribute('aria-checked')]),
      )) as [string, string][],
    )
    expect([...found.keys()]).toEqual(expect.arrayContaining(wanted))
    for (const title of wanted) expect(found.get(title), title).toBe(String(!hidden.includes(title)))
    await page.keyboard.press('Escape')
  })
})

it('a column is moved by dragging its title, and stays there', async () => {
  await go('k/core/v1/services')
  await row('default/web').waitFor()
  const titles = async () => (await page.getByRole('columnheader').allInnerTexts()).filter(Boolean)
  const before = await titles()
  await page.getByRole('button', { name: 'Age', exact: true }).dragTo(page.getByRole('columnheader', { name: 'Type' }))
  const moved = await titles()
  expect(moved.indexOf('Age')).toBe(before.indexOf('Type'))
  await page.reload()
  await row('default/web').waitFor()
  expect(await titles()).toEqual(moved)
})

describe('a long list', () => {
  it('says how long it is, draws what is in sight, and has one row that the keys begin at', async () => {
    await go('k/core/v1/configmaps?ns=crowd')
    await page.getByText(/^1,2\d\d items$/).waitFor()
    const all = Number((await page.locator('[data-count]').innerText()).replaceAll(/\D/g, ''))
    expect(all).toBeGreaterThanOrEqual(MANY)
    expect(await grid().getAttribute('aria-rowcount')).toBe(String(all + 1))
    expect(await rows().count()).toBeLessThan(80)
    const begins = () => page.locator('[role=row][data-key][tabindex="0"]')
    expect(await begins().count()).toBe(1)
    const focusedAt = async () => Number(await page.evaluate(`document.activeElement?.getAttribute('aria-rowindex')`))
    /** The focus comes there, and is still there a moment later, when the list has been drawn anew. */
    const staysAt = async (what: string, isThere: (at: number) => boolean) => {
      await until(what, async () => isThere(await focusedAt()))
      await page.waitForTimeout(500)
      expect(isThere(await focusedAt()), what).toBe(true)
    }
    await rows().first().focus()
    await page.keyboard.press('End')
    await row('crowd/map-1199').waitFor()
    expect(await begins().count()).toBe(1)
    await staysAt('the last row', at => at === all + 1)
    await page.keyboard.press('PageUp')
    await staysAt('a page above', at => at > all / 2 && at < all)
    await page.keyboard.press('Home')
    await staysAt('the first row', at => at === 2)
  })

  it('shows the namespaces that are chosen, several at once, and says so in the address', async () => {
    await go('k/core/v1/configmaps')
    await page.getByRole('button', { name: 'Namespaces shown: All namespaces' }).click()
    for (const name of ['crowd', 'default'])
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Namespaces shown: crowd, default' }).waitFor()
    expect(new URL(page.url()).searchParams.get('ns')).toMatch(/crowd.default|default.crowd/)
    await page.keyboard.press('/')
    await page.keyboard.type('settings')
    await row('default/settings').waitFor()
    expect(await rows().count()).toBe(1)
  })

  it('has the actions of a row behind its dots, by a right click and by the keys', async () => {
    await go('k/apps/v1/deployments')
    const menu = () => page.getByRole('menu')
    const items = async () => oneLine((await menu().getByRole('menuitem').allInnerTexts()).join(' · '))
    await page.getByLabel('Actions for web').click()
    await menu().waitFor()
    const offered = await items()
    for (const action of ['Open details', 'Logs', 'Scale', 'Restart', 'Label', 'Delete'])
      expect(offered).toContain(action)
    await page.keyboard.press('Escape')
    await row('default/web').click({ button: 'right' })
    expect(await items()).toBe(offered)
    await page.keyboard.press('Escape')
    await menu().waitFor({ state: 'detached' })
    await row('default/web').focus()
    await page.keyboard.press('Shift+F10')
    expect(await items()).toBe(offered)
    await page.keyboard.press('Escape')
  })

  it('of custom resources is labelled at once as well', async () => {
    await cluster.apply(BOAT.replace('erna', 'olga'))
    await go('k/example.dev/v1/boats')
    for (const name of ['erna', 'olga']) await row(`default/${name}`).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Label', exact: true }).click()
    await page.locator('[data-modal] input').fill('fleet=north')
    await page.locator('[data-modal]').getByRole('button', { name: 'Label', exact: true }).click()
    await until('both are labelled', async () => {
      const names = await cluster.kubectl(
        'get',
        'boats',
        '-l',
        'fleet=north',
        '-o',
        'jsonpath={.items[*].metadata.name}',
      )
      return names === 'erna olga'
    })
  })
})

it('the palette finds objects of every kind by their name, also while a kind does not answer', async () => {
  const isHeld = (url: URL) => url.pathname === '/api/v1/serviceaccounts' && url.searchParams.has('limit')
  await page.route(isHeld, () => undefined)
  await window.load('')
  await page.getByText('Pods by state').waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('web')
  for (const kind of ['Deployment', 'Service', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'])
    await page
      .getByRole('option')
      .filter({ hasText: `${kind} in default` })
      .waitFor()
  await page.getByRole('option').filter({ hasText: 'PodDisruptionBudget in default' }).click()
  await page.getByRole('heading', { name: 'web' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/ui/k/policy/v1/poddisruptionbudgets')
  await page.unroute(isHeld)
})

it('a pod that runs and is not ready is a warning, by a sign and a word beside the colour', async () => {
  await go('k/core/v1/pods')
  const status = row('default/half').locator('[data-column=status] [data-tone]')
  await status.waitFor()
  expect(await status.getAttribute('data-tone')).toBe('warning')
  expect(await status.innerText()).toMatch(/^Not ?Ready$/i)
  expect(await status.locator('.tone-icon').count()).toBe(1)
})

describe('a list without rows says why, and what can be done:', () => {
  const empty = (kind: string) => page.locator(`[data-empty=${kind}]`)

  it('while it is loading', async () => {
    let answer: () => void = () => undefined
    const held = new Promise<void>(resolve => (answer = resolve))
    const isList = (url: URL) => url.pathname === '/apis/batch/v1/cronjobs'
    await page.route(isList, async route => {
      await held
      await route.continue()
    })
    await window.load('k/batch/v1/cronjobs')
    await empty('loading').getByText('Loading cron jobs').waitFor()
    answer()
    await row('default/nightly').waitFor()
    await page.unroute(isList)
  })

  it('where nothing exists, with the way to make one', async () => {
    await go('k/core/v1/podtemplates?ns=crowd')
    await empty('nothing').getByText('No pod templates in crowd').waitFor()
    await empty('nothing').getByRole('button', { name: 'Create PodTemplate' }).click()
    await page.locator('[name="metadata.name"]').waitFor()
  })

  it('where the filter leaves nothing, with the way back', async () => {
    await go('k/batch/v1/jobs?q=nothing-like-it')
    await empty('filtered').getByRole('button', { name: 'Reset the filter' }).click()
    await row('default/once').waitFor()
  })

  it('where the user may not look, with the verb that is missing', async () => {
    const refused = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 }
    const message = 'leases.coordination.k8s.io is forbidden: User "ada" cannot watch resource "leases"'
    const isList = (url: URL) => url.pathname === '/apis/coordination.k8s.io/v1/leases'
    await page.route(isList, route => route.fulfill({ status: 403, json: { ...refused, message } }))
    await window.load('k/coordination.k8s.io/v1/leases')
    await empty('forbidden').getByText('You may not watch leases').waitFor()
    await page.unroute(isList)
  })

  it('where the server is away, with the age of what is known', async () => {
    const isList = (url: URL) => url.pathname === '/apis/apps/v1/daemonsets'
    await page.route(isList, route => route.abort('connectionrefused'))
    await window.load('k/apps/v1/daemonsets')
    await empty('disconnected').waitFor()
    await page.unroute(isList)
    await row('default/agent').waitFor()
  })
})

describe('the drawer', () => {
  it.each(DRAWERS)('of %s %s tells what matters of it', async (place, key, told) => {
    await go(`k/${place}?open=${key}`)
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('heading', { name: key.split('/').at(-1) ?? '', level: 2 }).waitFor()
    for (const each of told)
      await until(
        String(each),
        async () => {
          const text = oneLine(await drawer.innerText())
          if (typeof each === 'string' ? text.includes(each) : each.test(text)) return true
          throw new Error(text)
        },
        20_000,
      )
    for (const tab of ['YAML', 'Events', 'History']) await drawer.getByRole('tab', { name: tab }).waitFor()
  })

  it('shows what a change would make of an object, each line beside its number', async () => {
    await go('k/apps/v1/deployments?open=default/web')
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('tab', { name: 'YAML' }).click()
    await replaceText(page, drawer, 'image: web:1', 'image: web:2')
    await drawer.getByRole('button', { name: 'Review changes' }).click()
    await drawer.getByText('Checked by the server').waitFor()
    await drawer.locator('.cm-deletedChunk').first().waitFor()
    await shoot(page, 'review-numbers')
    const numbers = (await numberedLines(drawer)).map(line => Number.parseInt(line))
    expect(numbers).toEqual([...new Set(numbers)].filter(Number.isInteger).toSorted((a, b) => a - b))
  })

  it('tells conditions in words: what they are, whether that is well, and why', async () => {
    await go('k/apps/v1/deployments?open=default/web')
    const conditions = page.getByRole('dialog').getByRole('region', { name: 'Conditions' }).getByRole('listitem')
    const available = conditions.filter({ hasText: 'Available' }).first()
    await available.locator('[data-tone=warning]').getByText('Available').waitFor()
    expect(oneLine(await available.innerText())).toMatch(/False · MinimumReplicasUnavailable .*minimum availability/)
    await go('k/apiextensions.k8s.io/v1/customresourcedefinitions?open=boats.example.dev')
    await conditions.locator('[data-tone=healthy]').getByText('Established').waitFor()
  })

  it('of a node that was never heard of says so, with how its host is, and leads there', async () => {
    await go('k/core/v1/nodes?open=box')
    const sentence = page.locator('[data-why]')
    await until('it is missed', async () => /node box has not been heard of/i.test(await sentence.innerText()))
    const why = page.getByRole('region', { name: 'Why?' })
    await why.getByText('connection to host box').waitFor()
    await shoot(page, 'why-silent-node')
    await why.getByRole('button', { name: 'Look at host box' }).click()
    await page.locator('[data-host=box]').getByLabel('Repair box', { exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/ui/hosts')
  })

  it('of a Secret hides what it holds until somebody asks for it', async () => {
    await go('k/core/v1/secrets?open=default/login')
    const drawer = page.getByRole('dialog')
    await drawer.getByText('password', { exact: true }).waitFor()
    expect(await drawer.innerText()).not.toContain('hunter2')
    await drawer.getByLabel('Show password').click()
    await drawer.getByText('hunter2').waitFor()
    await shoot(page, 'drawer-secret')
  })
})

describe('what is to be deleted', () => {
  const question = () => page.locator('[data-modal]')
  const yes = () => question().getByRole('button', { name: 'Delete', exact: true })

  it('is named up to five, the rest counted; and there is a way back from a yes', async () => {
    const marked = Array.from({ length: 7 }, (_, at) => `map-000${at}`)
    const left = async () => (await cluster.kubectl('get', 'configmaps', '-n', 'crowd', ...marked, '-o', 'name')).trim()
    const before = await left()
    await go('k/core/v1/configmaps?ns=crowd&q=map-000')
    for (const name of marked) await row(`crowd/${name}`).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await question().getByRole('heading', { name: 'Delete 7 objects of kind ConfigMap?' }).waitFor()
    const named = await question().getByRole('listitem').allInnerTexts()
    expect(named).toEqual([...marked.slice(0, 5).map(name => `crowd/${name}`), 'and 2 more'])
    await shoot(page, 'delete-several')
    await yes().click()
    await page.getByText('About to delete').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('About to delete').waitFor({ state: 'detached' })
    expect(await left()).toBe(before)
  })

  it.each([
    ['core/v1/namespaces', 'crowd'],
    ['core/v1/nodes', 'box'],
    ['core/v1/persistentvolumes', 'disk'],
  ])('of %s is typed by its name', async (place, name) => {
    await go(`k/${place}`)
    await page.getByLabel(`Actions for ${name}`).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const typed = question().getByRole('textbox')
    await typed.fill(name.slice(1))
    expect(await yes().isDisabled()).toBe(true)
    await typed.fill(name)
    expect(await yes().isEnabled()).toBe(true)
    await question().getByRole('button', { name: 'Cancel' }).click()
    await question().waitFor({ state: 'detached' })
  })
})

describe('the map', () => {
  const card = (kind: string, name: string) => page.locator(`[data-card^="${kind}."][data-card$="/${name}"]`)
  const RELATIONS = [
    ['Config maps', 'configmaps', 'settings'],
    ['Secrets', 'secrets', 'login'],
    ['Volume claims', 'persistentvolumeclaims', 'data'],
    ['Autoscalers', 'horizontalpodautoscalers', 'web'],
    ['Network policies, disruption budgets', 'networkpolicies', 'closed'],
    ['Network policies, disruption budgets', 'poddisruptionbudgets', 'web'],
  ] as const

  it.each(RELATIONS)('shows %s on demand alone: %s %s', async (relation, kind, name) => {
    await go('topology?ns=default')
    await card('deployments', 'web').waitFor()
    // It may be there still from the place before.
    await card(kind, name).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Relations' }).click()
    await page.getByRole('menuitemcheckbox', { name: relation }).click()
    await page.keyboard.press('Escape')
    await card(kind, name).waitFor()
    // It leads to what it is for: the keys walk there.
    await card(kind, name).focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('[data-card]:focus').getAttribute('data-card')).toMatch(/^deployments.*\/web$/)
    expect(new URL(page.url()).searchParams.get('with')).toBeTruthy()
  })

  it('shows on demand the custom resource that controls a workload', async () => {
    const uid = (await cluster.kubectl('get', 'boat', 'erna', '-o', 'jsonpath={.metadata.uid}')).trim()
    await cluster.apply(ownedBy(uid))
    await go('topology?ns=default')
    await card('deployments', 'hull').waitFor()
    await card('boats', 'erna').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Relations' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Custom resources that control them' }).click()
    await page.keyboard.press('Escape')
    await card('boats', 'erna').focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('[data-card]:focus').getAttribute('data-card')).toMatch(/^deployments.*\/hull$/)
    expect(await card('boats', 'olga').count(), 'it controls nothing').toBe(0)
    await shoot(page, 'topology-custom')
  })

  it('is grouped as one likes, and searched', async () => {
    await go('topology')
    await card('deployments', 'web').waitFor()
    const groupBy = page.getByLabel('Group by')
    for (const [grouping, group] of [
      ['application', 'web'],
      ['node', 'Not placed'],
      ['namespace', 'default'],
    ] as const) {
      await groupBy.selectOption(grouping)
      await page.locator('#main svg').getByText(group, { exact: true }).first().waitFor()
    }
    await page.getByLabel('Find on the map').fill('front')
    await card('ingresses', 'front').waitFor()
    await card('statefulsets', 'db').waitFor({ state: 'detached' })
    expect(await card('deployments', 'web').count(), 'what is around it stays').toBe(1)
    await until('the address says so', () => Promise.resolve(page.url().includes('q=front')))
  })
})

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
