// Why a pod is not well: it has no node, its node is away, its volumes or containers do not come up.
import { Node, PersistentVolumeClaim, type Pod } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { podStatus } from '../status/pod-status.ts'
import { podReferences } from '../world/pod-references.ts'
import type { ObjectRef } from '../world/world.ts'
import { type Cause, type Explainer, type Scene, because, fact } from './cause.ts'
import { eventFact, eventsAbout } from './events.ts'
import { explainContainers, templateOf } from './explain-container.ts'
import { explainPending } from './explain-pending.ts'

const FORCE_AFTER_MS = 60_000

function explainDeletion(pod: Pod, { now, explain }: Scene, ref: ObjectRef): Cause {
  const node = pod.spec.nodeName ? explain({ type: Node, name: pod.spec.nodeName }) : undefined
  const since = now - Date.parse(pod.metadata.deletionTimestamp ?? '')
  const finalizers = pod.metadata.finalizers ?? []
  if (node && node.code !== 'cordoned')
    return because(
      'deleting-node',
      ref,
      `pod ${ref.name} is being deleted, and its node does not confirm that it ended`,
      {
        causes: [node],
        fixes: [
          {
            kind: 'delete',
            title: 'Delete without waiting for the node',
            ref,
            force: true,
            consequence:
              'The pod is forgotten at once. Should its node still run, so do its containers, beside their replacement.',
          },
        ],
      },
    )
  if (finalizers.length && since > FORCE_AFTER_MS)
    return because('finalizers', ref, `pod ${ref.name} is being deleted and waits for ${finalizers.join(', ')}`, {
      fixes: [{ kind: 'edit', title: 'Edit the finalizers', ref }],
    })
  return because(
    'deleting',
    ref,
    `pod ${ref.name} is ending; it has ${pod.spec.terminationGracePeriodSeconds ?? 30} seconds to do so`,
  )
}

function explainFailure(pod: Pod, scene: Scene, ref: ObjectRef): Cause {
  const { reason, message } = pod.status
  const evidence = message ? [fact(message, 'pod status')] : []
  if (reason === 'Evicted') {
    const node = pod.spec.nodeName ? scene.explain({ type: Node, name: pod.spec.nodeName }) : undefined
    return because('evicted', ref, `pod ${ref.name} was evicted from its node`, {
      evidence,
      causes: node ? [node] : [],
    })
  }
  if (reason === 'DeadlineExceeded')
    return because(
      'deadline',
      ref,
      `pod ${ref.name} ran longer than its deadline of ${pod.spec.activeDeadlineSeconds ?? 0} seconds`,
      { evidence },
    )
  const causes = explainContainers(pod, scene, templateOf(pod, scene, ref), ref)
  return because('failed', ref, `pod ${ref.name} failed${reason ? ` (${reason})` : ''}`, { evidence, causes })
}

const SETUP_PROBLEMS = [
  'FailedMount',
  'FailedAttachVolume',
  'FailedCreatePodSandBox',
  'FailedPostStartHook',
  'NetworkNotReady',
  'SandboxFailed',
]

/** Placed, but its containers are not created yet: volumes and sandbox come before them. */
function explainSetup(pod: Pod, scene: Scene, ref: ObjectRef): Cause | undefined {
  const [event] = eventsAbout(scene.world, pod, ...SETUP_PROBLEMS)
  if (!event) return undefined
  const template = templateOf(pod, scene, ref)
  const missing = podReferences(pod.spec).find(
    ({ type, name, optional }) =>
      !optional && scene.world.knows(type) && !scene.world.find(type, pod.metadata.namespace, name),
  )
  return because(
    missing ? 'volume-missing' : 'setup',
    ref,
    missing
      ? `${missing.type.kind} ${missing.name}, which ${missing.use} needs, does not exist in ${pod.metadata.namespace}`
      : event.reason === 'FailedCreatePodSandBox'
        ? 'the sandbox of the pod cannot be made'
        : 'a volume of the pod cannot be mounted',
    {
      evidence: eventFact(event),
      fixes: [{ kind: 'edit', title: `Edit the volumes in ${template.type.kind} ${template.name}`, ref: template }],
    },
  )
}

export const explainPod: Explainer<Pod> = (pod, scene, ref) => {
  const { metadata, spec, status } = pod
  const view = podStatus(pod)
  if (metadata.deletionTimestamp) return explainDeletion(pod, scene, ref)
  if (view.tone === 'healthy' || view.text === 'Completed') return undefined
  if (status.phase === 'Failed') return explainFailure(pod, scene, ref)
  if (!spec.nodeName) return explainPending(pod, scene, ref)

  const node = scene.explain({ type: Node, name: spec.nodeName })
  if (node && node.code !== 'cordoned')
    return because('node-away', ref, `pod ${ref.name} is on node ${spec.nodeName}, which is not well`, {
      causes: [node],
    })
  const template = templateOf(pod, scene, ref)
  const containers = explainContainers(pod, scene, template, ref)
  if (containers.length) {
    const state = view.text.endsWith('CrashLoopBackOff')
      ? 'is in a crash loop'
      : status.phase === 'Running'
        ? 'is not ready'
        : 'does not start'
    return because('containers', ref, `pod ${ref.name} ${state}`, { causes: containers })
  }
  const setup = explainSetup(pod, scene, ref)
  if (setup) return because('setting-up', ref, `pod ${ref.name} does not start`, { causes: [setup] })
  const claims = podReferences(spec).flatMap(({ type, name }) =>
    type.kind === PersistentVolumeClaim.kind
      ? (scene.explain({ type, namespace: metadata.namespace, name }) ?? [])
      : [],
  )
  if (claims.length && status.phase === 'Pending')
    return because('claims', ref, `pod ${ref.name} waits for its volumes`, { causes: claims })
  const gate = (spec.readinessGates ?? []).find(
    ({ conditionType }) => conditionOf(status.conditions, conditionType)?.status !== 'True',
  )
  if (gate && conditionOf(status.conditions, 'ContainersReady')?.status === 'True')
    return because('gate', ref, `pod ${ref.name} waits for its readiness gate ${gate.conditionType}`)
  return because('starting', ref, `pod ${ref.name} is starting`)
}
