// The cluster's own certificate authority and what it vouches for, kept under `<dataDir>/pki`.
//
// ca.{crt,key} (and, during a rotation, ca-next and ca-previous) · serving.{crt,key} (the API server's) ·
// admin.{crt,key} · service-account.key (signs tokens) · front-proxy-ca.{crt,key} and front-proxy-client.{crt,key}
// (what extension API servers know this one by).
// Keys never leave the folder except in the admin's kubeconfig. Certificates are renewed when less than 30 days are
// left, or when the serving certificate lacks a name that is wanted now; the authority itself lasts ten years.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'
import type { CertificateRequest } from './certificate-request.ts'
import type { KeyPair } from './certificates.ts'
import { newClientKeyPem } from './client-key.ts'
import { readPem, writePem } from './pem-files.ts'
import { finishSwitch, otherAuthorities, previousServiceAccountKey } from './rotation.ts'

export { renderKubeconfig } from '../../shared/machinery/kubeconfig.ts'
export type { KeyPair } from './certificates.ts'

export interface PkiOptions {
  readonly dataDir: string
  /** DNS names and IP addresses under which the server is reached besides the standard ones. */
  readonly names?: readonly string[]
  readonly clock?: Clock
}

export interface Pki {
  /** Everything that is trusted; during a rotation more than one certificate. */
  readonly caPem: string
  readonly serving: KeyPair
  /** CN=kubernetes-admin, O=system:masters. */
  readonly admin: KeyPair
  /** PKCS #8; EC P-256. */
  readonly serviceAccountKeyPem: string
  /** Public key of the one before, while its tokens are still accepted. */
  readonly previousServiceAccountKeyPem: string | undefined
  /** An authority of its own: what the cluster's clients have must not pass for the API server. */
  readonly frontProxy: { readonly caPem: string; readonly client: KeyPair }
  /** Names in the serving certificate, lower case. */
  readonly servingNames: readonly string[]
  /** @param organizations become the user's groups */
  issueClientCertificate(subject: {
    readonly commonName: string
    readonly organizations: readonly string[]
    /** Default 365. */
    readonly days?: number
    /** Whether it goes into a kubeconfig, for whatever client. */
    readonly forPeople?: boolean
  }): Promise<KeyPair>
  /** @param pem a PKCS #10 request @throws Error when it is none, or not signed by its own key */
  readRequest(pem: string): Promise<CertificateRequest>
  /** @returns the certificate, PEM; whether it may be given, the caller has found out */
  signRequest(
    pem: string,
    options: { readonly usages: readonly string[]; readonly durationMs: number },
  ): Promise<string>
}

/** The name in the certificate that extension API servers check. */
export const FRONT_PROXY_NAME = 'front-proxy-client'

const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
const RENEW_BEFORE_MS = 30 * 86_400_000

/** The address of the `kubernetes` Service: pods reach the API server by it. */
export const KUBERNETES_SERVICE_IP = '10.96.0.1'

const STANDARD_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
  KUBERNETES_SERVICE_IP,
]

// Certificates are made by code that is only loaded when one is needed.
const maker = () => import('./certificates.ts')
const requests = () => import('./certificate-request.ts')

const expiresSoon = (certificate: X509Certificate, nowMs: number) =>
  Date.parse(certificate.validTo) - nowMs < RENEW_BEFORE_MS

/** @returns whether the certificate can go on being used. */
function isGood(certPem: string, caPem: string, nowMs: number, names: readonly string[]): boolean {
  const certificate = new X509Certificate(certPem)
  if (expiresSoon(certificate, nowMs)) return false
  if (!certificate.verify(new X509Certificate(caPem).publicKey)) return false
  return names.every(name =>
    isIP(name) ? certificate.checkIP(name) !== undefined : certificate.checkHost(name) !== undefined,
  )
}

/** The key is written before the certificate: a kill in between leaves a pair that no TLS server takes. */
const belongTogether = (certPem: string, keyPem: string): boolean =>
  new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))

/** Reads `<name>.crt` and `<name>.key`, or makes them anew when they are missing or no longer good. */
async function keep(
  folder: string,
  name: string,
  good: (certPem: string) => boolean,
  make: () => Promise<KeyPair>,
): Promise<KeyPair> {
  const [certPem, keyPem] = await Promise.all([
    readPem(join(folder, `${name}.crt`)),
    readPem(join(folder, `${name}.key`)),
  ])
  if (certPem && keyPem && belongTogether(certPem, keyPem) && good(certPem)) return { certPem, keyPem }
  const made = await make()
  await writePem(join(folder, `${name}.key`), made.keyPem)
  await writePem(join(folder, `${name}.crt`), made.certPem)
  return made
}

/** Opens the folder, making and renewing what is needed. */
export async function openPki(options: PkiOptions): Promise<Pki> {
  const { dataDir, clock = systemClock } = options
  const folder = join(dataDir, 'pki')
  const nowMs = clock.now()
  await finishSwitch(folder)
  // What takes longest of a first start goes on beside all that is done before it is needed.
  const adminKey = (await readPem(join(folder, 'admin.key'))) === undefined ? newClientKeyPem() : undefined
  adminKey?.catch(() => undefined) // told where it is awaited
  const authority = (name: string, commonName: string) =>
    keep(
      folder,
      name,
      certPem => !expiresSoon(new X509Certificate(certPem), nowMs),
      async () => (await maker()).makeAuthority(commonName, AUTHORITY_DAYS, nowMs),
    )
  const [ca, frontProxyCa] = await Promise.all([
    authority('ca', 'flotilla-ca'),
    authority('front-proxy-ca', 'flotilla-front-proxy-ca'),
  ])
  const names = [...new Set([...STANDARD_NAMES, ...(options.names ?? []).map(name => name.toLowerCase())])]
  const [serving, admin, frontProxyClient, serviceAccountKeyPem] = await Promise.all([
    keep(
      folder,
      'serving',
      certPem => isGood(certPem, ca.certPem, nowMs, names),
      async () =>
        (await maker()).makeLeaf(ca, {
          commonName: 'flotilla-apiserver',
          organizations: [],
          usage: 'server',
          dnsNames: names.filter(name => !isIP(name)),
          ipAddresses: names.filter(name => isIP(name)),
          days: LEAF_DAYS,
          nowMs,
        }),
    ),
    keep(
      folder,
      'admin',
      certPem => isGood(certPem, ca.certPem, nowMs, []),
      async () =>
        (await maker()).makeLeaf(ca, {
          commonName: 'kubernetes-admin',
          organizations: ['system:masters'],
          usage: 'client',
          keyPem: await (adminKey ?? newClientKeyPem()),
          days: LEAF_DAYS,
          nowMs,
        }),
    ),
    keep(
      folder,
      'front-proxy-client',
      certPem => isGood(certPem, frontProxyCa.certPem, nowMs, []),
      async () =>
        (await maker()).makeLeaf(frontProxyCa, {
          commonName: FRONT_PROXY_NAME,
          organizations: [],
          usage: 'client',
          days: LEAF_DAYS,
          nowMs,
        }),
    ),
    keepKey(join(folder, 'service-account.key')),
  ])
  return {
    caPem: [ca.certPem, ...(await otherAuthorities(folder))].join(''),
    serving,
    admin,
    serviceAccountKeyPem,
    previousServiceAccountKeyPem: await previousServiceAccountKey(folder),
    frontProxy: { caPem: frontProxyCa.certPem, client: frontProxyClient },
    servingNames: names,
    async issueClientCertificate({ days = LEAF_DAYS, forPeople = false, ...subject }) {
      const key = forPeople ? { keyPem: await newClientKeyPem() } : {}
      return (await maker()).makeLeaf(ca, { ...subject, ...key, usage: 'client', days, nowMs: clock.now() })
    },
    readRequest: async pem => (await requests()).readRequest(pem),
    signRequest: async (pem, signing) => (await requests()).signRequest(ca, pem, { ...signing, nowMs: clock.now() }),
  }
}

async function keepKey(path: string): Promise<string> {
  const known = await readPem(path)
  if (known) return known
  const made = (await maker()).newPrivateKeyPem()
  await writePem(path, made)
  return made
}
