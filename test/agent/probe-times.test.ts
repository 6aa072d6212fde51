// When probes run: without drift, without bursts.
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Prober } from '../../src/agent/kubelet/probes/prober.ts'
import { firstWaitMs } from '../../src/agent/kubelet/probes/ticks.ts'
import type { ContainerRuntime, ExecSession, RuntimePod } from '../../src/agent/kubelet/runtime/contract.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A container that is probed each second, by a command that takes as long as `takesMs` says. */
function probed(takesMs: () => number, ageMs = 0) {
  const clock = new ManualClock()
  const began: number[] = []
  const exec = async (): Promise<Partial<ExecSession>> => {
    began.push(clock.monotonic())
    await new Promise<void>(resolve => clock.after(takesMs(), resolve))
    const stream = () => new PassThrough()
    return { stdout: stream(), stderr: stream(), exitCode: () => Promise.resolve(0), close: () => undefined }
  }
  const probe = { exec: { command: ['true'] }, periodSeconds: 1 }
  const pod = { metadata: {}, spec: { containers: [{ name: 'c', livenessProbe: probe }] } } as unknown as Pod
  const prober = new Prober(pod, {
    runtime: { exec } as unknown as ContainerRuntime,
    recorder: { event: () => undefined },
    clock,
    random: () => 0.5,
    onChange: () => undefined,
    onResult: () => undefined,
  })
  const startedAt = formatTime(clock.now() - ageMs)
  const runtime = { containers: [{ id: 'x', name: 'c', state: 'running', startedAt }] } as unknown as RuntimePod
  prober.update(pod, runtime, '', () => false)
  return { clock, prober, began }
}

test('a probe runs each period, however long its command takes', async () => {
  const { clock, prober, began } = probed(() => 300)
  await clock.advance(4_500)
  expect(began).toEqual([0, 1000, 2000, 3000, 4000])
  prober.stop()
})

test('runs that one slow run kept from beginning are made up for by one at once; then the old times hold', async () => {
  let runs = 0
  const { clock, prober, began } = probed(() => (runs++ === 0 ? 3_400 : 10))
  await clock.advance(6_500)
  expect(began).toEqual([0, 3400, 4000, 5000, 6000])
  prober.stop()
})

test('containers that another agent probed before are not probed all at once', async () => {
  const { clock, prober, began } = probed(() => 10, 60_000)
  await clock.advance(2_000)
  expect(began).toEqual([500, 1500])
  prober.stop()
})

test('a container that has just started waits for its initial delay alone', () => {
  const wait = (ageMs: number) => firstWaitMs({ ageMs, initialDelayMs: 5_000, periodMs: 10_000, random: () => 0.9 })
  expect([wait(0), wait(2_000), wait(6_000), wait(20_000)]).toEqual([5_000, 3_000, 0, 9_000])
})
