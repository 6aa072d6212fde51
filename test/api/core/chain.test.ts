// What the chain does around every request: bounds, deadlines, queues, leases.
import { describe, expect, test } from 'vitest'
import { Sessions } from '../../../src/main/apiserver/authn/session.ts'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { CONFIG_MAPS, configMap, PODS, pod, raw } from './support/raw.ts'

/** Answers when the test lets it. */
function gate(longRunning: boolean) {
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => (open = resolve))
  let waiting = 0
  const handler: SubresourceHandler = {
    group: '',
    resource: 'pods',
    subresource: longRunning ? 'slow' : 'held',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    methods: { GET: 'get' },
    longRunning,
    async handle() {
      waiting++
      await opened
      return { code: 200, object: {} }
    },
  }
  return { handler, open: () => open(), waiting: () => waiting }
}

/** What /metrics tells of requests that were ended for the server's own good. */
async function terminations(server: TestApiServer): Promise<string[]> {
  const { text } = await raw(server, '/metrics')
  return text.split('\n').flatMap(line => /^apiserver_request_terminations_total(.*)/.exec(line)?.[1] ?? [])
}

describe('max in flight', () => {
  test('answers 429 with Retry-After when the bound is reached; long-running requests are not counted', async () => {
    const held = gate(false)
    const slow = gate(true)
    await using server = await startTestApiServer({
      subresources: [held.handler, slow.handler],
      limits: { reading: 2, mutating: 2 },
    })
    const long = [1, 2, 3].map(() => raw(server, `${PODS}/p/slow`))
    const busy = [1, 2].map(() => raw(server, `${PODS}/p/held`))
    await eventually(() => expect([held.waiting(), slow.waiting()]).toEqual([2, 3]))
    const refused = await raw(server, CONFIG_MAPS)
    expect(refused.code).toBe(429)
    expect(refused.headers['retry-after']).toBe('1')
    expect(refused.json.reason).toBe('TooManyRequests')
    // Writes have a bound of their own.
    expect((await raw(server, CONFIG_MAPS, { body: configMap('meanwhile') })).code).toBe(201)
    held.open()
    slow.open()
    for (const { code } of await Promise.all([...busy, ...long])) expect(code).toBe(200)
    expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
    expect(await terminations(server)).toEqual([
      '{verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver",code="429"} 1',
    ])
  })
})

test('a request that takes longer than a minute answers 504', async () => {
  const clock = new ManualClock(Date.now())
  const held = gate(false)
  await using server = await startTestApiServer({ subresources: [held.handler], clock })
  const answer = raw(server, `${PODS}/p/held`)
  await eventually(() => expect(held.waiting()).toBe(1))
  await clock.advance(60_001)
  const { code, json } = await answer
  expect(code).toBe(504)
  expect(json.reason).toBe('Timeout')
  held.open()
  expect(await terminations(server)).toEqual([
    '{verb="GET",group="",version="v1",resource="pods",subresource="held",scope="resource",component="apiserver",code="504"} 1',
  ])
})

test('what a request still waits for ends once it has been told that it took too long', async () => {
  const signals: AbortSignal[] = []
  const handler: SubresourceHandler = {
    ...gate(false).handler,
    handle({ signal }) {
      signals.push(signal)
      return new Promise(() => undefined)
    },
  }
  await using server = await startTestApiServer({ subresources: [handler] })
  expect((await raw(server, `${PODS}/p/held?timeout=1ms`)).code).toBe(504)
  await eventually(() => expect(signals.map(({ aborted }) => aborted)).toEqual([true]))
})

test('a client may allow less time than that, and what is no duration is refused', async () => {
  const clock = new ManualClock(Date.now())
  const held = gate(false)
  await using server = await startTestApiServer({ subresources: [held.handler], clock })
  const answer = raw(server, `${PODS}/p/held?timeout=2s`)
  await eventually(() => expect(held.waiting()).toBe(1))
  await clock.advance(2_001)
  expect((await answer).code).toBe(504)
  held.open()
  expect((await raw(server, `${CONFIG_MAPS}?timeout=0s`)).code).toBe(200)
  const refused = await raw(server, `${CONFIG_MAPS}?timeout=invalid`)
  expect(refused.code).toBe(400)
  expect(refused.json.message).toContain('invalid timeout specified in the request URL')
})

test('a request may be as long as the command of an exec is', async () => {
  await using server = await startTestApiServer()
  expect((await raw(server, `${CONFIG_MAPS}?command=${'a'.repeat(200_000)}`)).code).toBe(200)
})

const nothingRevoked = { isRevoked: () => false, onChange: () => undefined }

describe('Sessions', () => {
  test('a login token is good for five minutes', () => {
    const clock = new ManualClock()
    const sessions = new Sessions(clock, nothingRevoked)
    const [early, late] = [sessions.issueLoginToken(testAdmin), sessions.issueLoginToken(testAdmin)]
    clock.jump(299_000)
    expect(sessions.login(early)?.user.name).toBe('kubernetes-admin')
    clock.jump(2_000)
    expect(sessions.login(late)).toBeUndefined()
  })
  test('a session ends by itself', async () => {
    const clock = new ManualClock()
    const sessions = new Sessions(clock, nothingRevoked)
    const { cookie } = sessions.login(sessions.issueLoginToken(testAdmin))!
    const headers = { cookie: `__Host-flotilla-session=${cookie}` }
    expect(sessions.userOf(headers)?.name).toBe('kubernetes-admin')
    let ended = 0
    sessions.whenOver(headers, () => ended++)
    sessions.whenOver(headers, () => ended--)?.()
    await clock.advance(8 * 86_400_000)
    expect(sessions.userOf(headers)).toBeUndefined()
    expect(ended).toBe(1)
  })
})

test('after a restart on the same folder objects keep their versions', async () => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const dataDir = await mkdtemp(`${tmpdir()}/flotilla-restart-`)
  let version = ''
  {
    await using first = await startTestApiServer({ dataDir })
    await raw(first, CONFIG_MAPS, { body: configMap('kept') })
    version = (await raw(first, PODS, { body: pod('kept') })).json.metadata.resourceVersion
  }
  await using second = await startTestApiServer({ dataDir })
  const { json } = await raw(second, `${PODS}/kept`)
  expect(json.metadata.resourceVersion).toBe(version)
  expect((await raw(second, CONFIG_MAPS)).json.items).toHaveLength(1)
  await second[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})
