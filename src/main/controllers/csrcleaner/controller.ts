// csrcleaner: deletes requests that are settled or that nobody settled, and those whose certificate is over.
import { X509Certificate } from 'node:crypto'
import {
  CertificateSigningRequest,
  type CertificateSigningRequestCondition,
} from '../../../shared/api/certificates/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const HOUR_MS = 3_600_000
/** After approval (whether signed or not), denial or failure. */
const SETTLED_MS = HOUR_MS
const PENDING_MS = 24 * HOUR_MS

const timeOf = ({ lastUpdateTime, lastTransitionTime }: CertificateSigningRequestCondition, fallback: string): number =>
  Date.parse(lastUpdateTime ?? lastTransitionTime ?? fallback)

/** @returns when the request is to go, in milliseconds since the epoch */
function endsAt({ metadata, status }: CertificateSigningRequest): number {
  const { creationTimestamp } = metadata
  const settled = status.conditions?.filter(({ type }) => ['Approved', 'Denied', 'Failed'].includes(type)) ?? []
  if (settled.length === 0) return Date.parse(creationTimestamp) + PENDING_MS
  const ends = settled.map(condition => timeOf(condition, creationTimestamp) + SETTLED_MS)
  const certificateEnd = status.certificate ? certificateEndsAt(status.certificate) : undefined
  return Math.min(...ends, ...(certificateEnd === undefined ? [] : [certificateEnd]))
}

function certificateEndsAt(base64: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(Buffer.from(base64, 'base64')).validTo)
  } catch {
    return undefined // what another signer wrote is its own business
  }
}

export class CertificateRequestCleaner implements Reconciler<CertificateSigningRequest> {
  readonly name = 'csrcleaner'
  readonly identity = 'certificate-controller'
  readonly type = CertificateSigningRequest
  readonly watches = [own(CertificateSigningRequest, ({ type }) => type !== 'deleted')]

  async reconcile(request: CertificateSigningRequest, { client, clock, signal }: ControllerContext): Promise<Result> {
    const leftMs = endsAt(request) - clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    const { name, uid } = request.metadata
    try {
      await client.delete(CertificateSigningRequest, { name }, { preconditions: { uid }, signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}
