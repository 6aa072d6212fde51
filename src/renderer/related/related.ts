// What an object has to do with others, in both directions: owners, selectors, references by name. Pure.
import { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  type PodSpec,
  Secret,
  Service,
  ServiceAccount,
} from '../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import { Ingress, IngressClass, NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import { StorageClass } from '../../shared/api/storage/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { type LabelMatcher, type Labels, fromLabelSelector, fromMatchLabels } from '../../shared/machinery/selectors.ts'
import type { Wanted } from '../api/live-pool.ts'
import { REFUSALS } from '../status/pods-below.ts'
import { podReferences } from '../world/pod-references.ts'
import { WORKLOADS, ingressServices, templateOf } from '../world/workloads.ts'
import { type ObjectRef, type World, namespaceOf, refId, refTo } from '../world/world.ts'
import { accessKinds, accessRelations, rolesOfAccount } from './access-relations.ts'
import { t } from '../i18n/i18n.ts'
import type { Related } from './contract.ts'

const REFERRED = new Set<ResourceType<KubeObject>>([ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount])
const SERVICE_LABEL = 'kubernetes.io/service-name'
const METADATA_ONLY = new Set<ResourceType<KubeObject>>([ConfigMap, Secret, ServiceAccount])

/** The kinds to list in order to know what an object of this kind is related to. */
export function kindsOfRelated(type: ResourceType<KubeObject>, namespace: string | undefined): readonly Wanted[] {
  const access = accessKinds(type, namespace)
  if (type.kind in accessRelations) return access
  if (type.namespaced)
    return [
      ...WORKLOADS,
      Pod,
      Service,
      Ingress,
      NetworkPolicy,
      PodDisruptionBudget,
      HorizontalPodAutoscaler,
      ...REFERRED,
    ]
      .map((each): Wanted => ({ type: each, namespace, metadataOnly: METADATA_ONLY.has(each) }))
      .concat({ ...REFUSALS, namespace }, access)
  const others: Readonly<Record<string, readonly ResourceType<KubeObject>[]>> = {
    PersistentVolume: [PersistentVolumeClaim, StorageClass],
    StorageClass: [PersistentVolumeClaim, PersistentVolume],
    IngressClass: [Ingress],
  }
  return (others[type.kind] ?? []).map(each => ({ type: each }))
}

/** A service without a selector, unlike a policy without one, selects nothing. */
const serviceSelector = ({ spec }: Service): LabelMatcher | undefined =>
  Object.keys(spec.selector ?? {}).length ? fromMatchLabels(spec.selector) : undefined

interface Place {
  readonly world: World
  readonly namespace: string
}

/** Services, policies and budgets whose selector matches the labels, and ingresses to those services. */
function selecting({ world, namespace }: Place, labels: Labels): Related[] {
  const services = world.in(Service, namespace).filter(service => serviceSelector(service)?.matches(labels))
  const names = new Set(services.map(({ metadata }) => metadata.name))
  const policies = [
    ...world
      .in(NetworkPolicy, namespace)
      .map(policy => ({ type: NetworkPolicy, policy, selector: policy.spec.podSelector })),
    ...world
      .in(PodDisruptionBudget, namespace)
      .map(policy => ({ type: PodDisruptionBudget, policy, selector: policy.spec.selector })),
  ]
  return [
    ...world
      .in(Ingress, namespace)
      .filter(ingress => ingressServices(ingress).some(name => names.has(name)))
      .map(ingress => ({ relation: t('Reached through'), ref: refTo(Ingress, ingress) })),
    ...services.map(service => ({ relation: t('Reached through'), ref: refTo(Service, service) })),
    ...policies
      .filter(({ selector }) => fromLabelSelector(selector).matches(labels))
      .map(({ type, policy }) => ({ relation: t('Governed by'), ref: refTo(type, policy) })),
  ]
}

function references({ world, namespace }: Place, spec: PodSpec | undefined): Related[] {
  return podReferences(spec ?? { containers: [] }).map(({ type, name, use, optional }) => ({
    relation: t('Uses'),
    ref: { type, namespace, name },
    note: use,
    ...(!optional && world.knows(type) && !world.find(type, namespace, name) ? { isMissing: true } : {}),
  }))
}

/** What the selector reaches, told as workloads where it can be. */
function selected({ world, namespace }: Place, selector: LabelMatcher, relation: string): Related[] {
  const pods = world.podsMatching(namespace, selector)
  const found = new Map<string, { ref: ObjectRef; count: number }>()
  for (const pod of pods) {
    const top = world.topController(pod)
    const ref = top ? refTo(top.type, top.object) : refTo(Pod, pod)
    const entry = found.get(refId(ref)) ?? { ref, count: 0 }
    entry.count++
    found.set(refId(ref), entry)
  }
  return [...found.values()].map(({ ref, count }) => ({
    relation,
    ref,
    ...(ref.type === Pod ? {} : { note: t('{n} pod | {n} pods', { n: count }) }),
  }))
}

/** Workloads and bare pods whose spec names the object. */
function users({ world, namespace }: Place, type: ResourceType<KubeObject>, name: string): Related[] {
  const specs = [
    ...WORKLOADS.flatMap(workload =>
      world
        .in<KubeObject>(workload, namespace)
        .filter(object => !world.topController(object))
        .map(object => ({ ref: refTo(workload, object), spec: templateOf(object)?.spec })),
    ),
    ...world
      .in(Pod, namespace)
      .filter(pod => !world.topController(pod))
      .map(pod => ({ ref: refTo(Pod, pod), spec: pod.spec })),
  ]
  return specs.flatMap(({ ref, spec }) =>
    podReferences(spec ?? { containers: [] })
      .filter(reference => reference.type === type && reference.name === name)
      .map(({ use }) => ({ relation: t('Used by'), ref, note: use })),
  )
}

type Relations = (object: AnyObject, place: Place) => Related[]

const ofIngress: Relations = (object, { world, namespace }) => {
  const ingress = object as unknown as Ingress
  const named = (type: ResourceType<KubeObject>, relation: string, name: string): Related => ({
    relation,
    ref: { type, namespace, name },
    ...(world.knows(type) && !world.find(type, namespace, name) ? { isMissing: true } : {}),
  })
  const { ingressClassName } = ingress.spec
  return [
    ...ingressServices(ingress).map(name => named(Service, t('Leads to'), name)),
    ...(ingress.spec.tls ?? []).flatMap(({ secretName }) => (secretName ? [named(Secret, t('Uses'), secretName)] : [])),
    ...(ingressClassName ? [{ relation: t('Served by'), ref: { type: IngressClass, name: ingressClassName } }] : []),
  ]
}

const ofService: Relations = (object, place) => {
  const selector = serviceSelector(object as unknown as Service)
  return [
    ...place.world
      .in(Ingress, place.namespace)
      .filter(ingress => ingressServices(ingress).includes(object.metadata.name))
      .map(ingress => ({ relation: t('Reached through'), ref: refTo(Ingress, ingress) })),
    ...(selector ? selected(place, selector, t('Leads to')) : []),
  ]
}

const ofClaim: Relations = (object, place) => {
  const { spec } = object as unknown as PersistentVolumeClaim
  return [
    ...(spec.volumeName ? [{ relation: t('Bound to'), ref: { type: PersistentVolume, name: spec.volumeName } }] : []),
    ...(spec.storageClassName
      ? [{ relation: t('Provided by'), ref: { type: StorageClass, name: spec.storageClassName } }]
      : []),
    ...users(place, PersistentVolumeClaim, object.metadata.name),
  ]
}

const ofVolume: Relations = object => {
  const { spec } = object as unknown as PersistentVolume
  const { claimRef, storageClassName } = spec
  return [
    ...(claimRef?.name
      ? [
          {
            relation: t('Bound to'),
            ref: { type: PersistentVolumeClaim, namespace: claimRef.namespace, name: claimRef.name },
          },
        ]
      : []),
    ...(storageClassName ? [{ relation: t('Provided by'), ref: { type: StorageClass, name: storageClassName } }] : []),
  ]
}

const ofStorageClass: Relations = ({ metadata }, { world }) =>
  world
    .all(PersistentVolumeClaim)
    .filter(({ spec }) => spec.storageClassName === metadata.name)
    .map(claim => ({ relation: t('Used by'), ref: refTo(PersistentVolumeClaim, claim) }))

const ofAutoscaler: Relations = (object, { namespace }) => {
  const { kind, name } = (object as unknown as HorizontalPodAutoscaler).spec.scaleTargetRef
  const type = WORKLOADS.find(workload => workload.kind === kind)
  return type ? [{ relation: t('Scales'), ref: { type, namespace, name } }] : []
}

const ofSecret: Relations = (object, place) => [
  ...users(place, Secret, object.metadata.name),
  ...place.world
    .in(Ingress, place.namespace)
    .filter(({ spec }) => (spec.tls ?? []).some(({ secretName }) => secretName === object.metadata.name))
    .map(ingress => ({ relation: t('Used by'), ref: refTo(Ingress, ingress), note: 'TLS' })),
]

const ofSlice: Relations = (object, { namespace }) => {
  const service = object.metadata.labels?.[SERVICE_LABEL]
  const { endpoints = [] } = object as unknown as EndpointSlice
  return [
    ...(service ? [{ relation: t('Belongs to'), ref: { type: Service, namespace, name: service } }] : []),
    ...endpoints.flatMap(({ targetRef }) =>
      targetRef?.kind === Pod.kind && targetRef.name
        ? [{ relation: t('Leads to'), ref: { type: Pod, namespace, name: targetRef.name } }]
        : [],
    ),
  ]
}

const selects =
  (selectorOf: (object: AnyObject) => Parameters<typeof fromLabelSelector>[0]): Relations =>
  (object, place) =>
    selected(place, fromLabelSelector(selectorOf(object)), t('Applies to'))

const relations: Readonly<Record<string, Relations>> = {
  Ingress: ofIngress,
  Service: ofService,
  PersistentVolumeClaim: ofClaim,
  PersistentVolume: ofVolume,
  StorageClass: ofStorageClass,
  HorizontalPodAutoscaler: ofAutoscaler,
  Secret: ofSecret,
  ConfigMap: (object, place) => users(place, ConfigMap, object.metadata.name),
  ServiceAccount: (object, place) => [
    ...users(place, ServiceAccount, object.metadata.name),
    ...rolesOfAccount(object, place.world),
  ],
  EndpointSlice: ofSlice,
  ...accessRelations,
  NetworkPolicy: selects(object => (object as unknown as NetworkPolicy).spec.podSelector),
  PodDisruptionBudget: selects(object => (object as unknown as PodDisruptionBudget).spec.selector),
  IngressClass: ({ metadata }, { world }) =>
    world
      .all(Ingress)
      .filter(({ spec }) => spec.ingressClassName === metadata.name)
      .map(ingress => ({ relation: t('Used by'), ref: refTo(Ingress, ingress) })),
  Pod: (object, place) => [
    ...selecting(place, object.metadata.labels),
    ...references(place, (object as unknown as Pod).spec),
  ],
}

/** Of a workload: what leads to its pods, what governs and scales it, what its pods use. */
const ofWorkload: Relations = (object, place) => {
  const template = templateOf(object)
  return [
    ...selecting(place, template?.metadata?.labels),
    ...place.world
      .in(HorizontalPodAutoscaler, place.namespace)
      .filter(
        ({ spec: { scaleTargetRef } }) =>
          scaleTargetRef.kind === object.kind && scaleTargetRef.name === object.metadata.name,
      )
      .map(scaler => ({ relation: t('Scaled by'), ref: refTo(HorizontalPodAutoscaler, scaler) })),
    ...references(place, template?.spec),
  ]
}

/** Owners are told with the metadata, and pods in a table of their own; here is everything else. */
export function related(world: World, object: AnyObject): Related[] {
  const place = { world, namespace: namespaceOf(object) }
  const find = relations[object.kind] ?? (templateOf(object) ? ofWorkload : () => [])
  const controlled = world
    .controlledBy(object)
    .filter(({ type }) => type !== Pod)
    .map(({ type, object: below }) => ({ relation: t('Controls'), ref: refTo(type, below) }))
  return [...find(object, place), ...controlled]
}
