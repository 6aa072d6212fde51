// The node's client certificate. The key is made here and never leaves the machine: the API server is asked, with a
// bootstrap token the first time and with the certificate itself later, to sign what belongs to it.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { Node } from '../../shared/api/core/v1.ts'
import { CertificateSigningRequest } from '../../shared/api/certificates/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { MACHINE_ID } from '../../shared/machinery/bootstrap-token.ts'
import { type Clock, delay } from '../../shared/machinery/clock.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { connectApi } from '../api-client.ts'
import { readTls } from '../node-tls.ts'
import { type AgentConfig, ConfigError } from '../config.ts'
import { machineID } from '../kubelet/node/machine.ts'
import { readIfThere, writePrivately } from './private-files.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet'
const POLL_MS = 250
const RETRY_MS = 2_000

/** @returns the certificate in use, or undefined when there is none that this cluster would take */
export async function currentCertificate(config: AgentConfig, nowMs: number): Promise<X509Certificate | undefined> {
  const [ca, cert, key] = await Promise.all([config.caFile, config.certFile, config.keyFile].map(readIfThere))
  if (ca === undefined || cert === undefined || key === undefined) return undefined
  const certificate = new X509Certificate(cert)
  const good =
    certificate.verify(new X509Certificate(ca).publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(key)) &&
    certificate.subject.split('\n').includes(`CN=system:node:${config.nodeName}`) &&
    Date.parse(certificate.validTo) > nowMs
  return good ? certificate : undefined
}

/**
 * Makes sure that there is a certificate, asking with the bootstrap token for as long as nobody answers.
 * @throws ConfigError without a certificate and without a token; Error when the request is denied
 */
export async function ensureCertificate(config: AgentConfig, clock: Clock, signal: AbortSignal): Promise<void> {
  const token = config.bootstrapTokenFile && (await readIfThere(config.bootstrapTokenFile))?.trim()
  if (await currentCertificate(config, clock.now())) {
    if (!token || !(await isRefused(config, signal))) return
  }
  if (!token)
    throw new ConfigError(
      'this node has no valid certificate and no bootstrap token to ask for one: repair it with "flotilla node repair"',
    )
  const ca = await readFile(config.caFile, 'utf8')
  await using api = connectApi(config.servers, { ca }, { Authorization: `Bearer ${token}` })
  const request = await newRequest(config)
  for (;;) {
    try {
      // Always with the same key: the token is good for one.
      await fetchCertificate(config, request, api.client, clock, signal)
      break
    } catch (error) {
      const { code } = error as { code?: number }
      if (signal.aborted || error instanceof DeniedError || code === 401 || code === 403) throw error
      await delay(clock, RETRY_MS, signal)
    }
  }
  await rm(config.bootstrapTokenFile ?? '', { force: true }) // it has done its work
}

/** Whether the cluster revoked the certificate. Nobody there to ask is no refusal. */
async function isRefused(config: AgentConfig, signal: AbortSignal): Promise<boolean> {
  await using api = connectApi(config.servers, readTls(config))
  try {
    await api.client.get(Node, { name: config.nodeName }, { signal })
    return false
  } catch (error) {
    return (error as { code?: number }).code === 401
  }
}

interface NewRequest {
  readonly keyPem: string
  readonly requestPem: string
}

/** The cluster said no. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError'
}

/** Asks for a certificate with a new key and puts both in place. @throws ApiError, DeniedError */
export async function requestCertificate(
  config: AgentConfig,
  client: Client,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  return fetchCertificate(config, await newRequest(config), client, clock, signal)
}

async function newRequest({ nodeName }: AgentConfig): Promise<NewRequest> {
  const { makeRequest } = await import('../../shared/machinery/certificate-request.ts')
  return makeRequest({ commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] })
}

async function fetchCertificate(
  config: AgentConfig,
  { keyPem, requestPem }: NewRequest,
  client: Client,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { metadata } = await client.create(
    CertificateSigningRequest,
    {
      metadata: { generateName: 'node-csr-', annotations: { [MACHINE_ID]: await machineID() } },
      spec: {
        signerName: SIGNER,
        request: Buffer.from(requestPem).toString('base64'),
        usages: ['digital signature', 'client auth'],
      },
    },
    { signal },
  )
  for (;;) {
    const { status } = await client.get(CertificateSigningRequest, metadata, { signal })
    const refused = conditionOf(status.conditions, 'Denied') ?? conditionOf(status.conditions, 'Failed')
    if (refused) throw new DeniedError(`the certificate of this node was refused: ${refused.message ?? refused.type}`)
    if (status.certificate) {
      await writePrivately(config.keyFile, keyPem)
      await writePrivately(config.certFile, Buffer.from(status.certificate, 'base64').toString('utf8'))
      return
    }
    await delay(clock, POLL_MS, signal)
  }
}
