import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parseSchedulerConfiguration } from '../../../src/main/scheduler/config/configuration.ts'
import { ExtenderCalls } from '../../../src/main/scheduler/extenders/calls.ts'
import { Extender } from '../../../src/main/scheduler/extenders/extender.ts'
import { openPki } from '../../../src/main/pki/pki.ts'
import { Event, Node, Pod } from '../../../src/shared/api/core/v1.ts'
import type { JsonObject } from '../../../src/shared/machinery/json-object.ts'
import { eventually } from '../../support/eventually.ts'
import { makeNode, makePod } from './fixtures.ts'
import { type SchedulingCluster, startSchedulingCluster, until } from './support.ts'

type Answer = (body: JsonObject) => unknown
interface Call {
  readonly verb: string
  readonly body: JsonObject
}

const servers = new Set<Server>()
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  servers.clear()
})

/** A server that answers by verb; a verb that it does not know, with 404. */
async function serve(answers: Record<string, Answer>, tls?: { cert: string; key: string }) {
  const calls: Call[] = []
  const server = tls ? createTlsServer(tls) : createServer()
  server.on('request', (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const verb = request.url?.slice('/scheduler/'.length) ?? ''
      const body = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject
      calls.push({ verb, body })
      void Promise.resolve(answers[verb]?.(body)).then(answer => {
        if (answer === undefined) return response.writeHead(404).end()
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
    })
  })
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { calls, urlPrefix: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/scheduler` }
}

const read = (...extenders: JsonObject[]) =>
  parseSchedulerConfiguration({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders,
  })
const start = (...extenders: JsonObject[]) => startSchedulingCluster({ configuration: read(...extenders) })

const nodesIn = (body: JsonObject) => (body['Nodes'] as { items: Node[] }).items
/** Accepts these nodes, and says of the others why not. */
const accepting =
  (...names: string[]): Answer =>
  body => {
    const items = nodesIn(body)
    const refused = items.map(({ metadata }) => metadata.name).filter(name => !names.includes(name))
    return {
      Nodes: { items: items.filter(({ metadata }) => names.includes(metadata.name)) },
      FailedNodes: Object.fromEntries(refused.map(name => [name, 'no licence left'])),
    }
  }
const scheduledCondition = async ({ client }: SchedulingCluster, name: string) => {
  const { status } = await client.get(Pod, { namespace: 'default', name })
  return status.conditions?.find(({ type }) => type === 'PodScheduled')
}
const waitsWith = (cluster: SchedulingCluster, name: string, text: string) =>
  eventually(async () => (await scheduledCondition(cluster, name))?.message?.includes(text) === true)

describe('an extender', () => {
  test('rules nodes out, and its reasons are told among those of the plugins', async () => {
    const { urlPrefix } = await serve({ filter: accepting('licensed') })
    await using cluster = await start({ urlPrefix, filterVerb: 'filter' })
    await cluster.addNode('unlicensed')
    await cluster.addNode('small', { allocatable: { cpu: '100m' } })
    await cluster.addPod('work', { requests: { cpu: '1' } })
    await waitsWith(cluster, 'work', '0/2 nodes are available: 1 Insufficient cpu, 1 no licence left.')
    await cluster.addNode('licensed')
    expect(await cluster.bound('work')).toBe('licensed')
  })

  test('outweighs the plugins by its weight', async () => {
    const prioritize: Answer = () => [
      { Host: 'b', Score: 10 },
      { Host: 'a', Score: 1 },
    ]
    const { urlPrefix, calls } = await serve({ prioritize })
    await using cluster = await start({ urlPrefix: `${urlPrefix}/`, prioritizeVerb: 'prioritize', weight: 20 })
    await cluster.addNode('a')
    await cluster.addNode('b', { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } as Node['spec'] })
    await cluster.addPod('work')
    expect(await cluster.bound('work')).toBe('b')
    expect(calls.map(({ verb }) => verb)).toEqual(['prioritize'])
  })

  test('that knows the nodes itself is told their names alone, and may answer in small letters', async () => {
    const filter: Answer = ({ NodeNames, Nodes }) => ({ nodenames: Nodes === null ? NodeNames : [] })
    const { urlPrefix, calls } = await serve({ filter })
    await using cluster = await start({ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true })
    await cluster.addNode('a')
    await cluster.addPod('work')
    expect(await cluster.bound('work')).toBe('a')
    expect(calls[0]?.body).toMatchObject({ Pod: { metadata: { name: 'work' } }, NodeNames: ['a'] })
  })

  test('binds its pods itself', async () => {
    const bound: JsonObject[] = []
    const known: { client?: SchedulingCluster['client'] } = {}
    const bind: Answer = async body => {
      bound.push(body)
      const { PodName: name, PodNamespace: namespace, Node: node } = body as Record<string, string>
      const metadata = { name, namespace }
      const target = { kind: 'Node', name: node }
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target }
      await known.client?.createSubresource(Pod, { namespace: namespace!, name: name! }, 'binding', binding)
      return {}
    }
    const { urlPrefix } = await serve({ bind })
    await using cluster = await start({ urlPrefix, bindVerb: 'bind' })
    known.client = cluster.client
    await cluster.addNode('a')
    const { metadata } = await cluster.addPod('work')
    expect(await cluster.bound('work')).toBe('a')
    expect(bound).toEqual([{ PodName: 'work', PodNamespace: 'default', PodUID: metadata.uid, Node: 'a' }])
  })

  test('is asked about pods that request what it manages, which no node has to offer', async () => {
    const { urlPrefix, calls } = await serve({ filter: accepting('a') })
    const managedResources = [{ name: 'example.com/licence', ignoredByScheduler: true }]
    await using cluster = await start({ urlPrefix, filterVerb: 'filter', managedResources })
    await cluster.addNode('a')
    await cluster.addPod('usual')
    await cluster.bound('usual')
    const resources = { requests: { 'example.com/licence': '1' }, limits: { 'example.com/licence': '1' } }
    await cluster.addPod('licensed', { spec: { containers: [{ name: 'c', image: 'i', resources }] } })
    expect(await cluster.bound('licensed')).toBe('a')
    expect(calls.map(({ body }) => (body['Pod'] as Pod).metadata.name)).toEqual(['licensed'])
  })

  test('chooses where room is made for an important pod', async () => {
    const victims: JsonObject[] = []
    const preempt: Answer = ({ NodeNameToMetaVictims }) => {
      const { b, ...others } = NodeNameToMetaVictims as Record<string, JsonObject>
      victims.push({ b, others: Object.keys(others) })
      return { NodeNameToMetaVictims: { b } }
    }
    const { urlPrefix } = await serve({ preempt })
    await using cluster = await start({ urlPrefix, preemptVerb: 'preempt', nodeCacheCapable: true })
    const spec = (name: string, priority: number) => ({ priority, nodeSelector: { 'kubernetes.io/hostname': name } })
    for (const [name, priority] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      await cluster.addNode(name)
      await cluster.addPod(`on-${name}`, { requests: { cpu: '3' }, spec: spec(name, priority) })
      await cluster.bound(`on-${name}`)
    }
    // By itself the scheduler would take the less important one, on a.
    await cluster.addPod('important', { requests: { cpu: '2' }, spec: { priority: 10 } })
    await until(async () => {
      const { status, spec: placed } = await cluster.client.get(Pod, { namespace: 'default', name: 'important' })
      return status.nominatedNodeName === 'b' || placed.nodeName === 'b'
    })
    expect(victims[0]).toMatchObject({ b: { Pods: [{ UID: expect.any(String) as string }] }, others: ['a'] })
  })
})

describe('an extender that does not answer', () => {
  test('keeps its pods waiting, and they say why; they are placed once it is back', async () => {
    let isBack = false
    const { urlPrefix } = await serve({ filter: body => (isBack ? accepting('a')(body) : undefined) })
    await using cluster = await start({ urlPrefix, filterVerb: 'filter' })
    await cluster.addNode('a')
    await cluster.addPod('work')
    const told = `failed filter with extender at URL ${urlPrefix}/filter, code 404`
    await waitsWith(cluster, 'work', told)
    expect((await scheduledCondition(cluster, 'work'))?.reason).toBe('SchedulerError')
    await until(async () => {
      const { items } = await cluster.client.list(Event, { namespace: 'default' })
      return items.some(({ reason, message }) => reason === 'FailedScheduling' && message === told)
    })
    isBack = true
    expect(await cluster.bound('work')).toBe('a')
  })

  test('is left out where it may be ignored', async () => {
    const gone = { urlPrefix: 'http://127.0.0.1:1', ignorable: true }
    const verbs = { filterVerb: 'filter', prioritizeVerb: 'prioritize', weight: 1, bindVerb: 'bind' }
    await using cluster = await start({ ...gone, ...verbs })
    await cluster.addNode('a')
    await cluster.addNode('b')
    await cluster.addPod('work')
    expect(['a', 'b']).toContain(await cluster.bound('work'))
  })

  test('is waited for as long as it may take, and no longer', async () => {
    const { urlPrefix } = await serve({ filter: () => new Promise(() => undefined) })
    await using cluster = await start({ urlPrefix, filterVerb: 'filter', httpTimeout: '300ms' })
    await cluster.addNode('a')
    await cluster.addPod('work')
    await waitsWith(cluster, 'work', `Post "${urlPrefix}/filter": no answer within 300 ms`)
  })
})

test('an extender is called over TLS, and trusted by the authority that the file names', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'flotilla-extender-'))
  await using _folder = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) }
  const { caPem, serving } = await openPki({ dataDir, names: [] })
  const { urlPrefix } = await serve({ filter: accepting('a') }, { cert: serving.certPem, key: serving.keyPem })
  const ended = new AbortController()
  const ask = (more: JsonObject) => {
    const [given] = read({ urlPrefix, filterVerb: 'filter', ...more }).extenders
    return new Extender(given!, new ExtenderCalls(given!, ended.signal)).filter(makePod('p'), [makeNode('a')])
  }
  const caData = Buffer.from(caPem).toString('base64')
  expect((await ask({ enableHTTPS: true, tlsConfig: { caData } }))?.accepted).toEqual(new Set(['a']))
  expect((await ask({ enableHTTPS: true }))?.accepted).toEqual(new Set(['a']))
  await expect(ask({})).rejects.toThrow(`Post "${urlPrefix}/filter": `)
  ended.abort()
})

describe('what a configuration may say of extenders', () => {
  const urlPrefix = 'http://127.0.0.1:9/scheduler'
  test('those that may be ignored come last', () => {
    const { extenders } = read({ urlPrefix, ignorable: true }, { urlPrefix: `${urlPrefix}/two/` })
    expect(extenders.map(extender => extender.urlPrefix)).toEqual([`${urlPrefix}/two`, urlPrefix])
    expect(extenders[0]?.timeoutMs).toBe(5_000)
  })

  test.each<[string, JsonObject[], string]>([
    ['needs a URL', [{ filterVerb: 'filter' }], 'extenders[0].urlPrefix is needed'],
    ['no other scheme', [{ urlPrefix: 'ftp://x' }], 'extenders[0].urlPrefix must be a URL of http or https'],
    ['a weight', [{ urlPrefix, prioritizeVerb: 'p' }], 'extenders[0].weight must be positive'],
    [
      'one binder',
      [
        { urlPrefix, bindVerb: 'b' },
        { urlPrefix, bindVerb: 'b' },
      ],
      'only one may have a bindVerb, and 2 do',
    ],
    ['extended resources', [{ urlPrefix, managedResources: [{ name: 'cpu' }] }], '"cpu" is no extended resource'],
    [
      'each resource once',
      [1, 2].map(() => ({ urlPrefix, managedResources: [{ name: 'example.com/a' }] })),
      'managedResources name "example.com/a" twice',
    ],
    ['durations', [{ urlPrefix, httpTimeout: 'soon' }], 'extenders[0].httpTimeout must be a duration such as "5s"'],
    ['known fields', [{ urlPrefix, verb: 'x' }], 'unknown field "extenders[0].verb"'],
  ])('%s', (_name, extenders, message) => {
    expect(() => read(...extenders)).toThrow(message)
  })
})
