// What a pod holds while it is resized.
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { heldSpec } from '../../src/shared/machinery/held-resources.ts'
import { podUsage } from '../../src/shared/machinery/quota-pod-usage.ts'

const of = (cpu: string, limit = cpu) => ({ requests: { cpu }, limits: { cpu: limit } })
const has = (cpu: string, setAside = cpu) => ({ resources: of(cpu), allocatedResources: { cpu: setAside } })
const pod = (spec: object, status: object = {}) =>
  ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', resources: of('1') }], ...spec },
    status,
  }) as unknown as Pod
const given = (amounts: object, more: object = {}) => ({ containerStatuses: [{ name: 'c', ...amounts }], ...more })
const pending = (reason: string) => ({ conditions: [{ type: 'PodResizePending', reason }] })
const heldBy = (one: Pod) => heldSpec(one).containers[0]!.resources

describe('of a container, a pod holds', () => {
  it('what it asks for, before its node has said anything', () => expect(heldBy(pod({}))).toEqual(of('1')))
  it('what it asks for, when that is more than it has', () =>
    expect(heldBy(pod({}, given(has('500m'), pending('Deferred'))))).toEqual(of('1')))
  it('what it has, as long as it has more than it asks for', () =>
    expect(heldBy(pod({}, given(has('2', '1'))))).toEqual(of('2')))
  it('what is set aside for it, as long as that is more than it has', () =>
    expect(heldBy(pod({}, given(has('500m', '1500m'))))?.requests).toEqual({ cpu: '1500m' }))
  it('not what its node will never have', () =>
    expect(heldBy(pod({}, given(has('500m'), pending('Infeasible'))))).toEqual(of('500m')))
  it('the same of a sidecar, and of another init container what it asks for', () => {
    const initContainers = [
      { name: 'side', restartPolicy: 'Always', resources: of('1') },
      { name: 'init', resources: of('1') },
    ]
    const initContainerStatuses = ['side', 'init'].map(name => ({ name, ...has('2') }))
    const held = heldSpec(pod({ initContainers }, { initContainerStatuses })).initContainers
    expect(held?.map(({ resources }) => resources)).toEqual([of('2'), of('1')])
  })
})

describe('of itself as a whole, a pod holds', () => {
  const whole = (spec: object, status: object) => heldSpec(pod({ resources: of('1'), ...spec }, status)).resources
  it('the most of what it asks for, what is set aside and what it has', () => {
    expect(whole({}, has('2'))).toEqual(of('2'))
    expect(whole({}, has('500m'))).toEqual(of('1'))
    expect(whole({}, { ...has('500m'), ...pending('Infeasible') })).toEqual(of('500m'))
  })
  it('nothing that only its containers ask for', () =>
    expect(whole({}, { resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1' } } })).toEqual(of('1')))
  it('its overhead once', () =>
    expect(whole({ overhead: { cpu: '100m' } }, has('1100m'))?.requests).toEqual({ cpu: '1' }))
})

it('A quota is charged for what a pod holds', () => {
  const usage = podUsage(pod({}, given(has('2', '1'))), 0)
  expect([usage.get('requests.cpu')?.toString(), usage.get('limits.cpu')?.toString()]).toEqual(['2', '2'])
})
