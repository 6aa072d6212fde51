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
const IDENTIFIER =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
/** With what takes its time. */
async function refusals(kind: string, value: unknown): Promise<string[]> {
  const resource = resourceOf(kind)
  const late = (await resource.check?.(admitted(resource, value), undefined, () => undefined, false)) ?? []
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
  ['a constraint by an attribute of nobody', { ...exactly({}), constraints: [{ matchAttribute: 'numa' }] }, 'spec.devices.constraints[0].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash'],
  ['a constraint by what is no name', { ...exactly({}), constraints: [{ distinctAttribute: 'example.com/a-b' }] }, `spec.devices.constraints[0].distinctAttribute: Invalid value: "a-b": ${IDENTIFIER}`],
  ['a constraint without an attribute', { ...exactly({}), constraints: [{}] }, 'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'],
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
  ['a pool of no slices', { pool: { name: 'a', generation: 1, resourceSliceCount: 0 } }, 'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero'],
  ['a pool whose name has a part that is none', { pool: { name: 'a/-', generation: 1, resourceSliceCount: 1 } }, `spec.pool.name: Invalid value: "-": ${SUBDOMAIN}`],
  ['a node whose name is none', { nodeName: '-' }, `spec.nodeName: Invalid value: "-": ${SUBDOMAIN}`],
  ['what it need not say', { allNodes: false }, 'spec.allNodes: Invalid value: false: must be either unset or set to true'],
  ['a device twice', { devices: [{ name: 'd' }, { name: 'd' }] }, 'spec.devices[1]: Duplicate value: "d"'],
  ['an attribute without a value', { devices: [{ name: 'd', attributes: { cores: {} } }] }, 'spec.devices[0].attributes[cores]: Invalid value: "": exactly one value must be specified'],
  ['names of whoever says what they mean', { devices: [{ name: 'd', attributes: { 'example.com/cores': { int: 4 } }, capacity: { _m: { value: '1' } } }] }, undefined],
  ['an attribute whose name is none', { devices: [{ name: 'd', attributes: { 'two-parts': { int: 4 } } }] }, `spec.devices[0].attributes: Invalid value: "two-parts": ${IDENTIFIER}`],
  ['a capacity whose name is none', { devices: [{ name: 'd', capacity: { 'example.com/': { value: '1' } } }] }, 'spec.devices[0].capacity: Invalid value: "": the name must not be empty'],
  ['a name that is too long', { devices: [{ name: 'd', attributes: { ['x'.repeat(33)]: { int: 4 } } }] }, 'spec.devices[0].attributes: Too long: may not be more than 32 bytes'],
  ['a domain that is none', { devices: [{ name: 'd', attributes: { '-/x': { int: 4 } } }] }, `spec.devices[0].attributes: Invalid value: "-": ${SUBDOMAIN}`],
  ['a taint of no label', { devices: [{ name: 'd', taints: [{ key: 'a', value: '-', effect: 'None' }] }] }, `spec.devices[0].taints[0].value: Invalid value: "-": ${LABEL}`],
  ['a text that is too long', { devices: [{ name: 'd', attributes: { model: { string: 'x'.repeat(65) } } }] }, 'spec.devices[0].attributes[model].string: Too long: may not be more than 64 bytes'],
  ['a version that is none', { devices: [{ name: 'd', attributes: { v: { version: '1' } } }] }, 'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0'],
  ['devices and counters', { devices: [{ name: 'd' }], sharedCounters: [{ name: 'c', counters: { a: { value: '1' } } }] }, 'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
  ['too many devices', { devices: Array.from({ length: 129 }, (_, i) => ({ name: `d${i}` })) }, 'spec.devices: Too many: 129: must have at most 128 items'],
])('a slice with %s', (_what, spec, problem) => {
  expect(problems(resourceOf('ResourceSlice'), slice(spec))).toEqual(problem === undefined ? [] : [problem])
}) // prettier-ignore

const capacity = (requestPolicy: Fields | undefined, more: Fields = { allowMultipleAllocations: true }) => ({
  devices: [{ name: 'd', capacity: { memory: { value: '10Gi', requestPolicy } }, ...more }],
})
const range = (validRange: Fields, standard = '2Gi') => capacity({ default: standard, validRange })
const device = (more: Fields, spec: Fields = {}) => ({ devices: [{ name: 'd', ...more }], ...spec })
const byDevice = { nodeName: undefined, perDeviceNodeSelection: true }
const POLICY = 'spec.devices[0].capacity[memory].requestPolicy'
test.each<[string, Fields, string[]]>([
  ['some amounts', capacity({ default: '2Gi', validValues: ['1Gi', '2Gi', '10Gi'] }), []],
  ['a range in steps', range({ min: '1Gi', max: '9Gi', step: '1Gi' }), []],
  ['a device that nobody shares', capacity({ default: '1Gi' }, {}), [`${POLICY}: Forbidden: allowMultipleAllocations must be true`]],
  ['amounts and a range', capacity({ default: '1Gi', validValues: ['1Gi'], validRange: { min: '1Gi' } }), [`${POLICY}: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`]],
  ['amounts without a default', capacity({ validValues: ['1Gi'] }), [`${POLICY}.default: Required value: required when validValues is defined`]],
  ['a range without a default', capacity({ validRange: { min: '1Gi' } }), [`${POLICY}.default: Required value: required when validRange is defined`]],
  ['a default that is none of the amounts', capacity({ default: '3Gi', validValues: ['1Gi'] }), [`${POLICY}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`]],
  ['amounts that fall, repeat, and exceed it', capacity({ default: '2Gi', validValues: ['2Gi', '1Gi', '1024Mi', '11Gi'] }), [
    `${POLICY}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
    `${POLICY}.validValues[3]: Invalid value: "11Gi": option is larger than capacity value: 10Gi`,
    `${POLICY}.validValues[2]: Duplicate value: "1073741824"`,
  ]],
  ['more amounts than ten', capacity({ default: '1', validValues: Array.from({ length: 11 }, (_, i) => `${i + 1}`) }), [`${POLICY}.validValues: Too many: 11: must have at most 10 items`]],
  ['a range without a beginning', range({}), [`${POLICY}.validRange.min: Required value: required when validRange is defined`]],
  ['a range that begins beyond it', range({ min: '11Gi' }), [`${POLICY}.validRange.min: Invalid value: "11Gi": min is larger than capacity value: 10Gi`, `${POLICY}.validRange.min: Invalid value: "2Gi": default is less than min: 11Gi`]],
  ['a range that ends before it begins', range({ min: '2Gi', max: '1Gi' }), [`${POLICY}.validRange.max: Invalid value: "2Gi": min is larger than max: 1Gi`, `${POLICY}.validRange.max: Invalid value: "2Gi": default is more than max: 1Gi`]],
  ['a range that ends beyond it', range({ min: '2Gi', max: '11Gi' }), [`${POLICY}.validRange.max: Invalid value: "11Gi": max is larger than capacity value: 10Gi`]],
  ['steps that miss the default and the end', range({ min: '1Gi', max: '6Gi', step: '3Gi' }), ['2Gi', '6Gi'].map(value => `${POLICY}.validRange.step: Invalid value: "${value}": value is not a multiple of a given step (3Gi) from (1Gi)`)],
  ['a step beyond it', range({ min: '2Gi', step: '9Gi' }), [`${POLICY}.validRange.step: Invalid value: "9Gi": one step 11Gi is larger than capacity value: 10Gi`]],
])('a capacity of which one asks for %s', (_what, spec, found) => {
  expect(problems(resourceOf('ResourceSlice'), slice(spec))).toEqual(found)
}) // prettier-ignore

test.each<[string, Fields, string[]]>([
  ['that says by itself where it is', device({ nodeName: 'a' }, byDevice), []],
  ['that does not, where each has to', device({}, byDevice), ['spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec']],
  ['that does, where the slice does', device({ allNodes: true }), ['spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec']],
  ['with both kinds of conditions', device({ bindingConditions: ['ready'], bindingFailureConditions: ['failed'] }), []],
  ['that is never told to have failed', device({ bindingConditions: ['ready'] }), ['spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions']],
  ['whose failure is its success', device({ bindingConditions: ['a'], bindingFailureConditions: ['a'] }), ['spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions']],
  ['that takes nothing of its counters', device({ consumesCounters: [{ counterSet: 'c' }] }), ['spec.devices[0].consumesCounters[0].counters: Required value']],
  ['of more than two sets of counters', device({ consumesCounters: ['a', 'b', 'c'].map(counterSet => ({ counterSet, counters: { x: { value: '1' } } })) }), ['spec.devices[0].consumesCounters: Too many: 3: must have at most 2 items']],
])('a device %s', (_what, spec, found) => {
  expect(problems(resourceOf('ResourceSlice'), slice(spec))).toEqual(found)
}) // prettier-ignore

test('a set of shared counters has some', () => {
  const found = problems(resourceOf('ResourceSlice'), slice({ sharedCounters: [{ name: 'c', counters: {} }] }))
  expect(found).toEqual(['spec.sharedCounters[0].counters: Required value'])
})

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
