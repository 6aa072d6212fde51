// NodeRestriction: what the Node authorizer cannot see from a URL. A node writes its own Node without the labels that
// steer workloads, mirror pods that refer to nothing, the status of its own pods, and tokens bound to them.
// @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
import { Node, PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount } from '../../../shared/api/core/v1.ts'
import type { TokenRequest } from '../../../shared/api/authentication/v1.ts'
import { CertificateSigningRequest } from '../../../shared/api/certificates/v1.ts'
import { Lease } from '../../../shared/api/coordination/v1.ts'
import { ResourceSlice } from '../../../shared/api/resource/v1.ts'
import { CSINode } from '../../../shared/api/storage/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { LOCAL_VOLUME_FINALIZER, nodeOfLocalVolume } from '../../../shared/machinery/local-volumes.ts'
import { messageOf } from '../../../shared/machinery/message-of.ts'
import { forbidden, notFound } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import { nodeNameOf } from '../authz/node/node-identity.ts'
import type { ServerView } from '../endpoints/server-view.ts'
import { NO_REQUEST, decoded, isPemRequest } from '../registry/certificates/validate.ts'
import { apiReferenceOf } from './api-references.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isCreateOf, isType } from './is-type.ts'
import { forbiddenNodeLabels } from './node-labels.ts'
import { refusedAudience } from './token-audience.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const LEASE_NAMESPACE = 'kube-node-lease'

interface Ask {
  readonly request: AdmissionRequest
  readonly nodeName: string
  readonly store: ObjectStore
  readonly authorize: ServerView['authorize']
}

/** @throws ApiError 403 */
function refuse({ request }: Ask, why: string): never {
  throw forbidden(request.resource.type, request.name || (request.object?.metadata.name ?? ''), why)
}

const quoted = (text: string) => JSON.stringify(text)

function storedPod({ request, store }: Ask, name: string): Pod {
  const stored = store.get(`/registry/core/pods/${request.namespace}/${name}`)
  if (!stored) throw notFound(Pod, name)
  return stored.object as unknown as Pod
}

function checkMirrorPod(ask: Ask): void {
  const { nodeName, request, store } = ask
  const { metadata, spec } = request.object as unknown as Pod
  const node = `node ${quoted(nodeName)}`
  if (metadata.annotations?.[MIRROR] === undefined)
    refuse(ask, `pod does not have "${MIRROR}" annotation, ${node} can only create mirror pods`)
  if (spec.nodeName !== nodeName) refuse(ask, `${node} can only create pods with spec.nodeName set to itself`)
  const owners = metadata.ownerReferences ?? []
  if (owners.length > 1) refuse(ask, `${node} can only create pods with a single owner reference set to itself`)
  const [owner] = owners
  if (!owner || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName)
    refuse(ask, `${node} can only create pods with an owner reference set to itself`)
  if (!owner.controller) refuse(ask, `${node} can only create pods with a controller owner reference set to itself`)
  if (owner.blockOwnerDeletion) refuse(ask, `${node} must not set blockOwnerDeletion on an owner reference`)
  const stored = store.get(`/registry/core/nodes/${nodeName}`)
  if (!stored) throw notFound(Node, nodeName)
  const { uid } = stored.object.metadata
  if (owner.uid !== uid) refuse(ask, `node ${nodeName} UID mismatch: expected ${owner.uid} got ${uid}`)

  const referred = apiReferenceOf({ spec })
  if (referred) refuse(ask, `${node} can not create pods that reference ${referred}`)
}

function checkPodStatus(ask: Ask): void {
  const { nodeName, request } = ask
  const [pod, old] = [request.object as unknown as Pod, request.oldObject as unknown as Pod]
  if (request.operation !== 'UPDATE') refuse(ask, `unexpected operation ${quoted(request.operation)}`)
  if (old.spec.nodeName !== nodeName)
    refuse(ask, `node ${quoted(nodeName)} can only update pod status for pods with spec.nodeName set to itself`)
  if (!deepEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {}))
    refuse(ask, `node ${quoted(nodeName)} cannot update labels through pod status`)
  if (!deepEqual(pod.status.resourceClaimStatuses ?? [], old.status.resourceClaimStatuses ?? []))
    refuse(ask, `node ${quoted(nodeName)} cannot update resource claim statues`)
  if (!deepEqual(pod.status.extendedResourceClaimStatus, old.status.extendedResourceClaimStatus))
    refuse(ask, `node ${quoted(nodeName)} cannot update extended resource claim status`)
}

function checkPod(ask: Ask): void {
  const { nodeName, request } = ask
  const { operation, subresource, name } = request
  if (subresource === 'status') return checkPodStatus(ask)
  if (subresource === 'eviction') {
    if (storedPod(ask, name).spec.nodeName !== nodeName)
      refuse(ask, `node ${nodeName} can only evict pods with spec.nodeName set to itself`)
    return
  }
  if (subresource !== '')
    refuse(ask, `unexpected pod subresource ${quoted(subresource)}, only 'status' and 'eviction' are allowed`)
  if (operation === 'CREATE') return checkMirrorPod(ask)
  if (operation !== 'DELETE')
    refuse(
      ask,
      `unexpected operation ${quoted(operation)}, node ${quoted(nodeName)} can only create and delete mirror pods`,
    )
  if (storedPod(ask, name).spec.nodeName !== nodeName)
    refuse(ask, `node ${quoted(nodeName)} can only delete pods with spec.nodeName set to itself`)
}

function podNetworksOf(object: AdmissionRequest['object']): string[] {
  const { podCIDR, podCIDRs = [] } = (object as unknown as Node | undefined)?.spec ?? {}
  return [podCIDR ?? '', ...podCIDRs]
}

function checkNode(ask: Ask): void {
  const { nodeName, request } = ask
  const { operation, object, oldObject } = request
  const name = request.name || (object?.metadata.name ?? '')
  if (name !== nodeName) refuse(ask, `node ${quoted(nodeName)} is not allowed to modify node ${quoted(name)}`)
  if (operation === 'CREATE' && (object as unknown as Node | undefined)?.spec?.configSource)
    refuse(ask, `node ${quoted(nodeName)} is not allowed to create pods with a non-nil configSource`)
  const labels = forbiddenNodeLabels(object?.metadata.labels, oldObject?.metadata.labels).join(', ')
  if (operation === 'CREATE' && labels)
    refuse(ask, `node ${quoted(nodeName)} is not allowed to set the following labels: ${labels}`)
  // The others send the packets for these networks there, and take packets from them: upstream leaves that to its cloud.
  if (object && !deepEqual(podNetworksOf(object), podNetworksOf(oldObject)))
    refuse(ask, `node ${quoted(nodeName)} is not allowed to set podCIDRs`)
  if (operation !== 'UPDATE' || !object || !oldObject) return
  const [node, old] = [object as unknown as Node, oldObject as unknown as Node]
  if (node.spec.configSource && !deepEqual(node.spec.configSource, old.spec.configSource))
    refuse(ask, `node ${quoted(nodeName)} is not allowed to update configSource to a new non-nil configSource`)
  // A node that could drop its taints could attract what they keep away.
  if (!deepEqual(node.spec.taints ?? [], old.spec.taints ?? []))
    refuse(ask, `node ${quoted(nodeName)} is not allowed to modify taints`)
  if (labels) refuse(ask, `is not allowed to modify labels: ${labels}`)
  if (!deepEqual(node.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? []))
    refuse(ask, `node ${quoted(nodeName)} is not allowed to modify ownerReferences`)
}

function checkClaimStatus(ask: Ask): void {
  const { request, nodeName } = ask
  if (request.subresource !== 'status') refuse(ask, 'may only update PVC status')
  const comparable = (claim: PersistentVolumeClaim) => {
    const { resourceVersion: _version, managedFields: _fields, ...metadata } = claim.metadata
    const {
      capacity: _c,
      conditions: _o,
      allocatedResources: _a,
      allocatedResourceStatuses: _s,
      ...status
    } = claim.status
    return { metadata, status, spec: claim.spec }
  }
  const claim = request.object as unknown as PersistentVolumeClaim
  const old = request.oldObject as unknown as PersistentVolumeClaim
  if (!deepEqual(comparable(claim), comparable(old)))
    refuse(
      ask,
      `node ${quoted(nodeName)} is not allowed to update fields other than status.capacity and status.conditions`,
    )
}

/** A node says of its own local volumes that their folder is gone, and nothing else. */
function checkVolume(ask: Ask): void {
  const { request, nodeName } = ask
  const old = request.oldObject as unknown as PersistentVolume
  const volume = request.object as unknown as PersistentVolume
  const mine = request.operation === 'UPDATE' && request.subresource === '' && nodeOfLocalVolume(old) === nodeName
  if (!mine) refuse(ask, `node ${quoted(nodeName)} can only update local volumes of its own`)
  const comparable = ({ metadata, spec, status }: PersistentVolume) => {
    const { resourceVersion: _version, managedFields: _fields, finalizers = [], ...rest } = metadata
    return { rest, spec, status, finalizers: finalizers.filter(name => name !== LOCAL_VOLUME_FINALIZER) }
  }
  const adds = volume.metadata.finalizers?.includes(LOCAL_VOLUME_FINALIZER)
  if (adds || !old.metadata.deletionTimestamp || !deepEqual(comparable(volume), comparable(old)))
    refuse(ask, `node ${quoted(nodeName)} may only remove the finalizer ${LOCAL_VOLUME_FINALIZER} of a deleted volume`)
}

function checkToken(ask: Ask): void {
  const { request, nodeName } = ask
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return
  const ref = (request.object as unknown as TokenRequest).spec?.boundObjectRef
  if (!ref || ref.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name)
    refuse(ask, 'node requested token not bound to a pod')
  if (!ref.uid) refuse(ask, 'node requested token with a pod binding without a uid')
  const pod = storedPod(ask, ref.name)
  if (ref.uid !== pod.metadata.uid)
    refuse(
      ask,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  if (pod.spec.nodeName !== nodeName) refuse(ask, 'node requested token bound to a pod scheduled on a different node')
  const why = refusedAudience(request, pod, ask.store, ask.authorize)
  if (why) refuse(ask, why)
}

function checkOwnName(ask: Ask, what: string, namespace = ''): void {
  const { request, nodeName } = ask
  if (namespace && request.namespace !== namespace)
    refuse(ask, `can only access leases in the "${namespace}" system namespace`)
  const name = request.operation === 'CREATE' ? (request.object?.metadata.name ?? '') : request.name
  if (name !== nodeName) refuse(ask, `can only access ${what} with the same name as the requesting node`)
}

/** What a node has already is the authorizer's business. */
function checkSlice(ask: Ask): void {
  const { request, nodeName } = ask
  if (request.operation !== 'CREATE') return
  if ((request.object as unknown as ResourceSlice).spec.nodeName !== nodeName)
    refuse(ask, 'can only create ResourceSlice with the same NodeName as the requesting node')
}

const KUBELET_SIGNERS = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])

/** Who signs looks at the rest of it. */
async function checkCertificateRequest(ask: Ask): Promise<void> {
  const { request, nodeName } = ask
  if (!isCreateOf(request, CertificateSigningRequest)) return
  const { signerName, request: text = '' } = (request.object as unknown as CertificateSigningRequest).spec
  if (!KUBELET_SIGNERS.has(signerName)) return
  if (!isPemRequest(text)) refuse(ask, `unable to parse csr: ${NO_REQUEST}`)
  const { readRequest } = await import('../../pki/certificate-request.ts')
  const wanted = `system:node:${nodeName}`
  let commonName: string
  try {
    commonName = readRequest(decoded(text)).commonName
  } catch (error) {
    return refuse(ask, `unable to parse csr: ${messageOf(error)}`)
  }
  if (commonName !== wanted) refuse(ask, `can only create a node CSR with CN=${wanted}`)
}

export function nodeRestriction(store: ObjectStore): AdmissionPlugin {
  let server: ServerView | undefined
  const authorize: Ask['authorize'] = attributes => server?.authorize(attributes) ?? { decision: 'no-opinion' }
  return {
    name: 'NodeRestriction',
    attach(to) {
      server = to
    },
    mutate(request) {
      const nodeName = nodeNameOf(request.user)
      if (nodeName === undefined) return undefined
      const ask = { request, nodeName, store, authorize }
      if (nodeName === '') refuse(ask, `could not determine node from user ${quoted(request.user.name)}`)
      if (isType(request, CertificateSigningRequest)) return checkCertificateRequest(ask)
      if (isType(request, Pod)) checkPod(ask)
      else if (isType(request, Node)) checkNode(ask)
      else if (isType(request, PersistentVolumeClaim)) checkClaimStatus(ask)
      else if (isType(request, PersistentVolume)) checkVolume(ask)
      else if (isType(request, ServiceAccount)) checkToken(ask)
      else if (isType(request, Lease)) checkOwnName(ask, 'node lease', LEASE_NAMESPACE)
      else if (isType(request, CSINode)) checkOwnName(ask, 'CSINode')
      else if (isType(request, ResourceSlice)) checkSlice(ask)
      return undefined
    },
  }
}
