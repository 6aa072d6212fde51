// Finds or creates the ReplicaSet of the Deployment's current template.
import { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import type { LabelSelector } from '../../../shared/api/meta/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerRef, isControlledBy } from '../../../shared/machinery/owner.ts'
import { isAlreadyExists, isNamespaceTerminating } from '../../../shared/machinery/status.ts'
import { REVISION, maxRevision, newestSetAnnotations, withSizes } from './annotations.ts'
import { PROGRESSING, Reason, deadlineOf, progressOf, withCondition } from './conditions.ts'
import { newReplicaSetSize } from './math.ts'
import { type Rollout, findNewSet, oldSetsOf, saveStatus, tellScaled } from './rollout.ts'
import { POD_TEMPLATE_HASH, sameTemplate, templateHash } from '../support/template-hash.ts'

export interface Sets {
  readonly newSet: ReplicaSet | undefined
  readonly oldSets: readonly ReplicaSet[]
}

/** @param create whether a missing set is created */
export async function syncRevision(rollout: Rollout, create: boolean): Promise<Sets> {
  const found = findNewSet(rollout)
  const oldSets = oldSetsOf(rollout.sets, found)
  const revision = maxRevision(oldSets) + 1n
  if (found) return { newSet: await refresh(rollout, found, revision), oldSets }
  return { newSet: create ? await createSet(rollout, oldSets, revision) : undefined, oldSets }
}

async function refresh(rollout: Rollout, rs: ReplicaSet, revision: bigint): Promise<ReplicaSet> {
  const { deployment, context } = rollout
  const annotations = newestSetAnnotations(rs.metadata.annotations, deployment, revision)
  const { minReadySeconds } = deployment.spec
  if (annotations !== rs.metadata.annotations || (rs.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)) {
    const metadata = { ...rs.metadata, ...(annotations ? { annotations } : {}) }
    const spec = { ...rs.spec, minReadySeconds: minReadySeconds ?? 0 }
    return await context.client.update(ReplicaSet, { ...rs, metadata, spec }, { signal: context.signal })
  }
  await saveProgress(rollout, rs.metadata.annotations?.[REVISION] ?? String(revision), {
    reason: Reason.foundNewSet,
    message: `Found new replica set "${rs.metadata.name}"`,
    onlyIfUnknown: true,
  })
  return rs
}

interface Progress {
  readonly reason: string
  readonly message: string
  /** Only a Deployment that says nothing about its progress yet learns it. */
  readonly onlyIfUnknown: boolean
}

async function saveProgress(rollout: Rollout, revision: string, progress: Progress): Promise<void> {
  const { deployment, context } = rollout
  const annotations = { ...deployment.metadata.annotations, [REVISION]: revision }
  const wanted = deadlineOf(deployment) !== undefined && !(progress.onlyIfUnknown && progressOf(deployment.status))
  const { reason, message } = progress
  const conditions = wanted
    ? withCondition(deployment.status.conditions, { type: PROGRESSING, status: 'True', reason, message }, context.clock)
    : deployment.status.conditions
  await saveStatus(rollout, {
    ...deployment,
    metadata: { ...deployment.metadata, annotations },
    status: { ...deployment.status, ...(conditions ? { conditions } : {}) },
  })
}

async function createSet(rollout: Rollout, oldSets: readonly ReplicaSet[], revision: bigint): Promise<ReplicaSet> {
  const { deployment, context } = rollout
  const draft = await draftSet(deployment, oldSets, revision)
  const size = draft.spec.replicas ?? 0
  let created: ReplicaSet
  try {
    created = await context.client.create(ReplicaSet, draft, { signal: context.signal })
  } catch (error) {
    if (isAlreadyExists(error)) return await onNameTaken(rollout, draft.metadata.name ?? '', revision, error)
    if (isNamespaceTerminating(error)) throw error
    await tellFailure(rollout, draft.metadata.name ?? '', error)
    throw error
  }
  if (size > 0) tellScaled(context, deployment, created.metadata.name, 0, size)
  // The set is there, whatever becomes of this: a Deployment that has changed meanwhile says so with its next turn.
  await saveProgress(rollout, String(revision), {
    reason: Reason.newSetCreated,
    message: `Created new replica set "${created.metadata.name}"`,
    onlyIfUnknown: false,
  })
  return created
}

async function draftSet(
  deployment: Deployment,
  oldSets: readonly ReplicaSet[],
  revision: bigint,
): Promise<Draft<ReplicaSet>> {
  const { template, selector, minReadySeconds } = deployment.spec
  const hash = await templateHash(template, deployment.status.collisionCount)
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash }
  const hashedSelector: LabelSelector = {
    ...selector,
    matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
  }
  const annotations = withSizes(newestSetAnnotations(undefined, deployment, revision), deployment)
  return {
    metadata: {
      namespace: deployment.metadata.namespace,
      name: `${deployment.metadata.name}-${hash}`,
      labels,
      annotations,
      ownerReferences: [controllerRef(Deployment, deployment)],
    },
    spec: {
      replicas: newReplicaSetSize(deployment, oldSets, 0),
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: hashedSelector,
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Either the cache is behind and the set is ours, or another template has the same hash: then the next try adds salt. */
async function onNameTaken(rollout: Rollout, name: string, revision: bigint, error: unknown): Promise<ReplicaSet> {
  const { deployment, context } = rollout
  const { namespace } = deployment.metadata
  const existing = await context.client.get(ReplicaSet, { namespace, name }, { signal: context.signal })
  if (isControlledBy(existing, deployment) && sameTemplate(existing.spec.template, deployment.spec.template)) {
    await saveProgress(rollout, existing.metadata.annotations?.[REVISION] ?? String(revision), {
      reason: Reason.foundNewSet,
      message: `Found new replica set "${name}"`,
      onlyIfUnknown: true,
    })
    return existing
  }
  const collisionCount = (deployment.status.collisionCount ?? 0) + 1
  await saveStatus(rollout, { ...deployment, status: { ...deployment.status, collisionCount } })
  throw error
}

async function tellFailure(rollout: Rollout, name: string, error: unknown): Promise<void> {
  const { deployment, context } = rollout
  const message = `Failed to create new replica set "${name}": ${error instanceof Error ? error.message : String(error)}`
  context.events.event(deployment, 'Warning', Reason.failedCreate, message)
  if (deadlineOf(deployment) === undefined) return
  const failed = { type: PROGRESSING, status: 'False', reason: Reason.failedCreate, message }
  const conditions = withCondition(deployment.status.conditions, failed, context.clock)
  await saveStatus(rollout, { ...deployment, status: { ...deployment.status, conditions } })
}
