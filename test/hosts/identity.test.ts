// How an agent gets its certificate, and the next one: against the real API server and the controllers that sign.
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectApi } from '../../src/agent/api-client.ts'
import { readTls } from '../../src/agent/node-tls.ts'
import { type AgentConfig, readConfig } from '../../src/agent/config.ts'
import { currentCertificate, ensureCertificate } from '../../src/agent/identity/certificate.ts'
import { renewalDue, rotateCertificate } from '../../src/agent/identity/rotation.ts'
import { revokeNode } from '../../src/shared/machinery/revoke-certificates.ts'
import { issueBootstrapToken } from '../../src/main/provisioning/steps/bootstrap-token.ts'
import { Node, Secret } from '../../src/shared/api/core/v1.ts'
import { CertificateSigningRequest } from '../../src/shared/api/certificates/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { type Cluster, startCluster } from '../control/support/cluster.ts'

let cluster: Cluster
let folder: string
let config: AgentConfig
const never = new AbortController().signal

beforeAll(async () => {
  cluster = await startCluster()
  folder = mkdtempSync(join(tmpdir(), 'flotilla-identity-'))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('ca.crt'), cluster.api.pki.caPem)
  writeFileSync(
    path('config.json'),
    JSON.stringify({
      nodeName: 'box',
      servers: [cluster.api.url],
      caFile: path('ca.crt'),
      certFile: path('identity/node.crt'),
      keyFile: path('identity/node.key'),
      bootstrapTokenFile: path('token'),
      rotateCertificates: true,
      dataDir: path('data'),
    }),
  )
  config = readConfig(path('config.json'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await cluster?.[Symbol.asyncDispose]()
})

const subject = () => new X509Certificate(readFileSync(config.certFile)).subject
const serial = () => new X509Certificate(readFileSync(config.certFile)).serialNumber

describe('the first certificate', () => {
  test('needs a token', async () => {
    await expect(ensureCertificate(config, systemClock, never)).rejects.toThrow('repair it with "flotilla node repair"')
  })
  test('is refused with a token that was revoked', async () => {
    const { token, revoke } = await issueBootstrapToken(cluster.client, systemClock, 'test')
    await revoke()
    writeFileSync(config.bootstrapTokenFile!, token)
    await expect(ensureCertificate(config, systemClock, never)).rejects.toMatchObject({ code: 401 })
    expect(existsSync(config.certFile)).toBe(false)
  })
  test('is asked for with a key that never leaves the machine; the token is forgotten', async () => {
    const { token, revoke } = await issueBootstrapToken(cluster.client, systemClock, 'test')
    writeFileSync(config.bootstrapTokenFile!, token)
    await ensureCertificate(config, systemClock, never)
    await revoke()
    expect(subject()).toBe('O=system:nodes\nCN=system:node:box')
    expect(statSync(config.keyFile).mode & 0o777).toBe(0o600)
    expect(existsSync(config.bootstrapTokenFile!)).toBe(false)
    const { items } = await cluster.client.list(CertificateSigningRequest)
    expect(JSON.stringify(items)).not.toContain('PRIVATE KEY')
    expect((await cluster.client.list(Secret, { namespace: 'kube-system' })).items.map(({ metadata }) => metadata.name)).not.toContainEqual(expect.stringMatching(/^bootstrap-token/)) // prettier-ignore
  })
  test('is kept when it is good, and no good for another node', async () => {
    const before = serial()
    await ensureCertificate(config, systemClock, never)
    expect(serial()).toBe(before)
    expect(await currentCertificate({ ...config, nodeName: 'other' }, Date.now())).toBeUndefined()
  })
})

describe('a node that was removed', () => {
  test('is refused with the certificate that it has, also where it is connected already', async () => {
    await using api = connectApi(config.servers, readTls(config))
    await cluster.client.create(Node, { metadata: { name: 'box' }, spec: {} })
    const frames = api.client.watch(Node, { fieldSelector: 'metadata.name=box' })[Symbol.asyncIterator]()
    expect((await frames.next()).value).toMatchObject({ type: 'ADDED' })
    const toTheEnd = async () => {
      while (!(await frames.next()).done);
    }
    const ended = toTheEnd().catch(() => undefined) // cut off
    await revokeNode(cluster.client, systemClock, 'box', 'it was removed')
    await ended
    await expect(api.client.get(Node, { name: 'box' })).rejects.toMatchObject({ code: 401 })
    await cluster.client.delete(Node, { name: 'box' })
  })
  test('gets another one with a token, when it is added again', async () => {
    const before = serial()
    const { token, revoke } = await issueBootstrapToken(cluster.client, systemClock, 'test')
    writeFileSync(config.bootstrapTokenFile!, token)
    await ensureCertificate(config, systemClock, never)
    await revoke()
    expect(serial()).not.toBe(before)
    await using api = connectApi(config.servers, readTls(config))
    await expect(api.client.get(Node, { name: 'box' })).rejects.toMatchObject({ code: 404 })
  })
})

describe('the next certificate', () => {
  const day = 86_400_000
  const year = { validFrom: 'Jan  1 00:00:00 2026 GMT', validTo: 'Jan  1 00:00:00 2027 GMT' }
  test.each([
    [0, 0.7],
    [0.5, 0.75],
    [0.999, 0.8],
  ])('is due after 70 to 80 %% of the life of the one before (random %d)', (random, share) => {
    const [from, to] = [Date.parse(year.validFrom), Date.parse(year.validTo)]
    expect(Math.abs(renewalDue(year, random) - (from + (to - from) * share))).toBeLessThan(day)
  })
  test('is asked for by the node itself when it is due, and not before', async () => {
    const before = serial()
    const certificate = (await currentCertificate(config, Date.now()))!
    const stop = new AbortController()
    let now = renewalDue(certificate, 0) - 10_000
    const checks: (() => void)[] = []
    const clock = {
      now: () => now,
      monotonic: () => performance.now(),
      // Looking again waits for the test; polling for the answer does not.
      after: (delayMs: number, run: () => void) =>
        delayMs > 10_000 ? (checks.push(run), () => undefined) : systemClock.after(delayMs, run),
    }
    await using api = connectApi(config.servers, readTls(config))
    const rotating = rotateCertificate({
      config,
      client: api.client,
      clock,
      log: silentLog,
      signal: stop.signal,
      random: () => 0,
    })
    while (checks.length === 0) await new Promise(resolve => setImmediate(resolve))
    expect(serial()).toBe(before)
    now += 20_000
    for (const check of checks) check()
    expect(await rotating).toBe(true)
    expect(serial()).not.toBe(before)
    expect(subject()).toBe('O=system:nodes\nCN=system:node:box')
    // It works.
    await using renewed = connectApi(config.servers, readTls(config))
    await renewed.client
      .list(CertificateSigningRequest)
      .catch((error: { code?: number }) => expect(error.code).toBe(403))
    stop.abort()
  })
})
