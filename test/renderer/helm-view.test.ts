// The releases of Helm, walked by keys.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import HelmView from '@/helm/HelmView.vue'

const revision = (name: string, version: number) => ({
  metadata: {
    name: `sh.helm.release.v1.${name}.v${version}`,
    namespace: 'shop',
    uid: `${name}${version}`,
    labels: { owner: 'helm', name, version: String(version), status: 'deployed' },
  },
})
/** As Helm packs one, without its compression. */
const packed = (version: string) =>
  btoa(
    btoa(
      JSON.stringify({
        name: 'web',
        manifest: 'kind: Service',
        chart: { metadata: { name: 'shop', version } },
        info: { description: `to ${version}` },
      }),
    ),
  )
let app: App | undefined
beforeEach(() => {
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const url = String(input)
    if (url.includes('watch=')) return new Promise(() => undefined)
    const secret = /secrets\/sh.*\.v(\d)/.exec(url)?.[1]
    if (secret)
      return Promise.resolve(
        Response.json({ ...revision('web', Number(secret)), data: { release: packed(`${secret}.0`) } }),
      )
    const items = url.includes('/secrets') ? [revision('db', 1), revision('web', 1), revision('web', 2)] : []
    return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items }))
  })
})
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})

async function open() {
  const pinia = createPinia()
  setActivePinia(pinia)
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/helm', name: 'helm', component: HelmView }],
  })
  await router.push('/helm')
  app = createApp(HelmView).use(pinia).use(router)
  app.mount(document.body.appendChild(document.createElement('div')))
}
const find = (selector: string) => document.querySelector<HTMLElement>(selector)
const press = async (key: string) => {
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
  await nextTick()
}
const selectedTab = () => find('[role=tab][aria-selected=true]')

describe('a release that is opened by the keys', () => {
  beforeEach(async () => {
    await open()
    await vi.waitFor(() => expect(find('[data-release="shop/web"]')).not.toBeNull())
    find('[data-release="shop/web"]')?.focus()
    await press('Enter')
    await vi.waitFor(() => expect(selectedTab()).not.toBeNull())
  })

  it('shows its parts by the arrows, as one stop of Tab', async () => {
    selectedTab()?.focus()
    await press('ArrowRight')
    await vi.waitFor(() => expect(document.activeElement).toBe(selectedTab()))
    expect(selectedTab()?.textContent).toContain('Values')
    await press('End')
    expect(selectedTab()?.textContent).toContain('History')
    expect(document.querySelectorAll('[role=tab][tabindex="0"]')).toHaveLength(1)
  })

  it('tells of each revision which chart it is of and what was said of it', async () => {
    selectedTab()?.focus()
    await press('End')
    await vi.waitFor(() =>
      expect([...document.querySelectorAll('[data-told]')].map(({ textContent }) => textContent.trim())).toEqual([
        'shop 2.0 · to 2.0',
        'shop 1.0 · to 1.0',
      ]),
    )
  })

  it('is upgraded in a dialog that begins where something is to be said', async () => {
    find('[aria-label=Upgrade]')?.click()
    await vi.waitFor(() => expect(document.activeElement).toBe(find('input[name=chart]')))
  })

  it('is closed by Escape, and its row has the focus again', async () => {
    selectedTab()?.focus()
    await press('Escape')
    await vi.waitFor(() => expect(find('aside')).toBeNull())
    await vi.waitFor(() => expect(document.activeElement).toBe(find('[data-release="shop/web"]')))
  })
})
