// The events of an object, as its drawer tells them.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp } from 'vue'
import ObjectEvents from '@/drawer/ObjectEvents.vue'
import { Event, Node, Pod } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { make } from '../support/objects.ts'

let asked: URL[]
let events: readonly Event[]
beforeEach(() => {
  asked = []
  events = []
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const url = new URL(input as string, 'https://cluster.test')
    if (url.searchParams.has('watch')) return new Promise(() => undefined)
    asked.push(url)
    return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items: events }))
  })
})
let app: App | undefined
afterEach(() => {
  // Lists are kept for a while after the last who looked at them: not into the next test.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  app?.unmount()
  vi.runAllTimers()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const event = (reason: string, type: string, minute: number, count = 1) =>
  make(Event, reason, { reason, type, count, message: `${reason} told`, lastTimestamp: `2026-01-01T00:0${minute}:00Z` })
function open(object: AnyObject, limit?: number) {
  const pinia = createPinia()
  setActivePinia(pinia)
  const page = document.createElement('div')
  app = createApp(ObjectEvents, { object, ...(limit === undefined ? {} : { limit }) }).use(pinia)
  app.mount(page)
  return page
}
const told = (page: HTMLElement) => [...page.querySelectorAll('li')].map(each => each.textContent.replace(/\s+/g, ' '))

it('are those of this very object, the newest first, with how often and how bad', async () => {
  events = [event('Pulled', 'Normal', 1), event('BackOff', 'Warning', 3, 7), event('Created', 'Normal', 2)]
  const pod = make(Pod, 'web-0', {}, 'shop') as unknown as AnyObject
  const page = open(pod)
  await vi.waitFor(() => expect(told(page)).toHaveLength(3))
  expect(asked[0]?.pathname).toBe('/api/v1/namespaces/shop/events')
  expect(asked[0]?.searchParams.get('fieldSelector')).toBe(
    `involvedObject.name=web-0,involvedObject.uid=${pod.metadata.uid}`,
  )
  const [first, second, third] = told(page)
  expect(first).toMatch(/Warning.*BackOff ×7.*BackOff told/)
  expect(second).toContain('Created told')
  expect(third).toContain('Pulled told')
})

it('are a few in the details, and of a node those under its name, by which kubelets call it', async () => {
  events = [event('Old', 'Normal', 1), event('Rebooted', 'Warning', 2)]
  const page = open(make(Node, 'box') as unknown as AnyObject, 1)
  await vi.waitFor(() => expect(told(page)).toHaveLength(1))
  expect(told(page)[0]).toContain('Rebooted')
  expect(asked[0]?.searchParams.get('fieldSelector')).toBe('involvedObject.name=box,involvedObject.kind=Node')
})

it('are none where nothing was reported', async () => {
  const page = open(make(Pod, 'quiet') as unknown as AnyObject)
  await vi.waitFor(() => expect(page.textContent).toContain('Nothing was reported lately.'))
})
