// Lists that several places of the window show are read once: who shares them, and when they end.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { acquire, release } from '@/api/live-pool.ts'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'

/** A server with one ConfigMap, whose watches say nothing; it notes what is asked and which watches have ended. */
function silentServer() {
  const lists: string[] = []
  const open = new Set<string>()
  const answer = (input: RequestInfo | URL, init?: RequestInit) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
    if (!url.includes('watch=')) {
      lists.push(url)
      const metadata = { name: 'a', namespace: 'shop', resourceVersion: '7' }
      return Promise.resolve(Response.json({ metadata: { resourceVersion: '7' }, items: [{ metadata }] }))
    }
    open.add(url)
    init?.signal?.addEventListener('abort', () => open.delete(url))
    return Promise.resolve(new Response(new ReadableStream()))
  }
  vi.stubGlobal('fetch', answer)
  return { lists, open }
}

let server: ReturnType<typeof silentServer>
beforeEach(() => {
  server = silentServer()
})
afterEach(() => vi.unstubAllGlobals())

describe('a list that several places show', () => {
  it('is read and watched once, with the same rows for all', async () => {
    const wanted = { type: ConfigMap, namespace: 'shared' }
    const [first, second] = [acquire(wanted), acquire({ ...wanted })]
    await eventually(() => expect(server.open.size).toBe(1))
    expect(server.lists).toHaveLength(1)
    expect(second.rows.value).toBe(first.rows.value)
    expect(first.objects.value.map(({ metadata }) => metadata.name)).toEqual(['a'])
    release(wanted)
    release(wanted)
  })

  it('is another list where the namespace, a selector or what is read of the objects differs', async () => {
    const wanted = [
      { type: ConfigMap, namespace: 'one' },
      { type: ConfigMap, namespace: 'two' },
      { type: ConfigMap, namespace: 'one', labelSelector: 'a=b' },
      { type: ConfigMap, namespace: 'one', metadataOnly: true },
    ]
    wanted.forEach(acquire)
    await eventually(() => expect(server.lists).toHaveLength(4))
    wanted.forEach(release)
  })

  it('stays for who comes next a little later, a selection ends with its last user', async () => {
    const all = { type: ConfigMap, namespace: 'lingers' }
    const some = { type: ConfigMap, namespace: 'lingers', fieldSelector: 'metadata.name=a' }
    acquire(all)
    acquire(some)
    await eventually(() => expect(server.open.size).toBe(2))
    release(all)
    release(some)
    await eventually(() => expect(server.open.size).toBe(1))
    expect([...server.open][0]).not.toContain('fieldSelector')
    acquire(all)
    expect(server.lists).toHaveLength(2)
    release(all)
  })
})
