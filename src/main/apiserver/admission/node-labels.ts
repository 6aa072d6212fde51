// Labels that a node may give itself. The others of Kubernetes' own prefixes steer workloads, so only admins set them.
// @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction

const OWN = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
])
const OWN_PREFIXES = ['kubelet.kubernetes.io', 'node.kubernetes.io']

const within = (domain: string, parent: string) => domain === parent || domain.endsWith(`.${parent}`)

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/')
  if (slash < 0) return false
  const domain = label.slice(0, slash)
  if (within(domain, 'node-restriction.kubernetes.io')) return true
  if (!within(domain, 'kubernetes.io') && !within(domain, 'k8s.io')) return false
  return !OWN.has(label) && !OWN_PREFIXES.some(prefix => within(domain, prefix))
}

type Labels = Readonly<Record<string, string>> | undefined

/** @returns labels that differ between the two and that no node may touch, sorted */
export function forbiddenNodeLabels(labels: Labels = {}, old: Labels = {}): string[] {
  const keys = new Set([...Object.keys(labels), ...Object.keys(old)])
  return [...keys].filter(key => labels[key] !== old[key] && isForbidden(key)).sort()
}
