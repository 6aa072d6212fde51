// What the aggregation layer holds on to: connections to extension servers that are broken, and watches of the store.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Aggregator } from '../../../src/main/apiserver/aggregator/aggregator.ts'
import { withRemotes } from '../../../src/main/apiserver/aggregator/remote-discovery.ts'
import { RemoteService } from '../../../src/main/apiserver/aggregator/remote-service.ts'
import { StoreError, type WatchOptions } from '../../../src/main/store/contract.ts'
import { APIService } from '../../../src/shared/api/apiregistration/v1.ts'
import type { APIResource } from '../../../src/shared/api/meta/v1.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'

let api: TestApiServer
/** Takes connections and says nothing. */
let silent: Server
const connections = new Set<Socket>()
beforeAll(async () => {
  api = await startTestApiServer()
  silent = createServer(socket => {
    connections.add(socket)
    socket.on('error', () => undefined)
    socket.resume()
    socket.on('close', () => connections.delete(socket))
  })
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  for (const socket of connections) socket.destroy()
  await new Promise(resolve => silent.close(resolve))
})
beforeEach(() => expect(connections.size).toBe(0))

const spec = {
  ...{ group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
  service: { namespace: 'default', name: 'wardle' },
}
const apiService = { metadata: { name: 'v1.wardle.example.com' }, spec } as unknown as APIService
const dial = () => connect((silent.address() as AddressInfo).port, '127.0.0.1')
const remote = (dialService = () => Promise.resolve(dial())) =>
  new RemoteService(apiService, { dialService, frontProxy: api.pki.frontProxy.client })

test('a server that takes connections and says nothing is given up on in time, and leaves no connection', async () => {
  await expect(remote().read('/apis', testAdmin, 50)).rejects.toMatchObject({
    code: 503,
    message: 'error trying to reach service: it does not finish the TLS handshake',
  })
  await eventually(() => expect(connections.size).toBe(0))
})

test('a client that goes away while the connection is made leaves none', async () => {
  const leaving = new AbortController()
  const connecting = remote().connect(leaving.signal)
  await eventually(() => expect(connections.size).toBe(1))
  leaving.abort()
  await expect(connecting).rejects.toMatchObject({ code: 503 })
  await eventually(() => expect(connections.size).toBe(0))
})

test('a connection that comes when nobody waits for it any more is closed', async () => {
  const leaving = new AbortController()
  const late = dial()
  let arrive: () => void = () => undefined
  const connecting = remote(() => new Promise(resolve => (arrive = () => resolve(late)))).connect(leaving.signal)
  leaving.abort()
  await expect(connecting).rejects.toMatchObject({ message: expect.stringContaining('in time') as string })
  arrive()
  await eventually(() => expect(late.destroyed).toBe(true))
})

test('when one of the watches ends, the others are not followed twice', () => {
  const open = new Map<string, WatchOptions[]>()
  const { context } = api.server
  const watch = (prefix: string, options: WatchOptions) => {
    const list = open.get(prefix) ?? []
    open.set(prefix, list)
    list.push(options)
    return { close: () => void list.splice(list.indexOf(options) >>> 0, 1) }
  }
  const { revision } = context.store
  const items = [{ key: 'x', revision, object: apiService }]
  const store = { revision, watch, list: () => ({ items, revision }) }
  const type = context.resources.byUrl('apiregistration.k8s.io', 'v1', 'apiservices')
  if (!type) throw new Error('APIServices are not served')
  using aggregator = new Aggregator(Object.create(context, { store: { value: store } }) as typeof context, type, {
    dialService: () => Promise.reject(new Error('nobody is there')),
    frontProxy: api.pki.frontProxy.client,
  })
  aggregator.start()
  const slices = open.get('/registry/discovery.k8s.io/endpointslices/') ?? []
  const services = open.get('/registry/core/services/') ?? []
  const ended = slices.splice(0, 1)
  expect([ended.length, services.length]).toEqual([1, 1])
  ended[0]?.onEnd(new StoreError('Compacted', 'too old'))
  expect([slices.length, services.length]).toEqual([1, 1])
})

test('an extension server may say that it serves very many kinds, each with its parts', () => {
  const count = 60_000
  const resources = Array.from({ length: count }, (_, i) => [
    { name: `kinds${i}`, kind: 'Kind', namespaced: true, verbs: ['get'] },
    { name: `kinds${i}/status`, kind: 'Kind', namespaced: true, verbs: ['update'] },
  ]).flat() as unknown as APIResource[]
  const [served] = withRemotes([], [{ spec: apiService.spec, available: true, resources }])
  const found = served?.versions[0]?.resources ?? []
  expect(found.length).toBe(count)
  expect(found.every(({ subresources }) => subresources.map(({ name }) => name).join() === 'status')).toBe(true)
})
