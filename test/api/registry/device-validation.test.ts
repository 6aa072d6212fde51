// What is refused of ResourceClaims, DeviceClasses and ResourceSlices, in upstream's words.
import { expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { dns1123Subdomain, labelValue } from '../../../src/shared/machinery/names.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { admitted, problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const resourceOf = (kind: string) => {
  const found = builtinResources.find(({ schema }) => schema === `resource.v1.${kind}`)
  if (!found) throw new Error(`no kind ${kind}`)
  return found
}
const exactly = (request: Fields) => ({ requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', ...request } }] })
const select = (expression: string) => [{ cel: { expression } }]
const slice = (spec: Fields) => ({
  spec: {
    driver: 'gpu.example.com',
    nodeName: 'a',
    pool: { name: 'a', generation: 1, resourceSliceCount: 1 },
    ...spec,
  },
})
const AT = 'spec.devices.requests[0]'
const [LABEL = ''] = labelValue('-')
const [SUBDOMAIN = ''] = dns1123Subdomain('-')
/** With what takes its time. */
async function refusals(kind: string, value: unknown): Promise<string[]> {
  const resource = resourceOf(kind)
  const late = (await resource.check?.(admitted(resource, value), undefined, () => undefined)) ?? []
  return [...problems(resource, value), ...late.map(({ field, message }) => `${field}: ${message}`)]
}

test.each<[string, Fields, string | undefined]>([
  ['nothing at all', {}, undefined],
  ['a count', exactly({ count: 2 }), undefined],
  ['a request without a kind', { requests: [{ name: 'r' }] }, `${AT}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`],
  ['no class', exactly({ deviceClassName: '' }), `${AT}.exactly.deviceClassName: Required value`],
  ['a mode that there is not', exactly({ allocationMode: 'Some' }), `${AT}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
  ['a count of all', exactly({ allocationMode: 'All', count: 1 }), `${AT}.exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'`],
  ['a negative count', exactly({ count: -1 }), `${AT}.exactly.count: Invalid value: -1: must be greater than zero`],
  ['a selector that is no bool', exactly({ selectors: select('device.driver') }), `${AT}.exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`],
  ['one name twice', { requests: [...exactly({}).requests, ...exactly({}).requests] }, 'spec.devices.requests[1]: Duplicate value: "r"'],
  ['a constraint on a request that is not there', { ...exactly({}), constraints: [{ matchAttribute: 'a.example.com/numa', requests: ['s'] }] }, `spec.devices.constraints[0].requests[0]: Invalid value: "s": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`],
  ['a constraint that names a request twice', { ...exactly({}), constraints: [{ matchAttribute: 'a.example.com/numa', requests: ['r', 'r'] }] }, 'spec.devices.constraints[0].requests[1]: Duplicate value: "r"'],
  ['a constraint without an attribute', { ...exactly({}), constraints: [{}] }, 'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required'],
  ['what tolerates every taint', exactly({ tolerations: [{ operator: 'Exists' }, { effect: 'None' }] }), undefined],
  ['a toleration of no label', exactly({ tolerations: [{ key: 'a', value: '-' }] }), `${AT}.exactly.tolerations[0].value: Invalid value: "-": ${LABEL}`],
  ['a toleration of any value and of one', exactly({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }), `${AT}.exactly.tolerations[0].value: Invalid value: "b": must be empty for operator \`Exists\``],
  ['a configuration of nobody', { ...exactly({}), config: [{}] }, 'spec.devices.config[0].opaque: Required value'],
  ['a configuration that says nothing', { ...exactly({}), config: [{ opaque: { driver: 'a.example.com' } }] }, 'spec.devices.config[0].opaque.parameters: Required value'],
  ['a configuration that is no object', { ...exactly({}), config: [{ opaque: { driver: 'a.example.com', parameters: 'text' } }] }, 'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object'],
])('a claim that asks for %s', async (_what, devices, problem) => {
  expect(await refusals('ResourceClaim', { spec: { devices } })).toEqual(problem === undefined ? [] : [problem])
}) // prettier-ignore

test('a class is asked for as a resource with a whole name', () => {
  const of = (extendedResourceName: string) => problems(resourceOf('DeviceClass'), { spec: { extendedResourceName } })
  expect(of('example.com/gpu')).toEqual([])
  expect(of('gpu')).toEqual(['spec.extendedResourceName: Invalid value: "gpu": must be a valid extended resource name'])
})

test('a selector that does not compile, or may cost too much', async () => {
  const of = (expression: string) => refusals('DeviceClass', { spec: { selectors: select(expression) } })
  expect((await of('device.nothing'))[0]).toContain('spec.selectors[0].cel.expression: Invalid value: "device.nothing": compilation failed:') // prettier-ignore
  const nested = (depth: number): string =>
    depth === 0 ? 'true' : `device.attributes.all(a${depth}, ${nested(depth - 1)})`
  expect(await of(nested(6))).toEqual(['spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit'])
})

test('many long selectors leave turns to others while they are compiled, each told with its place', async () => {
  const long = (i: number) => Array.from({ length: 200 }, (_, j) => `device.driver == "${i}-${j}"`).join(' || ')
  const wanted = (name: string, i: number) => ({ name, deviceClassName: 'gpu', selectors: select(long(i)) })
  const firstAvailable = Array.from({ length: 8 }, (_, i) => wanted(`s${i}`, i))
  const broken = { ...wanted('s8', 8), selectors: select('device.driver') }
  const spec = {
    devices: {
      requests: [
        { name: 'a', firstAvailable },
        { name: 'b', firstAvailable: [broken] },
      ],
    },
  }
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  const found = await refusals('ResourceClaimTemplate', { spec: { spec } })
  clearInterval(counting)
  expect(found).toEqual([expect.stringMatching(/^spec\.spec\.devices\.requests\[1\]\.firstAvailable\[0\]\.selectors\[0\]\.cel\.expression: .*must evaluate to bool/)]) // prettier-ignore
  expect(turns).toBeGreaterThan(0)
})

test.each<[string, Fields, string | undefined]>([
  ['devices', { devices: [{ name: 'd', attributes: { cores: { int: 4 } } }] }, undefined],
  ['nothing of where they are', { nodeName: undefined }, 'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'],
  ['two places', { allNodes: true }, 'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set'],
  ['a pool of no slices', { pool: { name: 'a', generation: 1, resourceSliceCount: 0 } }, 'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than 0'],
  ['a pool whose name has a part that is none', { pool: { name: 'a/-', generation: 1, resourceSliceCount: 1 } }, `spec.pool.name: Invalid value: "-": ${SUBDOMAIN}`],
  ['a node whose name is none', { nodeName: '-' }, `spec.nodeName: Invalid value: "-": ${SUBDOMAIN}`],
  ['what it need not say', { allNodes: false }, 'spec.allNodes: Invalid value: false: must be either unset or set to true'],
  ['a device twice', { devices: [{ name: 'd' }, { name: 'd' }] }, 'spec.devices[1]: Duplicate value: "d"'],
  ['an attribute without a value', { devices: [{ name: 'd', attributes: { cores: {} } }] }, 'spec.devices[0].attributes[cores]: Required value: exactly one value must be specified'],
  ['a taint of no label', { devices: [{ name: 'd', taints: [{ key: 'a', value: '-', effect: 'None' }] }] }, `spec.devices[0].taints[0].value: Invalid value: "-": ${LABEL}`],
  ['a text that is too long', { devices: [{ name: 'd', attributes: { model: { string: 'x'.repeat(65) } } }] }, 'spec.devices[0].attributes[model].string: Too long: may not be more than 64 bytes'],
  ['a version that is none', { devices: [{ name: 'd', attributes: { v: { version: '1' } } }] }, 'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0'],
  ['devices and counters', { devices: [{ name: 'd' }], sharedCounters: [{ name: 'c', counters: { a: { value: '1' } } }] }, 'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
  ['too many devices', { devices: Array.from({ length: 129 }, (_, i) => ({ name: `d${i}` })) }, 'spec.devices: Too many: 129: must have at most 128 items'],
])('a slice with %s', (_what, spec, problem) => {
  expect(problems(resourceOf('ResourceSlice'), slice(spec))).toEqual(problem === undefined ? [] : [problem])
}) // prettier-ignore

const allocation = { devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'a', device: 'd' }] } }
const configs = (count: number) =>
  Array.from({ length: count }, () => ({ source: 'FromClass', opaque: { driver: 'gpu.example.com', parameters: {} } }))
const user = { resource: 'pods', name: 'p', uid: 'u' }
test.each<[string, Fields, Fields, string | undefined]>([
  ['is allocated and reserved at once', {}, { allocation, reservedFor: [user] }, undefined],
  ['is reserved but not allocated', {}, { reservedFor: [user] }, 'status.reservedFor: Forbidden: may not be specified when `allocated` is not set'],
  ['is given other devices', { allocation }, { allocation: { devices: { results: [] } } }, 'status.allocation: Invalid value: {"devices":{"results":[]}}: field is immutable'],
  ['gets the configurations of its class with its own', {}, { allocation: { devices: { results: [], config: configs(64) } } }, undefined],
  ['gets more configurations than those', {}, { allocation: { devices: { results: [], config: configs(65) } } }, 'status.allocation.devices.config: Too many: 65: must have at most 64 items'],
  ['is given back', { allocation, reservedFor: [user] }, {}, undefined],
  ['is reserved twice for one', { allocation }, { allocation, reservedFor: [user, user] }, 'status.reservedFor[1]: Duplicate value: "u"'],
  ['gets a device for what it did not ask', {}, { allocation: { devices: { results: [{ ...allocation.devices.results[0], request: 'x' }] } } }, `status.allocation.devices.results[0].request: Invalid value: "x": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`],
])('a claim that %s', (_what, before, after, problem) => {
  const resource = resourceOf('ResourceClaim')
  const claim = (status: Fields): AnyObject => ({ ...admitted(resource, { spec: { devices: exactly({}) } }), status })
  const errors = resource.status?.validateUpdate?.(claim(after), claim(before)) ?? []
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(problem === undefined ? [] : [problem])
}) // prettier-ignore
