// Differences that are meant, or known and not mended: each with the reason.

/** @type {{ name?: RegExp, text?: RegExp, why: string }[]} */
const KNOWN = [
  { text: /^\.ConfigMap\/kube-root-ca\.crt\.data|^\.Secret\/\S+\.data\./, why: 'each has its own authority' },
  {
    text: /no new claims to deallocate|PersistentVolumeClaims\. not found|not found\. not found/,
    why: 'plugins that have nothing to say about preemption say nothing',
  },
  { text: /^\.events\.Warning FailedScheduling .*(not found: nothing|preemption: .*), (not )?/, why: 'the same' },
  {
    text: /^\.(ReplicaSet|EndpointSlice)\/\S+\.(metadata\.generation|status\.observedGeneration)/,
    why: 'how many steps a rollout takes is a matter of chance',
  },
  { text: /\.(endpoints|ports): \[\], not null$/, why: 'lists that Go prints as null are left out' },
  { text: /^\.EndpointSlice\/\S+\.ports/, why: 'ports are in the order of the Service, not of their hashes' },
  { text: /metadata\.generateName: "", not nothing/, why: 'an update keeps it' },
  {
    text: /^\.events\.Normal (ScalingReplicaSet|SuccessfulDelete|SuccessfulCreate) /,
    name: /a Deployment/,
    why: 'which of several sets a step is taken from is a matter of chance',
  },
  {
    text: /^\.ConfigMap\/<node>-\d+\.data\.annotations: ""/,
    why: 'kubelets are told of changes, so none needs to know how long to keep what it read',
  },
  { text: /^\.ConfigMap\/<node>-\d+\.data\.labels/, why: 'agents bring the older labels themselves' },
  {
    name: /spread over|one a node|wants? neighbours/,
    text: /nodeName: "[abc]-|Successfully assigned|data\.counts/,
    why: 'among equal nodes the scheduler chooses by chance',
  },
  { text: /UnmanagedPods/, why: 'the pods are named, not the selector' },
  { text: /currentMetrics: nothing, not (null|\[\{"type":""\}\])/, why: 'what is not known is left out' },
  { text: /currentMetrics\[\d\]: nothing, not \{"type":""\}/, why: 'the same' },
  { text: /unable to fetch metrics|no metrics returned/, why: 'metrics are served here' },
  {
    name: /a quota counts|two budgets of one pod|budgets of sets/,
    text: /^\.(ResourceQuota|PodDisruptionBudget)\/(all|b|db)\.status/,
    why: 'it is counted at once here, with the next full look there',
  },
  {
    name: /a DaemonSet and the taints of its nodes|a DaemonSet (surges|rolls) while its nodes come, go and change/,
    text: /^\.DaemonSet\/agent\.status\.(current|desired|updated)?[nN]umber/,
    why: 'that a node is tainted or gone is counted at once here, with the next other change there',
  },
  {
    text: /^\.ReplicaSet\/.*deployment\.kubernetes\.io\/max-replicas/,
    name: /recreated from now on/,
    why: 'it follows the strategy at once, not with the next step',
  },
  {
    text: /UnexpectedJob CronJob\/tick/,
    name: /replaces what still runs|forbids another/,
    why: 'a matter of chance: whether the Job or the status that names it is seen first',
  },
  {
    text: /MultiplePodDisruptionBudgets/,
    why: 'told with each change of the pod, of any one of its budgets, there; once here',
  },
  {
    text: /^\.Deployment\/.*\.(reason: "ReplicaSetUpdated", not "NewReplicaSetCreated"|message: .*is progressing\.", not "Created new replica set|message: .* has successfully progressed\.", not .* has successfully progressed\.")/,
    why: 'a matter of chance there: whether the status that names the new set was written, or met a conflict',
  },
  {
    name: /its Endpoints are changed/,
    text: /^\.Endpoints\/web/,
    why: 'they are put right at once here, with the next change of a pod there',
  },
  {
    name: /a node gets a zone/,
    text: /^\.EndpointSlice\/.*"east"/,
    why: 'endpoints are told of it at once here, with the next change of a pod there',
  },
  {
    name: /a namespace that cannot end yet › pods/,
    text: /^\.ConfigMap\/first\.data\.conditions/,
    why: 'that pods are left is told here',
  },
  {
    text: /controlled by multiple HPAs: /,
    why: 'a matter of chance there: in which order they are named, so that it is told again and again',
  },
  { text: /skip schedule deleting pod|WaitForPodScheduled/, why: 'told by what is looked at again and again there' },
]

/** @returns why a difference is expected, or nothing */
export const whyKnown = ({ name, text }) =>
  KNOWN.find(known => (known.name?.test(name) ?? true) && (known.text?.test(text) ?? true))?.why
