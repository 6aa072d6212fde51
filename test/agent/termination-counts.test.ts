import { describe, expect, it } from 'vitest'
import { TerminationCounts } from '../../src/agent/kubelet/status/termination-counts.ts'
import type { ContainerState, PodStatus } from '../../src/shared/api/core/v1.ts'

const ended = (id: string, exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: 'Error', containerID: `docker://${id}` },
})
const pod = (state: ContainerState, lastState: ContainerState = {}): PodStatus => ({
  containerStatuses: [{ name: 'c', state, lastState, ready: false, restartCount: 0, image: 'i', imageID: 'sha256:1' }],
})
const running: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const waiting: ContainerState = { waiting: { reason: 'CrashLoopBackOff' } }

function count(...statuses: readonly PodStatus[]) {
  const counts = new TerminationCounts()
  let before: PodStatus = {}
  for (const now of statuses) {
    counts.observe(before, now)
    before = now
  }
  return [...counts.all()].map(({ containerType, exitCode, count: times }) => [containerType, exitCode, times])
}

describe('the ends of a container', () => {
  it('count once each, also while it waits for its next start', () => {
    const first = ended('a', 1)
    expect(count(pod(running), pod(first), pod(waiting, first), pod(running, first), pod(ended('b', 1), first))).toEqual([
      ['container', 1, 2],
    ]) // prettier-ignore
  })
  it('count when it was started again before anybody looked, or waits at once as all restart', () => {
    expect(count(pod(running), pod(running, ended('a', 1)))).toEqual([['container', 1, 1]])
    expect(count(pod(running), pod({ waiting: { reason: 'RestartingAllContainers' } }, ended('a', 42)))).toEqual([
      ['container', 42, 1],
    ])
  })
})
