// csrapproving: approves the certificates of nodes by itself, where the roles allow it: a node's first one
// (nodeclient), its next ones (selfnodeclient), and the one that its kubelet serves with, for the node's own names
// and addresses only (selfnodeserver). Everything else waits for a person.
// @see https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
import { BlockList, isIP, isIPv6 } from 'node:net'
import { SubjectAccessReview } from '../../../shared/api/authorization/v1.ts'
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { Node } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { CertificateRequest } from '../../pki/certificate-request.ts'
import type { Pki } from '../../pki/pki.ts'
import { requestPem } from '../csrsigning/controller.ts'
import { KUBELET_CLIENT, KUBELET_SERVING, signers } from '../csrsigning/signers.ts'
import { type Refusal, tokenRefusal } from './single-use-token.ts'

interface Recognised {
  /** `certificatesigningrequests/<subresource>`, which the requester must be allowed to create. */
  readonly subresource: string
  readonly message: string
}

const SELF: Recognised = {
  subresource: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
}
const FIRST: Recognised = {
  subresource: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
}
const SERVING: Recognised = {
  subresource: 'selfnodeserver',
  message: 'Auto approving kubelet serving certificate of the node itself after SubjectAccessReview.',
}

const waits = ({ metadata, spec, status }: CertificateSigningRequest): boolean =>
  (spec.signerName === KUBELET_CLIENT || spec.signerName === KUBELET_SERVING) &&
  !metadata.deletionTimestamp &&
  !status.certificate &&
  !status.conditions?.some(({ type }) => type === 'Approved' || type === 'Denied')

export class CertificateApprover implements Reconciler<CertificateSigningRequest> {
  readonly name = 'csrapproving'
  readonly identity = 'certificate-controller'
  readonly type = CertificateSigningRequest
  /** One at a time: of machines that ask for the same name together, the later ones see that one has it. */
  readonly workers = 1
  readonly watches = [
    own(CertificateSigningRequest, ({ object }) => waits(object)),
    // The addresses that a node asks a serving certificate for are known once it has told them.
    mapped(Node, ({ type, object, old }, { lister }) =>
      type !== 'deleted' && !deepEqual(object.status.addresses, old?.status.addresses)
        ? lister(CertificateSigningRequest)
            .list()
            .filter(request => waits(request) && request.spec.username === `system:node:${object.metadata.name}`)
            .map(({ metadata }) => metadata)
        : [],
    ),
  ]
  readonly #pki: ApproverPki
  readonly #reserved: Reserved

  /** @param ranges of Services and pods, in CIDR notation: no node's own addresses */
  constructor(pki: ApproverPki, ranges: readonly string[]) {
    this.#pki = pki
    const addresses = listed(pki.servingNames)
    for (const range of ranges) {
      const [network = '', prefix = ''] = range.split('/')
      addresses.addSubnet(network, Number(prefix), familyOf(network))
    }
    this.#reserved = { names: new Set(pki.servingNames), addresses }
  }

  async reconcile(request: CertificateSigningRequest, context: ControllerContext): Promise<Result> {
    if (!waits(request)) return done
    let asked: CertificateRequest
    try {
      asked = await this.#pki.readRequest(requestPem(request))
    } catch {
      return done // a person sees what is wrong with it
    }
    const { spec } = request
    if (signers[spec.signerName]?.(asked, spec.usages ?? []) !== undefined) return done
    for (const recognised of this.#recognise(request, asked, context)) {
      if (!(await isAllowed(request, recognised, context))) continue
      const refusal = await tokenRefusal(request, asked, context, pem => this.#pki.readRequest(pem))
      await decide(request, refusal ? denied(refusal) : approved(recognised.message), context)
      return done
    }
    return done
  }

  #recognise(
    { spec }: CertificateSigningRequest,
    asked: CertificateRequest,
    { lister }: ControllerContext,
  ): Recognised[] {
    const isSelf = spec.username === asked.commonName
    if (spec.signerName === KUBELET_CLIENT) return isSelf ? [SELF, FIRST] : [FIRST]
    const node = lister(Node).get({ name: asked.commonName.slice('system:node:'.length) })
    return isSelf && node && isOwn(node, lister(Node).list(), this.#reserved, asked) ? [SERVING] : []
  }
}

type ApproverPki = Pick<Pki, 'readRequest' | 'servingNames'>

/**
 * What no node gets a certificate for: with one for the API server's own names it could pass for the API server. That
 * goes for a node on the API server's machine too; a person may approve what it asks for.
 */
interface Reserved {
  readonly names: ReadonlySet<string>
  readonly addresses: BlockList
}

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

/** However an address is written, it is found. */
function listed(addresses: readonly string[]): BlockList {
  const list = new BlockList()
  for (const address of addresses) if (isIP(address)) list.addAddress(address, familyOf(address))
  return list
}

/** Services' names, which webhooks and extension API servers answer to. */
const isServiceName = (name: string) => name.split('.').includes('svc')

const addressesOf = ({ status }: Node) => (status.addresses ?? []).map(({ address }) => address)

/** Addresses that mean another machine to everyone, or several. */
const NOBODYS = new BlockList()
NOBODYS.addSubnet('0.0.0.0', 8)
NOBODYS.addSubnet('127.0.0.0', 8)
NOBODYS.addSubnet('169.254.0.0', 16)
NOBODYS.addSubnet('224.0.0.0', 3)
for (const [network, prefix] of [['::', 127], ['fe80::', 10], ['ff00::', 8]] as const) NOBODYS.addSubnet(network, prefix, 'ipv6') // prettier-ignore

/**
 * Whether every name and address asked for is the node's own. Nodes tell their addresses themselves, so telling is not
 * enough: a name is only the node's name, and an address is nobody else's, no Service's and no pod's.
 */
function isOwn(node: Node, others: readonly Node[], reserved: Reserved, request: CertificateRequest): boolean {
  const own = listed(addressesOf(node))
  const taken = [listed(others.filter(other => other !== node).flatMap(addressesOf)), NOBODYS, reserved.addresses]
  return (
    request.dnsNames.every(name => name === node.metadata.name && !reserved.names.has(name) && !isServiceName(name)) &&
    request.ipAddresses.every(address => {
      const family = familyOf(address)
      return own.check(address, family) && !taken.some(list => list.check(address, family))
    })
  )
}

async function isAllowed(
  { spec }: CertificateSigningRequest,
  { subresource }: Recognised,
  { client, signal }: ControllerContext,
): Promise<boolean> {
  const { username = '', uid, groups, extra } = spec
  const review = await client.create(
    SubjectAccessReview,
    {
      metadata: {},
      spec: {
        user: username,
        ...(uid ? { uid } : {}),
        ...(groups ? { groups: [...groups] } : {}),
        ...(extra ? { extra: structuredClone(extra) } : {}),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
          version: '*',
        },
      },
    },
    { signal },
  )
  return review.status.allowed
}

interface Decision {
  readonly type: 'Approved' | 'Denied'
  readonly reason: string
  readonly message: string
}
const approved = (message: string): Decision => ({ type: 'Approved', reason: 'AutoApproved', message })
const denied = (refusal: Refusal): Decision => ({ type: 'Denied', ...refusal })

async function decide(
  request: CertificateSigningRequest,
  decision: Decision,
  { client, clock, signal }: ControllerContext,
): Promise<void> {
  const condition = { ...decision, status: 'True', lastUpdateTime: formatTime(clock.now()) }
  const status = { conditions: [...(request.status.conditions ?? []), condition] }
  const { name, resourceVersion } = request.metadata
  await client.patch(
    CertificateSigningRequest,
    { name },
    { metadata: { resourceVersion }, status },
    { type: 'merge', subresource: 'approval', signal },
  )
}
