// Which actions an object is offered.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rowOf } from '@/api/sources.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { fitting } from '@/kinds/actions/action.ts'
import { nodeColumns } from '@/kinds/cluster-columns.ts'
import { deploymentColumns } from '@/kinds/workload-columns.ts'
import { openLogs } from '@/kinds/actions/pods.ts'
import { actionsOf } from '@/kinds/actions/actions-of.ts'
import { createPinia, setActivePinia } from 'pinia'
import { useClusterStore } from '@/stores/cluster.ts'
import { useDockStore } from '@/stores/dock.ts'
import { useToastStore } from '@/stores/toasts.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { controllerRef } from '../../src/shared/machinery/owner.ts'
import { make } from './support/objects.ts'

const served = (type: typeof Node | typeof CronJob) =>
  ({ type, verbs: ['get', 'update', 'patch', 'delete'], subresources: new Set() }) as unknown as ServedKind
const offered = (type: typeof Node | typeof CronJob, spec: object) => {
  const object = { ...make(type as typeof Node, 'one', {}), kind: type.kind, spec } as unknown as AnyObject
  return fitting(actionsOf(served(type)), object).map(({ id }) => id)
}

describe('an object is offered', () => {
  it.each([
    ['a node to be cordoned', Node, {}, 'cordon', 'uncordon'],
    ['a cordoned node to be uncordoned', Node, { unschedulable: true }, 'uncordon', 'cordon'],
    ['a CronJob to be suspended', CronJob, {}, 'pause', 'resume'],
    ['a suspended CronJob to be resumed', CronJob, { suspend: true }, 'resume', 'pause'],
  ])('%s, not the other way round', (_what, type, spec, wanted, unwanted) => {
    const ids = offered(type, spec)
    expect(ids).toContain(wanted)
    expect(ids).not.toContain(unwanted)
    expect(ids).toContain('delete')
  })
})

describe('a Deployment', () => {
  const served = { type: Deployment, verbs: ['patch'], subresources: new Set() } as unknown as ServedKind
  const idsOf = (annotations: Record<string, string>, kinds: readonly unknown[]) => {
    setActivePinia(createPinia())
    useClusterStore().kinds = kinds as readonly ServedKind[]
    const web = make(Deployment, 'web', { metadata: { annotations } })
    return fitting(actionsOf(served), web as unknown as AnyObject).map(({ id }) => id)
  }
  const ours = [{ type: Host, verbs: ['list'] }]

  it('of a cluster of ours is offered to roll back by itself, and no longer to', () => {
    expect(idsOf({}, ours)).toContain('auto-rollback')
    expect(idsOf({}, ours)).not.toContain('no-auto-rollback')
    const asked = idsOf({ 'flotilla.dev/auto-rollback': 'true' }, ours)
    expect(asked).toContain('no-auto-rollback')
    expect(asked).not.toContain('auto-rollback')
  })
  it('of another Kubernetes is not: nobody there would do it', () => {
    expect(idsOf({}, [])).not.toContain('auto-rollback')
  })
})

describe('the logs of a CronJob', () => {
  const nightly = make(CronJob, 'nightly') as unknown as AnyObject
  const run = (name: string, second: number, owner: AnyObject | undefined) =>
    make(Job, name, {
      metadata: {
        creationTimestamp: `2026-01-01T00:00:0${second}Z`,
        ...(owner ? { ownerReferences: [{ ...controllerRef(CronJob, owner as unknown as CronJob) }] } : {}),
      },
    })
  const open = async (...items: object[]) => {
    setActivePinia(createPinia())
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ kind: 'JobList', metadata: {}, items })))
    await openLogs({ ...nightly, kind: 'CronJob' })
    vi.unstubAllGlobals()
  }
  afterEach(() => sessionStorage.clear())

  it('are those of its runs', async () => {
    await open(run('nightly-2', 2, nightly), run('by-hand', 3, undefined), run('nightly-1', 1, nightly))
    expect(useDockStore().tabs).toMatchObject([
      { kind: 'logs', title: 'nightly', labelSelector: 'batch.kubernetes.io/job-name in (nightly-1,nightly-2)' },
    ])
  })
  it('are none while it has not run', async () => {
    await open(run('by-hand', 3, undefined))
    expect(useDockStore().tabs).toEqual([])
    expect(useToastStore().toasts.map(({ detail }) => detail)).toEqual(['None of its runs is kept.'])
  })
})

describe('columns that one may ask for', () => {
  it('tell of a Deployment how many pods it wants, and its conditions', () => {
    const row = rowOf(
      make(Deployment, 'web', {
        spec: { replicas: 3 } as Deployment['spec'],
        status: {
          conditions: [
            { type: 'Available', status: 'True' },
            { type: 'Progressing', status: 'False' },
          ],
        } as unknown as Deployment['status'],
      }) as unknown as AnyObject,
    )
    const told = Object.fromEntries(deploymentColumns.map(({ id, value }) => [id, value(row)]))
    expect(told).toMatchObject({ replicas: 3, conditions: 'Available, Progressing=False' })
  })
  it('tell of a node under which address it is reached from outside', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'ExternalIP', address: '198.51.100.7' },
    ]
    const row = rowOf(make(Node, 'box', { status: { addresses } as Node['status'] }) as unknown as AnyObject)
    expect(nodeColumns.find(({ id }) => id === 'external-ip')?.value(row)).toBe('198.51.100.7')
  })
})
