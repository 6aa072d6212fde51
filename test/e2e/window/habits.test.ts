// What people do all day: lists arranged as they like them, many objects at once, a rollout taken back, logs kept; and
// what they never should see: a place that is cut off, and objects that are more than text.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { allLoaded, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

const deployment = (name: string, env = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent${env}}]
---`

beforeAll(async () => {
  window = await ClusterWindow.open({
    prepare: cluster => cluster.apply(deployment('shop') + deployment('cart')),
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const go = (path: string) => window.go(path)
const row = (key: string) => page.locator(`[role=row][data-key="${key}"]`)
const titles = () => page.getByRole('columnheader').allInnerTexts()
const button = (name: string) => page.getByRole('button', { name, exact: true })
const confirm = (name: string) => page.locator('[data-modal]').getByRole('button', { name, exact: true }).click()

describe('a list', () => {
  it('is arranged by its user, and is found so again', async () => {
    await go('k/apps/v1/deployments')
    await row('default/shop').waitFor()
    await button('Columns').click()
    await page.getByRole('menuitemcheckbox', { name: 'Up to date' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Strategy' }).click()
    await page.keyboard.press('Escape')
    await button('Status').focus()
    await page.keyboard.press('Alt+ArrowLeft')
    await button('Name').click()
    const handle = page.getByRole('columnheader', { name: 'Namespace' }).locator('span').last()
    const { x, y } = (await handle.boundingBox())!
    await page.mouse.move(x + 2, y + 8)
    await page.mouse.down()
    await page.mouse.move(x + 62, y + 8)
    await page.mouse.up()
    const width = async () =>
      Math.round((await page.getByRole('columnheader', { name: 'Namespace' }).boundingBox())!.width)
    const [wide, arranged] = [await width(), await titles()]
    expect(arranged.filter(Boolean)).toEqual(['Name', 'Namespace', 'Status', 'Ready', 'Images', 'Strategy', 'Age'])
    await page.reload()
    await row('default/shop').waitFor()
    expect(await titles()).toEqual(arranged)
    expect(await width()).toBe(wide)
    expect(await page.getByRole('columnheader', { name: 'Name', exact: true }).getAttribute('aria-sort')).toBe(
      'descending',
    )
    expect(await page.locator('[role=row][data-key]').evaluateAll(all => all.map(each => each.dataset['key']))).toEqual(
      ['default/shop', 'default/cart'],
    )
  })

  it('is gone back to by the keys, with what was open in it', async () => {
    await row('default/shop').click()
    await page.getByRole('dialog', { name: 'Deployment shop' }).waitFor()
    await page.getByRole('link', { name: 'Services', exact: true }).click()
    await row('default/kubernetes').waitFor()
    await page.keyboard.press('Control+[')
    await page.getByRole('dialog', { name: 'Deployment shop' }).waitFor()
    await page.keyboard.press('Control+[')
    await page.getByRole('dialog', { name: 'Deployment shop' }).waitFor({ state: 'detached' })
    await page.keyboard.press('Control+]')
    await page.getByRole('dialog', { name: 'Deployment shop' }).waitFor()
    await page.keyboard.press('Escape')
  })

  it('is gone back to with what it was filtered by', async () => {
    const filter = page.getByLabel('Filter Deployments')
    await filter.fill('cart')
    await row('default/shop').waitFor({ state: 'detached' })
    await until('the URL says so', () => Promise.resolve(page.url().includes('q=cart')))
    await page.getByRole('link', { name: 'Services', exact: true }).click()
    await row('default/kubernetes').waitFor()
    await page.goBack()
    await row('default/cart').waitFor()
    expect(await row('default/shop').count()).toBe(0)
    expect(await filter.inputValue()).toBe('cart')
    await filter.fill('')
    await row('default/shop').waitFor()
  })

  it('has many of its objects changed at once', async () => {
    const each = async (path: string) => {
      const read = (name: string) => cluster.kubectl('get', 'deployment', name, '-o', `jsonpath=${path}`)
      return Promise.all([read('shop'), read('cart')])
    }
    await row('default/shop').focus()
    await page.keyboard.press(' ')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press(' ')
    await page.getByText('2 marked').waitFor()
    await button('Label').click()
    await page.locator('[data-modal] input').fill('team=sea')
    await confirm('Label')
    await until('both are labelled', async () => (await each('{.metadata.labels.team}')).every(team => team === 'sea'))
    await button('Scale').click()
    await page.locator('#confirm-number').fill('2')
    await confirm('Scale')
    await until('both are scaled', async () => (await each('{.spec.replicas}')).every(replicas => replicas === '2'))
    await button('Restart').click()
    await confirm('Restart')
    const restarted = '{.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}'
    await until('both start again', async () => (await each(restarted)).every(Boolean))
    await button('Unmark all').click()
  })

  it('has custom resources changed at once as well', async () => {
    await cluster.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}`)
    const boats = ['one', 'two']
    const boat = (name: string) => `apiVersion: example.dev/v1
kind: Boat
metadata: {name: ${name}}
spec: {replicas: 3}`
    await until('they are served', async () => {
      await cluster.apply(boats.map(boat).join('\n---\n'))
      return true
    })
    await go('k/example.dev/v1/boats')
    for (const name of boats) await row(`default/${name}`).getByRole('checkbox').check()
    await button('Scale').click()
    expect(await page.locator('#confirm-number').inputValue()).toBe('3')
    await page.locator('#confirm-number').fill('5')
    await page.getByText('kubectl scale boats.example.dev one two --replicas=5').waitFor()
    await confirm('Scale')
    const all = (path: string) => cluster.kubectl('get', 'boats', '-o', `jsonpath={.items[*]${path}}`)
    await until('both are scaled', async () => (await all('.spec.replicas')) === '5 5')
    await button('Delete').click()
    await confirm('Delete')
    await until('both are gone', async () => (await all('.metadata.name')) === '')
  })
})

it('a rollout is taken back to what it was', async () => {
  const color = () =>
    cluster.kubectl('get', 'deployment', 'cart', '-o', 'jsonpath={.spec.template.spec.containers[0].env[0].value}')
  await cluster.apply(deployment('cart', ', env: [{name: COLOR, value: red}]'))
  await cluster.kubectl('rollout', 'status', 'deployment/cart', '--timeout=60s')
  expect(await color()).toBe('red')
  await go('k/apps/v1/deployments?open=default/cart')
  const drawer = page.getByRole('dialog', { name: 'Deployment cart' })
  await drawer.getByRole('button', { name: 'Go back' }).first().click()
  await confirm('Roll back')
  await until('it is as it was', async () => (await color()) === '')
})

describe('logs', () => {
  const log = () => page.getByRole('log', { name: 'Log' })
  it('are wrapped, cut to a range of time, and kept as a file', async () => {
    const long = `echo ${'long '.repeat(200)}; echo short; sleep 3600`
    await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: wordy}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent, command: [sh, -c, '${long}']}]`)
    await go('k/core/v1/pods')
    await row('default/wordy').getByText('Running').waitFor()
    await row('default/wordy').focus()
    await page.keyboard.press('l')
    await log().getByText('short', { exact: true }).waitFor()
    const isCut = () => log().evaluate(element => element.scrollWidth > element.clientWidth)
    expect(await isCut()).toBe(true)
    await button('Wrap lines').click()
    await until('nothing is beside the window', async () => !(await isCut()))
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download').click()])
    expect(download.suggestedFilename()).toBe('wordy.log')
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map(line => line.replace(/^\S+Z /, '').slice(0, 9))).toEqual(['long long', 'short'])
    await page.getByLabel('Range of time').selectOption('between')
    await page.getByLabel('From', { exact: true }).fill('2020-01-01T00:00:00')
    await page.getByLabel('To', { exact: true }).fill('2020-01-02T00:00:00')
    await log().getByText('short', { exact: true }).waitFor({ state: 'detached' })
    await page.getByLabel('Close wordy').click()
    await cluster.kubectl('delete', 'pod', 'wordy', '--now')
  })
})

describe('what objects say is text', () => {
  const HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>{{1+1}}'
  const json = JSON.stringify
  it('in lists, drawers, YAML, the map, the palette and logs', async () => {
    const dialogs: string[] = []
    page.on('dialog', dialog => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    const script = String.raw`printf '\033]0;stolen\007\033]8;;javascript:alert(1)\007%s\n' "$TEXT"; sleep 3600`
    await cluster.apply(`
apiVersion: v1
kind: Pod
metadata:
  name: hostile
  labels: {app: hostile}
  annotations: {note: ${json(HOSTILE)}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - {name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent, command: [sh, -c, ${json(script)}], env: [{name: TEXT, value: ${json(HOSTILE)}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hostile}
data: {text: ${json(HOSTILE)}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: notes.hostile.example}
spec:
  group: hostile.example
  scope: Namespaced
  names: {kind: Note, plural: notes}
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{name: ${json(HOSTILE)}, type: string, jsonPath: .spec.text}]
      schema:
        openAPIV3Schema:
          type: object
          description: ${json(HOSTILE)}
          properties: {spec: {type: object, properties: {text: {type: string, description: ${json(HOSTILE)}}}}}`)
    await cluster.kubectl('wait', '--for=condition=Established', 'crd/notes.hostile.example')
    await cluster.apply(
      `apiVersion: hostile.example/v1
kind: Note
metadata: {name: hostile}
spec: {text: ${json(HOSTILE)}}`,
    )
    const uid = await cluster.kubectl('get', 'pod', 'hostile', '-o', 'jsonpath={.metadata.uid}')
    await cluster.apply(`apiVersion: v1
kind: Event
metadata: {name: hostile.1}
type: Warning
reason: ${json(HOSTILE.slice(0, 60))}
message: ${json(`${HOSTILE}\u202etxt.exe`)}
involvedObject: {apiVersion: v1, kind: Pod, name: hostile, namespace: default, uid: ${uid}}
firstTimestamp: ${json(new Date().toISOString().replace(/\.\d+Z$/, 'Z'))}
lastTimestamp: ${json(new Date().toISOString().replace(/\.\d+Z$/, 'Z'))}
source: {component: ${json(HOSTILE)}}`)
    const shows = (within: string) => page.locator(within).getByText('<img src=x').first().waitFor()
    await go('k/core/v1/events')
    await shows('[role=grid]')
    await page.getByText('{{1+1}}\ufffdtxt.exe').first().waitFor()
    await go('')
    await page.getByText('{{1+1}}\ufffdtxt.exe').first().waitFor()
    await go('k/core/v1/pods?open=default/hostile')
    await shows('aside[role=dialog]')
    await page.getByRole('tab', { name: 'Events' }).click()
    await shows('aside[role=dialog]')
    await page.getByRole('tab', { name: 'YAML' }).click()
    await shows('.cm-content')
    await go('k/core/v1/configmaps?open=default/hostile')
    await page.getByRole('dialog').getByText('<img src=x').first().waitFor()
    await go('k/hostile.example/v1/notes')
    await shows('[role=grid]')
    await shoot(page, 'hostile-columns')
    await go('create/hostile.example/v1/notes')
    await page.locator('[name="spec.text"]').waitFor()
    await go('timeline')
    await shows('#main')
    await go('topology')
    await page.locator('[data-card^="pods."][data-card$="/hostile"]').waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('<img src=x')
    await page.keyboard.press('Escape')
    await go(`k/core/v1/pods?q=${encodeURIComponent(HOSTILE)}`)
    await page.getByText(`No pods match “${HOSTILE}”`).waitFor()
    await go('k/core/v1/pods')
    await row('default/hostile').getByText('Running').waitFor()
    await row('default/hostile').focus()
    await page.keyboard.press('l')
    await page.getByRole('log').getByText(HOSTILE, { exact: true }).waitFor()
    expect(await page.locator('img[src=x]').count()).toBe(0)
    expect(await page.title()).not.toMatch(/^1$|stolen/)
    expect(dialogs).toEqual([])
    await page.getByLabel('Close hostile').click()
  })
})

describe('what a release of Helm says is text', () => {
  const HTML = '<img src=x onerror="document.title=1">'
  const STEERING = '\u001b]0;stolen\u0007\u001b[31mred\u202etxt.exe'
  const LONG = 'w'.repeat(4000)
  const told = `${HTML} ${STEERING} שלום ${LONG}`

  it('in the list, and in its overview, objects, values, manifest and history', async () => {
    const release = {
      name: 'strange',
      info: { status: 'deployed', description: told, last_deployed: 'yesterday', notes: told },
      chart: {
        metadata: { name: told, version: HTML, appVersion: STEERING, description: told },
        values: { [HTML]: told },
      },
      config: { [HTML]: STEERING, text: HTML },
      manifest: `# ${HTML}\n${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: HTML }, data: { text: STEERING } })}
---\n${JSON.stringify({ apiVersion: HTML, kind: told, metadata: { name: told, namespace: HTML } })}
---\n${JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart' } })}`,
    }
    const packed = gzipSync(JSON.stringify(release)).toString('base64')
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'helm.sh/release.v1',
        metadata: {
          name: 'sh.helm.release.v1.strange.v1',
          labels: { owner: 'helm', name: 'strange', version: '1', status: 'deployed' },
        },
        stringData: { release: packed },
      }),
    )
    const main = page.locator('#main')
    const isHarmless = async (place: string) => {
      const text = await main.innerText()
      expect(text, place).not.toMatch(/[\u001b\u0007\u202e]/)
      expect(await page.locator('img[src=x]').count(), place).toBe(0)
      expect(await page.title(), place).not.toMatch(/^1$|stolen/)
      const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
      expect(isWide, place).toBe(false)
    }
    await go('helm')
    await page.locator('[data-release="default/strange"]').getByText('<img src=x').waitFor()
    await isHarmless('the list')
    await page.locator('[data-release="default/strange"]').click()
    await main.getByText('red\ufffdtxt.exe').first().waitFor()
    const objects = main.getByRole('list', { name: 'Objects' }).getByRole('listitem')
    await objects.filter({ hasText: '<img src=x' }).first().getByText('Missing').waitFor()
    await objects.filter({ hasText: 'cart' }).locator('[data-tone=healthy]').waitFor()
    expect(await objects.count()).toBe(3)
    await isHarmless('the overview')
    await shoot(page, 'hostile-release')
    for (const tab of ['Values', 'Manifest', 'History']) {
      await page.getByRole('tab', { name: tab }).click()
      await main.locator('.cm-content, [data-told]').getByText('<img src=x').first().waitFor()
      await isHarmless(tab)
    }
    await objects.first().waitFor({ state: 'detached' })
    await page.getByRole('tab', { name: 'Overview' }).click()
    await objects.filter({ hasText: 'cart' }).getByRole('link', { name: 'cart' }).click()
    await page.getByRole('dialog', { name: 'Deployment cart' }).waitFor()
    await page.keyboard.press('Escape')
    await cluster.kubectl('delete', 'secret', 'sh.helm.release.v1.strange.v1')
  })
})

it('a version that crashes is taken back by itself, once that is asked for, and it is told from what and why', async () => {
  const drawer = page.getByRole('dialog', { name: 'Deployment shop' })
  await go('k/apps/v1/deployments?open=default/shop')
  await drawer.getByLabel('More', { exact: true }).click()
  await page.getByRole('menuitem', { name: 'Roll back by itself', exact: true }).click()
  await drawer.getByText('to the last healthy revision').waitFor()
  await until('its version is known to be healthy', async () =>
    (await cluster.kubectl('get', 'replicasets', '-l', 'app=shop', '-o', 'yaml')).includes('revision-healthy-since'),
  )
  const revision = await cluster.kubectl('get', 'deployment', 'shop', '-o', 'jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}') // prettier-ignore
  const bad = Number(revision) + 1
  await cluster.apply(deployment('shop', ", command: [sh, -c, 'echo no stock; exit 3']"))
  const why = drawer.getByRole('region', { name: 'Why?' })
  await why.getByText('no stock').first().waitFor()
  expect(await why.innerText()).toMatch(new RegExp(`revision ${bad} of deployment shop does not come up`, 'i'))
  await shoot(page, 'rollback-before')
  const cause = new RegExp(
    `left revision ${bad} on .*: container main of pod shop-\\S+ crashed \\d times, last with exit code 3`,
  )
  await drawer.getByText(cause).waitFor()
  await why.waitFor({ state: 'detached' })
  await drawer.getByText('RolledBack').first().waitFor()
  await shoot(page, 'rollback-after')
  await page.keyboard.press('Escape')
})

describe('nothing is cut off', () => {
  const PLACES = [
    ...['', 'topology', 'timeline', 'hosts', 'forwards', 'helm', 'access', 'create/yaml', 'create/deployment'],
    ...['create/batch/v1/cronjobs', 'k/core/v1/nodes', 'k/core/v1/pods', 'k/core/v1/services', 'k/core/v1/events'],
    'k/apps/v1/deployments?open=default/shop',
  ]
  /** What is wider than the window, and words that are not seen whole in what is clicked. */
  const CUT = `[
    ...(document.documentElement.scrollWidth > innerWidth ? ['the page'] : []),
    ...[...document.querySelectorAll('button, h1, h2, [role=tab], label')]
      .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
      .filter(each => getComputedStyle(each).display !== 'inline' && !each.querySelector('.truncate, .sr-only'))
      .filter(each => !each.closest('.truncate, svg') && !each.matches('.truncate, .sr-only'))
      .map(each => each.tagName + ' ' + each.textContent.trim().slice(0, 40)),
  ]`
  it.each([
    ['a small window', 1280, 800, 'light', 'en'],
    ['a small window in German', 1280, 800, 'dark', 'de'],
    ['a large one', 2560, 1440, 'dark', 'en'],
    ['a narrow one in German', 900, 700, 'light', 'de'],
    ['a small window at 200 %', 640, 400, 'light', 'en'],
  ] as const)('in %s', async (_what, width, height, colorScheme, language) => {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await page.evaluate(`localStorage.setItem('flotilla.language', '${language}')`)
    await window.load('')
    const found: string[] = []
    for (const path of PLACES) {
      await go(path)
      await page.locator('#main').waitFor()
      await allLoaded(page)
      for (const what of (await page.evaluate(CUT)) as string[]) found.push(`${path}: ${what}`)
      await shoot(page, `${width}-${colorScheme}-${language}-${path.replaceAll(/\W+/g, '-') || 'overview'}`)
    }
    expect(found).toEqual([])
  })

  it('where it is narrow, the sidebar comes over the place and goes with the choice, and the drawer takes all', async () => {
    const kinds = page.locator('[data-kinds]')
    const widthOf = (place: Locator) => place.evaluate(element => element.getBoundingClientRect().width)
    await go('k/core/v1/pods')
    await allLoaded(page)
    const place = page.locator('#main')
    const alone = await widthOf(place)
    expect(await kinds.isVisible()).toBe(false)
    await page.keyboard.press('Control+b')
    await kinds.waitFor()
    expect(await widthOf(place), 'it takes no room').toBe(alone)
    await page.keyboard.press('Escape')
    await kinds.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Open the sidebar' }).click()
    await kinds.getByRole('link', { name: 'Deployments', exact: true }).click()
    await kinds.waitFor({ state: 'hidden' })
    await row('default/shop').click()
    const drawer = page.getByRole('dialog', { name: /^Deployment / })
    await drawer.waitFor()
    expect(await widthOf(drawer)).toBe(alone)
    await page.setViewportSize({ width: 1440, height: 900 })
    await kinds.waitFor()
  })
})

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
