// The history of an object as the drawer shows it: what is chosen, and what it is compared with.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp, nextTick } from 'vue'
import HistoryPanel from '@/history/HistoryPanel.vue'
import { NamespacedRevision } from '@/history/revisions.ts'
import { useToastStore } from '@/stores/toasts.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { make } from '../support/objects.ts'

const web = make(Deployment, 'web') as unknown as AnyObject
const revisionAt = (at: number) =>
  make(NamespacedRevision, `deployments.apps:web:${at}`, {
    of: {
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      resource: 'deployments',
      namespace: 'default',
      name: 'web',
    },
    action: 'Created',
    revision: String(at),
    object: web as never,
    metadata: { creationTimestamp: `2026-01-0${at}T00:00:00Z` },
  })
const revisions = [3, 2, 1].map(revisionAt)
/** Answers to who reads a revision, by its name, when the test gives them. */
let answers: Map<string, (answer: Response) => void>
let app: App | undefined
let page: HTMLElement
beforeEach(async () => {
  answers = new Map()
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const { pathname } = new URL(input as string, 'https://cluster.test')
    const name = decodeURIComponent(pathname.split('/').at(-1) ?? '')
    return name === 'revisions'
      ? Promise.resolve(
          Response.json({ metadata: {}, items: revisions.map(({ object: _object, ...listed }) => listed) }),
        )
      : new Promise(resolve => answers.set(name, resolve))
  })
  setActivePinia(createPinia())
  page = document.createElement('div')
  app = createApp(HistoryPanel, { about: { type: Deployment, namespace: 'default', name: 'web' }, object: web })
  app.mount(page)
  await vi.waitFor(() => expect(page.querySelectorAll('li')).toHaveLength(3))
})
afterEach(() => {
  app?.unmount()
  vi.unstubAllGlobals()
})
const choose = (at: number) => page.querySelectorAll<HTMLElement>('li > [aria-expanded]')[3 - at]?.click()
async function answer(at: number, response = Response.json(revisionAt(at))) {
  await vi.waitFor(() => expect(answers.has(`deployments.apps:web:${at}`)).toBe(true))
  answers.get(`deployments.apps:web:${at}`)?.(response)
  await new Promise(resolve => setTimeout(resolve))
  await nextTick()
}
const chosen = () =>
  3 -
  [...page.querySelectorAll('li > [aria-expanded]')].findIndex(line => line.getAttribute('aria-expanded') === 'true')

it('shows the revision that was chosen last, whichever the server tells first', async () => {
  choose(1)
  choose(2)
  await answer(2)
  expect(chosen()).toBe(2)
  await answer(1)
  expect(chosen()).toBe(2)
})

it('says so where a revision is kept no longer', async () => {
  choose(1)
  await answer(1, Response.json({ kind: 'Status', message: 'not found', code: 404 }, { status: 404 }))
  await vi.waitFor(() => expect(useToastStore().toasts.map(({ text }) => text)).toEqual(['The history cannot be read']))
  choose(2)
  await answer(2)
  expect(chosen()).toBe(2)
})
