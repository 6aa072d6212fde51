// What the map says of what it cannot show, over lists of a server that answers only some.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type EffectScope, effectScope } from 'vue'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Pod, Service } from '../../../src/shared/api/core/v1.ts'
import { missingFrom } from '@/topology/missing.ts'
import { useWorld } from '@/world/use-world.ts'

let scope: EffectScope
/** By plural: what the server answers; nothing of those that it does not answer. */
let codes: Record<string, number>
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  codes = {}
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const { pathname, searchParams } = new URL(input as string, 'https://cluster.test')
    const code = codes[pathname.split('/').at(-1) ?? '']
    if (code === undefined) return Promise.reject(new TypeError('Failed to fetch'))
    if (code !== 200) return Promise.resolve(Response.json({ kind: 'Status', code, message: 'no' }, { status: code }))
    if (searchParams.has('watch')) return Promise.resolve(new Response(new ReadableStream()))
    return Promise.resolve(Response.json({ kind: 'List', metadata: { resourceVersion: '1' }, items: [] }))
  })
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Lists are kept for a while: each test has its own. */
let asked = 0
async function missing(): Promise<string | undefined> {
  const namespace = `shop-${asked++}`
  const world = scope.run(() => useWorld(() => [Pod, Deployment, Service].map(type => ({ type, namespace }))))
  await vi.advanceTimersByTimeAsync(10_000)
  return world && missingFrom(world.state.value, world.forbidden.value)
}

it('is nothing where all is listed', async () => {
  codes = { pods: 200, deployments: 200, services: 200 }
  expect(await missing()).toBeUndefined()
})

it('is what the user may not list', async () => {
  codes = { pods: 200, deployments: 403, services: 403 }
  expect(await missing()).toBe('Without deployments, services: you may not list them.')
})

it('is what was not read before the cluster went away', async () => {
  codes = { pods: 200, services: 403 }
  expect(await missing()).toBe('The cluster does not answer. What was not read before is missing.')
})
