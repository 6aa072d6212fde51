// Which controllers run: all, unless somebody names some, as kube-controller-manager's `--controllers` does.
// @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/

/** Upstream's name, and ours beside it → the parts here that do its work. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'bootstrap-signer-controller': ['bootstrapsigner'],
  'certificatesigningrequest-approving-controller': ['csrapproving'],
  'certificatesigningrequest-cleaner-controller': ['csrcleaner'],
  'certificatesigningrequest-signing-controller': ['csrsigning'],
  'clusterrole-aggregation-controller': ['clusterrole-aggregation'],
  'cronjob-controller': ['cronjob'],
  'daemonset-controller': ['daemonset'],
  'deployment-auto-rollback-controller': ['deployment-auto-rollback'],
  'deployment-controller': ['deployment'],
  'device-taint-eviction-controller': ['device-taint-eviction'],
  'disruption-controller': ['disruption', 'stale-pod-disruption'],
  'endpoints-controller': ['endpoints'],
  'endpointslice-controller': ['endpointslice'],
  'endpointslice-mirroring-controller': ['endpointslicemirroring'],
  'ephemeral-volume-controller': ['ephemeral-volume'],
  'garbage-collector-controller': ['garbage-collector'],
  'gateway-controller': ['gateway'],
  'horizontal-pod-autoscaler-controller': ['horizontal-pod-autoscaling'],
  'ingress-controller': ['ingress'],
  'job-controller': ['job', 'job-orphan-pods'],
  'legacy-serviceaccount-token-cleaner-controller': ['legacy-serviceaccount-token-cleaner'],
  'local-path-provisioner-controller': ['local-path-provisioner', 'local-path-deleter'],
  'namespace-controller': ['namespace'],
  'node-ipam-controller': ['node-ipam'],
  'node-lifecycle-controller': ['node-lifecycle'],
  'persistentvolume-attach-detach-controller': ['persistentvolume-attach-detach'],
  'persistentvolume-binder-controller': ['persistentvolume-binder', 'persistentvolume-binder-volumes'],
  'persistentvolume-expander-controller': ['persistentvolume-expander'],
  'persistentvolume-protection-controller': ['pv-protection'],
  'persistentvolumeclaim-protection-controller': ['pvc-protection'],
  'pod-garbage-collector-controller': ['pod-gc'],
  'replicaset-controller': ['replicaset'],
  'replicationcontroller-controller': ['replicationcontroller'],
  'resourceclaim-controller': ['resourceclaim', 'resourceclaim-pods'],
  'resourcequota-controller': ['resourcequota'],
  'root-ca-certificate-publisher-controller': ['root-ca-cert-publisher'],
  'service-cidr-controller': ['service-cidrs'],
  'service-ip-repair-controller': ['service-ip-repair'],
  'service-lb-controller': ['service'],
  'serviceaccount-controller': ['serviceaccount'],
  'serviceaccount-token-controller': ['serviceaccount-token'],
  'statefulset-controller': ['statefulset'],
  'taint-eviction-controller': ['taint-eviction'],
  'token-cleaner-controller': ['token-cleaner'],
  'ttl-after-finished-controller': ['ttl-after-finished'],
  'ttl-controller': ['ttl'],
  'volumeattributesclass-protection-controller': ['volumeattributesclass-protection'],
}

/** Every part that has a name to choose it by. */
export const chosenParts: readonly string[] = Object.values(PARTS).flat()

/** Whether a part runs. */
export type ControllerChoice = (part: string) => boolean

/**
 * @param list names, each alone or after `-`, and `*` for all that are not named: `*,-service-lb-controller`
 * @throws Error that tells the names
 */
export function chooseControllers(list: readonly string[]): ControllerChoice {
  const named = list.filter(each => each !== '*')
  const unknown = named.find(each => !Object.hasOwn(PARTS, each.replace(/^-/, '')))
  if (unknown !== undefined)
    throw new Error(`there is no controller ${JSON.stringify(unknown)}; there are ${Object.keys(PARTS).join(', ')}`)
  const partsOf = (names: readonly string[]) => new Set(names.flatMap(name => PARTS[name] ?? []))
  const on = partsOf(named)
  const off = partsOf(named.filter(each => each.startsWith('-')).map(each => each.slice(1)))
  const isAll = list.includes('*')
  return part => on.has(part) || (isAll && !off.has(part))
}
