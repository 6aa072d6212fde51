// Hosts and HostOperations as API objects, and the way of answers.
import { once } from 'node:events'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { hostOperationAnswers } from '../../src/main/apiserver/endpoints/hosts/answers.ts'
import { AnswerDesk } from '../../src/main/provisioning/answers.ts'
import { Approval } from '../../src/main/provisioning/operation/approval.ts'
import { statusPrompter } from '../../src/main/provisioning/operation/prompts.ts'
import { Provisioner, type ProvisionerOptions } from '../../src/main/provisioning/provisioner.ts'
import { StatusWriter } from '../../src/main/provisioning/operation/status-writer.ts'
import { Host, HostOperation } from '../../src/shared/api/flotilla/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

const desk = new AnswerDesk()
let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer({ subresources: [hostOperationAnswers((...args) => desk.take(...args))] })
})
afterAll(() => api?.[Symbol.asyncDispose]())

const answer = (operation: string, body: unknown) =>
  api.clientAs().createSubresource(HostOperation, { name: operation }, 'answers', body)

describe('a Host', () => {
  test.each([
    ['spec.address', { address: '-oProxyCommand=x' }],
    ['spec.address', { address: 'ada@box; id' }],
    ['spec.address', { address: '' }],
    ['spec.nodeName', { address: 'box', nodeName: 'Box_1' }],
    ['spec.roles[0]', { address: 'box', roles: ['a b'] }],
    ['spec.labels', { address: 'box', labels: { zone: 'a b' } }],
    ['spec.taints[0].key', { address: 'box', taints: [{ key: 'a b', effect: 'NoSchedule' }] }],
  ])('with a wrong %s is refused', async (field, spec) => {
    const creating = api.clientAs().create(Host, { metadata: { name: 'wrong' }, spec })
    await expect(creating).rejects.toMatchObject({ status: { reason: 'Invalid', details: { causes: [{ field }] } } })
  })
  test('keeps its address, and its status belongs to the subresource', async () => {
    const client = api.clientAs()
    await client.create(Host, { metadata: { name: 'box' }, spec: { address: 'ada@box' } })
    const moving = client.patch(Host, { name: 'box' }, { spec: { address: 'eve@box' } }, { type: 'merge' })
    await expect(moving).rejects.toThrow('spec.address: Forbidden: field is immutable')
    await client.patch(Host, { name: 'box' }, { status: { phase: 'Ready' } }, { type: 'merge' })
    expect((await client.get(Host, { name: 'box' })).status).toEqual({})
    await client.patch(Host, { name: 'box' }, { status: { phase: 'Ready' } }, { type: 'merge', subresource: 'status' })
    expect((await client.get(Host, { name: 'box' })).status).toEqual({ phase: 'Ready' })
  })
})

test('a question that is called off while it is being written ends with why', async () => {
  const stop = new AbortController()
  const isWritten = deferred()
  const waits = { patch: () => isWritten.promise } as unknown as Client
  const writer = new StatusWriter({ client: waits, name: 'op', clock: new ManualClock(), log: silentLog, status: {} })
  const asking = statusPrompter({ operation: 'op', desk, writer, signal: stop.signal }).ask({
    kind: 'Password', about: 'box', text: 'Password', echo: false,
  }) // prettier-ignore
  stop.abort(new Error('called off'))
  // Node would end the whole program for an answer that nobody waits for yet.
  await new Promise(setImmediate)
  isWritten.resolve()
  await expect(asking).rejects.toThrow('called off')
})

/** Provisioning that reaches nobody. */
function provisioner(client: Client, clock = new ManualClock()): Provisioner {
  const apiServer = { host: '127.0.0.1', port: 1 }
  const ownKey = { privateKey: '', publicKey: '' }
  const parts = { client, clock, log: silentLog, desk, ownKey, apiServer, home: '/nonexistent' }
  return new Provisioner(parts as unknown as ProvisionerOptions)
}

test('one that is called off before its turn is told so, also where the server does not take that at once', async () => {
  const client = api.clientAs()
  const clock = new ManualClock()
  const spec = { hostName: 'none', action: 'Check', cancelled: true }
  await client.create(HostOperation, { metadata: { name: 'called-off' }, spec })
  const patch = vi.spyOn(client, 'patch').mockRejectedValueOnce(new ApiError(503, 'ServiceUnavailable', 'busy'))
  await using provisioning = provisioner(client, clock)
  provisioning.start()
  await eventually(() => expect(patch).toHaveBeenCalled())
  await eventually(async () => {
    await clock.advance(1_000)
    expect((await client.get(HostOperation, { name: 'called-off' })).status.phase).toBe('Cancelled')
  })
})

describe('a host that was joining when the control plane ended', () => {
  const SPEC = { hostName: 'half', action: 'Join', approved: true }
  /** Takes connections, and says nothing. */
  let silent: Server
  const makeStatus = (type: typeof Host | typeof HostOperation, name: string, status: object) =>
    api.clientAs().patch(type as typeof Host, { name }, { status }, { type: 'merge', subresource: 'status' })
  beforeEach(async () => {
    const client = api.clientAs()
    silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await client.create(Host, { metadata: { name: 'half' }, spec: { address: `root@127.0.0.1:${port}` } })
    await makeStatus(Host, 'half', { phase: 'Joining', nodeName: 'half' })
    await client.create(HostOperation, { metadata: { name: 'joins' }, spec: SPEC })
    const steps = [{ name: 'push-agent', state: 'Succeeded' }, { name: 'start-agent', state: 'Running' }] // prettier-ignore
    await makeStatus(HostOperation, 'joins', { phase: 'Running', startTime: '2026-01-01T00:00:00Z', steps })
  })
  afterEach(async () => {
    silent.close()
    await api.clientAs().delete(Host, { name: 'half' })
    await api.clientAs().deleteCollection(HostOperation, {})
  })
  const hasFailed = () =>
    eventually(async () => (await api.clientAs().get(Host, { name: 'half' })).status.phase === 'Failed')

  test('and whose operation is called off by then has failed, as has the step that ran', async () => {
    const client = api.clientAs()
    await client.patch(HostOperation, { name: 'joins' }, { spec: { cancelled: true } }, { type: 'merge' })
    await using provisioning = provisioner(client)
    provisioning.start()
    await hasFailed()
    const ended = { phase: 'Cancelled', steps: [{ state: 'Succeeded' }, { state: 'Failed' }] }
    await eventually(async () =>
      expect((await client.get(HostOperation, { name: 'joins' })).status).toMatchObject(ended),
    )
  })
  test.each([0, 1])('is joining still when it ends once more in the middle of it, and of %i that wait none is begun', async waiting => {
    const client = api.clientAs()
    for (let i = 0; i < waiting; i++)
      await client.create(HostOperation, { metadata: { name: 'waits' }, spec: { hostName: 'half', action: 'Check' } })
    const provisioning = provisioner(client)
    const isReached = once(silent, 'connection')
    provisioning.start()
    await isReached
    const patch = vi.spyOn(client, 'patch')
    await provisioning[Symbol.asyncDispose]()
    await settle()
    expect(patch).not.toHaveBeenCalled()
    expect((await client.get(Host, { name: 'half' })).status.phase).toBe('Joining')
  }) // prettier-ignore
  test('is a node as before where it was one, and its operation is called off by then', async () => {
    const client = api.clientAs()
    await makeStatus(Host, 'half', { agent: { bundle: 'b', runtime: 'r' } })
    await client.delete(HostOperation, { name: 'joins' })
    await using provisioning = provisioner(client)
    provisioning.start()
    await eventually(async () => (await client.get(Host, { name: 'half' })).status.phase === 'Away')
  })
  test('and whose operation is deleted by then has failed', async () => {
    await api.clientAs().delete(HostOperation, { name: 'joins' })
    await using provisioning = provisioner(api.clientAs())
    provisioning.start()
    await hasFailed()
  })
})

test('a node to which something could not be done is a node as before, and neither joining nor failed', async () => {
  const client = api.clientAs()
  const setPhase = (phase: string) =>
    api.clientAs().patch(Host, { name: 'kept' }, { status: { phase, nodeName: 'kept' } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
  await client.create(Host, { metadata: { name: 'kept' }, spec: { address: 'root@192.0.2.1' } })
  await setPhase('Ready')
  const patch = client.patch.bind(client)
  // As soon as the host was looked at, it joins again.
  vi.spyOn(client, 'patch').mockImplementation(async (type, name, change, options) => {
    if ((change as { status?: { phase?: string } }).status?.phase === 'Running') await setPhase('Joining')
    return patch(type, name, change, options)
  })
  const spec = { hostName: 'kept', action: 'Repair', approved: true }
  await client.create(HostOperation, { metadata: { name: 'mends' }, spec })
  await using provisioning = provisioner(client)
  provisioning.start()
  await eventually(async () => expect((await client.get(HostOperation, { name: 'mends' })).status.phase).toBe('Failed'))
  await eventually(async () => expect((await client.get(Host, { name: 'kept' })).status.phase).toBe('Away'))
  await client.delete(HostOperation, { name: 'mends' })
  await client.delete(Host, { name: 'kept' })
})

test('a plan that is called off while its question is being written does not wait to be approved', async () => {
  const stop = new AbortController()
  const isWritten = deferred()
  const waits = { patch: () => isWritten.promise } as unknown as Client
  const writer = new StatusWriter({ client: waits, name: 'op', clock: new ManualClock(), log: silentLog, status: {} })
  const waiting = new Approval().wait(writer, stop.signal)
  stop.abort(new Error('called off'))
  isWritten.resolve()
  await expect(waiting).rejects.toThrow('called off')
})

test('one that has ended is not begun again, however late that is seen', async () => {
  const client = api.clientAs()
  const isSeen = deferred()
  const watch = client.watch.bind(client)
  vi.spyOn(client, 'watch').mockImplementation(async function* (type, query) {
    for await (const frame of watch(type, query)) {
      if (frame.type === 'MODIFIED') await isSeen.promise
      yield frame
    }
  } as typeof client.watch)
  const patch = vi.spyOn(client, 'patch')
  await using provisioning = provisioner(client)
  provisioning.start()
  await client.create(HostOperation, { metadata: { name: 'once' }, spec: { hostName: 'none', action: 'Check' } })
  const phase = async () => (await client.get(HostOperation, { name: 'once' })).status.phase
  await eventually(async () => (await phase()) === 'Failed')
  for (let i = 0; i < 20; i++) expect(await phase()).toBe('Failed')
  expect(patch).toHaveBeenCalledTimes(1)
  isSeen.resolve()
})

describe('a HostOperation', () => {
  test('can be approved and cancelled, and never turned into another', async () => {
    const client = api.clientAs()
    const metadata = { name: 'op' }
    await client.create(HostOperation, { metadata, spec: { hostName: 'box', action: 'Join' } })
    const patch = (spec: object) => client.patch(HostOperation, metadata, { spec }, { type: 'merge' })
    await expect(patch({ action: 'Remove' })).rejects.toThrow('make a new operation')
    await patch({ approved: true })
    await expect(patch({ approved: false })).rejects.toThrow('it has been approved')
    await patch({ cancelled: true })
    await expect(patch({ cancelled: false })).rejects.toThrow('it has been cancelled')
  })
  test('with an unknown action is refused', async () => {
    const creating = api
      .clientAs()
      .create(HostOperation, { metadata: { name: 'x' }, spec: { hostName: 'box', action: 'Blow' } })
    await expect(creating).rejects.toThrow('Unsupported value: "Blow"')
    const spec = { hostName: 'box', action: 'Remove', step: 'configure' }
    const stray = api.clientAs().create(HostOperation, { metadata: { name: 'x' }, spec })
    await expect(stray).rejects.toThrow('spec.step: Forbidden: only an Undo has one')
  })
  test.each([
    ['Check', ['web:1'], 'spec.images: Forbidden: only LoadImages has some'],
    ['LoadImages', undefined, 'spec.images: Required value'],
    ['LoadImages', ['--input=/etc/passwd'], 'spec.images[0]: Invalid value'],
    ['LoadImages', ['web:1\nredis'], 'spec.images[0]: Invalid value'],
    ['LoadImages', ['web:1', 'web:1'], 'spec.images[1]: Duplicate value'],
  ])('%s with the images %j is refused', async (action, images, problem) => {
    const spec = { hostName: 'box', action, ...(images && { images }) }
    const creating = api.clientAs().create(HostOperation, { metadata: { name: 'x' }, spec })
    await expect(creating).rejects.toThrow(problem)
  })
  test('that loads images keeps them', async () => {
    const client = api.clientAs()
    const spec = { hostName: 'box', action: 'LoadImages', images: ['shop/web:1.2', 'redis@sha256:0a'], approved: true }
    const made = await client.create(HostOperation, { metadata: { name: 'load' }, spec })
    expect(made.spec).toEqual(spec)
    const changing = client.patch(HostOperation, { name: 'load' }, { spec: { images: ['other'] } }, { type: 'merge' })
    await expect(changing).rejects.toThrow('make a new operation')
  })
})

test('a question whose first writing the server does not take is there a moment later', async () => {
  const client = api.clientAs()
  await client.create(HostOperation, { metadata: { name: 'asks' }, spec: { hostName: 'box', action: 'Join' } })
  const clock = new ManualClock()
  let refusals = 2
  const overloaded: Pick<Client, 'patch'> = {
    patch: (...args) =>
      refusals-- > 0 ? Promise.reject(new ApiError(429, 'TooManyRequests', 'later')) : client.patch(...args),
  }
  const writer = new StatusWriter({ client: overloaded as Client, name: 'asks', clock, log: silentLog, status: {} })
  const prompts = [{ id: 'one', kind: 'HostKey' as const, about: 'box', text: 'Is it?' }]
  await writer.set({ phase: 'WaitingForAnswer', prompts })
  expect((await client.get(HostOperation, { name: 'asks' })).status.prompts).toBeUndefined()
  await clock.advance(1_000)
  await clock.advance(1_000)
  await eventually(async () =>
    expect((await client.get(HostOperation, { name: 'asks' })).status).toMatchObject({
      phase: 'WaitingForAnswer',
      prompts,
    }),
  )
})

describe('an answer', () => {
  test('reaches the operation that waits for it, once', async () => {
    const { id, answer: waiting } = desk.expect('op', new AbortController().signal)
    await answer('op', { prompt: id, answer: 'secret text' })
    expect(await waiting).toBe('secret text')
    await expect(answer('op', { prompt: id, answer: 'again' })).rejects.toMatchObject({ code: 409 })
  })
  test('to another operation’s question reaches nobody', async () => {
    const stop = new AbortController()
    const { id, answer: waiting } = desk.expect('op', stop.signal)
    await expect(answer('other', { prompt: id, answer: 'x' })).rejects.toMatchObject({ code: 409 })
    stop.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
    await expect(answer('op', { prompt: id, answer: 'too late' })).rejects.toMatchObject({ code: 409 })
  })
  test('that is malformed is refused without repeating it', async () => {
    for (const body of [{}, { prompt: 'x' }, ['hunter2'], { prompt: 1, answer: 'hunter2' }])
      await expect(answer('op', body)).rejects.toMatchObject({
        code: 400,
        message: expect.not.stringContaining('hunter2') as string,
      })
  })
  test('is a right of its own', async () => {
    const eve = api.clientAs({ name: 'eve', groups: ['system:authenticated'] })
    const trying = eve.createSubresource(HostOperation, { name: 'op' }, 'answers', { prompt: 'x', answer: 'y' })
    await expect(trying).rejects.toMatchObject({ code: 403 })
  })
})
