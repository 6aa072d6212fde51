// Which workloads that stay behind are looked at in one check.
import { describe, expect, it } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { type Look, dueFor } from '@/notifications/looks.ts'
import type { Suspect } from '@/notifications/troubles.ts'

const suspect = (name: string): Suspect => ({
  key: name,
  type: Deployment,
  namespace: 'shop',
  name,
  text: 'behind',
  podSelector: { matchLabels: { app: name } },
})
const names = (suspects: readonly Suspect[]) => suspects.map(({ name }) => name)

describe('dueFor()', () => {
  it('asks about a few of many at a time, and in the end about each of them', () => {
    const many = Array.from({ length: 250 }, (_, index) => suspect(`app-${index}`))
    const looks = new Map<string, Look>()
    let most = 0
    for (let second = 0; second < 50; second++) {
      const due = dueFor(many, looks, second * 1_000)
      most = Math.max(most, due.length)
      for (const { key } of due) looks.set(key, { at: second * 1_000, text: undefined })
    }
    expect(most).toBe(5)
    expect(looks.size).toBe(250)
  })

  it('takes the oldest look first, and none that is fresh', () => {
    const looks = new Map([
      ['fresh', { at: 90_000, text: undefined }],
      ['old', { at: 10_000, text: undefined }],
      ['older', { at: 5_000, text: undefined }],
    ])
    expect(names(dueFor(['fresh', 'old', 'older', 'new'].map(suspect), looks, 100_000))).toEqual([
      'new',
      'older',
      'old',
    ])
  })

  it('asks about no pods of what is bad by itself', () =>
    expect(dueFor([{ ...suspect('job'), podSelector: undefined }], new Map(), 0)).toEqual([]))
})
