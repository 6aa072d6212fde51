// Whose the fields of a new object are, and the maps, lists and structs that come with an update: what Go always prints
// belongs to nobody, everything else to who brought it.
import { describe, expect, test } from 'vitest'
import { serverSideApply } from '../../../src/main/apiserver/patch/apply/server-side-apply.ts'
import { trackUpdate } from '../../../src/main/apiserver/patch/apply/track-update.ts'
import { schemaIdOf } from '../../../src/main/apiserver/schema/table.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'

const time = '2026-01-01T00:00:00Z'
const make = (apiVersion: string, kind: string, rest: object) =>
  ({ apiVersion, kind, metadata: { name: 'a' }, ...rest }) as unknown as AnyObject
const update = (old: AnyObject | undefined, object: AnyObject, manager = 'kubectl') =>
  trackUpdate({
    ...{ old, object, manager, subresource: '', time },
    schemaId: schemaIdOf(object.apiVersion, object['kind']) ?? '',
  })
const tracked = (object: AnyObject, managedFields = update(undefined, object)): AnyObject => ({
  ...object,
  metadata: { ...object.metadata, managedFields },
})

describe('who makes an object owns', () => {
  const podSpec = {
    containers: [{ name: 'c', image: 'i', resources: {}, env: [{ name: 'A', value: '1' }] }],
    securityContext: {},
    restartPolicy: 'Never',
  }
  test.each<[what: string, object: AnyObject, fields: object | undefined]>([
    ['nothing of an empty spec', make('coordination.k8s.io/v1', 'Lease', { spec: {} }), undefined],
    [
      'no struct that is always there, and no list that is printed as null',
      make('apps/v1', 'Deployment', {
        spec: {
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
          template: { metadata: { labels: { a: 'b' } }, spec: podSpec },
        },
      }),
      {
        'f:spec': {
          'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
          'f:template': {
            'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
            'f:spec': {
              'f:containers': {
                'k:{"name":"c"}': {
                  '.': {},
                  'f:name': {},
                  'f:image': {},
                  'f:resources': {},
                  'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                },
              },
              'f:securityContext': {},
              'f:restartPolicy': {},
            },
          },
        },
      },
    ],
    [
      'no empty metadata of templates',
      make('batch/v1', 'CronJob', {
        spec: { schedule: '@daily', jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: {} } } } },
      }),
      { 'f:spec': { 'f:schedule': {} } },
    ],
    [
      'a selector only when it says something',
      make('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
      { 'f:spec': { 'f:policyTypes': {} } },
    ],
    [
      'no text that is empty where Go prints it',
      make('v1', 'Event', { involvedObject: {}, source: {}, reportingComponent: '', reason: 'R' }),
      { 'f:reason': {} },
    ],
    [
      'a reference part by part where its field says so, though elsewhere it is one thing',
      make('v1', 'PersistentVolume', { spec: { claimRef: { kind: 'PersistentVolumeClaim', name: 'c' } } }),
      { 'f:spec': { 'f:claimRef': { '.': {}, 'f:kind': {}, 'f:name': {} } } },
    ],
    [
      'maps with what is in them',
      make('v1', 'ConfigMap', { data: { a: '1' }, metadata: { name: 'a', labels: { b: 'c' } } }),
      { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:b': {} } } },
    ],
  ])('%s', (_, object, fields) => {
    expect(update(undefined, object)[0]?.fieldsV1).toEqual(fields)
  })
})

test('who brings a map by an update keeps it when another takes what is in it', () => {
  const bare = make('v1', 'ConfigMap', { data: { a: '1' } })
  const labelled = make('v1', 'ConfigMap', { data: { a: '1' }, metadata: { name: 'a', labels: { l: '1' } } })
  const second = tracked(labelled, update(tracked(bare), { ...labelled, metadata: { ...labelled.metadata } }, 'edit'))
  const fieldsOf = (object: AnyObject, manager: string) =>
    object.metadata.managedFields?.find(entry => entry.manager === manager)?.fieldsV1
  const applied = serverSideApply({
    ...{ current: second, manager: 'ci', force: true, subresource: '', time, schemaId: 'core.v1.ConfigMap' },
    applied: make('v1', 'ConfigMap', { metadata: { name: 'a', labels: { l: '2' } } }),
  })
  expect(fieldsOf(applied, 'edit')).toEqual({ 'f:metadata': { 'f:labels': {} } })
  expect(fieldsOf(applied, 'ci')).toEqual({ 'f:metadata': { 'f:labels': { 'f:l': {} } } })
})

test('what nobody was known to have written belongs to before-first-apply, as if made by it', () => {
  const object = serverSideApply({
    ...{ manager: 'ci', force: false, subresource: '', time, schemaId: 'core.v1.ConfigMap' },
    current: make('v1', 'ConfigMap', { data: { a: '1' } }),
    applied: make('v1', 'ConfigMap', { data: { b: '2' } }),
  })
  expect(object.metadata.managedFields?.map(entry => [entry.manager, entry.fieldsV1])).toEqual([
    ['ci', { 'f:data': { 'f:b': {} } }],
    ['before-first-apply', { 'f:data': { '.': {}, 'f:a': {} } }],
  ])
})
