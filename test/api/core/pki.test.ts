// The certificate authority's folder: private, stable, renewed in time.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPki } from '../../../src/main/pki/pki.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const DAY_MS = 86_400_000
let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'flotilla-pki-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

test('openPki() makes files that only their owner reads, and leaves no others', async () => {
  await openPki({ dataDir })
  const folder = join(dataDir, 'pki')
  const files = await readdir(folder)
  expect(files.sort()).toEqual([
    'admin.crt',
    'admin.key',
    'ca.crt',
    'ca.key',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'front-proxy-client.crt',
    'front-proxy-client.key',
    'service-account.key',
    'serving.crt',
    'serving.key',
  ])
  for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

test('openPki() finds the same identities again', async () => {
  const first = await openPki({ dataDir })
  const second = await openPki({ dataDir })
  expect(second.caPem).toBe(first.caPem)
  expect(second.serving).toEqual(first.serving)
  expect(second.serviceAccountKeyPem).toBe(first.serviceAccountKeyPem)
})

test('the serving certificate covers loopback, the service names and what is asked for', async () => {
  const pki = await openPki({ dataDir, names: ['Box.Local', '192.168.7.7'] })
  const certificate = new X509Certificate(pki.serving.certPem)
  for (const host of ['localhost', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'box.local'])
    expect(certificate.checkHost(host)).toBe(host)
  for (const ip of ['127.0.0.1', '::1', '10.96.0.1', '192.168.7.7']) expect(certificate.checkIP(ip)).toBe(ip)
  expect(certificate.verify(new X509Certificate(pki.caPem).publicKey)).toBe(true)
})

test('a new name renews the serving certificate and nothing else', async () => {
  const first = await openPki({ dataDir })
  const second = await openPki({ dataDir, names: ['new.example'] })
  expect(second.serving.certPem).not.toBe(first.serving.certPem)
  expect(second.caPem).toBe(first.caPem)
  expect(second.admin).toEqual(first.admin)
})

test('certificates are renewed when less than 30 days are left', async () => {
  const clock = new ManualClock(Date.now())
  const first = await openPki({ dataDir, clock })
  await clock.advance(330 * DAY_MS)
  const early = await openPki({ dataDir, clock })
  expect(early.serving.certPem).toBe(first.serving.certPem)
  await clock.advance(10 * DAY_MS)
  const renewed = await openPki({ dataDir, clock })
  expect(renewed.serving.certPem).not.toBe(first.serving.certPem)
  expect(renewed.admin.certPem).not.toBe(first.admin.certPem)
  expect(renewed.caPem).toBe(first.caPem)
  expect(Date.parse(new X509Certificate(renewed.serving.certPem).validTo)).toBeGreaterThan(clock.now() + 300 * DAY_MS)
})

test('keys of kubeconfigs are of the kind that every client reads, whatever it guesses', async () => {
  const pki = await openPki({ dataDir })
  const issued = await pki.issueClientCertificate({ commonName: 'ana', organizations: [], forPeople: true })
  for (const { keyPem, certPem } of [pki.admin, issued]) {
    expect(keyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
    const certificate = new X509Certificate(certPem)
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
    expect(certificate.verify(new X509Certificate(pki.caPem).publicKey)).toBe(true)
  }
})
