// What the cluster serves, followed as others install and remove kinds, also without the right to watch definitions.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EffectScope, effectScope } from 'vue'
import { connect } from '@/api/connection.ts'
import { discover, kindKey } from '@/api/discovery.ts'
import { UNSERVED } from '@/api/live-pool.ts'
import { planApply } from '@/apply/apply-plan.ts'
import { applyItems } from '@/apply/apply-run.ts'
import { useServedKinds } from '@/composables/use-served-kinds.ts'
import { useClusterStore } from '@/stores/cluster.ts'

const PODS = {
  resource: 'pods',
  responseKind: { kind: 'Pod' },
  scope: 'Namespaced',
  verbs: ['list'],
  shortNames: ['po'],
}
const resource = (plural: string) => ({
  resource: plural,
  responseKind: { kind: plural.toUpperCase() },
  scope: 'Cluster',
  verbs: ['list', 'create'],
  subresources: [{ subresource: 'status' }],
})
interface Version {
  version: string
  freshness?: 'Current' | 'Stale'
  resources?: object[]
}

/** A cluster whose groups the test changes. */
class FakeCluster {
  groups: Record<string, Version[]> = {}
  mayWatch = true
  isAway = false
  isClosed = false
  /** What is asked waits. */
  isHeld = false
  /** Of definitions. */
  names: string[] = []
  /** Of APIServices that lead to other servers. */
  elsewhere: string[] = []
  asked: string[] = []
  isAggregating = true
  discoveries = 0
  #watches: ReadableStreamDefaultController<Uint8Array>[] = []

  readonly fetch = (input: RequestInfo | URL): Promise<Response> => {
    const { pathname, searchParams } = new URL(input as string, 'https://cluster.test')
    if (this.isAway) return Promise.reject(new TypeError('Failed to fetch'))
    if (this.isHeld) return breathe().then(() => this.fetch(input))
    if (this.isClosed)
      return Promise.resolve(Response.json({ kind: 'Status', code: 401, message: 'who?' }, { status: 401 }))
    return Promise.resolve(this.#answer(pathname, searchParams))
  }
  /** As a definition that was made, or whose status changed. */
  tell() {
    const object = { metadata: { name: `d${this.discoveries}`, resourceVersion: '8' }, spec: {} }
    const line = new TextEncoder().encode(`${JSON.stringify({ type: 'ADDED', object })}\n`)
    for (const watch of this.#watches) watch.enqueue(line)
  }
  #answer(path: string, query: URLSearchParams): Response {
    if (path === '/version') return Response.json({ gitVersion: 'v1.36.0' })
    if (path === '/api') return Response.json(this.#list({ '': [{ version: 'v1', resources: [PODS] }] }))
    if (path === '/apis') {
      this.discoveries++
      return Response.json(this.#list(this.groups))
    }
    const [, , group = '', version, plural] = path.split('/')
    if (plural === undefined) return this.#resources(path, group, version)
    if (!this.mayWatch) return Response.json({ kind: 'Status', code: 403, message: 'no' }, { status: 403 })
    if (query.has('watch')) return new Response(new ReadableStream({ start: watch => void this.#watches.push(watch) }))
    this.asked.push(plural)
    const items =
      plural === 'apiservices'
        ? this.elsewhere.map(name => ({ metadata: { name }, spec: { service: { name: 'it' } } }))
        : this.names.map(name => ({ metadata: { name } }))
    return Response.json({ metadata: { resourceVersion: '7' }, items })
  }
  #list(groups: Record<string, Version[]>) {
    const entries = Object.entries(groups)
    if (this.isAggregating)
      return {
        kind: 'APIGroupDiscoveryList',
        items: entries.map(([name, versions]) => ({ metadata: { name }, versions })),
      }
    return {
      kind: 'APIGroupList',
      groups: entries.map(([name, versions]) => ({ name, versions, preferredVersion: versions[0] })),
    }
  }
  /** Of one version, as servers before 1.27 tell them. */
  #resources(path: string, group: string, version: string | undefined): Response {
    const resources =
      path === '/api/v1' ? [PODS] : this.groups[group]?.find(each => each.version === version)?.resources
    if (!resources) return Response.json({ kind: 'Status', code: 503, message: 'away' }, { status: 503 })
    const told = (resources as (typeof PODS)[]).flatMap(({ resource: name, responseKind: { kind }, scope, verbs }) => [
      { name, kind, namespaced: scope === 'Namespaced', verbs },
      { name: `${name}/status`, kind, namespaced: scope === 'Namespaced', verbs: ['get'] },
    ])
    return Response.json({ kind: 'APIResourceList', resources: told })
  }
}

/** Lets streams go on whose timers are not the test's. */
const breathe = () =>
  new Promise<void>(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })

let cluster: FakeCluster
beforeEach(() => {
  cluster = new FakeCluster()
})

describe('discover()', () => {
  const ask = (known?: Parameters<typeof discover>[1]) =>
    discover(connect('https://cluster.test', cluster.fetch as typeof fetch).discovery, known)
  const keys = async () => (await ask()).map(({ type }) => kindKey(type))

  it.each([true, false])(
    'finds each kind in the first version of its group that has it (aggregated: %s)',
    async all => {
      cluster.isAggregating = all
      cluster.groups = {
        'example.dev': [
          { version: 'v2', resources: [resource('boats')] },
          { version: 'v1alpha1', resources: [resource('boats'), resource('masts')] },
        ],
      }
      expect(await keys()).toEqual(['pods.v1.', 'boats.v2.example.dev', 'masts.v1alpha1.example.dev'])
      const [pods, boats] = await ask()
      expect(pods).toMatchObject({ type: { kind: 'Pod', namespaced: true } })
      expect(boats?.subresources).toEqual(new Set(['status']))
    },
  )

  it.each([true, false])('keeps the kinds of a group that does not answer (aggregated: %s)', async all => {
    cluster.isAggregating = all
    cluster.groups = { 'away.dev': [{ version: 'v1', resources: [resource('tides')] }] }
    const known = await ask()
    cluster.groups = { 'away.dev': [{ version: 'v1', freshness: 'Stale' }] }
    expect(await ask(known)).toBe(known)
    cluster.groups = {}
    expect((await ask(known)).map(({ type }) => type.plural)).toEqual(['pods'])
  })

  it('keeps what did not change as it is', async () => {
    const known = await ask()
    expect(await ask(known)).toBe(known)
    cluster.groups = { 'example.dev': [{ version: 'v1', resources: [resource('boats')] }] }
    const more = await ask(known)
    expect(more[0]).toBe(known[0])
    expect(more).toHaveLength(2)
  })
})

describe('a window that is open', () => {
  let scope: EffectScope
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'requestAnimationFrame', 'cancelAnimationFrame', 'performance'],
    })
  })
  /** In steps: streams go on between them. */
  async function later(ms: number) {
    for (let passed = 0; passed < ms; passed += 50) {
      await vi.advanceTimersByTimeAsync(50)
      await breathe()
    }
  }

  afterEach(async () => {
    scope.stop()
    // Lists linger for who comes next.
    await later(11_000)
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  async function open(meanwhile = () => {}) {
    vi.stubGlobal('fetch', cluster.fetch)
    setActivePinia(createPinia())
    const store = useClusterStore()
    scope = effectScope()
    scope.run(useServedKinds)
    const asked = store.refresh()
    // One that is away is tried more than once before it is given up.
    if (cluster.isAway) await later(3_000)
    await asked
    meanwhile()
    await later(1_000)
    return () => store.kinds.map(({ type }) => type.plural)
  }
  const boats = { 'example.dev': [{ version: 'v1', resources: [resource('boats')] }] }
  it('knows what is served once the server was asked, though others ask meanwhile', async () => {
    const kinds = await open()
    cluster.groups = boats
    const asked = useClusterStore().refresh()
    cluster.isHeld = true
    void useClusterStore().refresh()
    void later(100).then(() => (cluster.isHeld = false))
    await asked
    expect(kinds()).toEqual(['pods', 'boats'])
  })

  /** Of boats, one after the other. */
  async function applied(...names: string[]): Promise<string[]> {
    const text = names.map(name => `---\napiVersion: example.dev/v1\nkind: BOATS\nmetadata: {name: ${name}}\n`).join('')
    const told: string[] = []
    const { items } = planApply([{ path: 'boats.yaml', text }])
    for await (const [{ object }, { state }] of applyItems(items, 'default', false))
      told.push(`${object.metadata.name} ${state}`)
    return told
  }

  it('applies an object as soon as it is served, which its definition is not at once', async () => {
    await open()
    const told = applied('erna')
    await later(1_000)
    cluster.groups = boats
    await later(1_000)
    expect(await told).toEqual(['erna applied'])
  })

  it('waits once for a kind that does not come to be served, however many objects it has', async () => {
    await open()
    let told: string[] = []
    void applied('erna', 'frieda', 'gerda').then(all => (told = all))
    await later(12_000)
    expect(told).toEqual(['erna failed', 'frieda failed', 'gerda failed'])
  })

  it('shows kinds that are installed and no longer those that are removed, asking once for many changes', async () => {
    const kinds = await open()
    expect(kinds()).toEqual(['pods'])
    const before = cluster.discoveries
    cluster.groups = boats
    for (let change = 0; change < 20; change++) cluster.tell()
    await later(1_000)
    expect(kinds()).toEqual(['pods', 'boats'])
    expect(cluster.discoveries).toBe(before + 1)
    cluster.groups = {}
    cluster.tell()
    await later(1_000)
    expect(kinds()).toEqual(['pods'])
  })

  it('finds a kind that was defined while it started', async () => {
    cluster.names = ['boats.example.dev']
    const kinds = await open(() => (cluster.groups = boats))
    expect(kinds()).toEqual(['pods', 'boats'])
  })

  it('asks a cluster that was away until it answers', async () => {
    cluster.isAway = true
    const kinds = await open()
    await later(10_000)
    expect(kinds()).toEqual([])
    cluster.isAway = false
    await later(5_000)
    expect(kinds()).toEqual(['pods'])
    // Its lists come back one after the other; then it is left alone.
    await later(20_000)
    const before = cluster.discoveries
    await later(20_000)
    expect(cluster.discoveries).toBe(before)
  })

  it('does not ask again and again where it is refused', async () => {
    cluster.isClosed = true
    const kinds = await open()
    cluster.isClosed = false
    await later(10_000)
    expect(kinds()).toEqual([])
    expect(cluster.discoveries).toBe(0)
  })

  it('asks once more a little later: a definition is there before it is served', async () => {
    const kinds = await open()
    cluster.tell()
    await later(1_000)
    expect(kinds()).toEqual(['pods'])
    cluster.groups = boats
    await later(3_000)
    expect(kinds()).toEqual(['pods', 'boats'])
  })

  it('asks when it is looked at where definitions may not be watched, but not again and again', async () => {
    cluster.mayWatch = false
    const kinds = await open()
    cluster.groups = boats
    window.dispatchEvent(new Event('focus'))
    await later(1_000)
    expect(cluster.discoveries).toBe(1)
    await later(10_000)
    expect(kinds()).toEqual(['pods'])
    window.dispatchEvent(new Event('focus'))
    await later(1_000)
    expect(kinds()).toEqual(['pods', 'boats'])
    window.dispatchEvent(new Event('focus'))
    await later(1_000)
    expect(cluster.discoveries).toBe(2)
  })

  it('asks once for APIServices, and knows which lead to other servers', async () => {
    cluster.elsewhere = ['v1.shop.example']
    await open()
    await later(1_000)
    expect(useClusterStore().isAggregated({ group: 'shop.example', version: 'v1' })).toBe(true)
    expect(useClusterStore().isAggregated({ group: 'apps', version: 'v1' })).toBe(false)
    expect(cluster.asked.filter(plural => plural === 'apiservices')).toHaveLength(1)
  })

  it('does not ask when it is looked at where it hears of every change', async () => {
    await open()
    await later(11_000)
    window.dispatchEvent(new Event('focus'))
    await later(1_000)
    expect(cluster.discoveries).toBe(1)
  })

  it('asks when a list says that its kind is not served, as long as it believes so', async () => {
    cluster.mayWatch = false
    cluster.groups = boats
    const kinds = await open()
    cluster.groups = {}
    const unserved = new CustomEvent(UNSERVED, { detail: 'boats.v1.example.dev' })
    window.dispatchEvent(unserved)
    await later(4_000)
    expect(kinds()).toEqual(['pods'])
    const before = cluster.discoveries
    window.dispatchEvent(unserved)
    await later(4_000)
    expect(cluster.discoveries).toBe(before)
  })
})
