import { describe, expect, test } from 'vitest'
import { toleratedMs } from '../../src/main/controllers/taint-eviction/tolerations.ts'

const taint = (key: string) => ({ key, effect: 'NoExecute' })
const tolerates = (key: string, tolerationSeconds?: number) => ({
  ...{ key, operator: 'Exists', effect: 'NoExecute' },
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
})

describe('how long a pod stays on a tainted node', () => {
  test.each([
    [
      'the first toleration that fits counts, though another one is shorter',
      [tolerates('a', 60), tolerates('a', 2)],
      60_000,
    ],
    ['the first one counts, though another one is longer', [tolerates('a', 2), tolerates('a', 60)], 2_000],
    ['for ever, where the first one says so', [tolerates('a'), tolerates('a', 2)], Infinity],
    ['one of another taint is passed over', [tolerates('b', 2), tolerates('a', 60)], 60_000],
    ['less than nothing is nothing', [tolerates('a', -5)], 0],
    ['without a toleration it goes at once', [tolerates('b')], 0],
  ])('%s', (_rule, tolerations, ms) => {
    expect(toleratedMs([taint('a')], tolerations)).toBe(ms)
  })

  test('of several taints, the one that is tolerated for the shortest time counts', () => {
    expect(toleratedMs([taint('a'), taint('b')], [tolerates('a', 60), tolerates('b', 30)])).toBe(30_000)
    expect(toleratedMs([taint('a'), taint('b')], [tolerates('a', 60)])).toBe(0)
  })
})
