// What webhooks and policies see of a request: the same, but for the versions of its objects.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { AdmissionRequest, ObjectKind } from './contract.ts'

/** What a connection asks for is the object of its request. */
const CONNECT_KINDS: Readonly<Record<string, string>> = {
  'pods/exec': 'PodExecOptions',
  'pods/attach': 'PodAttachOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
}
const OPTIONS_KINDS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const

type Kind = Pick<ObjectKind, 'group' | 'version' | 'kind'>

const kindOf = ({ group, version, kind }: Kind): Kind => ({ group, version, kind })
const resourceOf = ({ type: { group, version, plural } }: ResourceDescriptor) => ({ group, version, resource: plural })

function connectKind({ operation, resource, subresource }: AdmissionRequest): Kind | undefined {
  const kind = operation === 'CONNECT' ? CONNECT_KINDS[`${resource.type.plural}/${subresource}`] : undefined
  return kind === undefined ? undefined : { group: '', version: 'v1', kind }
}

/** @returns what stands for the object of a connection */
export function connectObject(request: AdmissionRequest): AnyObject | undefined {
  const kind = connectKind(request)
  return kind && ({ kind: kind.kind, apiVersion: 'v1', ...request.options } as unknown as AnyObject)
}

function optionsOf({ operation, options, dryRun }: AdmissionRequest): object | null {
  if (operation === 'CONNECT') return null
  const kind = OPTIONS_KINDS[operation]
  return { kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}), ...options }
}

/** A Namespace lies in itself; of a collection that is deleted, none is named. */
function placeOf({ resource: { type }, name, namespace, ofCollection }: AdmissionRequest) {
  const isNamespace = type.group === '' && type.plural === 'namespaces'
  return { name: ofCollection ? '' : name, namespace: isNamespace ? name : namespace }
}

/** @param shown the version in which whoever is asked wants to see the objects */
export function shownRequest(request: AdmissionRequest, shown: ResourceDescriptor) {
  const { operation, subresource, dryRun, resource } = request
  const connect = connectKind(request)
  return {
    kind: connect ?? kindOf(request.kind ?? shown.type),
    resource: resourceOf(shown),
    subResource: subresource,
    requestKind: connect ?? kindOf(request.kind ?? resource.type),
    requestResource: resourceOf(resource),
    requestSubResource: subresource,
    ...placeOf(request),
    operation,
    dryRun,
    options: optionsOf(request),
  }
}
