// The cluster's own ServiceCIDR, from one start of the control plane to the next.
import { expect, test } from 'vitest'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { ServiceCIDR } from '../../../src/shared/api/networking/v1.ts'
import { startTestApiServer, testAdmin } from '../../support/api-server.ts'

test('a second family may be added to its range; what was there first stays', async () => {
  await using api = await startTestApiServer()
  const start = async (...serviceCIDRs: string[]) => {
    await bootstrapCluster(api.server.context, {
      user: testAdmin,
      network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs },
    })
    return (await api.clientAs().get(ServiceCIDR, { name: 'kubernetes' })).spec.cidrs
  }
  expect(await start('10.96.0.0/16')).toEqual(['10.96.0.0/16'])
  expect(await start('10.96.0.0/16', 'fd00:10:96::/112')).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
  expect(await start('10.96.0.0/16')).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
  expect(await start('10.97.0.0/16', 'fd00:10:97::/112')).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
})
