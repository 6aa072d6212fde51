// Counts the certificates that were asked for with a duration, and those that were issued with it, by signer.
import { X509Certificate } from 'node:crypto'
import { Counter, type Registry } from 'prom-client'
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

/** Signers may date a certificate back. */
const BACKDATED_MS = 300_000

const signerOf = ({ spec: { signerName } }: CertificateSigningRequest) =>
  signerName.startsWith('kubernetes.io/') ? signerName : 'other'

/** @returns undefined for what is no certificate */
function durationOf(base64: string): number | undefined {
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(base64, 'base64'))
    return Date.parse(validTo) - Date.parse(validFrom)
  } catch {
    return undefined
  }
}

export function certificateDurations(): AdmissionPlugin {
  const counter = (what: string, help: string) =>
    new Counter({
      name: `apiserver_certificates_registry_csr_${what}_duration_total`,
      help,
      labelNames: ['signerName'],
      registers: [],
    })
  const requested = counter('requested', 'Certificates issued to requests that name a duration.')
  const honored = counter('honored', 'Those of them that last about as long as was asked for.')
  return {
    name: 'CertificateDurations',
    kinds: [CertificateSigningRequest],
    measure(registry: Registry) {
      registry.registerMetric(requested)
      registry.registerMetric(honored)
    },
    written(request, now) {
      if (!now || !request.oldObject || !isType(request, CertificateSigningRequest)) return
      const [before, after] = [request.oldObject, now] as unknown as CertificateSigningRequest[]
      const seconds = before?.spec.expirationSeconds
      const certificate = after?.status?.certificate
      if (!before || seconds === undefined || before.status?.certificate || !certificate) return
      const signer = { signerName: signerOf(before) }
      requested.inc(signer)
      const wantedMs = seconds * 1000
      const missedMs = Math.abs(wantedMs - (durationOf(certificate) ?? Infinity))
      if (missedMs < BACKDATED_MS + wantedMs / 20) honored.inc(signer)
    },
  }
}
