// Whom certificates say their holders are, signed by the cluster's authority elsewhere, as an administrator may.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
const folder = mkdtempSync(join(tmpdir(), 'flotilla-certificates-'))
const at = (name: string) => join(folder, name)
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
beforeAll(async () => {
  cluster = await startSecuredCluster()
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** @param subject lines of OpenSSL's configuration */
function certificateOf(subject: readonly string[]) {
  const configuration = `oid_section=oids\n[oids]\nkubernetesUid=1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n${subject.join('\n')}\n` // prettier-ignore
  writeFileSync(at('openssl.cnf'), configuration)
  writeFileSync(at('extensions.cnf'), 'extendedKeyUsage=clientAuth\n')
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem', '-out', 'request.pem', '-config', 'openssl.cnf') // prettier-ignore
  const [ca, key] = ['ca.crt', 'ca.key'].map(name => join(cluster.api.dataDir, 'pki', name))
  openssl('x509', '-req', '-in', 'request.pem', '-CA', ca!, '-CAkey', key!, '-CAcreateserial', '-CAserial', 'serial', '-days', '1', '-extfile', 'extensions.cnf', '-out', 'certificate.pem') // prettier-ignore
  return { certPem: readFileSync(at('certificate.pem'), 'utf8'), keyPem: readFileSync(at('key.pem'), 'utf8') }
}
const whoIs = async (subject: readonly string[]) => {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const { code, json } = await raw(cluster.api, path, { as: certificateOf(subject), body: {} })
  return code === 201 ? json.status.userInfo : code
}

test('the name, the uid and the groups', async () => {
  expect(await whoIs(['0.O=dev', '1.O=ops', 'CN=jane', 'kubernetesUid=1a2b'])).toMatchObject({
    ...{ username: 'jane', uid: '1a2b', groups: ['dev', 'ops', 'system:authenticated'] },
    extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
  })
  expect(await whoIs(['O=dev', 'CN=jane'])).not.toHaveProperty('uid')
})

test.each([[['O=dev']], [['CN=jane', '0.kubernetesUid=a', '1.kubernetesUid=b']]])(
  'a certificate that says no name, or two uids, is nobody’s: %j',
  async subject => expect(await whoIs(subject)).toBe(401),
)
