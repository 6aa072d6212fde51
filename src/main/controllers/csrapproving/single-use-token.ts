// Bootstrap tokens for one machine: the first key that asks with one gets its certificate, no other ever does. The same
// key may ask again, as a machine does whose connection broke before it heard the answer. Nobody becomes with one a node
// that another machine is.
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { Node, Secret } from '../../../shared/api/core/v1.ts'
import { CertificateRevocation } from '../../../shared/api/flotilla/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import {
  MACHINE_ID,
  SINGLE_USE,
  USED_AT,
  USED_BY,
  USED_TOKEN_LIFE_MS,
  bootstrapTokenSecretName,
} from '../../../shared/machinery/bootstrap-token.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import type { CertificateRequest } from '../../pki/certificate-request.ts'
import { requestPem } from '../csrsigning/controller.ts'

const PREFIX = 'system:bootstrap:'
const NAMESPACE = 'kube-system'
const NODE_PREFIX = 'system:node:'

export interface Refusal {
  readonly reason: string
  readonly message: string
}

const TOKEN_USED: Refusal = {
  reason: 'TokenUsed',
  message: 'the token is good for one machine, and another one has used it; make a new one',
}
const nameTaken = (node: string): Refusal => ({
  reason: 'NameTaken',
  message: `another machine is already the node ${node}; give this host another name, or where that machine is gone, take it out first: flotilla node remove ${node} --forget`,
})

/** @returns why the token gives no certificate; undefined for whoever has no such token */
export async function tokenRefusal(
  request: CertificateSigningRequest,
  asked: CertificateRequest,
  context: ControllerContext,
  read: (pem: string) => Promise<CertificateRequest>,
): Promise<Refusal | undefined> {
  const { client, clock, signal } = context
  const { username = '' } = request.spec
  if (!username.startsWith(PREFIX)) return undefined
  const name = bootstrapTokenSecretName(username.slice(PREFIX.length))
  try {
    const { metadata } = await client.get(Secret, { namespace: NAMESPACE, name }, { signal })
    const { resourceVersion, annotations = {} } = metadata
    if (annotations[SINGLE_USE] !== 'true') return undefined
    if ((annotations[USED_BY] ?? asked.keySha256) !== asked.keySha256) return TOKEN_USED
    if (await isAnothers(request, asked, context, read)) return nameTaken(asked.commonName.slice(NODE_PREFIX.length))
    if (annotations[USED_BY] !== undefined) return undefined
    // With the revision: of two that ask together, one is the first.
    const used = { [USED_BY]: asked.keySha256, [USED_AT]: formatTime(clock.now()) }
    const patch = { metadata: { resourceVersion, annotations: used } }
    await client.patch(Secret, { namespace: NAMESPACE, name }, patch, { type: 'merge', signal })
    return undefined
  } catch (error) {
    if (isNotFound(error)) return TOKEN_USED
    throw error
  }
}

const machineOf = ({ metadata }: CertificateSigningRequest) => metadata.annotations?.[MACHINE_ID]

/** Whether the node that is asked for is another machine, or one that was let in just before is about to become it. */
async function isAnothers(
  request: CertificateSigningRequest,
  { commonName }: CertificateRequest,
  { client, lister, clock, signal }: ControllerContext,
  read: (pem: string) => Promise<CertificateRequest>,
): Promise<boolean> {
  const machine = machineOf(request)
  const node = lister(Node).get({ name: commonName.slice(NODE_PREFIX.length) })
  const theirs = node?.status.nodeInfo?.machineID
  if (theirs) return theirs !== machine
  // Asked for anew: the one before may have been approved this moment.
  const { items: requests } = await client.list(CertificateSigningRequest, { signal })
  const rivals = requests.filter(
    other =>
      other.spec.username?.startsWith(PREFIX) &&
      other.spec.signerName === request.spec.signerName &&
      machineOf(other) !== machine &&
      other.status.conditions?.some(({ type }) => type === 'Approved') &&
      clock.now() - Date.parse(other.metadata.creationTimestamp) < USED_TOKEN_LIFE_MS,
  )
  if (rivals.length === 0) return false
  const { items: revocations } = await client.list(CertificateRevocation, { signal })
  // One that was taken out again leaves its name to others.
  const own = revocations.filter(({ spec }) => spec.userName === commonName)
  const revokedMs = Math.max(0, ...own.map(({ spec }) => Date.parse(spec.issuedBefore)))
  const standing = rivals.filter(({ metadata }) => Date.parse(metadata.creationTimestamp) >= revokedMs)
  const names = await Promise.all(
    standing.map(other =>
      read(requestPem(other)).then(
        found => found.commonName,
        () => '',
      ),
    ),
  )
  return names.includes(commonName)
}
