// Why a pod does not reach what its log complains about: a name that no Service has, nothing behind the Service, a port
// that it has not, a network policy in between.
import { Namespace, Pod, Service } from '../../shared/api/core/v1.ts'
import { NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { type ConnectionEnd, explainConnection } from '../../shared/machinery/network-policy/explain.ts'
import { policyPodOf } from '../../shared/machinery/network-policy/policy-pod.ts'
import { fromMatchLabels } from '../../shared/machinery/selectors.ts'
import { type ObjectRef, refTo } from '../world/world.ts'
import { type Cause, type Fix, type Scene, because, fact } from './cause.ts'
import type { Clue } from './log-clues.ts'
import { t } from '../i18n/i18n.ts'

interface Case {
  readonly pod: Pod
  readonly scene: Scene
  /** Where the pod's template is edited. */
  readonly edit: Fix
}

interface ServiceName {
  readonly name: string
  readonly namespace: string
}

/** The Service that a name means to a pod of `namespace`, as the cluster's DNS reads it; undefined = a name from outside. */
export function serviceNamed(
  host: string,
  namespace: string,
  isNamespace: (name: string) => boolean,
): ServiceName | undefined {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.')
  const svc = labels.lastIndexOf('svc')
  const [own, other] = (svc > 1 ? labels.slice(0, svc) : labels).slice(-2)
  if (own === undefined) return undefined
  if (svc > 1 && other !== undefined) return { name: own, namespace: other }
  if (labels.length === 1) return { name: own, namespace }
  return labels.length === 2 && other !== undefined && isNamespace(other) ? { name: own, namespace: other } : undefined
}

const addressesOf = ({ spec }: Service) => [spec.clusterIP, ...(spec.clusterIPs ?? [])]

const MOST_NAMES = 8

function explainMissing({ name, namespace }: ServiceName, { host, line }: Clue, { pod, scene, edit }: Case): Cause {
  const { world } = scene
  const elsewhere = world.all(Service).find(({ metadata }) => metadata.name === name)
  const beside = world.in(Service, namespace).map(({ metadata }) => metadata.name)
  return because(
    'dns-no-service',
    refTo(Pod, pod),
    t('it asks for {host}, and there is no service {name} in namespace {namespace}', { host, name, namespace }),
    {
      evidence: [
        fact(line, t('log')),
        ...(elsewhere
          ? [
              fact(
                t('From here, service {name} of namespace {namespace} is called {full}.', {
                  name,
                  namespace: elsewhere.metadata.namespace,
                  full: `${name}.${elsewhere.metadata.namespace}`,
                }),
                t('services'),
              ),
            ]
          : beside.length && beside.length <= MOST_NAMES
            ? [
                fact(
                  t('Services in {namespace} are called {names}.', { namespace, names: beside.join(', ') }),
                  t('services'),
                ),
              ]
            : []),
      ],
      fixes: [
        edit,
        ...(elsewhere
          ? [
              {
                kind: 'open' as const,
                title: t('Open {kind} {name}', { kind: 'Service', name }),
                ref: refTo(Service, elsewhere),
              },
            ]
          : []),
      ],
    },
  )
}

interface Target {
  readonly pod: Pod
  readonly port: number
  readonly protocol: string
}

/** What the pod may not reach, by which policies. */
function explainPolicy(
  to: string,
  { pod: target, port, protocol }: Target,
  line: string,
  { pod, scene }: Case,
): Cause | undefined {
  const { world } = scene
  const end = (of: Pod): ConnectionEnd => {
    const read = policyPodOf(of)
    return { ip: of.status.podIP ?? read.ips[0] ?? '', pod: read, nodeName: read.nodeName }
  }
  const { steps } = explainConnection(
    { from: end(pod), to: end(target), protocol, port },
    {
      policies: world.all(NetworkPolicy),
      labelsOfNamespace: name => world.find(Namespace, undefined, name)?.metadata.labels ?? {},
    },
  )
  const denied = steps.find(({ allowed }) => !allowed)
  const [namespace, name] = denied?.policies[0]?.split('/') ?? []
  if (!denied || name === undefined) return undefined
  const ref: ObjectRef = { type: NetworkPolicy, namespace, name }
  return because(
    'policy',
    ref,
    denied.direction === 'Egress'
      ? t('network policy {name} does not let it connect to {to} on port {port}', { name, to, port })
      : t('network policy {name} of {to} does not let it in on port {port}', { name, to, port }),
    {
      evidence: [fact(line, t('log')), fact(denied.reason, t('network policies'))],
      fixes: [
        { kind: 'edit', title: t('Edit {kind} {name}', { kind: 'NetworkPolicy', name }), ref },
        { kind: 'open', title: t('Open {kind} {name}', { kind: 'NetworkPolicy', name }), ref },
      ],
    },
  )
}

function targetOf(
  pod: Pod,
  { targetPort, port, protocol = 'TCP' }: NonNullable<Service['spec']['ports']>[number],
): Target {
  const named = policyPodOf(pod).ports.find(({ name }) => name === targetPort)?.port
  return { pod, protocol, port: named ?? (Number(targetPort ?? port) || port) }
}

function explainService(service: Service, { line, port }: Clue, of: Case): Cause | undefined {
  const { world, explain } = of.scene
  const ref = refTo(Service, service)
  const away = explain(ref)
  if (away?.code === 'no-endpoints') return away
  const ports = service.spec.ports ?? []
  const asked = port === undefined ? ports : ports.filter(each => each.port === port)
  if (asked.length === 0)
    return because('service-port', ref, t('service {name} has no port {port}', { name: ref.name, port: port ?? 0 }), {
      evidence: [
        fact(line, t('log')),
        fact(t('Its ports are {names}.', { names: ports.map(each => each.port).join(', ') }), t('services')),
      ],
      fixes: [of.edit, { kind: 'edit', title: t('Edit the ports'), ref }],
    })
  const selector = service.spec.selector ?? {}
  if (Object.keys(selector).length === 0) return undefined
  for (const pod of world.podsMatching(service.metadata.namespace, fromMatchLabels(selector)))
    for (const each of asked) {
      const cause = explainPolicy(t('service {name}', { name: ref.name }), targetOf(pod, each), line, of)
      if (cause) return cause
    }
  return undefined
}

const DNS_PORT = 53

/** The way to the cluster's DNS, where pods serve it. */
function explainDns({ line }: Clue, of: Case): Cause | undefined {
  const dns = of.scene.world.find(Service, 'kube-system', 'kube-dns')
  const selector = dns?.spec.selector ?? {}
  if (!dns || Object.keys(selector).length === 0) return undefined
  const [server] = of.scene.world.podsMatching('kube-system', fromMatchLabels(selector))
  return (
    server && explainPolicy(t('the DNS of the cluster'), { pod: server, port: DNS_PORT, protocol: 'UDP' }, line, of)
  )
}

function explainClue(clue: Clue, of: Case): Cause | undefined {
  const { world, explain } = of.scene
  const { host, line } = clue
  const { namespace } = of.pod.metadata
  const isNamespace = (name: string) => world.find(Namespace, undefined, name) !== undefined
  const meant = serviceNamed(host, namespace, isNamespace)
  const service = meant && world.find(Service, meant.namespace, meant.name)
  if (clue.kind === 'name') {
    if (service)
      return explainDns(clue, of) ?? (service.spec.clusterIP === 'None' ? explain(refTo(Service, service)) : undefined)
    if (meant) return world.knows(Service) ? explainMissing(meant, clue, of) : undefined
    return (
      explainDns(clue, of) ??
      because('dns-outside', refTo(Pod, of.pod), t('it asks for {host}, a name that DNS does not know', { host }), {
        evidence: [fact(line, t('log'))],
        fixes: [of.edit],
      })
    )
  }
  const behind = service ?? world.all(Service).find(each => addressesOf(each).includes(host))
  if (behind) return explainService(behind, clue, of)
  const pod = world.all(Pod).find(({ status, spec }) => !spec.hostNetwork && status.podIP === host)
  if (!pod || clue.port === undefined) return undefined
  return explainPolicy(
    `${pod.metadata.namespace}/${pod.metadata.name}`,
    { pod, port: clue.port, protocol: 'TCP' },
    line,
    of,
  )
}

/** @returns what the last clue that leads anywhere leads to */
export function explainReach(clues: readonly Clue[], of: Case): Cause[] {
  for (const clue of clues) {
    const cause = explainClue(clue, of)
    if (cause) return [cause]
  }
  return []
}
