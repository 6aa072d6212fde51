// What is accepted in pods and their templates, and still worth a word.
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import { APP_ARMOR, APP_ARMOR_WARNING, profileOfAnnotation } from './app-armor-annotations.ts'
import type {
  Affinity,
  Container,
  ContainerPort,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../../../../shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../../../shared/api/meta/v1.ts'
import { labelValue } from '../../../../../shared/machinery/names.ts'
import { has, list } from '../../support/collections.ts'
import {
  fractionOfByte,
  oldAnnotations,
  oldNodeLabel,
  oldNodeLabelsIn,
  unusualAddress,
} from '../../support/warnings.ts'
import { claimSpecWarnings } from '../claim-warnings.ts'
import { SECCOMP_OF_CONTAINER, SECCOMP_OF_POD } from './validate-annotations.ts'

const SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead'
const OLD_ANNOTATIONS = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': SYSCTLS,
  'security.alpha.kubernetes.io/unsafe-sysctls': SYSCTLS,
}
const SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'

/** In the order in which upstream names them. */
const OLD_VOLUMES: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

type Located = readonly [path: string, container: Container]

const containersOf = (path: string, spec: PodSpec): Located[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(field =>
    list(spec[field]).map((container, i): Located => [`${path}.${field}[${i}]`, container as Container]),
  )

const nothingSelected = (path: string) => `${path}: a null labelSelector results in matching no pod`

function nodeAffinity(path: string, affinity: Affinity['nodeAffinity']): string[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  if (!affinity) return []
  return [
    ...list(affinity[required]?.nodeSelectorTerms).flatMap((term, i) =>
      oldNodeLabelsIn(`${path}.${required}.nodeSelectorTerms[${i}]`, term.matchExpressions),
    ),
    ...list(affinity[preferred]).flatMap(({ preference }, i) => {
      const at = `${path}.${preferred}[${i}].preference`
      const values = list(preference?.matchExpressions).flatMap((requirement, j) =>
        list(requirement.values).flatMap((value, k) =>
          labelValue(value).map(why => `${at}.matchExpressions[${j}].values[${k}]: ${value} is invalid, ${why}`),
        ),
      )
      return [...oldNodeLabelsIn(at, preference?.matchExpressions), ...values]
    }),
  ]
}

function podAffinity(path: string, affinity: Affinity['podAffinity']): string[] {
  if (!affinity) return []
  const without = (at: string, term: PodAffinityTerm | undefined) =>
    term && !term.labelSelector ? [nothingSelected(`${at}.labelSelector`)] : []
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  return [
    ...list(affinity[required]).flatMap((term, i) => without(`${path}.${required}[${i}]`, term)),
    ...list(affinity[preferred]).flatMap(({ podAffinityTerm }, i) =>
      without(`${path}.${preferred}[${i}].podAffinityTerm`, podAffinityTerm),
    ),
  ]
}

function spreading(path: string, spec: PodSpec): string[] {
  return list(spec.topologySpreadConstraints).flatMap(({ topologyKey, labelSelector }, i) => {
    const at = `${path}.topologySpreadConstraints[${i}]`
    return [
      ...oldNodeLabel(`${at}.topologyKey`, topologyKey, `${topologyKey} is `),
      ...(labelSelector ? [] : [nothingSelected(`${at}.labelSelector`)]),
    ]
  })
}

function volumes(path: string, spec: PodSpec): string[] {
  return list(spec.volumes).flatMap((volume, i) => {
    const at = `${path}.volumes[${i}]`
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec
    return [
      ...OLD_VOLUMES.filter(([field]) => volume[field] !== undefined).map(
        ([field, why]) => `${at}.${field === 'storageos' ? 'storageOS' : field}: ${why}`,
      ),
      ...list(volume.projected?.sources)
        .filter(source => Object.keys(source).length === 0)
        .map(() => `volume ${JSON.stringify(volume.name)} (Projected) has no sources provided`),
      ...(claim ? claimSpecWarnings(`${at}.ephemeral.volumeClaimTemplate.spec`, claim) : []),
    ]
  })
}

/** @returns what is there for a second time, with its index */
function repeated(values: readonly string[]): [index: number, value: string][] {
  if (values.length < 2) return []
  const seen = new Set<string>()
  return values.flatMap((value, i): [number, string][] => {
    if (seen.has(value)) return [[i, value]]
    seen.add(value)
    return []
  })
}

function names(path: string, { hostAliases, imagePullSecrets }: PodSpec): string[] {
  const secrets = list(imagePullSecrets).map(({ name }) => name ?? '')
  const aliases = list(hostAliases).map(({ ip }) => ip)
  return [
    ...repeated(aliases).map(([i, ip]) => `${path}.hostAliases[${i}].ip: duplicate ip "${ip}"`),
    ...repeated(secrets).map(([i, name]) => `${path}.imagePullSecrets[${i}].name: duplicate name "${name}"`),
    ...secrets.flatMap((name, i) => (name ? [] : [`${path}.imagePullSecrets[${i}].name: invalid empty name ""`])),
  ]
}

/** One that is defined twice is lost when it is applied, unless the second builds on the first. */
function environment(path: string, { env }: Container): string[] {
  if (!env || env.length < 2) return []
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const reference = `$(${name})`
    if (!valueFrom && value !== reference && value.includes(reference)) return []
    return [`${path}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`]
  })
}

function container(at: string, { resources, ...rest }: Container): string[] {
  return [
    ...['memory', 'ephemeral-storage'].flatMap(name => [
      ...fractionOfByte(`${at}.resources.limits`, resources?.limits, name),
      ...fractionOfByte(`${at}.resources.requests`, resources?.requests, name),
    ]),
    ...environment(at, rest),
  ]
}

function profiles(path: string, { securityContext }: PodSpec, { annotations }: ObjectMeta, [, c]: Located): string[] {
  const at = path ? `${path}.metadata.annotations` : 'metadata.annotations'
  const [seccomp, appArmor] = [SECCOMP_OF_CONTAINER + c.name, APP_ARMOR + c.name]
  const ofPod = securityContext?.appArmorProfile
  const isOfPod = ofPod !== undefined && deepEqual(ofPod, profileOfAnnotation(annotations?.[appArmor]))
  return [
    ...(!c.securityContext?.seccompProfile && has(annotations, seccomp) ? [`${at}[${seccomp}]: ${SECCOMP}`] : []),
    // A pod itself is warned when its annotations become fields.
    ...(path && !c.securityContext?.appArmorProfile && has(annotations, appArmor) && !isOfPod
      ? [`${at}[${appArmor}]: ${APP_ARMOR_WARNING}`]
      : []),
  ]
}

/** How two definitions of one port relate. */
function relation(port: ContainerPort, other: ContainerPort): string | undefined {
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.hostPort ?? 0]
  const [hostIP, otherHostIP] = [port.hostIP ?? '', other.hostIP ?? '']
  if (hostIP === otherHostIP && hostPort === otherHostPort) return 'duplicate'
  if (hostPort === 0 || otherHostPort === 0) return 'overlapping'
  return hostPort === otherHostPort && (hostIP === '') !== (otherHostIP === '') ? 'dangerously ambiguous' : undefined
}

/** Of ports with the same number: an answer has room for some fifty warnings. */
const MOST_COMPARED = 100_000

function ports(containers: readonly Located[]): string[] {
  const all = containers.flatMap(([path, c]) => list(c.ports).map((port, i) => ({ at: `${path}.ports[${i}]`, port })))
  const sameNumber: string[] = []
  if (all.length < 2) return []
  const byNumber = new Map<string, typeof all>()
  let left = MOST_COMPARED
  for (const each of all) {
    const { at, port } = each
    const key = `${port.containerPort} ${port.protocol}`
    const others = byNumber.get(key) ?? []
    for (const other of others) {
      if (--left < 0) break
      const how = relation(port, other.port)
      if (how) sameNumber.push(`${at}: ${how} port definition with ${other.at}`)
    }
    others.push(each)
    byNumber.set(key, others)
  }
  const byName = new Map<string, string>()
  const sameName = all.flatMap(({ at, port: { name } }) => {
    if (!name) return []
    const other = byName.get(name)
    if (other === undefined) byName.set(name, at)
    return other === undefined
      ? []
      : [
          `${at}: duplicate port name "${name}" with ${other}, services and probes that select ports by name will use ${other}`,
        ]
  })
  return [...sameNumber, ...sameName]
}

/** @param path of the template; empty for a pod itself */
function warningsFor(path: string, spec: PodSpec, metadata: ObjectMeta): string[] {
  const at = path ? `${path}.spec` : 'spec'
  const annotations = path ? `${path}.metadata.annotations` : 'metadata.annotations'
  const containers = containersOf(at, spec)
  const usesOldSeccomp = !spec.securityContext?.seccompProfile && has(metadata.annotations, SECCOMP_OF_POD)
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap(key => oldNodeLabel(`${at}.nodeSelector[${key}]`, key)),
    ...nodeAffinity(`${at}.affinity.nodeAffinity`, spec.affinity?.nodeAffinity),
    ...spreading(at, spec),
    ...oldAnnotations(annotations, metadata, OLD_ANNOTATIONS),
    ...volumes(at, spec),
    ...names(at, spec),
    ...['memory', 'ephemeral-storage'].flatMap(name => fractionOfByte(`${at}.overhead`, spec.overhead, name)),
    ...(usesOldSeccomp ? [`${annotations}[${SECCOMP_OF_POD}]: ${SECCOMP}`] : []),
    ...containers.flatMap(one => [...profiles(path, spec, metadata, one), ...container(...one)]),
    ...ports(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...podAffinity(`${at}.affinity.podAffinity`, spec.affinity?.podAffinity),
    ...podAffinity(`${at}.affinity.podAntiAffinity`, spec.affinity?.podAntiAffinity),
    ...list(spec.dnsConfig?.nameservers).flatMap((ip, i) => unusualAddress(`${at}.dnsConfig.nameservers[${i}]`, ip)),
    ...list(spec.hostAliases).flatMap(({ ip }, i) => unusualAddress(`${at}.hostAliases[${i}].ip`, ip)),
  ]
}

export const podWarnings = ({ spec, metadata }: { spec: PodSpec; metadata: ObjectMeta }): string[] =>
  warningsFor('', spec, metadata)

export const templateWarnings = (path: string, template: PodTemplateSpec | undefined): string[] =>
  template?.spec ? warningsFor(path, template.spec, template.metadata ?? ({} as ObjectMeta)) : []

interface HasTemplate {
  readonly metadata: ObjectMeta
  readonly spec: { readonly template?: PodTemplateSpec }
}

type HasGeneration = Pick<HasTemplate, 'metadata'>

/** @returns whether an update leaves as it was what is asked for */
export const isSame = (object: HasGeneration, old: HasGeneration | undefined): boolean =>
  old !== undefined && object.metadata.generation === old.metadata.generation

/** What controllers make pods from, unless only something else of it changes. */
export const changedTemplate = (object: HasTemplate, old: HasTemplate | undefined): string[] =>
  isSame(object, old) ? [] : templateWarnings('spec.template', object.spec.template)
