// Devices: claims of them, and extended resources that are made of them. Each scenario has nodes and classes of its own.
const PODS = 'v1/pods'
const CLAIMS = 'resource.k8s.io/v1/resourceclaims'
const CLASSES = '/apis/resource.k8s.io/v1/deviceclasses'
const SLICES = '/apis/resource.k8s.io/v1/resourceslices'
const QUOTAS = 'v1/resourcequotas'

const nodeName = (side, letter) => `${letter}-${side.namespace}`
const className = side => `gpu-${side.namespace}`
const resourceName = side => `${side.namespace}.example.com/gpu`
const implicitName = side => `deviceclass.resource.kubernetes.io/${className(side)}`

/** A node with devices, and the class of them. */
const machine =
  (count, spec = () => ({}), allocatable = () => ({})) =>
  async side => {
    const name = nodeName(side, 'a')
    await side.nodes.add(name, {
      labels: { only: side.namespace },
      allocatable: { cpu: '8', memory: '16Gi', pods: '20', ...allocatable(side) },
    })
    const driver = `${side.namespace}.example.com`
    await side.create(CLASSES, {
      metadata: { name: className(side) },
      spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }], ...spec(side) },
    })
    if (count === 0) return
    await side.create(SLICES, {
      metadata: { name },
      spec: {
        ...{ driver, nodeName: name, pool: { name, generation: 1, resourceSliceCount: 1 } },
        devices: Array.from({ length: count }, (_, i) => ({ name: `d${i}`, attributes: { number: { int: i } } })),
      },
    })
  }
const extended = side => ({ extendedResourceName: resourceName(side) })

const asking = (image, limits, more = {}) => ({
  name: 'main',
  image,
  ...(limits && { resources: { limits } }),
  ...more,
})
const pod = (side, name, spec, metadata = {}) => ({
  metadata: { name, labels: { app: name }, ...metadata },
  spec: {
    terminationGracePeriodSeconds: 1,
    nodeSelector: { only: side.namespace },
    containers: [asking('run')],
    ...spec,
  },
})
const create =
  (...make) =>
  async side => {
    for (const each of make) {
      await side.create(PODS, each(side))
      await new Promise(resolve => setTimeout(resolve, 800))
    }
  }
const wanting =
  (name, amount = '1', of = resourceName) =>
  side =>
    pod(side, name, { containers: [asking('run', { [of(side)]: amount })] })
const claiming =
  (name, claim, spec = {}) =>
  side =>
    pod(side, name, { resourceClaims: [{ name: 'gpu', ...claim }], ...spec })
const claimSpec = (side, more = {}) => ({
  devices: { requests: [{ name: 'one', exactly: { deviceClassName: className(side), ...more } }] },
})
const template =
  (name, more, metadata = {}) =>
  side =>
    side.create('resource.k8s.io/v1/resourceclaimtemplates', {
      metadata: { name },
      spec: { metadata, spec: claimSpec(side, more) },
    })
const remove = name => [`${name} is deleted`, side => side.remove(`${PODS}/${name}`)]
const finish = name => [
  `${name} is done`,
  side => side.merge(`${PODS}/${name}/status`, { status: { phase: 'Succeeded' } }),
]

export const scenarios = [
  {
    name: 'claims made from a template',
    steps: [
      [
        'devices and a template',
        async side => {
          await machine(2)(side)
          await template('gpus', {}, { labels: { a: 'b' }, annotations: { c: 'd' } })(side)
        },
      ],
      [
        'three pods for two devices',
        create(...['one', 'two', 'three'].map(name => claiming(name, { resourceClaimTemplateName: 'gpus' }))),
      ],
      finish('one'),
      remove('two'),
    ],
  },
  {
    name: 'a claim that pods share',
    steps: [
      ['devices', machine(1)],
      ['the claim', side => side.create(CLAIMS, { metadata: { name: 'shared' }, spec: claimSpec(side) })],
      ['pods', create(...['one', 'two'].map(name => claiming(name, { resourceClaimName: 'shared' })))],
      [
        'another claim, for which nothing is left',
        side => side.create(CLAIMS, { metadata: { name: 'late' }, spec: claimSpec(side) }),
      ],
      ['its pod', create(claiming('late', { resourceClaimName: 'late' }))],
      ['the claim is deleted', side => side.remove(`${CLAIMS}/shared`)],
      remove('one'),
      remove('two'),
    ],
  },
  {
    name: 'claims that choose among devices',
    steps: [
      ['devices', machine(4)],
      [
        'claims',
        async side => {
          const select = expression => ({ selectors: [{ cel: { expression } }] })
          const number = `device.attributes["${side.namespace}.example.com"].number`
          const make = (name, more) => side.create(CLAIMS, { metadata: { name }, spec: claimSpec(side, more) })
          await make('third', select(`${number} == 2`))
          await make('none', select(`${number} > 9`))
          await make('wrong', select('device.attributes["nobody.example.com"].number == 1'))
          await make('two', { count: 2 })
          await make('all', { allocationMode: 'All' })
        },
      ],
      [
        'their pods',
        create(...['third', 'none', 'wrong', 'two', 'all'].map(name => claiming(name, { resourceClaimName: name }))),
      ],
    ],
  },
  {
    name: 'extended resources that are devices',
    steps: [
      ['devices', machine(3, extended)],
      ['pods', create(wanting('one'), wanting('two', '2'), wanting('three'))],
      finish('one'),
      remove('two'),
    ],
  },
  {
    name: 'extended resources that are devices, by the name of their class',
    steps: [
      ['devices', machine(2, extended)],
      ['pods', create(wanting('implicit', '1', implicitName), wanting('explicit'), wanting('late', '1', implicitName))],
      remove('explicit'),
    ],
  },
  {
    name: 'extended resources that are devices, of several containers',
    steps: [
      ['devices', machine(5, extended)],
      [
        'a pod',
        create(side => {
          const of = amount => ({ [resourceName(side)]: amount })
          return pod(side, 'many', {
            initContainers: [
              asking('done', of('3'), { name: 'first' }),
              asking('run', of('1'), { name: 'beside', restartPolicy: 'Always' }),
              asking('done', of('2'), { name: 'second' }),
            ],
            containers: [
              asking('run', of('1')),
              asking('run', of('1'), { name: 'other' }),
              asking('run', undefined, { name: 'none' }),
            ],
          })
        }),
      ],
      ['another for what is left', create(wanting('rest', '2'))],
      remove('many'),
    ],
  },
  {
    name: 'extended resources that a node has itself',
    steps: [
      ['devices', machine(2, extended, side => ({ [resourceName(side)]: '1' }))],
      ['pods', create(wanting('one'), wanting('two'))],
      ['more than it has', create(wanting('many', '2'))],
    ],
  },
  {
    name: 'an extended resource that is none yet',
    steps: [
      ['devices', machine(1)],
      ['a pod', create(wanting('waits'))],
      ['its class', side => side.merge(`${CLASSES}/${className(side)}`, { spec: extended(side) })],
      [
        'the class is another one’s',
        side => side.merge(`${CLASSES}/${className(side)}`, { spec: { extendedResourceName: 'example.com/other' } }),
      ],
      ['another pod', create(wanting('late'))],
      remove('waits'),
    ],
  },
  {
    name: 'devices and their quotas',
    quietMs: 6_000,
    steps: [
      [
        'quotas',
        async side => {
          await machine(4, extended)(side)
          await template('gpus', { count: 2 })(side)
          await side.create(QUOTAS, {
            metadata: { name: 'devices' },
            spec: {
              hard: {
                [`requests.${resourceName(side)}`]: '3',
                [`requests.${implicitName(side)}`]: '8',
                [`${className(side)}.deviceclass.resource.k8s.io/devices`]: '8',
                'count/resourceclaims.resource.k8s.io': '5',
              },
            },
          })
        },
      ],
      [
        'pods',
        create(
          wanting('one'),
          claiming('two', { resourceClaimTemplateName: 'gpus' }),
          wanting('implicit', '1', implicitName),
        ),
      ],
      ['too much', side => side.create(PODS, wanting('many', '2')(side)).catch(() => undefined)],
      remove('one'),
    ],
  },
]
