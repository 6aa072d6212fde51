// pods/binding (and the older bindings resource): the scheduler's decision, written once.
// @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/
import type { Binding, Pod } from '../../../../shared/api/core/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { describeFieldErrors, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { ApiError, badRequest, conflict, notFound } from '../../../../shared/machinery/status.ts'
import { withPodScheduled } from '../../registry/core/pod-scheduled.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import { inNamespace } from '../write/in-namespace.ts'
import { writeOptionsOf } from '../write/write-options.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'

const PODS = { group: '', plural: 'pods' }
/** What messages about a pod's binding name. */
const BOUND = { group: '', plural: 'pods/binding' }
const kind = { group: '', version: 'v1', kind: 'Binding' }
const SCHEMA = 'core.v1.Binding'

async function bind(request: ApiRequest, context: EndpointContext): Promise<ApiResponse> {
  const { namespace } = request.info
  const decoded = await context.decode(request, SCHEMA)
  const binding = decoded as unknown as Binding
  inNamespace(binding.metadata ?? {}, namespace)
  const given = binding.metadata?.name
  const name = request.info.name || (given ?? '')
  if (given !== name) throw badRequest('name in URL does not match name in Binding object')
  const resource = context.resources.byUrl('', 'v1', 'pods')
  if (!resource) throw notFound(PODS, name)
  const options = writeOptionsOf(request, 'CreateOptions')
  await context.admit({
    operation: 'CREATE',
    // At the older path, plugins are asked about a Binding that is made.
    resource: context.resources.byUrl('', 'v1', request.info.resource) ?? resource,
    subresource: request.info.subresource,
    kind: { ...kind, schema: SCHEMA },
    namespace,
    name,
    object: decoded,
    options: options.asked ?? {},
    user: options.user,
    dryRun: options.dryRun ?? false,
    warn: text => request.warn(text),
    annotate: options.annotate,
    deadlineMs: options.deadlineMs,
    waited: options.waited,
  })
  // As admission leaves it.
  const { kind: targetKind = '', name: target } = binding.target ?? {}
  const [error] = [
    ...(targetKind === '' || targetKind === 'Node'
      ? []
      : [notSupported('target.kind', targetKind, ['Node', '<empty>'])]),
    ...(target ? [] : [required('target.name')]),
  ]
  // Upstream's words; it answers 500, though the fault is the client's.
  if (error || !target) throw new ApiError(400, 'BadRequest', error ? describeFieldErrors([error]) : 'no target')
  const { uid, resourceVersion, annotations, labels } = binding.metadata ?? {}
  await context.amend(
    resource,
    { namespace, name },
    current => {
      const pod = current as unknown as Pod
      if (pod.metadata.deletionTimestamp)
        throw conflict(BOUND, name, `pod ${name} is being deleted, cannot be assigned to a host`)
      if (pod.spec.nodeName)
        throw conflict(BOUND, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
      if (pod.spec.schedulingGates?.length)
        throw conflict(BOUND, name, `pod ${name} has non-empty .spec.schedulingGates`)
      // What was only hoped for ends.
      const { nominatedNodeName: _, ...status } = pod.status
      const conditions = withPodScheduled(status.conditions, { status: 'True' }, formatTime(context.clock.now()))
      return {
        ...current,
        metadata: {
          ...current.metadata,
          annotations: { ...current.metadata.annotations, ...annotations },
          labels: { ...current.metadata.labels, ...labels },
        },
        spec: { ...pod.spec, nodeName: target },
        status: { ...status, conditions },
      }
    },
    {
      ...options,
      subresource: 'binding',
      preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
    },
  )
  return { code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } }
}

export const podBinding: SubresourceHandler = {
  group: '',
  resource: 'pods',
  subresource: 'binding',
  kind,
  methods: { POST: 'create' },
  handle: bind,
}

export const bindings: SubresourceHandler = { ...podBinding, resource: 'bindings', subresource: '', namespaced: true }
