// Certificates that were asked for with a duration are counted when they are issued, by signer.
import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { CertificateSigningRequest } from '../../../src/shared/api/certificates/v1.ts'
import { startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { minimalObjects } from '../registry/minimal-objects.ts'

test('requested and honored durations are counted once, other signers together', async () => {
  await using cluster = await startSecuredCluster()
  const { caPem } = cluster.api.pki
  const { validFrom, validTo } = new X509Certificate(caPem)
  const lasts = (Date.parse(validTo) - Date.parse(validFrom)) / 1000
  const { spec } = minimalObjects['certificates.v1.CertificateSigningRequest'] as { spec: object }
  const issue = async (name: string, more: object) => {
    await cluster.admin.create(CertificateSigningRequest, { metadata: { name }, spec: { ...spec, ...more } } as never)
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: '' }]
    await cluster.admin.patch(
      CertificateSigningRequest,
      { name },
      { status: { conditions } },
      { subresource: 'approval' },
    )
    const certificate = Buffer.from(caPem).toString('base64')
    await cluster.admin.patch(
      CertificateSigningRequest,
      { name },
      { status: { certificate } },
      { subresource: 'status' },
    )
    await cluster.admin.patch(CertificateSigningRequest, { name }, { metadata: { labels: { touched: 'yes' } } })
  }
  await issue('whatever', {})
  await issue('short', { expirationSeconds: 3600 })
  await issue('honored', { expirationSeconds: Math.round(lasts) })
  const counted = (await raw(cluster.api, '/metrics')).text
    .split('\n')
    .filter(line => line.startsWith('apiserver_certificates_registry_csr_'))
  expect(counted).toEqual([
    'apiserver_certificates_registry_csr_requested_duration_total{signerName="other"} 2',
    'apiserver_certificates_registry_csr_honored_duration_total{signerName="other"} 1',
  ])
})
