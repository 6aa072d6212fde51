// Parts of a pod of which one may have very many are each looked at a few times, however many they are.
import { expect, test } from 'vitest'
import {
  validateVolumeDevices,
  validateVolumeMounts,
} from '../../../src/main/apiserver/registry/core/pod/validate-mounts.ts'
import { validateContainerResources } from '../../../src/main/apiserver/registry/core/pod/validate-resources.ts'
import {
  onlyAddedTolerations,
  onlyDeletedGates,
  validateTopologySpread,
} from '../../../src/main/apiserver/registry/core/pod/validate-scheduling.ts'
import type { Toleration, TopologySpreadConstraint, Volume } from '../../../src/shared/api/core/v1.ts'

const MANY = 500
const MOST_READ = 10

let reads = 0
/** @returns the part, of which it is counted how often one of its fields is read */
const counted = <T extends object>(part: T, name: keyof T): T =>
  Object.defineProperty({ ...part }, name, { enumerable: true, get: () => (reads++, part[name]) })
const many = <T extends object>(name: keyof T, part: (i: number) => T) =>
  Array.from({ length: MANY }, (_, i) => counted(part(i), name))
const messages = (errors: readonly { readonly field: string; readonly message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

const spread = (i: number): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: `k${i}`,
  whenUnsatisfiable: 'DoNotSchedule',
})
const toleration = (i: number): Toleration => ({ key: `k${i}`, operator: 'Exists' })
const gate = (i: number) => ({ name: `example.com/g${i}` })
const device = (i: number) => ({ name: `d${i}`, devicePath: `/dev/d${i}` })
const mount = (i: number) => ({ name: `m${i}`, mountPath: `/m${i}` })
const volumes = new Map<string, Volume>([
  ...Array.from({ length: MANY }, (_, i): [string, Volume] => [`d${i}`, { name: `d${i}`, ephemeral: {} }]),
  ...Array.from({ length: MANY }, (_, i): [string, Volume] => [`m${i}`, { name: `m${i}`, emptyDir: {} }]),
])

test.each<[what: string, errors: () => readonly { field: string; message: string }[]]>([
  ['spread constraints', () => validateTopologySpread('c', many('topologyKey', spread))],
  ['tolerations that stay', () => onlyAddedTolerations('t', many('key', toleration), many('key', toleration))],
  ['gates that stay', () => onlyDeletedGates('g', many('name', gate), many('name', gate))],
  [
    'mounts beside devices',
    () =>
      validateVolumeMounts('m', { volumeMounts: many('name', mount), volumeDevices: many('name', device) }, volumes),
  ],
  [
    'devices beside mounts',
    () =>
      validateVolumeDevices('d', { volumeMounts: many('name', mount), volumeDevices: many('name', device) }, volumes),
  ],
])('%s are not compared with all others', (_what, errors) => {
  reads = 0
  expect(errors()).toEqual([])
  expect(reads / MANY).toBeGreaterThanOrEqual(1)
  expect(reads / MANY).toBeLessThan(MOST_READ)
})

test('what is there twice is told where it is there first', () => {
  expect(messages(validateTopologySpread('c', [spread(1), spread(2), spread(1)]))).toEqual([
    'c[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{k1, DoNotSchedule}"',
  ])
})

test('a toleration may get other seconds, and nothing else', () => {
  const old: Toleration = { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }
  expect(onlyAddedTolerations('t', [toleration(1), { ...old, tolerationSeconds: 2 }], [old])).toEqual([])
  expect(onlyAddedTolerations('t', [{ ...old, effect: 'NoSchedule' }], [old])).toHaveLength(1)
})

test('claims of a container are there once, whole or in parts, and name few of very many others', () => {
  const known = new Set(Array.from({ length: 10_000 }, (_, i) => `c${i}`))
  const claims = [{ name: 'c1', request: 'a' }, { name: 'c1', request: 'b' }, { name: 'c1' }, { name: 'other' }]
  const [twice = '', unknown = '', ...more] = messages(validateContainerResources('r', { claims }, known))
  expect(twice).toBe('r.claims[2]: Duplicate value: "c1"')
  expect(unknown).toContain('must be one of the names in pod.spec.resourceClaims: c0, c1, c10, c100')
  expect(unknown.length).toBeLessThan(1000)
  expect(more).toEqual([])
})
