// What of an applied configuration does not fit its schema is told as upstream tells it.
import { describe, expect, test } from 'vitest'
import { typedErrors } from '../../../src/main/apiserver/patch/apply/typed-errors.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'

const errorsOf = (schemaId: string, value: object) => atOnce(typedErrors(value, { t: 'ref', r: schemaId }))
const pod = (spec: object) =>
  errorsOf('core.v1.Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app' }, spec })
const main = { name: 'x', image: 'i' }

describe('typedErrors()', () => {
  test('calls items of lists by their keys, or by their place where they have none', () => {
    const claims = [{ name: 'a', nope: 1 }]
    expect(
      pod({ containers: [{ ...main, unknown: 3, resources: { claims } }, null], tolerations: [{ bad: 1 }] }),
    ).toEqual([
      '.spec.containers[name="x"].unknown: field not declared in schema',
      '.spec.containers[name="x"].resources.claims[name="a"].nope: field not declared in schema',
      '.spec.containers: element 1: associative list with keys may not have a null element',
      '.spec.tolerations[0].bad: field not declared in schema',
    ])
  })

  test.each<[string, object, string]>([
    ['a text', { schedulerName: 5 }, '.spec.schedulerName: expected string, got &value.valueUnstructured{Value:5}'],
    [
      'a text that is a map',
      { schedulerName: { b: [1, 'x', true, 1.5, null], a: 1 } },
      '.spec.schedulerName: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":1, "b":[]interface {}{1, "x", true, 1.5, interface {}(nil)}}}',
    ],
    ['a number', { priority: 'y' }, '.spec.priority: expected numeric (int or float), got string'],
    [
      'a number that is a list',
      { priority: [1] },
      '.spec.priority: expected numeric (int or float), got []interface {}',
    ],
    ['yes or no', { hostNetwork: 'x' }, '.spec.hostNetwork: expected boolean, got &{x}'],
    ['an amount', { overhead: { cpu: { a: 1 } } }, '.spec.overhead.cpu: expected any scalar, got &{map[a:1]}'],
    ['a map', { nodeSelector: 5 }, '.spec.nodeSelector: expected map, got &{5}'],
    ['a struct', { affinity: { nodeAffinity: 3 } }, '.spec.affinity.nodeAffinity: expected map, got &{3}'],
    ['a list', { volumes: 'y' }, '.spec.volumes: expected list, got &{y}'],
    [
      'an item of a list without keys',
      { containers: [{ ...main, args: [3, null] }] },
      '.spec.containers[name="x"].args[0]: expected string, got &value.valueUnstructured{Value:3}',
    ],
    [
      'an item that has a key',
      { hostAliases: [4] },
      '.spec.hostAliases: element 0: associative list with keys may not have non-map elements',
    ],
  ])('tells what is no %s', (_what, spec, error) => {
    expect(pod(spec)).toEqual([error])
  })

  test('lets null stand for anything, since it takes away', () => {
    expect(pod({ hostNetwork: null, containers: null, nodeSelector: { a: null }, affinity: null })).toEqual([])
  })

  test.each<[string, unknown[], string[]]>([
    ['twice', ['x', 'x'], ['.metadata.finalizers: duplicate entries for key [="x"]']],
    ['a map', [{}, 'x', 'x'], ["element 0: associative list without keys has an element that's a map type"]],
    ['a list', ['x', []], ['element 1: not supported: associative list with lists as elements']],
    ['null', [null], ["element 0: associative list without keys has an element that's an explicit null"]],
  ])('tells what cannot be in a set: %s', (_what, finalizers, errors) => {
    const given = errorsOf('core.v1.Service', { metadata: { finalizers } })
    expect(given).toEqual(errors.map(error => expect.stringContaining(error) as string))
  })

  test('tells of keys that are there twice, with the values of those that are left out', () => {
    const ports = [{ port: 80 }, { port: 80, protocol: 'TCP' }, { port: 80, protocol: 'UDP' }]
    expect(errorsOf('core.v1.Service', { spec: { ports } })).toEqual([
      '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]',
    ])
    const env = [{ value: '1' }, { name: '', value: '2' }]
    expect(pod({ containers: [{ ...main, env }] })).toEqual([
      '.spec.containers[name="x"].env: duplicate entries for key [name=""]',
    ])
    expect(errorsOf('core.v1.ServiceAccount', { secrets: [{ namespace: 'n' }] })).toEqual([
      '.secrets: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
    ])
  })

  test('stops at what nobody reads, however much is wrong', () => {
    const labels = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`l${i}`, i]))
    const errors = errorsOf('core.v1.ConfigMap', { metadata: { labels }, data: ['x'.repeat(1_000_000)] })
    expect(errors).toHaveLength(100)
    const [long = ''] = errorsOf('core.v1.ConfigMap', { data: ['x'.repeat(1_000_000)] })
    expect(long.length).toBeLessThan(1_100)
  })
})
