// Which actions an object is offered.
import { describe, expect, it } from 'vitest'
import type { ServedKind } from '@/api/discovery.ts'
import { fitting } from '@/kinds/actions/action.ts'
import { actionsOf } from '@/kinds/actions/actions-of.ts'
import { createPinia, setActivePinia } from 'pinia'
import { useClusterStore } from '@/stores/cluster.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { CronJob } from '../../src/shared/api/batch/v1.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
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
