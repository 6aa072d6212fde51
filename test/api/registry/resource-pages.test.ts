// What the documentation's pages on classes of service, huge pages and extended resources say, sentence by sentence, as
// far as the API decides it. What a node does of it: test/agent/pod-cgroups.test.ts, test/agent/node-report.test.ts.
import { describe, expect, test } from 'vitest'
import { pods } from '../../../src/main/apiserver/registry/core/pod.ts'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import { qosClass } from '../../../src/shared/machinery/qos.ts'
import { podUsage } from '../../../src/shared/machinery/quota-pod-usage.ts'
import { admitted, problems } from '../../suites/resource.ts'

type Amounts = Readonly<Record<string, string>>
interface Resources {
  readonly requests?: Amounts
  readonly limits?: Amounts
}
const podOf = (...resources: Resources[]) => ({
  spec: { containers: resources.map((each, i) => ({ name: `c${i}`, image: 'i', resources: each })) },
})
const refused = (resources: Resources) => problems(pods, podOf(resources))
const made = (...resources: Resources[]) => admitted(pods, podOf(...resources)) as unknown as Pod

// https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
describe('a pod', () => {
  const all = { cpu: '700m', memory: '200Mi' }
  test('is Guaranteed where every container has limits of cpu and memory, and requests that equal them', () => {
    expect(qosClass(made({ limits: all, requests: all }))).toBe('Guaranteed')
    expect(qosClass(made({ limits: all }))).toBe('Guaranteed')
    expect(qosClass(made({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }))).toBe('Guaranteed') // prettier-ignore
    expect(qosClass(made({ limits: all }, { limits: all }))).toBe('Guaranteed')
  })
  test('is Burstable where at least one container asks for some, and it is not Guaranteed', () => {
    for (const burstable of [
      made({ requests: { cpu: '1' } }),
      made({ limits: { memory: '200Mi' }, requests: { memory: '100Mi' } }),
      made({ limits: all }, {}),
      made({ limits: all, requests: { cpu: '1m' } }),
      made({ limits: all, requests: { ...all, cpu: '0' } }),
    ])
      expect(qosClass(burstable)).toBe('Burstable')
  })
  test('is BestEffort where no container asks for cpu or memory, whatever else it asks for', () => {
    expect(qosClass(made({}))).toBe('BestEffort')
    expect(qosClass(made({ limits: { 'example.com/dongle': '1' }, requests: { 'ephemeral-storage': '1Gi' } }))).toBe('BestEffort') // prettier-ignore
  })
  test('counts its init containers, and, where it asks for something as a whole, that alone', () => {
    const spec = { containers: [{ name: 'c', image: 'i', resources: { limits: all, requests: all } }] }
    const init = [{ name: 'init', image: 'i' }]
    expect(qosClass({ spec: { ...spec, initContainers: init } })).toBe('Burstable')
    expect(qosClass({ spec: { containers: [{ name: 'c', image: 'i' }], resources: { limits: all, requests: all } } })).toBe('Guaranteed') // prettier-ignore
    expect(qosClass({ spec: { ...spec, resources: {} } })).toBe('BestEffort')
    expect(qosClass({ spec: { ...spec, resources: { limits: all, requests: { ...all, memory: '0' } } } })).toBe('Burstable') // prettier-ignore
  })
})

// https://kubernetes.io/docs/tasks/manage-hugepages/scheduling-hugepages/
describe('huge pages', () => {
  const small = { 'hugepages-2Mi': '100Mi' }
  const memory = { memory: '100Mi' }
  test('are asked for by their size, of several sizes together as well', () => {
    expect(refused({ limits: { ...small, 'hugepages-1Gi': '2Gi', ...memory }, requests: memory })).toEqual([])
  })
  test('are requested as they are limited, also where only the limit is given', () => {
    expect(refused({ limits: { ...small, ...memory }, requests: { 'hugepages-2Mi': '50Mi', ...memory } })).toEqual([
      'spec.containers[0].resources.requests: Invalid value: "50Mi": must be equal to hugepages-2Mi limit of 100Mi',
    ])
    expect(refused({ limits: memory, requests: small })).toContain(
      'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
    )
    expect(made({ limits: { ...small, ...memory } }).spec.containers[0]?.resources?.requests).toMatchObject(small)
  })
  test('come with cpu or memory, and in whole pages', () => {
    expect(refused({ limits: small })).toEqual([
      'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
    ])
    expect(refused({ limits: { 'hugepages-2Mi': '3Mi', ...memory } })[0]).toMatch(
      /3Mi is not positive integer multiple of hugepages-2Mi/,
    )
  })
  test('are counted by quotas under their size', () => {
    const used = podUsage(made({ limits: { ...small, ...memory } }), 0)
    expect([...used].map(([name, amount]) => `${name}=${amount.toString()}`)).toEqual(
      expect.arrayContaining(['hugepages-2Mi=100Mi', 'requests.hugepages-2Mi=100Mi']),
    )
  })
})

// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources
describe('an extended resource', () => {
  const dongles = (amount: string) => refused({ limits: { 'example.com/dongle': amount } })
  test.each(['3', '3000m', '3Ki'])('may be asked for in whole numbers: %s', amount => {
    expect(dongles(amount)).toEqual([])
  })
  test.each(['0.5', '1500m'])('is not divided: %s', amount => {
    expect(dongles(amount)[0]).toMatch(/must be an integer/)
  })
  test('cannot be overcommitted: request and limit are equal where both are there, and no request is without its limit', () => {
    expect(refused({ limits: { 'example.com/dongle': '2' }, requests: { 'example.com/dongle': '1' } })).toEqual([
      'spec.containers[0].resources.requests: Invalid value: "1": must be equal to example.com/dongle limit of 2',
    ])
    expect(refused({ requests: { 'example.com/dongle': '1' } })).toEqual([
      'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
    ])
  })
  test('has a name with a domain', () => {
    expect(refused({ limits: { dongle: '1' } })).toContain(
      'spec.containers[0].resources.limits[dongle]: Invalid value: "dongle": must be a standard resource for containers',
    )
  })
})
