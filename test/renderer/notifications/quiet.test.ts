// When what fails is told, and when it is taken back.
import { describe, expect, it } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { REST_MS, SETTLE_MS, type Quiet, nothingTold, ripe, step, summary } from '@/notifications/quiet.ts'
import type { Suspect } from '@/notifications/troubles.ts'

const suspect = (name: string, namespace = 'shop'): Suspect => ({
  key: `Deployment/${namespace}/${name}`,
  type: Deployment,
  namespace,
  name,
  text: 'CrashLoopBackOff',
})
const web = suspect('web')

/** Looks at the time given, with everything that is ripe being bad. */
function at(quiet: Quiet, suspects: readonly Suspect[], now: number, muted: readonly string[] = []) {
  const bad = new Set(ripe(quiet, suspects, now).map(({ key }) => key))
  return step(quiet, suspects, bad, muted, now)
}

describe('a failing workload', () => {
  it('is told once it has failed for a while, and only once', () => {
    const first = at(nothingTold, [web], 0)
    expect(first.fresh).toEqual([])
    const early = at(first.next, [web], SETTLE_MS - 1)
    expect(early.fresh).toEqual([])
    const told = at(early.next, [web], SETTLE_MS)
    expect(told.fresh.map(({ name, since }) => [name, since])).toEqual([['web', 0]])
    expect(at(told.next, [web], SETTLE_MS + 5_000).fresh).toEqual([])
  })

  it('that heals before is never told', () => {
    const first = at(nothingTold, [web], 0)
    const well = at(first.next, [], SETTLE_MS - 1)
    const again = at(well.next, [web], SETTLE_MS)
    expect(again.fresh).toEqual([])
    expect(again.next.told).toEqual([])
  })

  it('is withdrawn when it is over, and rests before it is announced again, though it stands in the list', () => {
    const told = at(at(nothingTold, [web], 0).next, [web], SETTLE_MS)
    const over = at(told.next, [], SETTLE_MS + 1)
    expect(over.over).toEqual([web.key])
    expect(over.next.told).toEqual([])
    const back = at(at(over.next, [web], SETTLE_MS + 2).next, [web], 2 * SETTLE_MS + 2)
    expect(back.fresh).toEqual([])
    expect(back.next.told.map(({ name }) => name)).toEqual(['web'])
    const later = REST_MS + 2 * SETTLE_MS
    const rested = at(at(over.next, [web], later).next, [web], later + SETTLE_MS)
    expect(rested.fresh).toHaveLength(1)
  })

  it('that was suspected but is found to be on its way is not told', () => {
    const first = step(nothingTold, [web], new Set(), [], 0)
    const looked = step(first.next, [web], new Set(), [], SETTLE_MS * 10)
    expect(looked.fresh).toEqual([])
    expect(looked.next.told).toEqual([])
  })

  it('in a muted namespace is not told, and told ones of it are withdrawn', () => {
    const told = at(at(nothingTold, [web], 0).next, [web], SETTLE_MS)
    const muted = at(told.next, [web], SETTLE_MS + 1, ['shop'])
    expect(muted.over).toEqual([web.key])
    expect(muted.next.told).toEqual([])
  })

  it('stands in the list as soon as its namespace is no longer muted, though it was found when the window opened', () => {
    const found = step(nothingTold, [web], new Set([web.key]), ['shop'], 0)
    expect(found.next.told).toEqual([])
    expect(at(found.next, [web], 1).next.told.map(({ name }) => name)).toEqual(['web'])
  })
})

describe('many at once', () => {
  it('are one notification that names three', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map(name => suspect(name))
    const { fresh } = at(at(nothingTold, many, 0).next, many, SETTLE_MS)
    expect(summary(fresh)).toEqual({
      title: '5 are failing',
      text: 'Deployment a, Deployment b, Deployment c and 2 more',
    })
    expect(summary(fresh.slice(0, 1))).toEqual({ title: 'Deployment a', text: 'CrashLoopBackOff' })
  })
})
