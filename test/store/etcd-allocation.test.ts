// Two API servers on one etcd give out addresses, ports and quota at the same time: nothing twice, nothing lost.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigMap, Namespace, ResourceQuota, Service } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
import { createAdmission } from '../../src/main/apiserver/admission/plugins.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { NodeTunnels } from '../../src/main/apiserver/proxy/node-tunnels.ts'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { EtcdServer } from './etcd-server.ts'

/** 62 addresses. */
const RANGE = '10.96.0.0/26'
const namespace = 'default'
const ends: (Disposable | AsyncDisposable)[] = []
const planes: Client[] = []

beforeAll(async () => {
  const etcd = await EtcdServer.start()
  const nodes = new NodeTunnels(systemClock)
  ends.push(etcd, nodes)
  for (const _ of [1, 2]) {
    const api = await startTestApiServer({
      engine: await openEtcdEngine({ endpoints: [etcd.url] }),
      withStore(store) {
        const admission = createAdmission({ store, serviceCIDRs: [RANGE], nodes })
        ends.push(admission)
        return { admission: admission.plugins }
      },
    })
    ends.push(api)
    planes.push(api.clientAs())
  }
  await planes[0]!.create(Namespace, { metadata: { name: namespace }, spec: {} })
})
afterAll(async () => {
  for (const end of ends.reverse())
    await (Symbol.asyncDispose in end ? end[Symbol.asyncDispose]() : end[Symbol.dispose]())
})

/** Asks both, `count` times in all, at the same time. */
async function askBoth<T>(count: number, ask: (plane: Client, i: number) => Promise<T>) {
  const answers = await Promise.allSettled(Array.from({ length: count }, (_, i) => ask(planes[i % 2]!, i)))
  return {
    given: answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : [])),
    refused: answers.flatMap(answer => {
      if (answer.status === 'fulfilled') return []
      if (answer.reason instanceof ApiError) return [answer.reason.message]
      throw answer.reason
    }),
  }
}

const service = (name: string, spec: Partial<Service['spec']> = {}) => ({
  metadata: { namespace, name },
  spec: { ports: [{ port: 80 }], ...spec },
})

async function removeServices(): Promise<void> {
  const { items } = await planes[0]!.list(Service, { namespace })
  await Promise.all(items.map((each, i) => planes[i % 2]!.delete(Service, each.metadata)))
}

test('each address of a range is given once, all of them are, and they are free again when their Services go', async () => {
  for (const round of [1, 2]) {
    const { given, refused } = await askBoth(80, (plane, i) => plane.create(Service, service(`s${round}-${i}`)))
    expect(new Set(given.map(({ spec }) => spec.clusterIP)).size).toBe(62)
    expect(given).toHaveLength(62)
    expect(refused).toHaveLength(18)
    for (const message of refused) expect(message).toContain('range is full')
    await removeServices()
  }
})

test('an address and a node port that are asked for by name on both sides are given to one', async () => {
  const { given, refused } = await askBoth(40, (plane, i) => {
    const nodePort = 30_000 + (i >> 1)
    const spec = { type: 'NodePort', clusterIP: `10.96.0.${1 + (i >> 1)}`, ports: [{ port: 80, nodePort }] }
    return plane.create(Service, service(`n${i}`, spec))
  })
  expect(new Set(given.map(({ spec }) => spec.ports?.[0]?.nodePort)).size).toBe(20)
  expect(given).toHaveLength(20)
  for (const message of refused) expect(message).toContain('already allocated')
  await removeServices()
})

test('a quota is used up exactly, and what is deleted on one side can be had on the other', async () => {
  const hard = { 'count/configmaps': '20' }
  await planes[0]!.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard } })
  // The other one has heard of it when it shows it.
  await planes[1]!.get(ResourceQuota, { namespace, name: 'q' })
  const create = (plane: Client, name: string) => plane.create(ConfigMap, { metadata: { namespace, name }, data: {} })
  const { given, refused } = await askBoth(60, (plane, i) => create(plane, `c${i}`))
  expect(given).toHaveLength(20)
  for (const message of refused) expect(message).toContain('exceeded quota: q, requested: count/configmaps=1')
  for (const plane of planes)
    expect((await plane.get(ResourceQuota, { namespace, name: 'q' })).status.used).toEqual({ 'count/configmaps': '20' })
  await planes[0]!.delete(ConfigMap, given[0]!.metadata)
  await create(planes[1]!, 'another')
  await expect(create(planes[0]!, 'one-too-many')).rejects.toThrow('exceeded quota')
})
