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
import { t } from '../i18n/i18n.ts'

const FORCE_AFTER_MS = 60_000
/** Nothing that runs there can be told, or reached: other troubles of a node leave the containers that it has alone. */
const AWAY = new Set(['node-silent', 'node-unready', 'node-network'])

function explainDeletion(pod: Pod, { now, explain }: Scene, ref: ObjectRef): Cause {
  const node = pod.spec.nodeName ? explain({ type: Node, name: pod.spec.nodeName }) : undefined
  const since = now - Date.parse(pod.metadata.deletionTimestamp ?? '')
  const finalizers = pod.metadata.finalizers ?? []
  if (node && AWAY.has(node.code))
    return because(
      'deleting-node',
      ref,
      t('pod {name} is being deleted, and its node does not confirm that it ended', { name: ref.name }),
      {
        causes: [node],
        fixes: [
          {
            kind: 'delete',
            title: t('Delete without waiting for the node'),
            ref,
            force: true,
            consequence: t(
              'The pod is forgotten at once. Should its node still run, so do its containers, beside their replacement.',
            ),
          },
        ],
      },
    )
  if (finalizers.length && since > FORCE_AFTER_MS)
    return because(
      'finalizers',
      ref,
      t('{kind} {name} is being deleted and waits for {finalizers}', {
        kind: 'pod',
        name: ref.name,
        finalizers: finalizers.join(', '),
      }),
      {
        fixes: [{ kind: 'edit', title: t('Edit the finalizers'), ref }],
      },
    )
  return because(
    'deleting',
    ref,
    t('pod {name} is ending; it has {seconds} seconds to do so', {
      name: ref.name,
      seconds: pod.spec.terminationGracePeriodSeconds ?? 30,
    }),
  )
}

function explainFailure(pod: Pod, scene: Scene, ref: ObjectRef): Cause {
  const { reason, message } = pod.status
  const evidence = message ? [fact(message, t('pod status'))] : []
  if (reason === 'Evicted') {
    const node = pod.spec.nodeName ? scene.explain({ type: Node, name: pod.spec.nodeName }) : undefined
    return because('evicted', ref, t('pod {name} was evicted from its node', { name: ref.name }), {
      evidence,
      causes: node ? [node] : [],
    })
  }
  if (reason === 'DeadlineExceeded')
    return because(
      'deadline',
      ref,
      t('pod {name} ran longer than its deadline of {seconds} seconds', {
        name: ref.name,
        seconds: pod.spec.activeDeadlineSeconds ?? 0,
      }),
      { evidence },
    )
  const causes = explainContainers(pod, scene, templateOf(pod, scene, ref), ref)
  return because('failed', ref, `${t('pod {name} failed', { name: ref.name })}${reason ? ` (${reason})` : ''}`, {
    evidence,
    causes,
  })
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
      ? t('{kind} {name}, which {use} needs, does not exist in {namespace}', {
          kind: missing.type.kind,
          name: missing.name,
          use: missing.use,
          namespace: pod.metadata.namespace,
        })
      : event.reason === 'FailedCreatePodSandBox'
        ? t('the sandbox of the pod cannot be made')
        : t('a volume of the pod cannot be mounted'),
    {
      evidence: eventFact(event),
      fixes: [
        {
          kind: 'edit',
          title: t('Edit {what} in {kind} {name}', {
            what: t('the volumes'),
            kind: template.type.kind,
            name: template.name,
          }),
          ref: template,
        },
      ],
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
  const onNode = (cause: Cause) =>
    because(
      'node-away',
      ref,
      t('pod {name} is on node {nodeName}, which is not well', { name: ref.name, nodeName: spec.nodeName ?? '' }),
      { causes: [cause] },
    )
  if (node && AWAY.has(node.code)) return onNode(node)
  const template = templateOf(pod, scene, ref)
  const containers = explainContainers(pod, scene, template, ref)
  if (containers.length) {
    const state = view.text.endsWith('CrashLoopBackOff')
      ? t('is in a crash loop')
      : status.phase === 'Running'
        ? t('is not ready')
        : t('does not start')
    return because('containers', ref, t('pod {name} {state}', { name: ref.name, state }), { causes: containers })
  }
  const setup = explainSetup(pod, scene, ref)
  if (setup) return because('setting-up', ref, t('pod {name} does not start', { name: ref.name }), { causes: [setup] })
  if (node && node.code !== 'cordoned') return onNode(node)
  const claims = podReferences(spec).flatMap(({ type, name }) =>
    type.kind === PersistentVolumeClaim.kind
      ? (scene.explain({ type, namespace: metadata.namespace, name }) ?? [])
      : [],
  )
  if (claims.length && status.phase === 'Pending')
    return because('claims', ref, t('pod {name} waits for its volumes', { name: ref.name }), { causes: claims })
  const gate = (spec.readinessGates ?? []).find(
    ({ conditionType }) => conditionOf(status.conditions, conditionType)?.status !== 'True',
  )
  if (gate && conditionOf(status.conditions, 'ContainersReady')?.status === 'True')
    return because(
      'gate',
      ref,
      t('pod {name} waits for its readiness gate {conditionType}', {
        name: ref.name,
        conditionType: gate.conditionType,
      }),
    )
  return because('starting', ref, t('pod {name} is starting', { name: ref.name }))
}
