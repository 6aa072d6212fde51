// Why nothing answers: Services without endpoints, Ingresses that lead nowhere.
import { Pod, Service } from '../../shared/api/core/v1.ts'
import { Deployment, StatefulSet } from '../../shared/api/apps/v1.ts'
import { type Ingress, IngressClass } from '../../shared/api/networking/v1.ts'
import { fromMatchLabels } from '../../shared/machinery/selectors.ts'
import { isPodReady } from '../status/pod-status.ts'
import { type ObjectRef, refTo } from '../world/world.ts'
import { type Cause, type Explainer, type Scene, because, fact } from './cause.ts'
import { unreadyPods } from './explain-workload.ts'
import { t } from '../i18n/i18n.ts'

const show = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')

/** No pod has the labels: is the workload scaled to nothing, or is there one with labels that are nearly these? */
function explainNoPods(service: Service, { world, explain }: Scene, ref: ObjectRef): Cause {
  const selector = service.spec.selector ?? {}
  const matcher = fromMatchLabels(selector)
  const namespace = service.metadata.namespace
  const workloads = [Deployment, StatefulSet].flatMap(type =>
    world
      .in<Deployment | StatefulSet>(type, namespace)
      .map(object => ({ ref: refTo(type, object), object, labels: object.spec.template.metadata?.labels ?? {} })),
  )
  const empty = workloads.find(({ labels, object }) => matcher.matches(labels) && object.spec.replicas === 0)
  if (empty)
    return because(
      'scaled-to-zero',
      ref,
      t('{kind} {name} behind it is scaled to 0', { kind: empty.ref.type.kind, name: empty.ref.name }),
      {
        fixes: [
          {
            kind: 'patch',
            title: t('Scale it to 1'),
            ref: empty.ref,
            subresource: 'scale',
            patch: { spec: { replicas: 1 } },
            consequence: t('One pod is started.'),
          },
        ],
      },
    )
  const planned = workloads.find(({ labels }) => matcher.matches(labels))
  if (planned)
    return because(
      'no-pods-yet',
      planned.ref,
      t('{kind} {name} has no pods', { kind: planned.ref.type.kind, name: planned.ref.name }),
    )
  const over = world.in(Pod, namespace).find(({ metadata }) => matcher.matches(metadata.labels))
  if (over) {
    const pod = refTo(Pod, over)
    return because('pods-over', pod, t('pod {name} behind it has ended', { name: pod.name }), {
      causes: [explain(pod)].filter(cause => cause !== undefined),
    })
  }
  const shared = (labels: Readonly<Record<string, string>>) =>
    Object.keys(selector).filter(key => labels[key] !== undefined).length
  const [near] = workloads
    .filter(({ labels, ref: other }) => shared(labels) > 0 || other.name === ref.name)
    .sort((a, b) => shared(b.labels) - shared(a.labels))
  return because(
    'selector',
    ref,
    t('no pod has the labels that its selector asks for ({selector})', { selector: show(selector) }),
    {
      evidence: near
        ? [
            fact(
              t('Pods of {kind} {name} have {labels}.', {
                kind: near.ref.type.kind,
                name: near.ref.name,
                labels: show(near.labels) || t('no labels'),
              }),
              t('pod template'),
            ),
          ]
        : [],
      fixes: [
        { kind: 'edit', title: t('Edit the selector'), ref },
        ...(near
          ? [
              {
                kind: 'open' as const,
                title: t('Open {kind} {name}', { kind: near.ref.type.kind, name: near.ref.name }),
                ref: near.ref,
              },
            ]
          : []),
      ],
    },
  )
}

/** Named target ports that no container of the pods has. */
function explainPorts({ spec }: Service, pods: readonly Pod[], ref: ObjectRef): Cause | undefined {
  const names = new Set(
    pods.flatMap(pod => pod.spec.containers.flatMap(({ ports }) => (ports ?? []).map(({ name }) => name))),
  )
  const missing = (spec.ports ?? []).find(
    ({ targetPort }) => typeof targetPort === 'string' && !/^\d+$/.test(targetPort) && !names.has(targetPort),
  )
  return (
    missing &&
    because(
      'target-port',
      ref,
      t('no container behind it has a port called {targetPort}', { targetPort: String(missing.targetPort) }),
      {
        evidence: [
          fact(
            t('Their ports are called {names}.', { names: [...names].filter(Boolean).join(', ') || t('nothing') }),
            t('container ports'),
          ),
        ],
        fixes: [{ kind: 'edit', title: t('Edit the ports'), ref }],
      },
    )
  )
}

export const explainService: Explainer<Service> = (service, scene, ref) => {
  const selector = service.spec.selector ?? {}
  if (service.spec.type === 'ExternalName' || Object.keys(selector).length === 0) return undefined
  // Of pods that may not be listed nothing follows.
  if (!scene.world.knows(Pod)) return undefined
  const pods = scene.world.podsMatching(service.metadata.namespace, fromMatchLabels(selector))
  const none = t('service {name} has no endpoint that is ready', { name: ref.name })
  if (pods.length === 0) {
    const cause = explainNoPods(service, scene, ref)
    const deeper = cause.code === 'no-pods-yet' ? scene.explain(cause.about) : undefined
    return because('no-endpoints', ref, none, { causes: [deeper ?? cause] })
  }
  const ports = explainPorts(service, pods, ref)
  if (ports) return because('no-endpoints', ref, none, { causes: [ports] })
  const ready = pods.filter(isPodReady).length
  if (ready === pods.length) return undefined
  return because(
    ready ? 'some-endpoints' : 'no-endpoints',
    ref,
    ready ? t('service {name} reaches {ready} of {n} pods', { name: ref.name, ready, n: pods.length }) : none,
    {
      causes: unreadyPods(pods, scene),
    },
  )
}

function explainBackend(
  name: string,
  paths: readonly string[],
  { world, explain }: Scene,
  ref: ObjectRef,
): Cause | undefined {
  const at: ObjectRef = { type: Service, namespace: ref.namespace, name }
  const where = paths.join(', ')
  if (!world.knows(Service)) return undefined
  if (!world.find(Service, ref.namespace, name))
    return because('backend-missing', ref, t('service {name}, where {where} leads, does not exist', { name, where }), {
      fixes: [{ kind: 'edit', title: t('Edit the rules'), ref }],
    })
  const cause = explain(at)
  return cause && because('backend', ref, t('nothing answers at {where}', { where }), { causes: [cause] })
}

export const explainIngress: Explainer<Ingress> = (ingress, scene, ref) => {
  const paths = new Map<string, string[]>()
  const note = (name: string | undefined, path: string) => {
    if (name) paths.set(name, [...(paths.get(name) ?? []), path])
  }
  note(ingress.spec.defaultBackend?.service?.name, t('any other path'))
  for (const { host = '', http } of ingress.spec.rules ?? [])
    for (const { path = '/', backend } of http?.paths ?? []) note(backend.service?.name, `${host}${path}`)
  const causes = [...paths].flatMap(([name, where]) => explainBackend(name, where, scene, ref) ?? [])
  const wanted = ingress.spec.ingressClassName
  if (wanted && scene.world.knows(IngressClass) && !scene.world.find(IngressClass, undefined, wanted))
    causes.unshift(
      because('class-missing', ref, t('ingress class {wanted} does not exist', { wanted }), {
        fixes: [{ kind: 'edit', title: t('Edit the class'), ref }],
      }),
    )
  return causes.length
    ? because('ingress', ref, t('ingress {name} does not serve all it should', { name: ref.name }), { causes })
    : undefined
}
