// What a place shows stands in its URL, and comes back with it.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, type Ref, createApp, h, nextTick } from 'vue'
import { type Router, RouterView, createMemoryHistory, createRouter } from 'vue-router'
import { useQueryFlag, useTypedQuery } from '@/composables/use-query-param.ts'

let app: App
let router: Router
let filter: Ref<string>
let isOn: Ref<boolean>
beforeEach(async () => {
  vi.useFakeTimers()
  const View = {
    setup() {
      filter = useTypedQuery('q')
      isOn = useQueryFlag('all')
      return () => h('p')
    },
  }
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/timeline', component: View },
      { path: '/pods', component: { render: () => h('p') } },
    ],
  })
  app = createApp({ render: () => h(RouterView) })
  await router.push('/timeline?ns=shop')
  app.use(router)
  app.mount(document.createElement('div'))
  await nextTick()
})
afterEach(() => {
  app.unmount()
  vi.useRealTimers()
})
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

it('what is typed is in the URL once all is typed, beside what stands there', async () => {
  filter.value = 'w'
  await pass(100)
  filter.value = 'web'
  await pass(100)
  expect(router.currentRoute.value.fullPath).toBe('/timeline?ns=shop')
  await pass(200)
  expect(router.currentRoute.value.query).toEqual({ ns: 'shop', q: 'web' })
  filter.value = ''
  await pass(300)
  expect(router.currentRoute.value.query).toEqual({ ns: 'shop' })
})

it('a way back brings it back, with what is switched on', async () => {
  filter.value = 'web'
  await pass(300)
  isOn.value = true
  await pass(0)
  await router.push('/pods')
  router.back()
  await pass(10)
  expect([filter.value, isOn.value]).toEqual(['web', true])
})

it('a way back and forth at once ends where it led to', async () => {
  await router.push('/timeline?q=db')
  await pass(300)
  await router.push('/timeline?q=web')
  await pass(300)
  router.back()
  await pass(50)
  router.forward()
  await pass(500)
  expect([filter.value, router.currentRoute.value.query['q']]).toEqual(['web', 'web'])
})

it('a link to the same place with another filter is shown, also after something was typed', async () => {
  filter.value = 'web'
  await pass(300)
  await router.push('/timeline?q=db')
  await pass(300)
  expect([filter.value, router.currentRoute.value.query['q']]).toEqual(['db', 'db'])
})
