// Every form that makes something: what the server would make of it is shown before, and nothing is made by looking.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
/** Namespaces in which the user may make what. */
let rules: Record<string, object[]> = {}
const answer = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  const { pathname, search } = new URL(input as string, 'https://cluster.test')
  if (pathname.endsWith('/selfsubjectrulesreviews')) {
    const { spec } = JSON.parse(String(init?.body)) as { spec: { namespace: string } }
    const resourceRules = rules[spec.namespace] ?? []
    return Promise.resolve(Response.json({ status: { resourceRules, incomplete: false } }, { status: 201 }))
  }
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
  const everything = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
  rules = { shop: everything, lab: everything }
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

describe('whether the user may make it', () => {
  const other = TEXT.replace('name: a', 'name: b\n  namespace: lab')
  const says = (refusal: string | undefined) => vi.waitFor(() => expect(creation.mayNot.value).toBe(refusal))

  it('is asked about each of several objects, where it would go', async () => {
    rules['lab'] = [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }]
    text.value = `${TEXT}---\n${other}`
    await says('You may not create configmaps in lab')
    text.value = TEXT
    await says(undefined)
  })
  it('of those that name no namespace, where the others of the window are', async () => {
    rules['shop'] = []
    text.value = `${other}---\n${TEXT}`
    await says('You may not create configmaps in shop')
  })
  it('is no question while the text cannot be read, or says nothing that is served', async () => {
    rules = {}
    text.value = TEXT
    await says('You may not create configmaps in shop')
    text.value = 'kind: [ConfigMap'
    await says(undefined)
    text.value = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [1], namespace: {a: b}}'
    await says('You may not create configmaps in shop')
    text.value = 'apiVersion: nowhere/v1\nkind: Nothing\nmetadata: {name: a}'
    await says(undefined)
  })
})
