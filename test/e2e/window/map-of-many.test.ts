// The map of 2,000 objects, in a real Chromium on a real API server: each is on it, and what is drawn in one frame stays
// little, however fast it is moved.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Namespace, Pod, Service } from '../../../src/shared/api/core/v1.ts'
import { controllerRef } from '../../../src/shared/machinery/owner.ts'
import { type TestApiServer, startTestApiServer, testAdmin } from '../../support/api-server.ts'
import { until } from '../support/cluster.ts'
import { type OpenWindow, openInChromium, shoot } from './support/browser.ts'

/** Each with a Service and eight pods. */
const APPS = 200
const namespace = 'many'
/** A step of the wheel asks for a dozen, and the frame after it for another. Many more come into sight at once. */
const MOST_A_FRAME = 24

let api: TestApiServer
let window: OpenWindow
let page: Page

beforeAll(async () => {
  api = await startTestApiServer({ ui: { dir: 'out/renderer' } })
  const client = api.clientAs()
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
  for (let index = 0; index < APPS; index++) {
    const name = `app-${String(index).padStart(3, '0')}`
    const labels = { app: name }
    const spec = { containers: [{ name: 'main', image: 'none' }] }
    await client.create(Service, { metadata: { namespace, name }, spec: { selector: labels, ports: [{ port: 80 }] } })
    const deployment = await client.create(Deployment, {
      metadata: { namespace, name },
      spec: { replicas: 8, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    })
    const ownerReferences = [controllerRef(Deployment, deployment)]
    await Promise.all(
      Array.from({ length: 8 }, (_, pod) =>
        client.create(Pod, { metadata: { namespace, name: `${name}-${pod}`, labels, ownerReferences }, spec }),
      ),
    )
  }
  window = await openInChromium(`${api.url}/ui/login#token=${api.server.issueLoginToken(testAdmin)}`)
  page = window.page
  await page.getByText('Pods by state').waitFor()
})
afterAll(async () => {
  await window?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
})

const cards = () => page.locator('[data-card]')
/** Their places on the screen. */
const places = (kind: string) =>
  page.locator(`[data-card^="${kind}."]`).evaluateAll(all =>
    all.map(each => {
      const { top, left, height } = each.getBoundingClientRect()
      return { top, left, height }
    }),
  )
/** Moves the map by the wheel, a step a frame. @returns how many cards came in each frame */
const move = (steps: number, deltaY: number) =>
  page.evaluate(`(async () => {
    const map = document.querySelector('[data-card]').closest('[role=group]')
    const { x, y, width, height } = map.getBoundingClientRect()
    const at = { clientX: x + width / 2, clientY: y + height / 2, bubbles: true, cancelable: true }
    let came = 0
    const seen = new MutationObserver(changes => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node instanceof Element && node.matches('[data-card]')) came++
    })
    seen.observe(map, { childList: true, subtree: true })
    const frames = []
    // Afterwards there is some time for what is still to come.
    for (let step = 0; step < ${steps} + 60; step++) {
      if (step < ${steps}) map.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY: ${deltaY} }))
      await new Promise(resolve => requestAnimationFrame(resolve))
      frames.push(came)
      came = 0
    }
    seen.disconnect()
    return frames
  })()`) as Promise<number[]>

it('has each of 2,000 objects, of which those in sight are drawn, a few a frame, without a hole', async () => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(new URL(`/ui/topology?ns=${namespace}`, api.url).href)
  await page.getByText(/^2,000 objects$/).waitFor()
  // More cards than can be read begin as one.
  await until('one card stands for all', async () => (await cards().count()) === 1)
  await cards().click()
  await until('it is open', async () => (await cards().count()) > 1)
  await page.getByRole('button', { name: /^Show all/ }).click()
  await until('far out, all are boxes', async () => (await cards().count()) === 3 * APPS)
  await shoot(page, 'map-of-many')
  await cards().first().focus()
  await until('near, few are drawn', async () => {
    await page.keyboard.press('+')
    return (await places('deployments'))[0]!.height > 55
  })
  await until('the others have gone', async () => (await cards().count()) < 2 * APPS)

  const frames = await move(3, -300)
  expect(frames.reduce((sum, came) => sum + came)).toBeGreaterThan(2 * MOST_A_FRAME)
  expect(Math.max(...frames)).toBeLessThanOrEqual(MOST_A_FRAME)
  expect(await cards().count()).toBeLessThan(2 * APPS)
  const map = (await page.getByRole('group', { name: /^Topology/ }).boundingBox())!
  for (const kind of ['services', 'deployments']) {
    const all = await places(kind)
    // All cards are in several strips; one in the middle of the screen is looked at.
    const across = (left: number) => Math.abs(left - map.x - map.width / 2)
    const strip = all.map(({ left }) => left).sort((a, b) => across(a) - across(b))[0]!
    const tops = all.filter(({ left }) => Math.abs(left - strip) < 1).map(({ top }) => top).sort((a, b) => a - b) // prettier-ignore
    // The one that has the focus is drawn wherever it is.
    const column = tops.filter(top => top > map.y - map.height && top < map.y + 2 * map.height)
    const gaps = column.slice(1).map((top, index) => top - column[index]!)
    const row = Math.min(...gaps)
    expect(Math.max(...gaps)).toBeLessThan(row * 1.5)
    expect(column[0]).toBeLessThan(map.y + row)
    expect(column.at(-1)).toBeGreaterThan(map.y + map.height - 2 * row)
  }
  expect(window.problems).toEqual([])
})
