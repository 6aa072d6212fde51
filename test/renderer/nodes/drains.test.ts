// @vitest-environment node
// Drains under way, against a real server: what is evicted, what has to wait, what leaves with its namespace, and an end.
import { createPinia, setActivePinia } from 'pinia'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Namespace, Node, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { connection } from '@/api/connection.ts'
import { useDrainStore } from '@/nodes/drains.ts'
import { useToastStore } from '@/stores/toasts.ts'
import { type SecuredServer, startSecuredCluster } from '../support/server.ts'

vi.hoisted(() => {
  vi.stubGlobal('location', { origin: 'https://cluster.test' })
  vi.stubGlobal('navigator', { languages: ['en'] })
})

/** Longer than the pause between two looks, on a busy machine. */
const wait = { timeout: 15_000, interval: 50 }
let server: SecuredServer
let client: Client
beforeAll(async () => {
  server = await startSecuredCluster()
  client = server.admin
  Object.assign(connection, { client })
  await client.create(Node, { metadata: { name: 'box' }, spec: {} })
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => setActivePinia(createPinia()))
afterEach(() => useDrainStore().forget('box'))

/** One that runs, in a namespace of its own. */
async function podIn(namespace: string): Promise<Pod> {
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
  await client.create(ServiceAccount, { metadata: { namespace, name: 'default' } })
  const spec = { nodeName: 'box', containers: [{ name: 'main', image: 'demo' }] }
  const { metadata } = await client.create(Pod, { metadata: { namespace, name: 'web' }, spec })
  const ref = { namespace, name: metadata.name }
  return client.patch(Pod, ref, { status: { phase: 'Running' } }, { subresource: 'status' })
}
const stateOf = (key: string) =>
  useDrainStore()
    .drains.get('box')
    ?.evictions.find(each => each.key === key)
/** As its node does once its containers have ended. */
const endPod = (namespace: string) => client.delete(Pod, { namespace, name: 'web' }, { gracePeriodSeconds: 0 })

describe('a drain', { timeout: 60_000 }, () => {
  it('closes the node, evicts, and is over when the pods have gone', async () => {
    const drains = useDrainStore()
    const over = drains.start('box', [await podIn('shop')])
    await vi.waitFor(() => expect(stateOf('shop/web')?.state).toBe('leaving'), wait)
    expect((await client.get(Node, { name: 'box' })).spec.unschedulable).toBe(true)
    await endPod('shop')
    await over
    expect(stateOf('shop/web')?.state).toBe('gone')
    expect(drains.drains.get('box')?.isRunning).toBe(false)
    expect(useToastStore().toasts.map(({ text }) => text)).toEqual(['box is drained'])
  })

  it('waits for pods of a namespace that is being deleted, in which nothing can be evicted any more', async () => {
    const pod = await podIn('leaving')
    await client.delete(Namespace, { name: 'leaving' })
    const over = useDrainStore().start('box', [pod])
    await vi.waitFor(() => expect(stateOf('leaving/web')).toMatchObject({ state: 'leaving', message: '' }), wait)
    await endPod('leaving')
    await over
    expect(stateOf('leaving/web')?.state).toBe('gone')
    expect(useToastStore().toasts.map(({ text }) => text)).toEqual(['box is drained'])
  })

  it('says so of a pod that is there and whose eviction is not served, and goes on with the others', async () => {
    const [stuck, other] = [await podIn('unserved'), await podIn('served')]
    // As by a server, or one in between, that knows pods but not their evictions.
    const create = client.createSubresource.bind(client)
    const asked = vi
      .spyOn(client, 'createSubresource')
      .mockImplementation((type, ref, name, ...rest) =>
        create(type, ref, ref.namespace === 'unserved' ? 'evictions' : name, ...rest),
      )
    const over = useDrainStore().start('box', [stuck, other])
    await vi.waitFor(() => expect(stateOf('served/web')?.state).toBe('leaving'), wait)
    asked.mockRestore()
    await endPod('served')
    await over
    expect(stateOf('unserved/web')).toMatchObject({ state: 'failed', message: expect.stringContaining('not find') })
    expect(stateOf('served/web')?.state).toBe('gone')
    expect(useToastStore().toasts.map(({ text }) => text)).toEqual(['box is drained but for 1 pod'])
  })

  it('takes a pod for gone that went before its turn, or whose name another one has', async () => {
    const [gone, replaced] = [await podIn('early'), await podIn('anew')]
    await endPod('early')
    await endPod('anew')
    await client.create(Pod, {
      metadata: { namespace: 'anew', name: 'web' },
      spec: { nodeName: 'box', containers: [{ name: 'main', image: 'demo' }] },
    })
    await useDrainStore().start('box', [gone, replaced])
    expect(stateOf('early/web')?.state).toBe('gone')
    expect(stateOf('anew/web')?.state).toBe('gone')
    expect((await client.get(Pod, { namespace: 'anew', name: 'web' })).metadata.deletionTimestamp).toBeUndefined()
  })

  it('says that a budget holds a pod, tries again, and leaves it when it is stopped', async () => {
    const pod = await podIn('held')
    await client.create(PodDisruptionBudget, {
      metadata: { namespace: 'held', name: 'all' },
      spec: { minAvailable: '100%', selector: {} },
    } as never)
    const drains = useDrainStore()
    const asked = vi.spyOn(client, 'createSubresource')
    const over = drains.start('box', [pod])
    await vi.waitFor(() => expect(stateOf('held/web')?.state).toBe('blocked'), wait)
    expect(stateOf('held/web')?.message).toContain('disruption budget')
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(1), wait)
    asked.mockRestore()
    drains.stop('box')
    await over
    expect(useToastStore().toasts).toEqual([])
    expect((await client.get(Pod, { namespace: 'held', name: 'web' })).metadata.deletionTimestamp).toBeUndefined()
  })
})
