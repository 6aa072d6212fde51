// pods/eviction: a delete that PodDisruptionBudgets may hold back.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { PodDisruptionBudget } from '../../../../shared/api/policy/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { conditionOf, isConditionTrue, setCondition } from '../../../../shared/machinery/conditions.ts'
import { fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import { ApiError, badRequest, forbidden, isConflict, notFound } from '../../../../shared/machinery/status.ts'
import type { DeleteOptions as DeleteBody } from '../../../../shared/api/meta/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { DeleteOptions, EndpointContext, Preconditions, SubresourceHandler, WriteOptions } from '../contract.ts'
import { propagationOf } from '../write/delete-options.ts'
import { inNamespace } from '../write/in-namespace.ts'
import { checkDeletePreconditions } from '../write/preconditions.ts'
import { writeOptionsOf } from '../write/write-options.ts'

const hasEnded = ({ status, metadata }: Pod) =>
  ['Succeeded', 'Failed'].includes(status.phase ?? '') || Boolean(metadata.deletionTimestamp)
/** Pods that run nothing, or nothing any more, need no budget. */
const finished = (pod: Pod) => hasEnded(pod) || pod.status.phase === 'Pending'

/** Whether the budget lets a pod go that is not ready anyway. */
function unhealthyMayGo(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isConditionTrue(pod.status.conditions, 'Ready')) return false
  const { currentHealthy = 0, desiredHealthy = 0 } = status
  return spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0)
}

const tooMany = (cause: string, retryAfterSeconds?: number): ApiError =>
  new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${cause}` }],
  })

const beingProcessed = ({ metadata }: PodDisruptionBudget): ApiError =>
  tooMany(`${metadata.name} is still being processed by the server.`, 10)

/** Why the budget has nothing left. What was counted says nothing where counting failed. */
function refusal({ metadata: { name }, status }: PodDisruptionBudget): ApiError {
  const { currentHealthy = 0, desiredHealthy = 0 } = status
  const condition = conditionOf(status.conditions, 'DisruptionAllowed')
  const told = condition?.status === 'False' && condition.message ? condition : undefined
  const notNow = `${name} does not allow evicting pods currently`
  if (told?.reason === 'SyncFailed') return tooMany(`${notNow} because it failed sync: ${told.message}`)
  if (currentHealthy <= desiredHealthy)
    return tooMany(`${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`)
  return tooMany(told ? `${notNow} (${told.reason}): ${told.message}` : notNow)
}

/** As who counts says it. */
const withNoneLeft = ({ status: { conditions, observedGeneration } }: PodDisruptionBudget, now: string) =>
  setCondition(
    conditions,
    {
      ...{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' },
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
    },
    now,
  )

/** Of a pod that changes while it is decided whether it may go. */
const MOST_TRIES = 20
/** More evictions that came to nothing are not remembered: something is wrong with who counts. */
const MOST_DISRUPTED_PODS = 2_000

/**
 * Takes one disruption from the budget, unless the pod may go without.
 * @returns whether that is because it is not healthy @throws ApiError 429
 */
async function consume(
  context: EndpointContext,
  budget: PodDisruptionBudget,
  pod: Pod,
  options: WriteOptions,
): Promise<boolean> {
  const resource = context.resources.byUrl('policy', 'v1', 'poddisruptionbudgets')
  if (!resource) return false
  const { namespace, name } = budget.metadata
  let isUnhealthy = false
  await context.change(
    resource,
    { namespace, name },
    copy => {
      const current = copy as unknown as PodDisruptionBudget
      const { status, metadata } = current
      isUnhealthy = unhealthyMayGo(pod, current)
      if (isUnhealthy) return false
      if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) throw beingProcessed(current)
      const { disruptionsAllowed = 0, disruptedPods = {} } = status
      if (Object.keys(disruptedPods).length > MOST_DISRUPTED_PODS)
        throw forbidden(
          { group: 'policy', plural: 'poddisruptionbudget' },
          name,
          'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
        )
      if (disruptionsAllowed <= 0) throw refusal(current)
      status.disruptionsAllowed = disruptionsAllowed - 1
      if (status.disruptionsAllowed === 0) status.conditions = withNoneLeft(current, formatTime(context.clock.now()))
      status.disruptedPods = { ...disruptedPods, [pod.metadata.name]: formatTime(context.clock.now()) }
      return undefined
    },
    { ...options, subresource: 'status', fieldManager: 'kube-apiserver' },
  )
  return isUnhealthy
}

export const podEviction: SubresourceHandler = {
  group: '',
  resource: 'pods',
  subresource: 'eviction',
  kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
  methods: { POST: 'create' },
  async handle(request, context) {
    const { namespace, name } = request.info
    const resource = context.resources.byUrl('', 'v1', 'pods')
    if (!resource) throw notFound({ group: '', plural: 'pods' }, name)
    // Clients of before v1 was there go on as before.
    const body = await context.decode(request, 'policy.v1.Eviction', ['policy/v1beta1'])
    inNamespace(body.metadata ?? {}, namespace)
    if (body.metadata?.name !== name) throw badRequest('name in URL does not match name in Eviction object')
    const wanted = (body.deleteOptions ?? {}) as DeleteBody
    const propagationPolicy = propagationOf(wanted)
    const written = writeOptionsOf(request, 'CreateOptions')
    const options = { ...written, dryRun: written.dryRun || Boolean(wanted.dryRun?.length) }
    await context.admit({
      operation: 'CREATE',
      resource,
      subresource: 'eviction',
      kind: { group: 'policy', version: 'v1', kind: 'Eviction', schema: 'policy.v1.Eviction' },
      namespace,
      name,
      object: body,
      options: options.asked ?? {},
      user: options.user,
      dryRun: options.dryRun,
      warn: text => request.warn(text),
      annotate: options.annotate,
      deadlineMs: options.deadlineMs,
      waited: options.waited,
    })
    const deletion = { ...options, ...(propagationPolicy ? { propagationPolicy } : {}) }
    const attempt = () => evict(context, resource, { namespace, name }, wanted, deletion)
    let overtaken = await attempt()
    for (let tries = 1; overtaken && tries < MOST_TRIES; tries++) overtaken = await attempt()
    if (overtaken) throw overtaken
    return { code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } }
  },
}

/** The one budget that the pod counts for. @throws ApiError 500 where there are several */
function budgetOf(context: EndpointContext, { metadata }: Pod): PodDisruptionBudget | undefined {
  const budgets = context.resources.byUrl('policy', 'v1', 'poddisruptionbudgets')
  const [budget, ...others] = (budgets ? context.list(budgets, metadata.namespace) : [])
    .map(object => object as unknown as PodDisruptionBudget)
    .filter(({ spec }) => fromLabelSelector(spec.selector).matches(metadata.labels ?? {}))
  if (others.length > 0)
    throw new ApiError(
      500,
      // Upstream gives none.
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  return budget
}

/** @returns the conflict where the pod may have changed since it was decided that it may go: then that is to be decided anew */
async function evict(
  context: EndpointContext,
  resource: ResourceDescriptor,
  ref: { readonly namespace: string; readonly name: string },
  { preconditions: wanted = {}, gracePeriodSeconds }: DeleteBody,
  { propagationPolicy, ...options }: WriteOptions & Pick<DeleteOptions, 'propagationPolicy'>,
): Promise<ApiError | undefined> {
  const pod = context.get(resource, ref) as unknown as Pod
  const isFree = finished(pod)
  const budget = isFree ? undefined : budgetOf(context, pod)
  const isUnhealthy = budget !== undefined && (await consume(context, budget, pod, options))
  // It may count by now, where it did not because it had not started or was not healthy.
  const mustBeAsSeen = isUnhealthy || (isFree && !hasEnded(pod))
  const preconditions = { ...(mustBeAsSeen ? { resourceVersion: pod.metadata.resourceVersion } : {}), ...wanted }
  try {
    const marked = options.dryRun ? pod : await markDisrupted(context, resource, pod, { ...options, preconditions })
    // What the mark itself changes is not held against who asked for a version.
    const exact = preconditions.resourceVersion ? { resourceVersion: marked.metadata.resourceVersion } : {}
    await context.delete(resource, ref, {
      ...options,
      preconditions: { ...preconditions, ...(options.dryRun ? {} : exact) },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy ? { propagationPolicy } : {}),
    })
    return undefined
  } catch (error) {
    if (!mustBeAsSeen || !isConflict(error) || wanted.resourceVersion) throw error
    if (budget) throw beingProcessed(budget)
    return error
  }
}

/** Tells everyone who looks at the pod why it goes. */
function markDisrupted(
  context: EndpointContext,
  resource: ResourceDescriptor,
  pod: Pod,
  { preconditions, ...options }: WriteOptions & { readonly preconditions: Preconditions },
): Promise<AnyObject> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const { namespace, name } = pod.metadata
  return context.change(
    resource,
    { namespace, name },
    copy => {
      checkDeletePreconditions(resource, copy, preconditions)
      const { status } = copy as unknown as Pod
      status.conditions = setCondition(status.conditions, condition, formatTime(context.clock.now()))
    },
    // The server itself says it, and owns nothing of it.
    { ...options, subresource: 'status', applied: true },
  )
}
