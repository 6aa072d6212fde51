import { describe, expect, test } from 'vitest'
import { defineResource } from '../../../src/main/apiserver/registry/resource.ts'
import { validateObjectMeta } from '../../../src/main/apiserver/schema/validate-meta.ts'
import { ConfigMap, Node } from '../../../src/shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../src/shared/api/meta/v1.ts'

const configMaps = defineResource({ type: ConfigMap })
const nodes = defineResource({ type: Node })
const texts = (meta: ObjectMeta, old?: ObjectMeta, resource = configMaps) =>
  validateObjectMeta(meta, resource, old).map(error => `${error.field}: ${error.message}`)
const good: ObjectMeta = { name: 'a', namespace: 'default' }
const stored: ObjectMeta = {
  ...good,
  uid: 'u',
  resourceVersion: '1',
  generation: 2,
  creationTimestamp: '2024-01-01T00:00:00Z',
}

describe('validateObjectMeta() on create', () => {
  test('accepts plain metadata', () => {
    expect(
      texts({ ...good, labels: { 'x.io/a': 'b' }, annotations: { 'X/Y': 'anything\n' }, finalizers: ['x.io/a'] }),
    ).toEqual([])
  })

  test.each<[ObjectMeta, string]>([
    [{ namespace: 'default' }, 'metadata.name: Required value: name or generateName is required'],
    [{ name: 'a' }, 'metadata.namespace: Required value'],
    [{ ...good, name: 'A_b' }, 'metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of'],
    [{ ...good, name: `x${'a'.repeat(253)}` }, 'must be no more than 253 characters'],
    [{ ...good, namespace: 'a.b' }, 'metadata.namespace: Invalid value: "a.b": must not contain dots'],
    [{ ...good, generateName: 'A' }, 'metadata.generateName: Invalid value: "A"'],
    [{ ...good, labels: { a: 'b c' } }, 'metadata.labels: Invalid value: "b c": a valid label must be an empty string'],
    [{ ...good, labels: { 'a b': '' } }, 'metadata.labels: Invalid value: "a b": name part must consist of'],
    [
      { ...good, annotations: { a: 'x'.repeat(256 * 1024) } },
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [{ ...good, finalizers: ['no/such/name'] }, 'metadata.finalizers: Invalid value: "no/such/name"'],
    [
      { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      'finalizer orphan and foregroundDeletion cannot be both set',
    ],
    [
      { ...good, ownerReferences: [{ apiVersion: '', kind: 'K', name: 'n', uid: 'u' }] },
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    ],
    [
      { ...good, ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid: '' }] },
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
    [
      { ...good, ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'n', uid: 'u' }] },
      '/v1, Kind=Event is disallowed from being an owner',
    ],
    [
      {
        ...good,
        ownerReferences: ['a', 'b'].map(name => ({ apiVersion: 'v1', kind: 'K', name, uid: name, controller: true })),
      },
      'Only one reference can have Controller set to true. Found "true" in references for K/a and K/b',
    ],
    [
      { ...good, managedFields: [{ operation: 'Own' }] },
      'metadata.managedFields[0].operation: Unsupported value: "Own": supported values: "Apply", "Update"',
    ],
  ])('refuses %j', (meta, text) => {
    expect(texts(meta).join('\n')).toContain(text)
  })

  test('lets a prefix end in a dash', () => {
    expect(texts({ ...good, generateName: 'web-', name: 'web-x1' })).toEqual([])
  })

  test('allows no namespace on kinds that have none', () => {
    expect(texts({ name: 'n', namespace: 'x' }, undefined, nodes)).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ])
  })
})

describe('validateObjectMeta() on update', () => {
  test('accepts a change of labels', () => {
    expect(texts({ ...stored, labels: { a: 'b' } }, stored)).toEqual([])
  })

  test.each<[ObjectMeta, string]>([
    [{ ...stored, uid: 'other' }, 'metadata.uid: Invalid value: "other": field is immutable'],
    [{ ...stored, name: 'b' }, 'metadata.name: Invalid value: "b": field is immutable'],
    [
      { ...stored, creationTimestamp: '2025-01-01T00:00:00Z' },
      'metadata.creationTimestamp: Invalid value: "2025-01-01T00:00:00Z": field is immutable',
    ],
    [{ ...stored, generation: 1 }, 'metadata.generation: Invalid value: 1: must not be decremented'],
    [
      { ...stored, resourceVersion: '' },
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    ],
    [
      { ...stored, finalizers: ['orphan', 'foregroundDeletion'] },
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    ],
    [{ ...stored, generateName: 'a/b' }, `metadata.generateName: Invalid value: "a/b": may not contain '/'`],
    [
      { ...stored, finalizers: ['mine'] },
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ])('refuses %j', (meta, text) => {
    expect(texts(meta, stored)).toEqual([text])
  })

  test('lets definitions, API services, webhooks, leases and runtimes wait for anybody, as upstream, and other kinds not', () => {
    const waiting = (group: string) =>
      validateObjectMeta({ ...good, finalizers: ['mine.example'] }, { type: { namespaced: true, group } })
    expect(waiting('apps').map(({ message }) => message)).toEqual([
      expect.stringMatching(/name is neither a standard finalizer name nor is it fully qualified$/),
    ])
    for (const group of ['apiextensions', 'apiregistration', 'admissionregistration', 'coordination', 'node'])
      expect(waiting(`${group}.k8s.io`)).toEqual([])
  })

  test('allows finalizers to go, but none to come, once deletion has begun', () => {
    const going: ObjectMeta = { ...stored, deletionTimestamp: '2024-01-02T00:00:00Z', finalizers: ['x/a', 'x/b'] }
    expect(texts({ ...going, finalizers: ['x/a'] }, going)).toEqual([])
    expect(texts({ ...going, finalizers: ['x/a', 'x/c'] }, going)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/c"}',
    ])
  })
})
