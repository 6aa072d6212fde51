// What is always at hand: it stays where it is from place to place, and asks for no more attention than the place itself.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, h, nextTick } from 'vue'
import { type Router, createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import TopBar from '@/components/layout/TopBar.vue'

let app: App
let router: Router
beforeEach(async () => {
  vi.stubGlobal('fetch', () => new Promise(() => undefined))
  const pinia = createPinia()
  setActivePinia(pinia)
  const component = { render: () => undefined }
  router = createRouter({
    history: createMemoryHistory(),
    routes: ['overview', 'hosts', 'helm', 'create-yaml'].map(name => ({ path: `/${name}`, name, component })),
  })
  await router.push('/overview')
  app = createApp({ render: () => h(TopBar) })
    .use(pinia)
    .use(router)
  app.mount(document.body.appendChild(document.createElement('div')))
})
afterEach(() => {
  app.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})

async function go(name: string) {
  await router.push({ name })
  await nextTick()
}
const create = () => document.querySelector('[data-tour=create]')
const isPrimary = () => create()?.classList.contains('bg-accent')

it('the choice of namespaces, which not every place has, moves nothing that every place has', async () => {
  const afterPalette = () => {
    const parts = [...(document.querySelector('header')?.children ?? [])]
    return parts.slice(parts.findIndex(part => part.matches('[data-tour=palette]'))).map(part => part.outerHTML)
  }
  const before = afterPalette()
  const count = () => document.querySelector('header')?.childElementCount
  const all = count()
  await go('hosts')
  expect(count()).toBeLessThan(all ?? 0)
  expect(afterPalette()).toHaveLength(before.length)
})

it('to create something is the first thing to do, but in places that have one of their own', async () => {
  expect(isPrimary()).toBe(true)
  for (const place of ['hosts', 'helm', 'create-yaml']) {
    await go(place)
    expect(isPrimary(), place).toBe(false)
  }
})
