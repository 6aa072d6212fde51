// Scheduled backups that fail are told in the window, by the Events that the server records of them.
import { afterEach, describe, expect, it } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Job } from '../../../src/shared/api/batch/v1.ts'
import { Event, Node } from '../../../src/shared/api/core/v1.ts'
import { speak } from '@/i18n/i18n.ts'
import { nothingTold, step, summary } from '@/notifications/quiet.ts'
import { suspectsIn } from '@/notifications/troubles.ts'
import { make, worldOf } from '../support/objects.ts'

const event = (reason: string, lastTimestamp: string, message = ''): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: {
    namespace: 'default',
    name: reason,
    uid: reason,
    creationTimestamp: '2026-03-01T00:00:00Z',
    resourceVersion: '1',
  },
  involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' },
  reason,
  message,
  lastTimestamp,
})
const FULL = 'The scheduled backup failed: ENOSPC'
const suspects = (...events: Event[]) => suspectsIn(worldOf([Event, events]))
afterEach(() => speak('en'))

describe('a scheduled backup', () => {
  it('that failed last is in trouble, whatever came before; one that was made since is not', () => {
    const failed = event('BackupFailed', '2026-03-02T03:00:00Z', FULL)
    expect(suspects(event('BackupMade', '2026-03-01T03:00:00Z'), failed)).toMatchObject([
      { name: 'kube-system', text: FULL },
    ])
    expect(suspects(failed, event('BackupMade', '2026-03-02T03:05:00Z'))).toEqual([])
    expect(suspects()).toEqual([])
  })

  it.each([
    ['en', 'Scheduled backup'],
    ['de', 'Geplante Sicherung'],
  ] as const)('is told with what failed (%s)', async (language, title) => {
    await speak(language)
    const found = suspects(event('BackupFailed', '2026-03-02T03:00:00Z', FULL))
    const keys = new Set(found.map(({ key }) => key))
    const { fresh } = step(nothingTold, found, keys, [], 0)
    expect(summary(fresh)).toEqual({ title, text: FULL })
  })
})

describe('since when something is wrong', () => {
  const at = '2026-03-02T03:00:00Z'
  const sick = make(Deployment, 'web', {
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } } },
    status: { conditions: [{ type: 'Available', status: 'False', lastTransitionTime: at }] } as never,
  })
  const toldOf = (deployment: Deployment, now: number) => {
    const found = suspectsIn(worldOf([Deployment, [deployment]]))
    return step(nothingTold, found, new Set(found.map(({ key }) => key)), [], now).next.told
  }

  it('is told by the object itself, also to a window that was opened later', () => {
    expect(toldOf(sick, Date.parse(at) + 3_600_000)).toMatchObject([{ name: 'web', since: Date.parse(at) }])
  })
  it('is when it was first seen where the object does not tell', () => {
    const silent = { ...sick, status: {} } as Deployment
    expect(toldOf(silent, 42)).toMatchObject([{ name: 'web', since: 42 }])
  })
})

describe('a node', () => {
  const born = '2026-03-02T03:00:00Z'
  const node = (status: string, since: string) => {
    const made = make(Node, 'worker', {
      status: { conditions: [{ type: 'Ready', status, lastTransitionTime: since, message: 'starting' }] } as never,
    })
    return { ...made, metadata: { ...made.metadata, creationTimestamp: born } }
  }
  const after = (seconds: number) => Date.parse(born) + seconds * 1000
  const namesAt = (given: Node, seconds: number) =>
    suspectsIn(worldOf([Node, [given]]), after(seconds)).map(({ name }) => name)

  it('that just joins is in no trouble before it was ready for the first time, unless that takes too long', () => {
    const arriving = node('False', '2026-03-02T03:00:01Z')
    expect(namesAt(arriving, 90)).toEqual([])
    expect(namesAt({ ...arriving, status: {} }, 90)).toEqual([])
    expect(namesAt(arriving, 121)).toEqual(['worker'])
  })
  it('that was ready and is not any more is in trouble, however new it is', () => {
    expect(namesAt(node('False', '2026-03-02T03:00:40Z'), 60)).toEqual(['worker'])
    expect(namesAt(node('Unknown', '2026-03-02T03:01:00Z'), 90)).toEqual(['worker'])
  })
})

describe('a Job', () => {
  const job = (active: number) =>
    make(Job, 'import', {
      spec: { selector: { matchLabels: { job: 'import' } } },
      status: { active } as never,
    })
  it('without a pod that runs is looked at more closely, one that runs is not', () => {
    expect(suspectsIn(worldOf([Job, [job(0)]]))).toMatchObject([
      { name: 'import', podSelector: { matchLabels: { job: 'import' } } },
    ])
    expect(suspectsIn(worldOf([Job, [job(1)]]))).toEqual([])
  })
})
