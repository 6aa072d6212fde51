// Which actions an object is offered.
import { describe, expect, it } from 'vitest'
import type { ServedKind } from '@/api/discovery.ts'
import { actionsOf, fitting } from '@/kinds/actions.ts'
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
