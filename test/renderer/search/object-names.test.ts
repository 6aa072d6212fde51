// The search across kinds: what is read for it, page by page, and how names match.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import type { ServedKind } from '@/api/discovery.ts'
import { type NamedObject, bestMatches, nameRank, readNames, searchable } from '@/search/object-names.ts'
import { useObjectNames } from '@/search/use-object-search.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import type { Transport } from '../../../src/shared/client/transport.ts'

const kind = (name: string, group = '', namespaced = true): ServedKind => ({
  type: { group, version: 'v1', kind: name, plural: `${name.toLowerCase()}s`, namespaced },
  shortNames: [],
  verbs: ['list'],
  subresources: new Set(),
})

/** Answers pages of two, and refuses secrets. */
function server(names: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = []
  const transport = {
    request({ path, query }: { path: string; query?: Record<string, string | undefined> }) {
      asked.push(`${path} ${query?.continue ?? ''}`.trim())
      const found = names[path]
      if (!found) return Promise.reject(new Error('forbidden'))
      const from = Number(query?.continue ?? 0)
      const more = from + 2 < found.length ? { continue: String(from + 2) } : {}
      const items = found.slice(from, from + 2).map(name => ({ metadata: { name, namespace: 'shop' } }))
      return Promise.resolve({ metadata: more, items })
    },
  } as unknown as Transport
  return { transport, asked }
}

describe('the search across kinds', () => {
  it('leaves out what nobody looks for by its name', () => {
    const kinds = [kind('Pod'), kind('Event'), kind('EndpointSlice', 'discovery.k8s.io'), kind('Widget', 'example.com')]
    const found = searchable([...kinds, kind('ObjectRevision', 'history.flotilla.dev'), kind('Node', '', false)])
    expect(found.map(each => each.kind)).toEqual(['Pod', 'Widget', 'Node'])
  })

  it('reads every kind, page after page; one that may not be read does not end it', async () => {
    const { transport, asked } = server({ '/api/v1/pods': ['a', 'b', 'c'], '/api/v1/services': ['d'] })
    const pages: NamedObject[][] = []
    const types = searchable([kind('Pod'), kind('Secret'), kind('Service')])
    await readNames(transport, types, page => pages.push([...page]), new AbortController().signal)
    expect(asked.toSorted()).toEqual(['/api/v1/pods', '/api/v1/pods 2', '/api/v1/secrets', '/api/v1/services'])
    expect(pages.map(page => page.map(({ name }) => name)).toSorted()).toEqual([['a', 'b'], ['c'], ['d']])
    expect(pages.flat()).toContainEqual(
      expect.objectContaining({ namespace: 'shop', name: 'd', type: expect.objectContaining({ kind: 'Service' }) }),
    )
  })

  it('is held back by no kind that does not answer, and asks of few at once', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `Kind${at}`)
    let open = 0
    let most = 0
    const transport = {
      async request({ path }: { path: string }) {
        if (path.endsWith('/kind0s')) return new Promise(() => undefined)
        most = Math.max(most, ++open)
        await Promise.resolve()
        open--
        return { metadata: {}, items: [{ metadata: { name: path } }] }
      },
    } as unknown as Transport
    const found: NamedObject[] = []
    void readNames(
      transport,
      searchable(names.map(name => kind(name))),
      page => found.push(...page),
      new AbortController().signal,
    )
    await expect.poll(() => found.length).toBe(39)
    expect(most).toBeLessThan(6)
  })

  it('is held back for a moment by many kinds that do not answer, as of a server that is away', async () => {
    const transport = {
      request: ({ path, signal }: { path: string; signal: AbortSignal }) =>
        path.endsWith('/lamps')
          ? Promise.resolve({ metadata: {}, items: [{ metadata: { name: 'lamp' } }] })
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    } as unknown as Transport
    const found: NamedObject[] = []
    const silent = Array.from({ length: 6 }, (_, at) => kind(`Silent${at}`))
    const types = searchable([...silent, kind('Lamp')])
    await readNames(transport, types, page => found.push(...page), new AbortController().signal, 1)
    expect(found.map(({ name }) => name)).toEqual(['lamp'])
  })

  it('reads on behind lists that are null, as Go writes empty ones', async () => {
    const transport = {
      request: ({ path }: { path: string }) =>
        Promise.resolve({ metadata: {}, items: path.endsWith('/lamps') ? [{ metadata: { name: 'lamp' } }] : null }),
    } as unknown as Transport
    const found: NamedObject[] = []
    const types = searchable(['Pod', 'Service', 'Role', 'Job', 'Boat', 'Lamp'].map(name => kind(name)))
    await readNames(transport, types, page => found.push(...page), new AbortController().signal)
    expect(found.map(({ name }) => name)).toEqual(['lamp'])
  })

  it('asks no more once it was closed', async () => {
    const { transport, asked } = server({ '/api/v1/pods': ['a', 'b', 'c'], '/api/v1/services': ['d'] })
    const stop = new AbortController()
    const kinds = ['Pod', 'Service', 'Role', 'Job', 'Lamp', 'Boat'].map(name => kind(name))
    await readNames(transport, searchable(kinds), () => stop.abort(), stop.signal)
    expect(asked).not.toContain('/api/v1/pods 2')
    expect(asked).not.toContain('/api/v1/boats')
  })

  it('shows whole names first, then beginnings, then the rest, the short ones first', () => {
    const names = ['my-web', 'web-77-x', 'web', 'shop', 'web-1'].map(name => ({ name }) as NamedObject)
    expect(bestMatches(names, 'web', 3).map(({ object }) => object.name)).toEqual(['web', 'web-1', 'web-77-x'])
  })

  it.each([
    ['web', 0],
    ['web-1', 1],
    ['my-web', 2],
    ['Web', 0],
    ['shop', undefined],
  ])('%s is found by "web" as rank %s', (name, rank) => expect(nameRank(name, 'web')).toBe(rank))
})

describe('what the palette searches', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is of the kinds that became known while somebody typed, too', async () => {
    setActivePinia(createPinia())
    vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
      const name = new URL(String(input), 'https://cluster').pathname.split('/').at(-1)
      return Promise.resolve(Response.json({ metadata: {}, items: [{ metadata: { name } }] }))
    })
    const scope = effectScope()
    const isWanted = ref(false)
    const names = scope.run(() => useObjectNames(() => isWanted.value))
    const found = () => names?.value.map(({ name }) => name).toSorted()
    isWanted.value = true
    useClusterStore().kinds = [kind('Boat')]
    await expect.poll(found).toEqual(['boats'])
    useClusterStore().kinds = [kind('Boat'), kind('Harbour')]
    await expect.poll(found).toEqual(['boats', 'harbours'])
    isWanted.value = false
    await expect.poll(found).toEqual([])
    scope.stop()
  })
})
