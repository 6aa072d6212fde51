// Evictions under budgets: of pods in every state, with budgets that allow some, none, or do not know yet.
const MERGE = 'application/merge-patch+json'
const DRY = '?dryRun=All'
const send = (method, path, body) => ({
  name: `${method} ${path} ${JSON.stringify(body ?? null).slice(0, 240)}`,
  ...{ method, path, body },
})
const quiet = step => ({ ...step, unjudged: true })
const merge = (path, body) => ({ ...send('PATCH', path, body), type: MERGE })

const STATES = {
  pending: { phase: 'Pending' },
  running: { phase: 'Running' },
  ready: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  unready: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
  succeeded: { phase: 'Succeeded' },
  failed: { phase: 'Failed' },
}
const BUDGETS = {
  none: [],
  allows: [{ disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 }],
  refuses: [{ disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 3 }],
  lacks: [{ disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 2, expectedPods: 3 }],
  negative: [{ disruptionsAllowed: -1, currentHealthy: 1, desiredHealthy: 2, expectedPods: 3 }],
  behind: [{ disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, observedGeneration: 0 }],
  several: [
    { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 },
    { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 },
  ],
}
const eviction = (name, deleteOptions, more) => ({
  ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more },
  ...(deleteOptions ? { deleteOptions } : {}),
})

function budgeted(kind, policy) {
  const namespace = `budget-${kind}-${policy.toLowerCase()}`
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const budgets = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`
  const evict = (name, options, more = '', body = {}) =>
    send('POST', `${pods}/${name}/eviction${more}`, eviction(name, options, body))
  const made = [
    send('POST', '/api/v1/namespaces', { metadata: { name: namespace } }),
    send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } }),
    ...BUDGETS[kind].flatMap((status, i) => [
      send('POST', budgets, {
        metadata: { name: `b${i}` },
        spec: {
          ...{ minAvailable: 2, selector: { matchLabels: { a: 'b' } } },
          ...(policy === 'Default' ? {} : { unhealthyPodEvictionPolicy: policy }),
        },
      }),
      merge(`${budgets}/b${i}/status`, { status: { observedGeneration: 1, ...status } }),
    ]),
    ...Object.entries(STATES).flatMap(([name, status]) => [
      send('POST', pods, {
        metadata: { name, labels: { a: 'b' } },
        spec: { nodeName: 'none', containers: [{ name: 'web', image: 'x' }] },
      }),
      merge(`${pods}/${name}/status`, { status }),
    ]),
  ].map(quiet)
  const names = Object.keys(STATES)
  return {
    name: namespace,
    steps: [
      ...made,
      ...names.map(name => evict(name, { dryRun: ['All'] })),
      ...names.map(name => evict(name, undefined, DRY)),
      evict('ready', { preconditions: { uid: 'x' } }),
      evict('ready', { preconditions: { resourceVersion: '1' } }),
      // Here it is looked at before the budgets are.
      ...(kind === 'none' ? [evict('ready', { propagationPolicy: 'Other' })] : []),
      evict('ready', { gracePeriodSeconds: -1 }, DRY),
      evict('ready', undefined, DRY, { metadata: { name: 'ready', namespace: 'other' } }),
      evict('ready', undefined, DRY, { metadata: {} }),
      evict('gone'),
      ...names.map(name => evict(name, { gracePeriodSeconds: 0 })),
      ...BUDGETS[kind].map((_, i) => send('GET', `${budgets}/b${i}`)),
      send('GET', pods),
    ],
  }
}

export function* cases() {
  for (const kind of Object.keys(BUDGETS)) for (const policy of ['Default', 'AlwaysAllow']) yield budgeted(kind, policy)
}
