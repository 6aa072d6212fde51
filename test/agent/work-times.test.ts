// What the kubelet's own work is timed by, and the families that dashboards read of it.
import { describe, expect, test } from 'vitest'
import { Families } from '../../src/agent/api/metrics/families.ts'
import { type ContainerRuntime, RuntimeError } from '../../src/agent/kubelet/runtime/contract.ts'
import { timedRuntime } from '../../src/agent/kubelet/runtime/timed.ts'
import { WorkTimes } from '../../src/agent/kubelet/stats/work-times.ts'
import { Buckets } from '../../src/shared/machinery/buckets.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A runtime that takes its time and fails where it is told to: what no engine does when one wants it. */
class Slow {
  readonly #clock: ManualClock
  constructor(clock: ManualClock) {
    this.#clock = clock
  }
  async createContainer(): Promise<string> {
    await this.#clock.advance(300)
    return 'made'
  }
  async start(): Promise<void> {
    await this.#clock.advance(20)
    throw new RuntimeError('failed', 'no')
  }
  events(): string {
    return 'a stream'
  }
}

describe('what is asked of the runtime', () => {
  test('is counted and timed by upstream’s names of it, failures too', async () => {
    const clock = new ManualClock()
    const times = new WorkTimes(clock)
    const runtime = timedRuntime(new Slow(clock) as unknown as ContainerRuntime, times)
    expect(await runtime.createContainer(undefined as never)).toBe('made')
    await runtime.createContainer(undefined as never)
    await expect(runtime.start('made')).rejects.toThrow('no')
    expect(runtime.events(undefined as never, () => undefined)).toBe('a stream')
    expect([...times.operations].map(([type, { count, errors }]) => [type, count, errors])).toEqual([
      ['create_container', 2, 0],
      ['start_container', 1, 1],
    ])
    const samples = times.operations.get('create_container')!.seconds.samples('x', {})
    expect(samples.at(-1)).toEqual({ metricName: 'x_count', labels: {}, value: 2 })
    expect(samples.at(-2)?.value).toBeCloseTo(0.6)
  })
})

describe('a pass', () => {
  test('is timed by what it was for, however it ends', async () => {
    const clock = new ManualClock()
    const times = new WorkTimes(clock)
    await times.pass(
      () => 'create',
      () => clock.advance(2_000),
    )
    const failing = times.pass(
      () => 'sync',
      async () => Promise.reject(new Error('not yet')),
    )
    await expect(failing).rejects.toThrow('not yet')
    expect([...times.passes.keys()]).toEqual(['create', 'sync'])
    expect(times.passes.get('create')!.samples('x', {}).at(-2)?.value).toBe(2)
  })
})

describe('a look at all containers', () => {
  test('is timed, and so is the time between two of them', async () => {
    const clock = new ManualClock(5_000_000)
    const times = new WorkTimes(clock)
    await times.relist(() => clock.advance(100))
    await clock.advance(29_900)
    await times.relist(() => clock.advance(300))
    expect(times.relists.samples('x', {}).at(-1)?.value).toBe(2)
    expect(times.relists.samples('x', {}).at(-2)?.value).toBeCloseTo(0.4)
    expect(
      times.relistIntervals
        .samples('x', {})
        .slice(-2)
        .map(({ value }) => value),
    ).toEqual([30, 1])
    expect(times.lastRelistSeconds).toBe(5_030)
  })
})

test('a histogram is told bucket by bucket, up to all of it, with its sum and its count', () => {
  const families = new Families()
  const seconds = new Buckets([0.5, 1])
  for (const value of [0.2, 0.7, 4]) seconds.observe(value)
  families.histogram('took_seconds', 'How long it took.', [
    [{ of: 'this' }, seconds],
    [{ of: 'that' }, new Buckets([1])],
  ])
  expect(families.toString().split('\n')).toEqual([
    '# HELP took_seconds How long it took.',
    '# TYPE took_seconds histogram',
    'took_seconds_bucket{le="0.5",of="this"} 1',
    'took_seconds_bucket{le="1",of="this"} 2',
    'took_seconds_bucket{le="+Inf",of="this"} 3',
    'took_seconds_sum{of="this"} 4.9',
    'took_seconds_count{of="this"} 3',
    '',
  ])
})
