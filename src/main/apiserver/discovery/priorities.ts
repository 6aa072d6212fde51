// Which groups and versions come first: upstream's numbers, as APIServices tell them. Clients take the first group that has
// a resource of a name, and its first version.

/** Comes before all others, whatever they say of themselves. */
const FIRST = 'apiregistration.k8s.io'

const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  [FIRST]: 17_900,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
}
const OTHER_GROUP = 16_000
const CUSTOM_GROUP = 1_000
const CUSTOM_VERSION = 100
const LAST_VERSION = 15

export const groupPriority = (group: string, custom: boolean): number =>
  custom ? CUSTOM_GROUP : (GROUPS[group] ?? OTHER_GROUP)

/** @param at its place among the group's `count` versions; those of custom resources are equal, and go by their names */
export const versionPriority = (at: number, count: number, custom: boolean): number =>
  custom ? CUSTOM_VERSION : count - at + LAST_VERSION - 1

interface Group {
  readonly group: string
  readonly priority: number
}

export function byGroupPriority(a: Group, b: Group): number {
  for (const first of ['', FIRST]) if (a.group !== b.group && (a.group === first || b.group === first)) return a.group === first ? -1 : 1 // prettier-ignore
  return b.priority - a.priority || (a.group < b.group ? -1 : 1)
}

/** `v2` before `v1` before `v1beta2` before `v1alpha1`, as Kubernetes orders versions. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): [number, number, number] => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (!parts) return [-1, 0, 0]
    return [parts[2] === undefined ? 2 : parts[2] === 'beta' ? 1 : 0, Number(parts[1]), Number(parts[3] ?? 0)]
  }
  const [x, y] = [rank(a), rank(b)]
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2] || (a < b ? -1 : a > b ? 1 : 0)
}

interface Version {
  readonly version: string
  readonly priority: number
}

export const byVersionPriority = (a: Version, b: Version): number =>
  b.priority - a.priority || compareVersions(a.version, b.version)
