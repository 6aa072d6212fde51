// "Can somebody…?" as it opens.
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, h, nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import CanDialog from '@/access/CanDialog.vue'

const pods = { group: '', resource: 'pods' }
let app: App | undefined
beforeEach(() => void vi.stubGlobal('fetch', () => Promise.resolve(new Response('', { status: 404 }))))
afterEach(() => {
  app?.unmount()
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})
async function open(namespace: string | undefined) {
  const pinia = createPinia()
  setActivePinia(pinia)
  app = createApp(() => h(CanDialog, { resource: pods, resources: [pods], namespace })).use(pinia)
  app.mount(document.body.appendChild(document.createElement('div')))
  await nextTick()
  await nextTick()
  return document.querySelector<HTMLInputElement>('input[name=namespace]')?.value
}

describe('the question whether somebody may', () => {
  it('is about the namespace that was looked at', async () => expect(await open('shop')).toBe('shop'))
  it('is about all of them where all were looked at', async () => expect(await open(undefined)).toBe(''))
})
