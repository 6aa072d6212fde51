// The sidebar: which kinds stand where. Kinds that no group names are listed under Other or Custom Resources, the latter after their definitions.
import {
  ArrowRightLeft,
  Bell,
  Boxes,
  FileSliders,
  Gauge,
  HardDrive,
  History,
  Cable,
  Layers,
  Network,
  Puzzle,
  Server,
  ShieldCheck,
  Shapes,
  ShipWheel,
  UserRoundCheck,
  Workflow,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { type ServedKind, kindKey } from '../api/discovery.ts'
import { type MessageKey, isEnglish, m, t } from '../i18n/i18n.ts'

export interface NavigationGroup {
  readonly title: MessageKey
  readonly icon: Component
  readonly kinds: readonly ServedKind[]
  /** A group of one kind is shown as that kind. */
  readonly single?: boolean
}

export const overviewIcon = Gauge
export const topologyIcon = Workflow
export const timelineIcon = History
export const hostsIcon = Cable
export const forwardsIcon = ArrowRightLeft
export const helmIcon = ShipWheel
export const accessIcon = UserRoundCheck

const layout: readonly { title: MessageKey; icon: Component; keys: readonly string[]; single?: boolean }[] = [
  { title: m('Nodes'), icon: Server, keys: ['nodes.v1.'], single: true },
  {
    title: m('Workloads'),
    icon: Boxes,
    keys: [
      'pods.v1.',
      'deployments.v1.apps',
      'statefulsets.v1.apps',
      'daemonsets.v1.apps',
      'replicasets.v1.apps',
      'jobs.v1.batch',
      'cronjobs.v1.batch',
      'replicationcontrollers.v1.',
    ],
  },
  {
    title: m('Config'),
    icon: FileSliders,
    keys: [
      'configmaps.v1.',
      'secrets.v1.',
      'resourcequotas.v1.',
      'limitranges.v1.',
      'horizontalpodautoscalers.v2.autoscaling',
      'poddisruptionbudgets.v1.policy',
      'priorityclasses.v1.scheduling.k8s.io',
      'leases.v1.coordination.k8s.io',
    ],
  },
  {
    title: m('Network'),
    icon: Network,
    keys: [
      'services.v1.',
      'endpoints.v1.',
      'endpointslices.v1.discovery.k8s.io',
      'ingresses.v1.networking.k8s.io',
      'ingressclasses.v1.networking.k8s.io',
      'networkpolicies.v1.networking.k8s.io',
    ],
  },
  {
    title: m('Storage'),
    icon: HardDrive,
    keys: ['persistentvolumeclaims.v1.', 'persistentvolumes.v1.', 'storageclasses.v1.storage.k8s.io'],
  },
  { title: m('Namespaces'), icon: Layers, keys: ['namespaces.v1.'], single: true },
  { title: m('Events'), icon: Bell, keys: ['events.v1.'], single: true },
  {
    title: m('Access Control'),
    icon: ShieldCheck,
    keys: [
      'serviceaccounts.v1.',
      'roles.v1.rbac.authorization.k8s.io',
      'rolebindings.v1.rbac.authorization.k8s.io',
      'clusterroles.v1.rbac.authorization.k8s.io',
      'clusterrolebindings.v1.rbac.authorization.k8s.io',
    ],
  },
]

/** First of the custom resources: what they are. */
const DEFINITIONS = 'customresourcedefinitions.v1.apiextensions.k8s.io'

/** What is in the menu on every cluster, by `kindKey`. */
export const menuKeys: ReadonlySet<string> = new Set([...layout.flatMap(({ keys }) => keys), DEFINITIONS])

/** Shown elsewhere under another name. */
const DUPLICATES = new Set(['events.v1.events.k8s.io', 'componentstatuses.v1.'])

/** Built-in groups have no dot, or are Kubernetes' or our own; everything else was defined by somebody. */
const isBuiltIn = ({ type: { group } }: ServedKind) =>
  !group.includes('.') || group.endsWith('.k8s.io') || `.${group}`.endsWith('.flotilla.dev')

/** Whether somebody defined the kind for this cluster. */
export const isCustom = (kind: ServedKind): boolean => !isBuiltIn(kind)

/** The kinds that somebody defined for this cluster. */
export const customTypes = (kinds: readonly ServedKind[]): ResourceType<KubeObject>[] =>
  kinds
    .filter(kind => !isBuiltIn(kind) && kind.verbs.includes('watch'))
    .map(({ type }) => type as ResourceType<KubeObject>)

const byTitle = (a: ServedKind, b: ServedKind) => a.type.kind.localeCompare(b.type.kind)

export function navigationGroups(kinds: readonly ServedKind[]): NavigationGroup[] {
  const byKey = new Map(kinds.map(kind => [kindKey(kind.type), kind]))
  const groups = layout.map(({ title, icon, keys, single }) => ({
    title,
    icon,
    kinds: keys.flatMap(key => byKey.get(key) ?? []),
    ...(single ? { single } : {}),
  }))
  const rest = kinds
    .filter(kind => !menuKeys.has(kindKey(kind.type)) && !DUPLICATES.has(kindKey(kind.type)))
    .sort(byTitle)
  const definitions = kinds.filter(({ type }) => kindKey(type) === DEFINITIONS)
  return [
    ...groups,
    { title: m('Custom Resources'), icon: Puzzle, kinds: [...definitions, ...rest.filter(kind => !isBuiltIn(kind))] },
    { title: m('Other'), icon: Shapes, kinds: rest.filter(isBuiltIn) },
  ].filter(group => group.kinds.length > 0)
}

const WORDS: Readonly<Record<string, MessageKey>> = {
  Endpoints: m('Endpoints'),
  HorizontalPodAutoscaler: m('Autoscalers'),
  PersistentVolumeClaim: m('Volume Claims'),
  PersistentVolume: m('Volumes'),
  CustomResourceDefinition: m('Definitions'),
}

const plural = (word: string) =>
  /(s|x|ch|sh)$/.test(word) ? `${word}es` : /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`

const inWords = (kind: string) => kind.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')

/** `NetworkPolicy` → `Network Policies`; where its words are no words of the language, the name stays whole. */
export function kindTitle(kind: string): string {
  const word = WORDS[kind]
  return word ? t(word) : plural(isEnglish() ? inWords(kind) : kind)
}
