// The sidebar where the window is too narrow for it: over the place, for as long as one chooses.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, h, nextTick, withDirectives, vShow } from 'vue'
import { type Router, createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import AppSidebar from '@/components/layout/AppSidebar.vue'
import { useSidebarStore } from '@/stores/sidebar.ts'

let app: App | undefined
let router: Router
beforeEach(async () => {
  const narrow = { matches: true, addEventListener: () => undefined, removeEventListener: () => undefined }
  vi.stubGlobal('matchMedia', () => narrow)
  const pinia = createPinia()
  setActivePinia(pinia)
  const component = { render: () => undefined }
  router = createRouter({
    history: createMemoryHistory(),
    routes: ['overview', 'topology', 'timeline', 'hosts', 'forwards', 'helm', 'access', 'list'].map(name => ({
      ...{ path: `/${name}`, name, component },
    })),
  })
  await router.push('/helm')
  const host = document.body.appendChild(document.createElement('div'))
  const sidebar = useSidebarStore()
  const view = () => [
    withDirectives(h(AppSidebar), [[vShow, sidebar.isOpen]]),
    h('main', { id: 'main', tabindex: -1 }, h('button', 'in the place')),
  ]
  app = createApp(view).use(pinia).use(router)
  app.mount(host)
})
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})

const find = (selector: string) => document.querySelector<HTMLElement>(selector)
const focused = () => document.activeElement
const link = (name: string) => find(`[data-kinds] a[href^="/${name}"]`)
async function open() {
  find('main button')?.focus()
  useSidebarStore().toggle()
  await vi.waitFor(() => expect(focused()?.closest('[data-kinds]')).not.toBeNull())
}

describe('the sidebar over the place', () => {
  it('is closed by Escape alone, and the keys are where they were', async () => {
    const others = vi.fn((event: Event) => event.defaultPrevented)
    window.addEventListener('keydown', others)
    await open()
    focused()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
    await vi.waitFor(() => expect(focused()).toBe(find('main button')))
    expect(useSidebarStore().isOpen).toBe(false)
    expect(others, 'nothing else takes it for its own').toHaveReturnedWith(true)
    window.removeEventListener('keydown', others)
  })

  it('goes with the choice, also of the place that is shown already, where the keys are then', async () => {
    await open()
    link('helm')?.click()
    await vi.waitFor(() => expect(focused()).toBe(find('#main')))
    expect(useSidebarStore().isOpen).toBe(false)
    await nextTick()
    expect(router.currentRoute.value.name).toBe('helm')
  })
})
