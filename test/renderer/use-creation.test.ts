// Every form that makes something: what the server would make of it is shown before, and nothing is made by looking.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp, h, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { type Creation, useCreation } from '@/create/use-creation.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import { useToastStore } from '@/stores/toasts.ts'

const TEXT = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {}\n'
let refusal: Response | undefined
/** Path and query of what was sent. */
let sent: string[] = []
const answer = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  const { pathname, search } = new URL(input as string, 'https://cluster.test')
  sent.push(`${init?.method ?? 'GET'} ${pathname}${search}`)
  const object = JSON.parse(String(init?.body)) as { metadata: object }
  return Promise.resolve(
    refusal ?? Response.json({ ...object, metadata: { ...object.metadata, uid: 'given' } }, { status: 201 }),
  )
}

let app: App
const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/', component: { render: () => null } },
    { path: '/k/:group/:version/:plural', name: 'list', component: { render: () => null } },
  ],
})
const text = ref(TEXT)
let creation: Creation<string>
beforeEach(async () => {
  vi.stubGlobal('fetch', answer)
  refusal = undefined
  sent = []
  text.value = TEXT
  const pinia = createPinia()
  setActivePinia(pinia)
  useClusterStore().kinds = [{ type: ConfigMap, verbs: ['create'] }] as unknown as ServedKind[]
  await router.push('/')
  app = createApp({
    setup() {
      creation = useCreation(
        text,
        () => 'shop',
        '',
        error => (error as Error).message,
      )
      return () => h('i')
    },
  })
  app.use(pinia).use(router).mount(document.createElement('div'))
})
afterEach(() => {
  app.unmount()
  vi.unstubAllGlobals()
})
const PATH = '/api/v1/namespaces/shop/configmaps'

it('a review asks the server, makes nothing, and is over when the text changes', async () => {
  await creation.review()
  expect(sent).toEqual([`POST ${PATH}?dryRun=All`])
  expect(creation.preview.value).toContain('uid: given')
  text.value = TEXT.replace('name: a', 'name: b')
  await vi.waitFor(() => expect(creation.preview.value).toBeUndefined())
})

it('what is made is checked first, told by its name, and shown', async () => {
  await creation.create()
  expect(sent.map(each => each.replace('dryRun=All', 'try'))).toEqual([`POST ${PATH}?try`, `POST ${PATH}`])
  expect(useToastStore().toasts.map(({ text: told }) => told)).toEqual(['Created ConfigMap a'])
  expect(router.currentRoute.value.query).toMatchObject({ open: 'shop/a' })
})

it('what is refused is said, until the text changes', async () => {
  await creation.review()
  refusal = Response.json({ kind: 'Status', code: 422, reason: 'Invalid', message: 'no' }, { status: 422 })
  await creation.create()
  expect(creation.refusal.value).toBe('no')
  expect(creation.preview.value).toBeUndefined()
  expect(sent.filter(each => !each.includes('dryRun'))).toEqual([])
  text.value = `${TEXT}# mended\n`
  await vi.waitFor(() => expect(creation.refusal.value).toBe(''))
})

it('what cannot be read is said as well', async () => {
  text.value = 'kind: ['
  await creation.review()
  expect(creation.refusal.value).not.toBe('')
  expect(sent).toEqual([])
})
