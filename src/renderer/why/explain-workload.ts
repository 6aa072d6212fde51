// Why a workload does not have the pods it wants: none may be made, or those that were made are not well.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import { Pod, ResourceQuota } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { REVISION, rollbackPatch } from '../drawer/rollback.ts'
import { isPodReady } from '../status/pod-status.ts'
import {
  cronJobStatus,
  daemonSetStatus,
  deploymentStatus,
  jobStatus,
  replicaSetStatus,
  statefulSetStatus,
} from '../status/workload-status.ts'
import { type ObjectRef, refTo } from '../world/world.ts'
import { type Cause, type Explainer, type Fix, type Scene, because, fact, gather } from './cause.ts'
import { eventFact, eventsAbout } from './events.ts'
import { t } from '../i18n/i18n.ts'

const QUOTA = /exceeded quota: ([^,]+)/

/** The controller tried to make pods and was refused. */
function explainRefusal(
  owner: KubeObject,
  message: string | undefined,
  scene: Scene,
  ref: ObjectRef,
  template: ObjectRef,
): Cause | undefined {
  const [event] = eventsAbout(scene.world, owner, 'FailedCreate')
  const told = message ?? event?.message
  if (!told) return undefined
  const evidence = message ? [fact(message, t('condition ReplicaFailure'))] : eventFact(event)
  const edit: Fix = {
    kind: 'edit',
    title: t('Edit {kind} {name}', { kind: template.type.kind, name: template.name }),
    ref: template,
  }
  const quota = QUOTA.exec(told)?.[1]
  if (quota) {
    const at: ObjectRef = { type: ResourceQuota, namespace: ref.namespace, name: quota }
    return because(
      'quota',
      at,
      t('resource quota {quota} of namespace {namespace} leaves no room for another pod', {
        quota,
        namespace: ref.namespace ?? '',
      }),
      {
        evidence,
        fixes: [{ kind: 'edit', title: t('Raise ResourceQuota {quota}', { quota }), ref: at }, edit],
      },
    )
  }
  const account = /serviceaccount "?([^"\s]+)"? not found/i.exec(told)?.[1]
  if (account)
    return because('service-account', ref, t('service account {account} does not exist', { account }), {
      evidence,
      fixes: [edit],
    })
  return because('refused', ref, t('its pods are refused by the API server'), { evidence, fixes: [edit] })
}

/** What keeps the pods of a workload from being ready, each cause once. */
export const unreadyPods = (pods: readonly Pod[], scene: Scene): Cause[] =>
  gather(
    pods
      .filter(pod => !isPodReady(pod) && pod.status.phase !== 'Succeeded' && !pod.metadata.deletionTimestamp)
      .map(pod => scene.explain(refTo(Pod, pod))),
  )

const explainSet = (set: ReplicaSet, scene: Scene, ref: ObjectRef, template: ObjectRef): Cause[] => {
  const failure = conditionOf(set.status.conditions, 'ReplicaFailure')
  const short = (set.status.replicas ?? 0) < (set.spec.replicas ?? 1)
  const refusal = short
    ? explainRefusal(set, failure?.status === 'True' ? failure.message : undefined, scene, ref, template)
    : undefined
  return refusal ? [refusal] : unreadyPods(scene.world.podsBelow(set), scene)
}

const revisionOf = ({ metadata }: KubeObject) => Number(metadata.annotations?.[REVISION] ?? 0)

function rollbackFix(deployment: Deployment, older: ReplicaSet | undefined, ref: ObjectRef): Fix[] {
  if (!older) return []
  return [
    {
      kind: 'patch',
      title: t('Roll back to revision {revision}', { revision: revisionOf(older) }),
      ref,
      patch: rollbackPatch(older),
      consequence: t('{name} rolls over to the pods of revision {revision}, step by step.', {
        name: deployment.metadata.name,
        revision: revisionOf(older),
      }),
    },
  ]
}

export const explainDeployment: Explainer<Deployment> = (deployment, scene, ref) => {
  const view = deploymentStatus(deployment)
  if (view.tone === 'healthy' || view.text === 'Scaled to 0') return undefined
  const { spec, metadata } = deployment
  if (spec.paused)
    return because('paused', ref, t('deployment {name} is paused', { name: ref.name }), {
      fixes: [
        {
          kind: 'patch',
          title: t('Resume it'),
          ref,
          patch: { spec: { paused: false } },
          consequence: t('Changes made meanwhile roll out now.'),
        },
      ],
    })
  const sets = scene.world
    .controlledBy(deployment)
    .filter(({ type }) => type.kind === 'ReplicaSet')
    .map(({ object }) => object as unknown as ReplicaSet)
    .sort((a, b) => revisionOf(b) - revisionOf(a))
  const current = sets.find(set => revisionOf(set) === revisionOf(deployment)) ?? sets[0]
  if (!current)
    return scene.world.knows(ReplicaSet)
      ? because('no-replica-set', ref, t('deployment {name} has no replica set yet', { name: ref.name }))
      : undefined
  const causes = explainSet(current, scene, ref, ref)
  const [older] = sets.filter(set => set !== current && revisionOf(set) < revisionOf(current))
  const serving = sets
    .filter(set => set !== current)
    .flatMap(set => scene.world.podsBelow(set))
    .filter(isPodReady).length
  const isNew = serving > 0
  const stuck = view.text === 'Stuck'
  if (causes.length === 0 && !stuck)
    return because(
      'rolling',
      ref,
      (view.tone === 'warning'
        ? t('deployment {name} has too few replicas; {reason}', { name: ref.name, reason: view.reason ?? '' })
        : t('deployment {name} is rolling out; {reason}', { name: ref.name, reason: view.reason ?? '' })
      )
        .replace(/; $/, '')
        .replace(/\.$/, ''),
    )
  const text = isNew
    ? t('revision {current} of deployment {name} does not come up ({serving} pods of an older one still serve)', {
        current: revisionOf(current),
        name: ref.name,
        serving,
      })
    : t('deployment {name} has {available} of {all} pods available', {
        name: ref.name,
        available: deployment.status.availableReplicas ?? 0,
        all: spec.replicas ?? 1,
      })
  return because('deployment', ref, text, {
    causes,
    evidence: stuck && view.reason ? [fact(view.reason, t('condition Progressing'))] : [],
    fixes: rollbackFix(deployment, metadata.deletionTimestamp ? undefined : older, ref),
  })
}

export const explainReplicaSet: Explainer<ReplicaSet> = (set, scene, ref) => {
  const view = replicaSetStatus(set)
  if (view.tone === 'healthy' || view.tone === 'suspended') return undefined
  const owner = scene.world.topController(set)
  return because(
    'replica-set',
    ref,
    t('replica set {name} has {ready} of {all} pods ready', {
      name: ref.name,
      ready: set.status.readyReplicas ?? 0,
      all: set.spec.replicas ?? 1,
    }),
    {
      causes: explainSet(set, scene, ref, owner ? refTo(owner.type, owner.object) : ref),
    },
  )
}

export const explainStatefulSet: Explainer<StatefulSet> = (set, scene, ref) => {
  if (statefulSetStatus(set).tone !== 'progressing') return undefined
  const pods = scene.world.podsBelow(set)
  const refusal = explainRefusal(set, undefined, scene, ref, ref)
  const causes = unreadyPods(pods, scene)
  const inOrder = set.spec.podManagementPolicy !== 'Parallel' && pods.length < (set.spec.replicas ?? 1)
  return because(
    'stateful-set',
    ref,
    t('stateful set {name} has {ready} of {all} pods ready', {
      name: ref.name,
      ready: set.status.readyReplicas ?? 0,
      all: set.spec.replicas ?? 1,
    }),
    {
      causes: refusal && causes.length === 0 ? [refusal] : causes,
      evidence:
        inOrder && causes.length
          ? [fact(t('Pods are made in order: each waits until those before it are ready.'), 'podManagementPolicy')]
          : [],
    },
  )
}

export const explainDaemonSet: Explainer<DaemonSet> = (set, scene, ref) => {
  if (daemonSetStatus(set).tone !== 'progressing') return undefined
  const causes = unreadyPods(scene.world.podsBelow(set), scene)
  const refusal = causes.length ? undefined : explainRefusal(set, undefined, scene, ref, ref)
  return because(
    'daemon-set',
    ref,
    t('daemon set {name} is ready on {ready} of {all} nodes', {
      name: ref.name,
      ready: set.status.numberReady,
      all: set.status.desiredNumberScheduled,
    }),
    {
      causes: refusal ? [refusal] : causes,
    },
  )
}

export const explainJob: Explainer<Job> = (job, scene, ref) => {
  const view = jobStatus(job)
  if (view.text === 'Suspended')
    return because('suspended', ref, t('job {name} is suspended', { name: ref.name }), {
      fixes: [
        {
          kind: 'patch',
          title: t('Resume it'),
          ref,
          patch: { spec: { suspend: false } },
          consequence: t('Its pods are made now.'),
        },
      ],
    })
  const pods = scene.world.podsBelow(job)
  if (view.tone === 'failed') {
    const [last] = pods
      .filter(({ status }) => status.phase === 'Failed')
      .sort((a, b) => Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp))
    const cause = last && scene.explain(refTo(Pod, last))
    const condition = conditionOf(job.status.conditions, 'Failed')
    const why: Readonly<Record<string, string>> = {
      BackoffLimitExceeded: t('gave up after {failed} failed pods', { failed: job.status.failed ?? 0 }),
      DeadlineExceeded: t('ran longer than its deadline of {seconds} seconds', {
        seconds: job.spec.activeDeadlineSeconds ?? 0,
      }),
    }
    return because(
      'job-failed',
      ref,
      t('job {name} {state}', { name: ref.name, state: why[condition?.reason ?? ''] ?? t('failed') }),
      {
        causes: cause ? [cause] : [],
        evidence: condition?.message ? [fact(condition.message, t('condition Failed'))] : [],
      },
    )
  }
  if (view.tone === 'healthy') return undefined
  const causes = gather(
    pods.filter(({ status }) => status.phase === 'Pending').map(pod => scene.explain(refTo(Pod, pod))),
  )
  const refusal = pods.length ? undefined : explainRefusal(job, undefined, scene, ref, ref)
  const all = refusal ? [refusal] : causes
  return all.length
    ? because('job-waits', ref, t('job {name} has no pod that runs', { name: ref.name }), { causes: all })
    : undefined
}

export const explainCronJob: Explainer<CronJob> = (cronJob, scene, ref) => {
  if (cronJobStatus(cronJob).text === 'Suspended')
    return because('suspended', ref, t('cron job {name} is suspended', { name: ref.name }), {
      fixes: [
        {
          kind: 'patch',
          title: t('Resume it'),
          ref,
          patch: { spec: { suspend: false } },
          consequence: t('It runs again at its next time.'),
        },
      ],
    })
  const [last] = scene.world
    .controlledBy(cronJob)
    .filter(({ type }) => type.kind === 'Job')
    .sort((a, b) => Date.parse(b.object.metadata.creationTimestamp) - Date.parse(a.object.metadata.creationTimestamp))
  const cause = last && scene.explain(refTo(Job, last.object))
  return cause
    ? because('cron-job', ref, t('the last run of cron job {name} did not succeed', { name: ref.name }), {
        causes: [cause],
      })
    : undefined
}
