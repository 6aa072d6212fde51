// Services of more pods than a slice holds, Endpoints of many kinds by hand, hints for three zones, budgets of all kinds.
const SERVICES = 'v1/services'
const SLICES = 'discovery.k8s.io/v1/endpointslices'
const ENDPOINTS = 'v1/endpoints'
const PDBS = 'policy/v1/poddisruptionbudgets'
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
const service = (spec, more = {}) => ({
  metadata: { name: 'web', ...more },
  spec: { ports: [{ name: 'http', port: 80 }], ...spec },
})
const pod = (name, spec = {}, metadata = {}) => ({
  metadata: { name, labels: { app: 'here' }, ...metadata },
  spec: {
    ...{ terminationGracePeriodSeconds: 0, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } },
    ...{ containers: [{ name: 'main', image: 'run' }], ...spec },
  },
})
const nodeName = (side, letter) => `${letter}-${side.namespace}`
const nodes = (zones, allocatable) => async side => {
  for (const [letter, zone] of Object.entries(zones))
    await side.nodes.add(nodeName(side, letter), {
      labels: { only: side.namespace, ...(zone && { 'topology.kubernetes.io/zone': zone }) },
      ...(allocatable && { allocatable }),
    })
}
const on = (side, letter) => ({ nodeSelector: { 'kubernetes.io/hostname': nodeName(side, letter) } })
const tell = (side, name, told) =>
  side.create('v1/configmaps', { metadata: { name }, data: { told: JSON.stringify(told) } })
/** How full each slice is depends on who comes together: how many there are does not. */
const sizes = async (side, name) => {
  await wait(12_000)
  const { items } = await side.get(SLICES)
  const ports = items.map(item => (item.ports ?? []).map(({ port }) => port).sort())
  const all = items.flatMap(({ endpoints }) => endpoints ?? []).length
  const { subsets = [] } = await side.get(`${ENDPOINTS}/web`)
  await tell(side, name, { ports, all, addresses: subsets.map(({ addresses = [] }) => addresses.length) })
}
const evict = (name, as, more = {}) => [
  `evict ${name} (${as})`,
  async side => {
    const { code, text } = await side.server.call(
      'POST',
      `/api/v1/namespaces/${side.namespace}/pods/${name}/eviction`,
      {
        ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
        ...more,
      },
    )
    const { message, reason, details } = JSON.parse(text)
    await tell(side, as, { code, message, reason, details: details?.causes })
  },
]
const budget = spec => [
  'the budget',
  side =>
    side.create(PDBS, { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'here' } }, ...spec } }),
]
const change = (title, spec) => [title, side => side.merge(`${PDBS}/web`, { spec })]
const pods = (...names) => [
  'pods',
  async side => {
    for (const [name, image = 'run', more = {}] of names)
      await side.create('v1/pods', pod(name, { containers: [{ name: 'main', image }], ...more }))
  },
]
const subset = (addresses, ports, more = {}) => ({
  addresses: addresses.map(ip => (typeof ip === 'string' ? { ip } : ip)),
  ports,
  ...more,
})

export const scenarios = [
  {
    name: 'a Service of more pods than a slice holds',
    steps: [
      ['nodes', async side => void (await nodes({ a: '' }, { cpu: '8', memory: '16Gi', pods: '200' })(side))],
      [
        'pods come, and go',
        async side => {
          await side.create(SERVICES, service({ selector: { app: 'here' } }))
          const numbers = Array.from({ length: 125 }, (_, i) => i)
          const make = i => side.create('v1/pods', pod(`pod-${i}`, { nodeSelector: { only: side.namespace } }))
          while (numbers.length > 0) await Promise.all(numbers.splice(0, 25).map(make))
          await sizes(side, 'all')
          await side.merge('v1/services/web', {
            spec: {
              ports: [
                { name: 'http', port: 80 },
                { name: 'more', port: 81 },
              ],
            },
          })
          await sizes(side, 'two-ports')
          for (let i = 0; i < 122; i++) await side.remove(`v1/pods/pod-${i}`)
          await sizes(side, 'few')
          for (let i = 122; i < 125; i++) await side.remove(`v1/pods/pod-${i}`)
        },
        { mostMs: 120_000 },
      ],
    ],
  },
  {
    name: 'Endpoints by hand, of both families, with what a kubelet would say',
    steps: [
      ['the Service', side => side.create(SERVICES, service({}, { labels: { of: 'service' } }))],
      [
        'Endpoints',
        side =>
          side.create(ENDPOINTS, {
            metadata: {
              name: 'web',
              labels: { of: 'endpoints', 'endpointslice.kubernetes.io/managed-by': 'somebody' },
              annotations: {
                a: 'b',
                'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z',
                'kubectl.kubernetes.io/last-applied-configuration': '{}',
              },
            },
            subsets: [
              subset(
                [
                  {
                    ip: '192.0.2.1',
                    hostname: 'one',
                    nodeName: 'node-1',
                    targetRef: { kind: 'Pod', name: 'one', namespace: side.namespace },
                  },
                  '192.0.2.2',
                  '2001:db8::1',
                ],
                [
                  { name: 'http', port: 80 },
                  { name: 'dns', port: 53, protocol: 'UDP' },
                ],
                { notReadyAddresses: [{ ip: '192.0.2.3' }, { ip: '2001:db8::3' }] },
              ),
              subset(['192.0.2.1', '192.0.2.4'], [{ name: 'admin', port: 8080, appProtocol: 'example.com/own' }]),
            ],
          }),
      ],
      [
        'an address moves from ready to not ready',
        side =>
          side.merge(`${ENDPOINTS}/web`, {
            subsets: [
              {
                addresses: [{ ip: '192.0.2.2' }],
                notReadyAddresses: [{ ip: '192.0.2.1' }],
                ports: [{ name: 'http', port: 80 }],
              },
            ],
          }),
      ],
      [
        'labels and annotations',
        side =>
          side.merge(`${ENDPOINTS}/web`, {
            metadata: { labels: { of: null, other: 'yes' }, annotations: { a: null, c: 'd' } },
          }),
      ],
      [
        'a slice of it is deleted',
        async side => {
          for (const { metadata } of (await side.get(SLICES)).items.slice(0, 1))
            await side.remove(`${SLICES}/${metadata.name}`)
        },
      ],
      [
        'a slice of it is changed',
        async side => {
          for (const { metadata } of (await side.get(SLICES)).items.slice(0, 1))
            await side.merge(`${SLICES}/${metadata.name}`, { endpoints: [] })
        },
      ],
      [
        'they are led for',
        side =>
          side.merge(`${ENDPOINTS}/web`, {
            metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } },
          }),
      ],
      [
        'and no longer',
        side =>
          side.merge(`${ENDPOINTS}/web`, {
            metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': null } },
          }),
      ],
      ['the Service is deleted', side => side.remove('v1/services/web')],
    ],
  },
  {
    name: 'Endpoints by hand, of more addresses than are mirrored',
    steps: [
      ['the Service', side => side.create(SERVICES, service({}))],
      [
        'Endpoints',
        async side => {
          const addresses = Array.from({ length: 1050 }, (_, i) => `10.9.${i >> 8}.${i & 255}`)
          await side.create(ENDPOINTS, {
            metadata: { name: 'web' },
            subsets: [subset(addresses, [{ name: 'http', port: 80 }])],
          })
          await wait(8_000)
          const { items } = await side.get(SLICES)
          await tell(side, 'sizes', items.map(({ endpoints }) => endpoints.length).sort())
          await side.merge(`${ENDPOINTS}/web`, { subsets: [] })
        },
      ],
    ],
  },
  {
    name: 'a slice of a Service that somebody else changes',
    steps: [
      [
        'a Service and a pod',
        async side => (
          await side.create(SERVICES, service({ selector: { app: 'here' } })),
          await side.create('v1/pods', pod('one'))
        ),
      ],
      [
        'its slice is changed',
        async side =>
          side.merge(`${SLICES}/${(await side.get(SLICES)).items[0].metadata.name}`, {
            endpoints: [{ addresses: ['192.0.2.9'] }],
          }),
      ],
      [
        'its slice is deleted',
        async side => side.remove(`${SLICES}/${(await side.get(SLICES)).items[0].metadata.name}`),
      ],
      [
        'its label is taken away',
        async side =>
          side.merge(`${SLICES}/${(await side.get(SLICES)).items[0].metadata.name}`, {
            metadata: { labels: { 'kubernetes.io/service-name': null } },
          }),
      ],
      [
        'its Endpoints are changed',
        side =>
          side.merge(`${ENDPOINTS}/web`, {
            subsets: [subset(['192.0.2.7'], [{ name: 'http', port: 80 }])],
            metadata: { labels: { x: 'y' } },
          }),
      ],
      ['its Endpoints are deleted', side => side.remove(`${ENDPOINTS}/web`)],
    ],
  },
  {
    name: 'hints of topology for three zones',
    steps: [
      ['nodes', nodes({ a: 'west', b: 'north', c: 'east' }, { cpu: '8', memory: '16Gi', pods: '20' })],
      [
        'a Service, and pods unevenly',
        async side => {
          await side.create(
            SERVICES,
            service({ selector: { app: 'here' } }, { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }),
          )
          for (const [name, letter] of [
            ['a-1', 'a'],
            ['a-2', 'a'],
            ['a-3', 'a'],
            ['b-1', 'b'],
            ['b-2', 'b'],
            ['c-1', 'c'],
          ])
            await side.create('v1/pods', pod(name, on(side, letter)))
        },
        { quietMs: 5_000 },
      ],
      [
        'a pod that is not ready',
        side =>
          side.create('v1/pods', pod('c-2', { ...on(side, 'c'), containers: [{ name: 'main', image: 'unready' }] })),
      ],
      [
        'close by',
        side =>
          side.merge('v1/services/web', {
            metadata: { annotations: null },
            spec: { trafficDistribution: 'PreferSameZone' },
          }),
      ],
      [
        'both',
        side =>
          side.merge('v1/services/web', {
            metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
          }),
      ],
      [
        'another value',
        side =>
          side.merge('v1/services/web', {
            metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Disabled' } },
          }),
      ],
      [
        'the older name',
        side =>
          side.merge('v1/services/web', {
            metadata: {
              annotations: {
                'service.kubernetes.io/topology-mode': null,
                'service.kubernetes.io/topology-aware-hints': 'auto',
              },
            },
            spec: { trafficDistribution: null },
          }),
      ],
    ],
  },
  {
    name: 'a Service that keeps to nodes and zones, of pods that end',
    steps: [
      ['nodes', nodes({ a: 'west', b: '' })],
      [
        'a Service and pods',
        async side => {
          await side.create(
            SERVICES,
            service({
              selector: { app: 'here' },
              trafficDistribution: 'PreferSameZone',
              publishNotReadyAddresses: false,
            }),
          )
          await side.create('v1/pods', pod('a-1', on(side, 'a')))
          await side.create('v1/pods', pod('a-2', on(side, 'a'), { annotations: { 'hollow/stay': 'yes' } }))
          await side.create('v1/pods', pod('b-1', on(side, 'b')))
        },
      ],
      ['one ends', side => side.remove('v1/pods/a-2')],
      ['to the same node', side => side.merge('v1/services/web', { spec: { trafficDistribution: 'PreferSameNode' } })],
      [
        'a node gets a zone',
        side =>
          side.merge(`/api/v1/nodes/${nodeName(side, 'b')}`, {
            metadata: { labels: { 'topology.kubernetes.io/zone': 'east' } },
          }),
        { quietMs: 5_000 },
      ],
      ['close by again', side => side.merge('v1/services/web', { spec: { trafficDistribution: 'PreferClose' } })],
    ],
  },
  {
    name: 'a headless Service, with labels of its own and pods of host names',
    steps: [
      [
        'a Service and pods',
        async side => {
          await side.create(
            SERVICES,
            service(
              { clusterIP: 'None', selector: { app: 'here' } },
              { labels: { a: 'b', 'service.kubernetes.io/headless': 'mine' } },
            ),
          )
          await side.create('v1/pods', pod('one', { hostname: 'first', subdomain: 'web' }))
          await side.create('v1/pods', pod('two', { hostname: 'second', subdomain: 'web', setHostnameAsFQDN: true }))
          await side.create('v1/pods', pod('three', { hostname: 'third' }))
          await side.create('v1/pods', pod('four', { subdomain: 'web' }))
        },
      ],
      ['labels', side => side.merge('v1/services/web', { metadata: { labels: { a: null, c: 'd' } } })],
      [
        'ports of which one has no name in pods',
        side =>
          side.merge('v1/services/web', {
            spec: {
              ports: [
                { name: 'http', port: 80, targetPort: 'nowhere' },
                { name: 'x', port: 81, protocol: 'UDP', appProtocol: 'kubernetes.io/h2c' },
              ],
            },
          }),
      ],
    ],
  },
  {
    name: 'budgets of all, of none, and of what cannot be',
    steps: [
      budget({ minAvailable: '100%' }),
      pods(['one'], ['two'], ['waits', 'starting'], ['over', 'done', { restartPolicy: 'Never' }]),
      evict('one', 'all'),
      evict('waits', 'waiting'),
      evict('over', 'ended'),
      change('none at all', { minAvailable: 0 }),
      evict('one', 'dry', { deleteOptions: { dryRun: ['All'] } }),
      evict('one', 'other-uid', { deleteOptions: { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } } }),
      evict('none', 'absent'),
      change('not one may be missing', { minAvailable: null, maxUnavailable: 0 }),
      evict('one', 'not-one'),
      change('more than there are', { minAvailable: 9, maxUnavailable: null }),
      evict('one', 'too-many'),
      ['the budget is deleted', side => side.remove(`${PDBS}/web`)],
      evict('one', 'free'),
    ],
  },
  {
    name: 'a budget of pods that are slow to end, and are evicted again',
    steps: [
      budget({ minAvailable: 1 }),
      [
        'pods',
        async side => {
          for (const name of ['one', 'two', 'three'])
            await side.create(
              'v1/pods',
              pod(name, { terminationGracePeriodSeconds: 600 }, { annotations: { 'hollow/stay': 'yes' } }),
            )
        },
      ],
      evict('one', 'first'),
      evict('one', 'again'),
      evict('two', 'second'),
      evict('three', 'third'),
      ['one is gone', side => side.remove('v1/pods/one', { gracePeriodSeconds: 0 })],
      change('always the ill', { unhealthyPodEvictionPolicy: 'AlwaysAllow', minAvailable: 2 }),
      pods(['ill', 'unready'], ['well']),
      evict('ill', 'ill'),
      evict('well', 'well'),
    ],
  },
]
