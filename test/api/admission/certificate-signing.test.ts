// CertificateSigning: to write a request's certificate, or that it failed, takes the right `sign` for its signer.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CertificateSigningRequest } from '../../../src/shared/api/certificates/v1.ts'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
let certificate: string
let request: string
const group = 'certificates.k8s.io'
const writesStatus = { verbs: ['get', 'update', 'patch'], apiGroups: [group], resources: ['certificatesigningrequests/status'] } // prettier-ignore
const signs = (signer: string) => ({ verbs: ['sign'], apiGroups: [group], resources: ['signers'], resourceNames: [signer] }) // prettier-ignore

beforeAll(async () => {
  cluster = await startSecuredCluster()
  const { certPem } = await cluster.api.pki.issueClientCertificate({ commonName: 'jane', organizations: [] })
  certificate = Buffer.from(certPem).toString('base64')
  const asks = ['req', '-new', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=jane', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] // prettier-ignore
  request = execFileSync('openssl', asks, { stdio: ['ignore', 'pipe', 'ignore'] }).toString('base64')
  const roles = {
    clerk: [writesStatus],
    signer: [writesStatus, signs('example.com/one')],
    'domain-signer': [writesStatus, signs('example.com/*')],
    stranger: [writesStatus, signs('example.org/*'), signs('example.com/two')],
  }
  for (const [name, rules] of Object.entries(roles)) {
    await cluster.admin.create(ClusterRole, { metadata: { name }, rules })
    await cluster.admin.create(ClusterRoleBinding, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    })
  }
})
afterAll(() => cluster[Symbol.asyncDispose]())

let count = 0
async function approved() {
  const name = `request-${++count}`
  await cluster.admin.create(CertificateSigningRequest, {
    metadata: { name },
    spec: { request, signerName: 'example.com/one', usages: ['client auth'] },
  })
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test' }]
  await cluster.admin.patch(CertificateSigningRequest, { name }, { status: { conditions } }, { subresource: 'approval', type: 'merge' }) // prettier-ignore
  return { name }
}
const reports = (user: string, ref: { name: string }, status: object) =>
  cluster.as(user).patch(CertificateSigningRequest, ref, { status }, { subresource: 'status', type: 'merge' })

const decided = { type: 'Approved', status: 'True', reason: 'Test' }
const failed = { type: 'Failed', status: 'True', reason: 'Test' }
const writes: [string, () => object][] = [
  ['the certificate', () => ({ certificate })],
  ['that it failed', () => ({ conditions: [decided, failed] })],
  ['another condition', () => ({ conditions: [decided, { ...failed, type: 'example.com/Seen' }] })],
]

describe.each(writes)('%s', (_, status) => {
  test.each(['clerk', 'stranger'])('is not written by %s, who may change the status but not sign', async user => {
    const ref = await approved()
    const error = await failure(reports(user, ref, status()))
    expect([error.code, error.message]).toEqual([
      403,
      `certificatesigningrequests.certificates.k8s.io "${ref.name}" is forbidden: ` +
        'user not permitted to sign requests with signerName "example.com/one"',
    ])
    const { status: kept } = await cluster.admin.get(CertificateSigningRequest, ref)
    expect([kept.certificate, kept.conditions?.map(({ type }) => type)]).toEqual([undefined, ['Approved']])
  })
  test.each(['signer', 'domain-signer'])('is written by %s', async user => {
    const ref = await approved()
    expect((await reports(user, ref, status())).status).toMatchObject(status())
  })
})

test('a write of the status that changes nothing of it takes no right to sign', async () => {
  const ref = await approved()
  const { status } = await cluster.admin.get(CertificateSigningRequest, ref)
  expect((await reports('clerk', ref, status)).status).toEqual(status)
})
