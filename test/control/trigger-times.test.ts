// What Services' endpoints say of when they last changed: `endpoints.kubernetes.io/last-change-trigger-time`.
import { describe, expect, test } from 'vitest'
import { TRIGGER_TIME, TriggerTimes, withTriggerTime } from '../../src/main/controllers/support/trigger-times.ts'
import type { Pod, Service } from '../../src/shared/api/core/v1.ts'

const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`
const service = { metadata: { namespace: 'default', name: 'web', creationTimestamp: at(1) } } as Service
const pod = (name: string, minute?: number) =>
  ({
    metadata: { name },
    status: { conditions: minute === undefined ? [] : [{ type: 'Ready', lastTransitionTime: at(minute) }] },
  }) as unknown as Pod

describe('the time of the last change', () => {
  test('is that of the Service when it is seen first, whatever its pods say', () => {
    expect(new TriggerTimes().of(service, [pod('a', 5)])).toBe(at(1))
  })

  test('is the earliest of the pods that changed since, so that the longest way is measured', () => {
    const times = new TriggerTimes()
    times.of(service, [pod('a', 2), pod('b', 2)])
    expect(times.of(service, [pod('a', 9), pod('b', 7), pod('c', 8)])).toBe(at(7))
    expect(times.of(service, [pod('a', 10), pod('b', 7), pod('c', 8)])).toBe(at(10))
  })

  test('is not told when pods go, or were never ready', () => {
    const times = new TriggerTimes()
    times.of(service, [pod('a', 2), pod('b', 2)])
    expect(times.of(service, [pod('a', 2)])).toBeUndefined()
    expect(times.of(service, [pod('a', 2), pod('new')])).toBeUndefined()
    expect(withTriggerTime({ kept: 'yes', [TRIGGER_TIME]: at(2) }, undefined)).toEqual({ kept: 'yes' })
  })

  test('begins anew with a Service of the same name', () => {
    const times = new TriggerTimes()
    times.of(service, [pod('a', 2)])
    times.forget(service.metadata)
    expect(times.of(service, [pod('a', 9)])).toBe(at(1))
  })
})
