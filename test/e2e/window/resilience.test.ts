// The window while things go wrong around it: it says what is the matter, and goes on by itself when it is over.
import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { cli, type Cluster } from '../support/cluster.ts'
import { allLoaded, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'

/** As long as a name may be. */
const LONG = `${'very-long-'.repeat(25)}one`
const LONG_NAMESPACE = `${'wide-'.repeat(12)}one`
const FROM_THE_RIGHT = 'مرحبا بالعالم – שלום עולם'

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: backups.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: backups, singular: backup, kind: Backup }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`

describe('the window', () => {
  let window: ClusterWindow
  let cluster: Cluster
  let page: Page
  const row = (key: string) => page.locator(`[data-key="${key}"]`)
  beforeAll(async () => {
    window = await ClusterWindow.open({
      args: ['--no-local-node'],
      async prepare(made) {
        await made.apply(DEFINITION)
        await made.kubectl('wait', '--for=condition=Established', 'crd/backups.example.com')
        await made.apply('apiVersion: example.com/v1\nkind: Backup\nmetadata: { name: weekly, namespace: default }')
      },
    })
    ;({ cluster, page } = window)
  })
  afterAll(() => window[Symbol.asyncDispose]())

  it('is loaded anew when a part of it did not come, as when the networks of the machine change meanwhile', async () => {
    const lost: string[] = []
    const lose = (route: Route) => {
      lost.push(route.request().url())
      return lost.length <= 3 ? route.abort('internetdisconnected') : route.continue()
    }
    await page.route('**/ui/assets/index-*.js', lose)
    await page.reload()
    await page.getByRole('link', { name: 'Pods', exact: true }).waitFor()
    expect(lost.length).toBeGreaterThan(3)
    await page.unroute('**/ui/assets/index-*.js', lose)
  })

  it('asks again for its style sheet alone, since by then the program has taken the token of its link', async () => {
    const context = await page.context().browser()?.newContext({ ignoreHTTPSErrors: true })
    const other = await context?.newPage()
    if (!other) throw new Error('the browser is gone')
    let asked = 0
    await other.route('**/ui/assets/*.css', route =>
      ++asked <= 2 ? route.abort('internetdisconnected') : route.continue(),
    )
    let goOn: () => void = () => undefined
    const styled = new Promise<void>(resolve => (goOn = resolve))
    await other.route('**/ui/login', async route => {
      if (route.request().method() === 'POST') await styled
      await route.continue()
    })
    const { stdout } = await cli('login', '--data-dir', cluster.dataDir)
    await other.goto(stdout.trim())
    const margin = () => other.evaluate('getComputedStyle(document.body).margin')
    await eventually(async () => expect(await margin()).toBe('0px'))
    goOn()
    await other.getByRole('link', { name: 'Pods', exact: true }).waitFor()
    expect(asked).toBe(3)
    await context?.close()
  })

  describe('asks again for a part that is loaded when it is first wanted', () => {
    const WANTED = '**/ui/assets/HostsView-*.js'
    const lose = (route: Route) => route.abort('internetdisconnected')
    const heading = () => page.getByRole('button', { name: 'Add hosts' }).first()
    const open = async () => {
      await window.load('')
      await page.getByText('Pods by state').waitFor()
      await page.getByRole('link', { name: 'Hosts', exact: true }).click()
    }

    it('by itself, when it was lost once', async () => {
      const lost: string[] = []
      await page.route(WANTED, route => {
        lost.push(route.request().url())
        return lost.length === 1 ? lose(route) : route.continue()
      })
      await open()
      await heading().waitFor()
      expect(lost.length).toBeGreaterThan(1)
      await page.unroute(WANTED)
    })

    it('says so in its place while it does not come, and shows it as soon as it does', async () => {
      await page.route(WANTED, lose)
      await open()
      await page.getByText('This part of the window did not come').waitFor()
      expect(new URL(page.url()).pathname).toBe('/ui/hosts')
      await page.getByRole('link', { name: 'Pods', exact: true }).click()
      await page.locator('[data-empty=nothing]').waitFor()
      await page.goBack()
      await page.getByText('This part of the window did not come').waitFor()
      await shoot(page, 'part-missing')
      await page.unroute(WANTED)
      // It may come by itself at this very moment.
      const pressed = page.getByRole('button', { name: 'Try again' }).click()
      pressed.catch(() => undefined)
      await Promise.race([pressed, heading().waitFor()])
      await heading().waitFor()
    })

    it('in the drawer too, which can be closed meanwhile', async () => {
      await page.route('**/ui/assets/ObjectDrawer-*.js', lose)
      await window.load('k/core/v1/namespaces?open=default')
      await page.getByText('This part of the window did not come').waitFor()
      await shoot(page, 'part-missing-drawer')
      await page.keyboard.press('Escape')
      await page.getByText('This part of the window did not come').waitFor({ state: 'detached' })
      await page.unroute('**/ui/assets/ObjectDrawer-*.js')
      await row('default').click()
      await page.getByRole('dialog', { name: 'Namespace default' }).waitFor()
    })

    it('offers to load the window anew when the server has a newer one', async () => {
      const older = /\/assets\/(index-[\w-]+)\.js/
      const replace = async (route: Route) => {
        const answer = await route.fetch()
        return route.fulfill({ response: answer, body: (await answer.text()).replace(older, '/assets/index-newer.js') })
      }
      await page.route(WANTED, route => route.fulfill({ status: 404 }))
      await window.load('')
      await page.getByText('Pods by state').waitFor()
      await page.route('**/ui/', replace)
      await page.getByRole('link', { name: 'Hosts', exact: true }).click()
      await page.getByText('The server has a newer window').waitFor()
      await shoot(page, 'part-gone')
      await page.unroute('**/ui/', replace)
      await page.unroute(WANTED)
      await page.getByRole('button', { name: 'Load anew' }).click()
      await heading().waitFor()
    })
  })

  it('tells an API group that cannot answer from a cluster that is away, and shows it when it answers', async () => {
    const message = 'the server is currently unable to handle the request'
    const status = {
      apiVersion: 'v1',
      kind: 'Status',
      status: 'Failure',
      reason: 'ServiceUnavailable',
      code: 503,
      message,
    }
    const refuse = (route: Route) => route.fulfill({ status: 503, json: status })
    await page.route('**/apis/example.com/**', refuse)
    await window.go('k/example.com/v1/backups')
    await page.getByText('The server cannot answer this now').waitFor()
    await page.getByText(message).waitFor()
    await page.getByText('Trying again by itself.', { exact: true }).waitFor()
    expect(await page.locator('[data-count]').count(), 'how many there are is not known').toBe(0)
    await shoot(page, 'group-away')
    await window.go('k/core/v1/namespaces')
    await row('default').waitFor()
    await window.go('k/example.com/v1/backups')
    await page.getByText('The server cannot answer this now').waitFor()
    await page.unroute('**/apis/example.com/**', refuse)
    await row('default/weekly').waitFor()
  })

  it.each([1280, 2560])('has room for the longest names, and for scripts from the right, at %i px', async width => {
    await page.setViewportSize({ width, height: 800 })
    await cluster.apply(`
apiVersion: v1
kind: Namespace
metadata: { name: ${LONG_NAMESPACE} }
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${LONG}
  namespace: ${LONG_NAMESPACE}
  annotations: { note: '${FROM_THE_RIGHT}' }
data: { greeting: '${FROM_THE_RIGHT}', ${'key'.repeat(60)}: '1' }
`)
    for (const path of [
      'k/core/v1/configmaps',
      `k/core/v1/configmaps?open=${LONG_NAMESPACE}/${LONG}`,
      `k/core/v1/configmaps?ns=${LONG_NAMESPACE}`,
      'k/core/v1/namespaces',
      'timeline',
      'topology',
    ]) {
      await window.go(path)
      await page.locator('#main').waitFor()
      await allLoaded(page)
      const widest = await page.evaluate('[document.documentElement.scrollWidth, document.body.scrollWidth]')
      expect(widest, path).toEqual([width, width])
    }
    await window.go(`k/core/v1/configmaps?open=${LONG_NAMESPACE}/${LONG}`)
    await page.getByRole('dialog').getByText(FROM_THE_RIGHT).first().waitFor()
    expect(await page.getByRole('dialog').evaluate(element => element.scrollWidth <= element.clientWidth)).toBe(true)
    await shoot(page, `longest-names-${width}`)
  })

  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
