// csrsigning: gives approved requests their certificates.
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { type ControllerContext, type Reconciler, type Result, done, own } from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import type { Pki } from '../../pki/pki.ts'
import { signers } from './signers.ts'

/** The most that anybody gets, as upstream's --cluster-signing-duration. */
const MAX_MS = 365 * 86_400_000
const MIN_MS = 600_000

export const requestPem = ({ spec }: CertificateSigningRequest): string =>
  Buffer.from(spec.request, 'base64').toString('latin1')

const waits = ({ metadata, spec, status }: CertificateSigningRequest): boolean =>
  signers[spec.signerName] !== undefined &&
  !metadata.deletionTimestamp &&
  !status.certificate &&
  isConditionTrue(status.conditions, 'Approved') &&
  !isConditionTrue(status.conditions, 'Failed')

export class CertificateSigner implements Reconciler<CertificateSigningRequest> {
  readonly name = 'csrsigning'
  readonly identity = 'certificate-controller'
  readonly type = CertificateSigningRequest
  readonly watches = [own(CertificateSigningRequest, ({ object }) => waits(object))]
  readonly #pki: Pick<Pki, 'readRequest' | 'signRequest'>

  constructor(pki: Pick<Pki, 'readRequest' | 'signRequest'>) {
    this.#pki = pki
  }

  async reconcile(request: CertificateSigningRequest, context: ControllerContext): Promise<Result> {
    if (!waits(request)) return done
    const { client, clock, signal } = context
    const { signerName, usages = [], expirationSeconds } = request.spec
    const pem = requestPem(request)
    const problem = await this.#pki.readRequest(pem).then(
      asked => signers[signerName]?.(asked, usages),
      (error: unknown) => `unable to parse the request: ${(error as Error).message}`,
    )
    const status = problem
      ? {
          ...request.status,
          conditions: [
            ...(request.status.conditions ?? []),
            {
              type: 'Failed',
              status: 'True',
              reason: 'SignerValidationFailure',
              message: problem,
              lastUpdateTime: formatTime(clock.now()),
            },
          ],
        }
      : {
          ...request.status,
          certificate: Buffer.from(
            await this.#pki.signRequest(pem, {
              usages,
              durationMs: Math.min(MAX_MS, Math.max(MIN_MS, (expirationSeconds ?? MAX_MS / 1000) * 1000)),
            }),
          ).toString('base64'),
        }
    await client.updateStatus(CertificateSigningRequest, { ...request, status }, { signal })
    return done
  }
}
