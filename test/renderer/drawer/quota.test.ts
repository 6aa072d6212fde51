// How much of a quota is used, as the bars of its drawer and of its namespace tell it.
import { describe, expect, it } from 'vitest'
import { ResourceQuota } from '../../../src/shared/api/core/v1.ts'
import { quotaLines } from '@/drawer/quota.ts'
import { make } from '../support/objects.ts'

const quota = (hard: Record<string, string>, used: Record<string, string>) =>
  make(ResourceQuota, 'team', { spec: { hard }, status: { used } })

describe('a line of a quota', () => {
  it.each([
    ['counts objects', 'pods', '40', '11', { used: '11', hard: '40', share: 11 / 40 }],
    ['keeps cores as they are written', 'requests.cpu', '2', '500m', { used: '500m', hard: '2', share: 0.25 }],
    [
      'tells no thousands of thousandths',
      'requests.cpu',
      '80',
      '64060m',
      { used: '64.06', hard: '80', share: 64.06 / 80 },
    ],
    [
      'tells sizes in the unit that fits',
      'requests.memory',
      '2000Gi',
      '921760Mi',
      { used: '900 GiB', hard: '2.0 TiB', share: 921760 / 2048000 },
    ],
    [
      'knows the storage of one class',
      'gold.storageclass.storage.k8s.io/requests.storage',
      '1Gi',
      '0',
      { used: '0', hard: '1.0 GiB', share: 0 },
    ],
    ['is full where more is used than allowed', 'pods', '2', '3', { used: '3', hard: '2', share: 1 }],
    ['is full where nothing is allowed', 'services.nodeports', '0', '0', { used: '0', hard: '0', share: 1 }],
  ])('%s', (_, name, hard, used, line) => {
    expect(quotaLines(quota({ [name]: hard }, { [name]: used }))).toEqual([{ name, ...line }])
  })

  it('says none used before the controller has counted', () => {
    expect(quotaLines(quota({ pods: '5' }, {}))).toMatchObject([{ used: '0', share: 0 }])
  })
})
