// What Go prints of every object, said or not.
import { describe, expect, test } from 'vitest'
import { addPrinted } from '../../../src/main/apiserver/schema/printed.ts'

describe('what Go always prints is there', () => {
  test.each<[what: string, schemaId: string, object: object, printed: object]>([
    ['the rules of a role', 'rbac.v1.Role', {}, { rules: null }],
    ['the name of the service', 'apps.v1.StatefulSetSpec', {}, { serviceName: '' }],
    ['the value of a sysctl', 'core.v1.Sysctl', { name: 'a' }, { value: '' }],
    ['the limits of a range', 'core.v1.LimitRange', { spec: {} }, { spec: { limits: null } }],
    ['structs in structs', 'resource.v1.ResourceClaimSpec', {}, { devices: {} }],
    [
      'metadata of claims in volumes of pods',
      'core.v1.Pod',
      { spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: {} } } }] } },
      { spec: { volumes: [{ ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { resources: {} } } } }] } },
    ],
    ['conditions of endpoints', 'discovery.v1.Endpoint', { addresses: ['a'] }, { conditions: {} }],
    [
      'times of conditions that nobody set',
      'core.v1.Pod',
      { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      { status: { conditions: [{ lastProbeTime: null, lastTransitionTime: null }] } },
    ],
    [
      'what the document requires, but nobody checks, of statuses',
      'core.v1.Pod',
      { status: { containerStatuses: [{ name: 'a' }], conditions: [{ type: 'Ready' }] } },
      {
        status: {
          containerStatuses: [{ ready: false, restartCount: 0, image: '', imageID: '' }],
          conditions: [{ status: '' }],
        },
      },
    ],
    ['what a node tells of itself', 'core.v1.NodeSystemInfo', { machineID: 'a' }, { machineID: 'a', systemUUID: '' }],
  ])('%s', (_, schemaId, object, printed) => {
    addPrinted(schemaId, object)
    expect(object).toMatchObject(printed)
  })

  test.each<[what: string, schemaId: string, object: object]>([
    ['a type of its own', 'example.com.v1.Thing', { spec: {} }],
    ['what the document requires', 'core.v1.EnvVar', { value: '1' }],
    ['a status that is not there', 'core.v1.Pod', { spec: { containers: [] } }],
    ['lists that agents read', 'discovery.v1.EndpointSlice', { addressType: 'IPv4' }],
  ])('but not %s', (_, schemaId, object) => {
    const before = structuredClone(object)
    addPrinted(schemaId, object)
    expect(object).toEqual(before)
  })
})
