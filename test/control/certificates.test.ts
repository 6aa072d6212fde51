import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { createHmac, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { signers } from '../../src/main/controllers/csrsigning/signers.ts'
import type { UserInfo } from '../../src/main/apiserver/request.ts'
import { CertificateSigningRequest } from '../../src/shared/api/certificates/v1.ts'
import { CertificateRevocation } from '../../src/shared/api/flotilla/v1.ts'
import { ConfigMap, Node, Secret } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

x509.cryptoProvider.set(webcrypto)
const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
const bootstrapper: UserInfo = {
  name: 'system:bootstrap:node01',
  groups: ['system:bootstrappers', 'system:authenticated'],
}
const nodeUser = (name: string): UserInfo => ({
  name: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
})

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  await cluster.client.create(Secret, {
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-node01' },
    type: 'bootstrap.kubernetes.io/token',
  })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}

interface Ask {
  readonly user?: UserInfo
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly signerName?: string
  readonly usages?: string[]
  readonly names?: x509.JsonGeneralNames
  readonly expirationSeconds?: number
  readonly algorithm?: typeof EC | typeof RSA
  /** Of another one, as it is: the same key again. */
  readonly request?: string
  readonly machine?: string
  /** Of the request; one that no other has where it is left out. */
  readonly named?: string
}
let counter = 0
async function ask(given: Ask): Promise<string> {
  const { commonName, organizations = [], algorithm = EC, names, expirationSeconds } = given
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [...organizations.map(O => ({ O: [O] })), { CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: names ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  const name = given.named ?? `request-${++counter}`
  await cluster.api.clientAs(given.user).create(CertificateSigningRequest, {
    metadata: { name, ...(given.machine ? { annotations: { 'flotilla.dev/machine-id': given.machine } } : {}) },
    spec: {
      request: given.request ?? Buffer.from(request.toString('pem')).toString('base64'),
      signerName: given.signerName ?? KUBELET_CLIENT,
      usages: given.usages ?? ['client auth', 'digital signature'],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  })
  return name
}
const read = (name: string) => cluster.client.get(CertificateSigningRequest, { name })
const approve = (name: string) =>
  cluster.client.patch(
    CertificateSigningRequest,
    { name },
    { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'ByHand', message: 'yes' }] } },
    { type: 'merge', subresource: 'approval' },
  )
const certificateOf = (name: string) =>
  eventually(async () => {
    const { certificate } = (await read(name)).status
    expect(certificate).toBeTruthy()
    return new X509Certificate(Buffer.from(certificate ?? '', 'base64'))
  })

describe('a node', () => {
  test('with a bootstrap token gets its first certificate without a person, signed by the cluster', async () => {
    const name = await ask({
      user: bootstrapper,
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
    })
    const certificate = await certificateOf(name)
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n1')
    expect(certificate.verify(new X509Certificate(cluster.api.pki.caPem).publicKey)).toBe(true)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect((await read(name)).status.conditions).toMatchObject([
      {
        type: 'Approved',
        reason: 'AutoApproved',
        message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
      },
    ])
  })

  test('with a token for one machine gets a certificate for one key, however often it asks', async () => {
    const client = cluster.client
    const secret = { namespace: 'kube-system', name: 'bootstrap-token-single' }
    const annotations = { 'flotilla.dev/single-use': 'true' }
    await client.create(Secret, { metadata: { ...secret, annotations }, type: 'bootstrap.kubernetes.io/token' })
    const user = { ...bootstrapper, name: 'system:bootstrap:single' }
    const asking = { user, commonName: 'system:node:n9', organizations: ['system:nodes'] }
    const first = await ask(asking)
    const { publicKey } = await certificateOf(first)
    expect(publicKey.asymmetricKeyType).toBe('ec')
    const { request } = (await read(first)).spec
    const again = await ask({ ...asking, request })
    await certificateOf(again)
    const other = await ask(asking)
    await eventually(async () =>
      expect((await read(other)).status.conditions).toMatchObject([{ type: 'Denied', reason: 'TokenUsed' }]),
    )
    await client.delete(Secret, secret)
    const late = await ask(asking)
    await eventually(async () => expect((await read(late)).status.conditions).toMatchObject([{ type: 'Denied' }]))
  })

  test('of a name that another machine has is refused with a token for one machine, which stays good', async () => {
    const client = cluster.client
    const asking = (token: string, machine: string, node: string, named?: string) =>
      ask({
        ...(named ? { named } : {}),
        user: { ...bootstrapper, name: `system:bootstrap:${token}` },
        commonName: `system:node:${node}`,
        organizations: ['system:nodes'],
        machine,
      })
    const taken = [{ type: 'Denied', reason: 'NameTaken', message: expect.stringContaining('another machine is already the node') as string }] // prettier-ignore
    const isRefused = (name: string) =>
      eventually(async () => expect((await read(name)).status.conditions).toMatchObject(taken))
    for (const token of ['twins1', 'twins2', 'twins3', 'twins4', 'twins5', 'twins6'])
      await client.create(Secret, {
        metadata: {
          namespace: 'kube-system',
          name: `bootstrap-token-${token}`,
          annotations: { 'flotilla.dev/single-use': 'true' },
        },
        type: 'bootstrap.kubernetes.io/token',
      })
    await client.create(Node, { metadata: { name: 'twin' }, spec: {} })
    await client.patch(
      Node,
      { name: 'twin' },
      { status: { nodeInfo: { machineID: 'aaaa' } } },
      { type: 'merge', subresource: 'status' },
    )
    await isRefused(await asking('twins1', 'bbbb', 'twin'))
    // It is itself: a repair.
    await certificateOf(await asking('twins1', 'aaaa', 'twin'))
    // Two that ask within a second, of a node that is not there yet: the first one has it, whatever they call their requests.
    const second = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
    try {
      await certificateOf(await asking('twins2', 'aaaa', 'both', 'z-comes-first'))
      await isRefused(await asking('twins3', 'bbbb', 'both', 'a-comes-second'))
    } finally {
      second.mockRestore()
    }
    const together = await Promise.all(
      ['twins4', 'twins5', 'twins6'].map((token, i) => asking(token, `cccc${i}`, 'crowd', `at-once-${9 - i}`)),
    )
    await eventually(async () => {
      const decided = await Promise.all(together.map(async name => (await read(name)).status.conditions?.[0]?.reason))
      expect(decided.sort()).toEqual(['AutoApproved', 'NameTaken', 'NameTaken'])
    })
    // The first one was taken out again.
    const issuedBefore = formatTime(Date.now() + 1_000)
    await client.create(CertificateRevocation, {
      metadata: { name: 'gone' },
      spec: { userName: 'system:node:both', issuedBefore },
    })
    await certificateOf(await asking('twins3', 'bbbb', 'both'))
  })

  test('renews its own certificate, with a key of another kind and the life that it asks for', async () => {
    const name = await ask({
      user: nodeUser('n1'),
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      usages: ['key encipherment', 'digital signature', 'client auth'],
      expirationSeconds: 3600,
      algorithm: RSA,
    })
    const certificate = await certificateOf(name)
    const leftMs = Date.parse(certificate.validTo) - Date.now()
    expect(leftMs).toBeGreaterThan(3_500_000)
    expect(leftMs).toBeLessThanOrEqual(3_600_000)
    expect((await read(name)).status.conditions?.[0]?.message).toBe(
      'Auto approving self kubelet client certificate after SubjectAccessReview.',
    )
  })

  test('gets a serving certificate for its own addresses, and for nobody else’s', async () => {
    await cluster.client.create(Node, { metadata: { name: 'n2' }, spec: {} })
    const serving = (address: string) =>
      ask({
        user: nodeUser('n2'),
        commonName: 'system:node:n2',
        organizations: ['system:nodes'],
        signerName: 'kubernetes.io/kubelet-serving',
        usages: ['server auth', 'digital signature'],
        names: [
          { type: 'dns', value: 'n2' },
          { type: 'ip', value: address },
        ],
      })
    await cluster.client.create(Node, { metadata: { name: 'n3' }, spec: {} })
    const told = (address: string) => ({ type: 'InternalIP', address })
    await cluster.client.patch(
      Node,
      { name: 'n3' },
      { status: { addresses: [told('192.0.2.9')] } },
      { type: 'merge', subresource: 'status' },
    )
    const own = await serving('192.0.2.7')
    const foreign = ['192.0.2.8', '192.0.2.9', '127.0.0.1', '10.96.0.1']
    const others = await Promise.all(foreign.map(serving))
    // Whatever a node says of itself: not the first, and all but the first.
    const addresses = [told('192.0.2.7'), ...foreign.slice(1).map(told)]
    await cluster.client.patch(
      Node,
      { name: 'n2' },
      { status: { addresses } },
      { type: 'merge', subresource: 'status' },
    )
    expect((await certificateOf(own)).subjectAltName).toBe('DNS:n2, IP Address:192.0.2.7')
    for (const other of others) expect((await read(other)).status).toEqual({})
  })
})

describe('a node that calls itself what it is not', () => {
  const told = (address: string) => ({ type: 'InternalIP', address })
  const serving = async (node: string, addresses: readonly string[], dns = node, ip?: string) => {
    await cluster.client.create(Node, { metadata: { name: node }, spec: {} })
    await cluster.client.patch(
      Node,
      { name: node },
      { status: { addresses: addresses.map(told) } },
      { type: 'merge', subresource: 'status' },
    )
    return ask({
      user: nodeUser(node),
      commonName: `system:node:${node}`,
      organizations: ['system:nodes'],
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['server auth', 'digital signature'],
      names: [{ type: 'dns', value: dns }, ...(ip ? [{ type: 'ip' as const, value: ip }] : [])],
    })
  }
  const refused = async (requests: readonly string[]) => {
    // Settled later than those that are refused, so the approver has seen them all.
    const last = `honest-${++counter}`
    const address = `198.51.100.${counter}`
    await certificateOf(await serving(last, [address], last, address))
    for (const name of requests) expect((await read(name)).status).toEqual({})
  }

  test('gets no certificate for the API server’s names, nor for a Service’s', async () => {
    const names = ['localhost', 'kubernetes.default.svc', 'hooks.team.svc', 'hooks.team.svc.cluster.local']
    await refused(await Promise.all(names.map(name => serving(name, []))))
  })

  test('gets none for another name than its own', async () => {
    await refused([await serving('n4', [], 'n5')])
  })

  test('gets none for the API server’s addresses or a pod’s, however they are written', async () => {
    const own = '203.0.113.1'
    expect(cluster.api.pki.servingNames).toContain(own)
    const given = [own, '10.244.3.7', `::ffff:${own}`, '::ffff:127.0.0.1']
    await refused(await Promise.all(given.map((ip, i) => serving(`n6-${i}`, [ip], `n6-${i}`, ip))))
  })

  test('gets none for another node’s address, however it is written', async () => {
    await serving('n7', ['2001:db8::7'])
    await refused([await serving('n8', ['2001:db8::7'], 'n8', '2001:DB8:0:0:0:0:0:7')])
    const own = await serving('n9', ['2001:db8:0::9'], 'n9', '2001:db8::9')
    expect((await certificateOf(own)).subjectAltName).toContain('2001:DB8:0:0:0:0:0:9')
  })
})

test.each<[string, Ask]>([
  ['a name that is no node’s', { user: bootstrapper, commonName: 'admin', organizations: ['system:nodes'] }],
  ['another organization', { user: bootstrapper, commonName: 'system:node:x', organizations: ['system:masters'] }],
  ['alternative names in a client certificate', { user: bootstrapper, commonName: 'system:node:x', organizations: ['system:nodes'], names: [{ type: 'dns', value: 'kubernetes' }] }],
  ['usages of a server', { user: bootstrapper, commonName: 'system:node:x', organizations: ['system:nodes'], usages: ['server auth', 'digital signature'] }],
])('%s is not approved by itself', async (_why, given) => {
  const refused = await ask(given)
  // Settled later than the one that is refused, so the approver has seen both.
  const next = await ask({ user: bootstrapper, commonName: 'system:node:ok', organizations: ['system:nodes'] })
  await certificateOf(next)
  expect((await read(refused)).status).toEqual({})
}) // prettier-ignore

test('a node may not ask in another’s name', async () => {
  const asked = ask({ user: nodeUser('n1'), commonName: 'system:node:n9', organizations: ['system:nodes'] })
  const message = expect.stringContaining('can only create a node CSR with CN=system:node:n1') as string
  await expect(asked).rejects.toMatchObject({ code: 403, message })
})

test('nobody may ask for a certificate of the group that may do everything, and no signer would make one', async () => {
  const signerName = 'kubernetes.io/kube-apiserver-client'
  const why = `use of ${signerName} signer with system:masters group is not allowed`
  const organizations = ['team', 'system:masters']
  await expect(ask({ commonName: 'jane', organizations, signerName })).rejects.toMatchObject({
    code: 403,
    message: expect.stringMatching(
      new RegExp(`^certificatesigningrequests.certificates.k8s.io .* is forbidden: ${why}$`),
    ) as string,
  })
  const asked = {
    commonName: 'jane',
    organizations,
    dnsNames: [],
    ipAddresses: [],
    emailAddresses: [],
    uris: [],
    keySha256: '',
  }
  expect(signers[signerName]?.(asked, ['client auth'])).toBe(why)
})

test.each([
  ['a text that is none', '-----BEGIN CERTIFICATE REQUEST-----\nx', 'PEM block type must be CERTIFICATE REQUEST'],
  ['a block of nothing', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n', 'asn1: '],
])('%s does not ask for a certificate', async (_what, pem, why) => {
  const request = Buffer.from(pem).toString('base64')
  const spec = { request, usages: ['client auth'], signerName: 'kubernetes.io/kube-apiserver-client' }
  await expect(
    cluster.client.create(CertificateSigningRequest, { metadata: { name: 'none' }, spec }),
  ).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining(`spec.request: Invalid value: "${request}": ${why}`) as string,
  })
})

// Made by OpenSSL: `openssl req -new -newkey …`.
const requestOf = (...key: string[]) =>
  execFileSync('openssl', ['req', '-new', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=anna', ...key], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const curve = (name: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${name}`]

test.each([
  ['an elliptic curve that Web Crypto does not know', curve('secp224r1')],
  ['RSA with SHA-1, as old tools sign', ['-newkey', 'rsa:2048', '-sha1']],
  ['RSA-PSS', ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32']],
  ['Ed25519', ['-newkey', 'ed25519']],
])('a key of %s is certified as others are', async (_what, key) => {
  const name = await ask({
    commonName: 'anna',
    request: requestOf(...key).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  })
  await approve(name)
  const certificate = await eventually(async () => {
    const { status } = await read(name)
    expect(status.certificate).toBeTruthy()
    return new X509Certificate(Buffer.from(status.certificate!, 'base64'))
  })
  expect(certificate.subject).toBe('CN=anna')
})

test.each([
  ['of a curve that nobody uses for certificates', curve('secp256k1'), 'x509: unsupported elliptic curve'],
  [
    'of an algorithm that Go does not verify',
    ['-newkey', 'ed448'],
    'x509: cannot verify signature: algorithm unimplemented',
  ],
])('a request %s is refused', async (_what, key, why) => {
  await expect(ask({ commonName: 'anna', request: requestOf(...key).toString('base64') })).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining(why) as string,
  })
})

test('a request that its key did not sign is refused', async () => {
  const [, body = ''] = /-----\n([^-]+)-----/.exec(requestOf(...curve('prime256v1')).toString()) ?? []
  const bytes = Buffer.from(body, 'base64')
  bytes[bytes.length - 1]! ^= 1
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  await expect(ask({ commonName: 'anna', request: Buffer.from(forged).toString('base64') })).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('x509: ECDSA verification failure') as string,
  })
})

test('an approved request that its signer must not sign fails with a reason', async () => {
  const name = await ask({ commonName: 'system:node:x', organizations: ['system:masters'] })
  await approve(name)
  await eventually(async () =>
    expect((await read(name)).status.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      status: 'True',
      reason: 'SignerValidationFailure',
      message: 'subject organization is not system:nodes',
    }),
  )
})

test('a user’s certificate is signed once a person approves, and never by a signer of somebody else', async () => {
  const user = await ask({
    commonName: 'jane',
    organizations: ['team'],
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  })
  const foreign = await ask({ commonName: 'x', signerName: 'example.com/mine', usages: ['client auth'] })
  expect((await read(user)).status).toEqual({})
  await approve(foreign)
  await approve(user)
  expect((await certificateOf(user)).subject).toBe('O=team\nCN=jane')
  expect((await read(foreign)).status.certificate).toBeUndefined()
})

test('cluster-info names the cluster and its CA, and carries a signature for each token that is still good', async () => {
  const secret = 'f395accd246ae52d'
  const read = () => cluster.client.get(ConfigMap, { namespace: 'kube-public', name: 'cluster-info' })
  const token = {
    'token-id': 'abcdef',
    'token-secret': secret,
    'usage-bootstrap-signing': 'true',
  }
  const type = 'bootstrap.kubernetes.io/token'
  const ref = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' }
  // It would be cleaned up, but is held.
  const over = { ...token, 'token-id': 'expire', expiration: '2020-01-01T00:00:00Z' }
  const held = { namespace: 'kube-system', name: 'bootstrap-token-expire' }
  await cluster.client.create(Secret, {
    ...{ metadata: { ...held, finalizers: ['example.com/held'] }, type, stringData: over },
  })
  await cluster.client.create(Secret, { metadata: ref, type, stringData: token })
  const signed = await eventually(async () => {
    const { data } = await read()
    expect(data?.['jws-kubeconfig-abcdef']).toBeTruthy()
    return data ?? {}
  })
  expect(signed.kubeconfig).toContain(`server: "${cluster.api.url}"`)
  const [header = '', middle, signature] = signed['jws-kubeconfig-abcdef']?.split('.') ?? []
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' })
  expect(middle).toBe('')
  const payload = Buffer.from(signed.kubeconfig ?? '').toString('base64url')
  expect(signature).toBe(createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url'))
  expect(Object.keys(signed).sort()).toEqual(['jws-kubeconfig-abcdef', 'kubeconfig'])
  await cluster.client.delete(Secret, ref)
  await eventually(async () => expect(Object.keys((await read()).data ?? {})).toEqual(['kubeconfig']))
  await cluster.client.patch(Secret, held, { metadata: { finalizers: null } }, { type: 'merge' })
  const anonymous = cluster.api.clientAs({ name: 'system:anonymous', groups: ['system:unauthenticated'] })
  await anonymous.get(ConfigMap, { namespace: 'kube-public', name: 'cluster-info' })
})

test('requests are deleted an hour after they are settled, a day after nobody settled them', async () => {
  const clock = new ManualClock(Date.now())
  await using other = await startCluster({ clock })
  const before = cluster
  cluster = other
  try {
    const pending = await ask({ commonName: 'x', signerName: 'example.com/mine', usages: ['client auth'] })
    const settled = await ask({ commonName: 'x', signerName: 'example.com/mine', usages: ['client auth'] })
    await approve(settled)
    const isThere = (name: string) => read(name).then(() => true, error => !isNotFound(error)) // prettier-ignore
    await eventually(async () => {
      clock.advance(600_000)
      expect(await isThere(settled)).toBe(false)
    })
    expect(await isThere(pending)).toBe(true)
    await eventually(async () => {
      clock.advance(3_600_000)
      expect(await isThere(pending)).toBe(false)
    })
  } finally {
    cluster = before
  }
})
