// The objects of a Helm release that helm is just changing: what has not come yet is not missing.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, h, nextTick, reactive } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import type { ServedKind } from '@/api/discovery.ts'
import ReleaseObjects from '@/helm/ReleaseObjects.vue'
import { useClusterStore } from '@/stores/cluster.ts'
import { make } from './support/objects.ts'

const manifest = (...names: string[]) =>
  names.map(name => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })).join('\n---\n')
const release = reactive({ manifest: '', namespace: 'default', status: '' })
const page = document.createElement('div')
let app: App
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  // The others did not come yet.
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    if (String(input).includes('watch=')) return new Promise(() => undefined)
    const items = String(input).includes('/configmaps') ? [make(ConfigMap, 'a')] : []
    return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items }))
  })
  const pinia = createPinia()
  setActivePinia(pinia)
  useClusterStore().kinds = [{ type: ConfigMap, verbs: ['list'] }] as unknown as ServedKind[]
  const nowhere = { render: () => null }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: nowhere },
      { path: '/k/:group/:version/:plural', name: 'list', component: nowhere },
    ],
  })
  await router.push('/')
  Object.assign(release, { manifest: manifest('a'), status: 'deployed' })
  app = createApp({ render: () => h(ReleaseObjects, release) })
    .use(pinia)
    .use(router)
  app.mount(page)
  await vi.advanceTimersByTimeAsync(5_000)
})
afterEach(() => {
  app.unmount()
  vi.runAllTimers()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Of what is in the release as of now. */
async function told(status: string, afterMs: number): Promise<string[]> {
  Object.assign(release, { manifest: manifest('a', 'b'), status })
  await nextTick()
  await vi.advanceTimersByTimeAsync(afterMs)
  return [...page.querySelectorAll('li')].map(row =>
    [...row.querySelectorAll('span, a')]
      .flatMap(each => (each.children.length || !each.textContent ? [] : [each.textContent.trim()]))
      .join(' '),
  )
}

it('what helm is at is not there yet, however long it takes', async () => {
  expect(await told('pending-upgrade', 300)).toEqual(['ConfigMap a', 'ConfigMap b Pending'])
  expect(await told('pending-upgrade', 60_000)).toEqual(['ConfigMap a', 'ConfigMap b Pending'])
})

it('what a release that is made should have is missing once it had the time to be told of', async () => {
  expect(await told('deployed', 300)).toEqual(['ConfigMap a', 'ConfigMap b'])
  expect(await told('deployed', 3_000)).toEqual(['ConfigMap a', 'ConfigMap b Missing'])
})
