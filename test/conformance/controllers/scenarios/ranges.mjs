// Ranges of Services' addresses that are added to the cluster's own, and go again.
const RANGES = '/apis/networking.k8s.io/v1/servicecidrs'
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const SERVICES = 'v1/services'
const range =
  (name, ...cidrs) =>
  side =>
    side.create(RANGES, { metadata: { name }, spec: { cidrs } })
const service = (name, clusterIP) => side =>
  side.create(SERVICES, { metadata: { name }, spec: { clusterIP, ports: [{ port: 80 }] } })

export const scenarios = [
  {
    name: 'a range is added, used, and goes',
    more: [`${RANGES}/added`, `${ADDRESSES}/10.97.50.5`],
    steps: [
      ['the range', range('added', '10.97.50.0/28')],
      ['a Service with an address of it', service('web', '10.97.50.5')],
      ['it is deleted while it is used', side => side.remove(`${RANGES}/added`)],
      ['the Service is deleted', side => side.remove(`${SERVICES}/web`), { quietMs: 12_000 }],
    ],
  },
  {
    name: 'ranges that contain each other',
    more: [`${RANGES}/outer`, `${RANGES}/inner`, `${ADDRESSES}/10.97.60.3`],
    steps: [
      [
        'both',
        async side => {
          await range('outer', '10.97.60.0/26')(side)
          await range('inner', '10.97.60.0/28')(side)
        },
      ],
      ['a Service with an address of both', service('web', '10.97.60.3')],
      ['the inner one is deleted', side => side.remove(`${RANGES}/inner`), { quietMs: 12_000 }],
      ['the outer one is deleted', side => side.remove(`${RANGES}/outer`), { quietMs: 4_000 }],
      ['there is another one', range('inner', '10.97.60.0/28'), { quietMs: 12_000 }],
    ],
  },
  {
    name: 'a range that nobody uses, deleted in every way',
    more: [`${RANGES}/unused`, `${RANGES}/held`],
    steps: [
      [
        'the ranges',
        async side => {
          await range('unused', '10.97.70.0/28')(side)
          await range('held', '10.97.71.0/28')(side)
          await side.merge(`${RANGES}/held`, {
            metadata: { finalizers: ['example.com/held', 'networking.k8s.io/service-cidr-finalizer'] },
          })
        },
      ],
      [
        'they are deleted',
        async side => {
          await side.remove(`${RANGES}/unused`, { propagationPolicy: 'Foreground' })
          await side.remove(`${RANGES}/held`)
        },
        { quietMs: 12_000 },
      ],
    ],
  },
]
