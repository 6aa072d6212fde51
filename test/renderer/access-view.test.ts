// Who may do what, walked by keys.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import AccessView from '@/access/AccessView.vue'
import { ClusterRole, ClusterRoleBinding } from '../../src/shared/api/rbac/v1.ts'
import { make } from './support/objects.ts'

const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
const objects: Readonly<Record<string, object>> = {
  clusterroles: make(ClusterRole, 'view', { rules } as never),
  clusterrolebindings: make(ClusterRoleBinding, 'ada-views', {
    subjects: [{ kind: 'User', name: 'ada', apiGroup: ClusterRole.group }],
    roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: ClusterRole.group },
  } as never),
}
let app: App | undefined
beforeEach(() => {
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const { pathname, search } = new URL(String(input), 'http://window')
    if (search.includes('watch=')) return new Promise(() => undefined)
    const found = objects[pathname.split('/').at(-1) ?? '']
    return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items: found ? [found] : [] }))
  })
})
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})
const find = (selector: string) => document.querySelector<HTMLElement>(selector)

it('the reasons of a mark are closed by Escape, and the mark has the focus again', async () => {
  const pinia = createPinia()
  setActivePinia(pinia)
  const component = AccessView
  const list = { path: '/k/:group/:version/:plural', name: 'list', component }
  const routes = [{ path: '/access', name: 'access', component }, list]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/access')
  app = createApp(AccessView).use(pinia).use(router)
  app.mount(document.body.appendChild(document.createElement('div')))
  const mark = await vi.waitFor(() => {
    const found = find('[aria-label="ada get: yes"]')
    if (!found) throw new Error('it is on its way')
    return found
  })
  mark.click()
  const binding = await vi.waitFor(() => {
    const found = find('[data-reasons] a')
    if (!found) throw new Error('it is on its way')
    return found
  })
  binding.focus()
  binding.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  await vi.waitFor(() => expect(find('[data-reasons]')).toBeNull())
  expect(document.activeElement).toBe(mark)
})
