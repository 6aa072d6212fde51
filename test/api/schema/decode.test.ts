import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeObject, decodeObjectInPieces, requiredErrors } from '../../../src/main/apiserver/schema/decode.ts'
import { schemaTypes } from '../../../src/main/apiserver/schema/table.ts'

const deployment = (spec: unknown) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })
const containers = (...list: unknown[]) => ({ template: { spec: { containers: list } } })
const typical = deployment({
  replicas: 3,
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' }, annotations: { a: 'b' } },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'nginx:1.27',
          ports: [{ containerPort: 80, name: 'http', protocol: 'TCP' }],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
          volumeMounts: [{ name: 'v', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'x', operator: 'Exists' }],
    },
  },
})

describe('decodeObject()', () => {
  test('copies what the schema knows and shares nothing with the input', () => {
    const { object, unknown, errors } = decodeObject('apps.v1.Deployment', typical)
    expect(object).toEqual(typical)
    expect(object.metadata).not.toBe(typical.metadata)
    expect({ unknown, errors }).toEqual({ unknown: [], errors: [] })
  })

  test('leaves unknown fields out and names them by their path', () => {
    const { object, unknown } = decodeObject(
      'apps.v1.Deployment',
      deployment({ replicass: 3, ...containers({ name: 'a', imagee: 'x' }, { name: 'b', ports: [{ port: 1 }] }) }),
    )
    expect(unknown).toEqual([
      'spec.replicass',
      'spec.template.spec.containers[0].imagee',
      'spec.template.spec.containers[1].ports[0].port',
    ])
    expect(JSON.stringify(object)).not.toContain('imagee')
  })

  test.each([
    [
      { replicas: '3' },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { replicas: 1.5 },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { replicas: 2 ** 31 },
      'json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ paused: 'yes' }, 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool'],
    [
      containers({ name: 'a', env: [{ name: 'A', value: 1 }] }),
      'json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
    ],
    [
      { template: { spec: { containers: {} } } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [
      { template: { spec: [] } },
      'json: cannot unmarshal array into Go struct field PodTemplateSpec.spec.template.spec of type v1.PodSpec',
    ],
    [
      containers({ name: 'a', resources: { limits: { cpu: 'lots' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      { template: { metadata: { labels: { a: 1 } } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.spec.template.metadata.labels of type string',
    ],
    [
      { strategy: { rollingUpdate: { maxSurge: true } } },
      'json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32',
    ],
  ])('explains the wrong type in %j as Go does', (spec, message) => {
    expect(decodeObject('apps.v1.Deployment', deployment(spec)).errors[0]).toBe(
      `Deployment in version "v1" cannot be handled as a Deployment: ${message}`,
    )
  })

  test('prints quantities canonically, whether they came as text or number', () => {
    const resources = { limits: { cpu: '1000m', memory: '1024Ki' }, requests: { cpu: 0.5, memory: 1024 } }
    const { object } = decodeObject('core.v1.Pod', { spec: { containers: [{ name: 'a', resources }] } })
    expect(object['spec']).toEqual({
      containers: [
        { name: 'a', resources: { limits: { cpu: '1', memory: '1Mi' }, requests: { cpu: '500m', memory: '1024' } } },
      ],
    })
  })

  test.each([
    ['2024-02-28T23:59:59Z', '2024-02-28T23:59:59Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['2024-12-31T23:59:59Z', '2024-12-31T23:59:59Z'],
    ['2023-04-30T00:00:00Z', '2023-04-30T00:00:00Z'],
    ['2024-02-29T12:00:00.123456789+02:00', '2024-02-29T10:00:00Z'],
  ])('normalises the time %s', (given, expected) => {
    const { object } = decodeObject('core.v1.Pod', { metadata: { creationTimestamp: given } })
    expect(object.metadata.creationTimestamp).toBe(expected)
  })

  test.each([
    'yesterday',
    '2024-02-30T12:00:00Z',
    '2023-02-29T12:00:00Z',
    '2024-04-31T12:00:00Z',
    '2024-02-29',
    '2024-13-01T00:00:00Z',
    '2024-02-01T24:00:01Z',
  ])('refuses the time %s, with and without parts of a second', given => {
    const { errors } = decodeObject('core.v1.Pod', { metadata: { creationTimestamp: given } })
    expect(errors[0]).toContain(`parsing time "${given}"`)
    const micro = given.replace('Z', '.123456Z')
    const lease = decodeObject('coordination.v1.Lease', { spec: { renewTime: micro } })
    expect(lease.errors[0]).toContain(`parsing time "${micro}"`)
  })

  test('every day that there is, and no other, is one of a time', () => {
    for (const year of [2023, 2024])
      for (let month = 1; month <= 12; month++)
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
          const isDay = new Date(Date.UTC(year, month - 1, day)).toISOString().startsWith(text)
          const spec = { renewTime: `${text}T01:02:03.000004Z` }
          const metadata = { creationTimestamp: `${text}T01:02:03Z` }
          const { object, errors } = decodeObject('coordination.v1.Lease', { metadata, spec })
          if (isDay) expect(object).toEqual({ metadata, spec })
          else expect(errors).toHaveLength(2)
        }
  })

  test('keeps microseconds where the schema has them', () => {
    const { object } = decodeObject('coordination.v1.Lease', { spec: { renewTime: '2024-01-01T00:00:00.123456Z' } })
    expect(object['spec']).toEqual({ renewTime: '2024-01-01T00:00:00.123456Z' })
  })

  test('takes null for an absent field, and for the zero value in a list or map', () => {
    const { object, errors } = decodeObject('core.v1.Pod', {
      metadata: { labels: { a: null }, annotations: null },
      spec: { nodeName: null, containers: [null, { name: 'b', args: [null] }] },
    })
    expect(errors).toEqual([])
    expect(object).toEqual({ metadata: { labels: { a: '' } }, spec: { containers: [{}, { name: 'b', args: [''] }] } })
  })

  test('checks base64', () => {
    expect(decodeObject('core.v1.Secret', { data: { a: 'aGk=', b: '' } }).object['data']).toEqual({ a: 'aGk=', b: '' })
    expect(decodeObject('core.v1.Secret', { data: { a: 'no base64!' } }).errors[0]).toContain(
      'illegal base64 data at input byte 2',
    )
  })

  test('treats __proto__, constructor and toString as data in maps and as unknown fields in structs', () => {
    const { object, unknown } = decodeObject(
      'core.v1.ConfigMap',
      JSON.parse('{"__proto__":{"x":1},"constructor":1,"data":{"__proto__":"a","toString":"b"}}'),
    )
    expect(unknown).toEqual(['__proto__', 'constructor'])
    expect(JSON.stringify(object)).toBe('{"data":{"__proto__":"a","toString":"b"}}')
    expect(Object.getPrototypeOf(object['data'])).toBe(Object.prototype)
  })

  test('takes what is no schema out of a list of schemas, and null for one that says nothing', () => {
    const { object, errors } = decodeObject('apiextensions.v1.JSONSchemaProps', {
      items: ['', null, { type: 'string' }],
    })
    expect([object['items' as never], errors.length]).toEqual([[{}, { type: 'string' }], 1])
  })

  test('accepts a number or a text where the schema says so, and nothing else', () => {
    const port = (targetPort: unknown) =>
      decodeObject('core.v1.Service', { spec: { ports: [{ port: 1, targetPort }] } }).errors
    expect([...port(80), ...port('http')]).toEqual([])
    expect(port(true)).toHaveLength(1)
    expect(port(1.5)).toHaveLength(1)
  })

  test('never throws and always settles when decoded twice, whatever the input', () => {
    const ids = Object.keys(schemaTypes)
    const property = fc.property(fc.constantFrom(...ids), fc.jsonValue({ maxDepth: 5 }), (id, value) => {
      const fields = Object.keys(schemaTypes[id]!.fields)
      const shaped = Object.fromEntries(fields.map(field => [field, value]))
      const once = decodeObject(id, shaped)
      const twice = decodeObject(id, once.object)
      expect(twice.object).toEqual(once.object)
      expect(twice.errors).toEqual([])
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('decodes a typical Deployment in well under 30 µs', () => {
    const body = JSON.stringify(typical)
    const values = Array.from({ length: 200 }, () => JSON.parse(body) as unknown)
    for (let i = 0; i < 20; i++) for (const value of values) decodeObject('apps.v1.Deployment', value)
    let best = Infinity
    for (let run = 0; run < 20; run++) {
      const start = performance.now()
      for (const value of values) decodeObject('apps.v1.Deployment', value)
      best = Math.min(best, (performance.now() - start) / values.length)
    }
    expect(best * 1000).toBeLessThan(30)
  })
})

describe('requiredErrors()', () => {
  const paths = (id: string, object: unknown) => requiredErrors(id, object).map(e => `${e.field}: ${e.message}`)

  test('names every required field that is missing', () => {
    expect(paths('apps.v1.Deployment', { spec: { template: { spec: { containers: [{ image: 'x' }] } } } })).toEqual([
      'spec.selector: Required value',
      'spec.template.spec.containers[0].name: Required value',
    ])
  })

  test('does not ask for anything inside status or inside absent structs', () => {
    expect(paths('core.v1.Node', { status: { nodeInfo: {}, conditions: [{}] } })).toEqual([])
    expect(paths('core.v1.Pod', {})).toEqual([])
  })

  test('follows cycles in the schema', () => {
    const versions = [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { properties: { a: {} } } } },
    ]
    expect(
      paths('apiextensions.v1.CustomResourceDefinition', {
        spec: { group: 'g', names: { kind: 'K', plural: 'ks' }, scope: 'Cluster', versions },
      }),
    ).toEqual([])
  })
})

describe('decodeObjectInPieces()', () => {
  const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
  const decodeCounted = (schemaId: string, value: unknown) => {
    const pieces = decodeObjectInPieces(schemaId, value)
    for (let count = 1; ; count++) {
      const { done, value: decoded } = pieces.next()
      if (done) return { ...decoded, count }
    }
  }
  const podWith = (env: unknown[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', labels: { app: 'web' } },
    spec: { nodeName: '', containers: [{ name: 'c', image: 'i', args: [], env }, { name: 'd' }] },
  })

  test('gives others their turns within a very large list or map, and takes a small object in one piece', () => {
    const env = many(5_000, i => ({ name: `N_${i}`, value: String(i), valueFrom: null }))
    const { object, errors, unknown, count } = decodeCounted('core.v1.Pod', podWith(env))
    expect({ errors, unknown }).toEqual({ errors: [], unknown: [] })
    expect(object).toEqual({
      ...podWith([]),
      spec: {
        containers: [{ name: 'c', image: 'i', env: env.map(({ name, value }) => ({ name, value })) }, { name: 'd' }],
      },
    })
    expect(count).toBeGreaterThan(40)
    const data = Object.fromEntries([['__proto__', 'p'], ...many(5_000, i => [`k-${i}`, i % 9 === 0 ? null : 'v'])])
    const map = decodeCounted('core.v1.ConfigMap', { metadata: { name: 'a' }, data })
    expect((map.object as { data?: object }).data).toEqual(
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value ?? ''])),
    )
    expect(map.count).toBeGreaterThan(40)
    expect(decodeCounted('core.v1.Pod', podWith(env.slice(0, 9))).count).toBe(1)
  })

  test('copies a very large tree of owned fields', () => {
    const fieldsV1 = { 'f:data': Object.fromEntries(many(5_000, i => [`f:k-${i}`, i % 2 ? {} : { '.': {} }])) }
    const metadata = { name: 'a', managedFields: [{ manager: 'm', fieldsType: 'FieldsV1', fieldsV1 }] }
    const { object, count } = decodeCounted('core.v1.ConfigMap', { metadata })
    expect(object).toEqual({ metadata })
    expect(object.metadata.managedFields?.[0]?.fieldsV1).not.toBe(fieldsV1)
    expect(count).toBeGreaterThan(40)
  })

  test('says where in it something is wrong, as of a small one', () => {
    const env = (count: number) =>
      many(count, i => ({ name: `N_${i}`, ...(i === 3 ? { valu: 'x' } : {}), ...(i === 5 ? { value: 7 } : {}) }))
    const [small, large] = [
      decodeObject('core.v1.Pod', podWith(env(9))),
      decodeCounted('core.v1.Pod', podWith(env(3_000))),
    ]
    expect(large.unknown).toEqual(['spec.containers[0].env[3].valu'])
    expect(large.errors).toHaveLength(1)
    expect(large.errors).toEqual(small.errors)
  })

  test('refuses what is nested too deeply', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(70)}{}${'}'.repeat(70)}`) as object
    const metadata = { name: 'a', managedFields: [{ fieldsV1: { deep, more: many(2_000, () => ({})) } }] }
    const { errors } = decodeCounted('core.v1.ConfigMap', { metadata })
    expect(errors[0]).toContain('exceeded max depth')
  })
})
