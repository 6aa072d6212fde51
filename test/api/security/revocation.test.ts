// Certificates that were taken back: refused from the next request on, on open connections as well.
import { connect } from 'node:http2'
import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeyPair } from '../../../src/main/pki/pki.ts'
import { revokeCertificates } from '../../../src/shared/machinery/revoke-certificates.ts'
import { CertificateRevocation } from '../../../src/shared/api/flotilla/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'

let api: TestApiServer
const PATH = '/api/v1/namespaces'
const issue = (commonName: string) => api.pki.issueClientCertificate({ commonName, organizations: ['system:masters'] })

beforeAll(async () => void (api = await startTestApiServer()))
afterAll(() => api[Symbol.asyncDispose]())

const tlsOf = ({ certPem: cert, keyPem: key }: KeyPair) => ({ cert, key, ca: api.pki.caPem })

/** @returns the answer's code */
const get = (identity: KeyPair): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const call = request(`${api.url}${PATH}`, { ...tlsOf(identity), agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    call.once('error', reject).end()
  })

interface Watching {
  readonly ended: Promise<unknown>
}

const watch1 = (identity: KeyPair): Promise<Watching> =>
  new Promise((resolve, reject) => {
    const call = request(`${api.url}${PATH}?watch=true`, { ...tlsOf(identity), agent: false }, response =>
      resolve({ ended: new Promise(end => response.on('error', () => undefined).once('close', end)) }),
    )
    call.once('error', reject).end()
  })

const watch2 = (identity: KeyPair): Promise<Watching> =>
  new Promise(resolve => {
    const session = connect(api.url, tlsOf(identity))
    const stream = session.on('error', () => undefined).request({ ':path': `${PATH}?watch=true` })
    const ended = new Promise(end => session.once('close', end))
    stream.on('error', () => undefined).once('response', () => resolve({ ended }))
  })

describe('a user whose certificates are revoked', () => {
  test('is refused at once, and what is open ends, over HTTP/1.1 and HTTP/2', async () => {
    const [ada, grace] = [await issue('ada'), await issue('grace')]
    const watching = [await watch1(ada), await watch2(ada)]
    expect(await get(ada)).toBe(200)
    await revokeCertificates(api.clientAs(), systemClock, { userName: 'ada', reason: 'she left' })
    await Promise.all(watching.map(({ ended }) => ended))
    expect(await get(ada)).toBe(401)
    expect(await get(grace)).toBe(200)
  })
  test('is let in with a certificate that was issued later, and not when that one is revoked as well', async () => {
    const again = await issue('ada')
    expect(await get(again)).toBe(200)
    await revokeCertificates(api.clientAs(), systemClock, { userName: 'ada', reason: 'she left again' })
    expect(await get(again)).toBe(401)
  })
  test('is let in again when the revocation is deleted', async () => {
    const lin = await issue('lin')
    await revokeCertificates(api.clientAs(), systemClock, { userName: 'lin', reason: 'a mistake' })
    expect(await get(lin)).toBe(401)
    await api.clientAs().delete(CertificateRevocation, { name: 'lin' })
    expect(await get(lin)).toBe(200)
  })
})

describe('a revocation', () => {
  const metadata = { name: 'x' }
  test('never concerns the admin: that would lock everybody out', async () => {
    const spec = { userName: 'kubernetes-admin', issuedBefore: '2026-01-01T00:00:00Z' }
    await expect(api.clientAs().create(CertificateRevocation, { metadata, spec })).rejects.toMatchObject({ code: 422 })
  })
  test('only moves forward', async () => {
    const spec = { userName: 'x', issuedBefore: '2026-01-02T00:00:00Z' }
    await api.clientAs().create(CertificateRevocation, { metadata, spec })
    const earlier = { spec: { issuedBefore: '2026-01-01T00:00:00Z' } }
    await expect(api.clientAs().patch(CertificateRevocation, metadata, earlier, { type: 'merge' })).rejects.toThrow(
      'it only moves forward',
    )
  })
})
