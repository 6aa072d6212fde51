// Copying, also where the page has no clipboard or may not use it.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { copyText } from '@/copy-text.ts'
import { useToastStore } from '@/stores/toasts.ts'

beforeEach(() => setActivePinia(createPinia()))
afterEach(() => vi.unstubAllGlobals())
const told = () => useToastStore().toasts.map(({ tone, text, detail }) => [tone, text, detail])

it('says that it is done', async () => {
  const writeText = vi.fn(() => Promise.resolve())
  vi.stubGlobal('navigator', { clipboard: { writeText } })
  await copyText('kubectl get pods')
  expect(writeText).toHaveBeenCalledWith('kubectl get pods')
  expect(told()).toEqual([['done', 'Copied', undefined]])
})

it.each([
  ['there is no clipboard', {}],
  ['the page may not use it', { clipboard: { writeText: () => Promise.reject(new Error('not allowed')) } }],
])('says so where %s', async (_where, navigator) => {
  vi.stubGlobal('navigator', navigator)
  await copyText('kubectl get pods')
  expect(told()).toEqual([['failed', 'Not copied', expect.any(String)]])
})
