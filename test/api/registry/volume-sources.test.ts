// Sources of volumes that nothing here can mount are checked all the same, in pods and in PersistentVolumes.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const resourceOf = (schema: string) => builtinResources.find(r => r.schema === schema)!

const inPod = (source: Fields): string[] =>
  problems(resourceOf('core.v1.Pod'), {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'c' }], volumes: [{ name: 'v', ...source }] },
  }).map(text => text.replace('spec.volumes[0]', 'volume'))
const alone = (source: Fields, spec: Fields = {}): string[] =>
  problems(resourceOf('core.v1.PersistentVolume'), {
    metadata: { name: 'pv' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec, ...source },
  })

const IQN = 'iqn.2001-04.com.example:disk1'

describe('of a pod', () => {
  test.each<[string, Fields, string[]]>([
    ['a disk without a name', { gcePersistentDisk: {} }, ['volume.persistentDisk.pdName: Required value']],
    ['a partition that is none', { awsElasticBlockStore: { volumeID: 'v', partition: 256 } }, ['volume.awsElasticBlockStore.partition: Invalid value: 256: must be between 1 and 255, inclusive']],
    ['a target', { iscsi: { targetPortal: '10.0.0.1', iqn: IQN, lun: 0 } }, []],
    ['nothing of a target', { iscsi: {} }, ['volume.iscsi.targetPortal: Required value', 'volume.iscsi.iqn: Required value']],
    ['a target by another kind of name', { iscsi: { targetPortal: 'p', iqn: 'disk' } }, ['volume.iscsi.iqn: Invalid value: "disk": must be valid format starting with iqn, eui, or naa']],
    ['a target by half a name', { iscsi: { targetPortal: 'p', iqn: 'iqn.2001' } }, ['volume.iscsi.iqn: Invalid value: "iqn.2001": must be valid format']],
    ['a target that wants to know who asks', { iscsi: { targetPortal: 'p', iqn: IQN, chapAuthSession: true } }, ['volume.iscsi.secretRef: Required value']],
    ['channels without names', { fc: {} }, ['volume.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
    ['channels without a number', { fc: { targetWWNs: ['a'] } }, ['volume.fc.lun: Required value: lun is required if targetWWNs is specified']],
    ['a registry without a port', { quobyte: { registry: 'a', volume: 'v' } }, ['volume.quobyte.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas']],
    ['two registries', { quobyte: { registry: 'a:1,[::1]:2', volume: 'v' } }, []],
    ['a data set', { flocker: {} }, ['volume.flocker: Required value: one of datasetName and datasetUUID is required']],
    ['options of Kubernetes', { flexVolume: { driver: 'd', options: { 'kubernetes.io/a': 'b' } } }, ['volume.flexVolume.options[kubernetes.io/a]: Invalid value: "kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved']],
    ['a disk that is managed, by the address of a blob', { azureDisk: { diskName: 'd', diskURI: 'https://x', kind: 'Managed' } }, ['volume.azureDisk.diskURI: Unsupported value: "https://x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"']],
    ['a share', { azureFile: {} }, ['volume.azureFile.secretName: Required value', 'volume.azureFile.shareName: Required value']],
    ['monitors', { rbd: {} }, ['volume.rbd.monitors: Required value', 'volume.rbd.image: Required value']],
    ['a secret without a name', { cinder: { volumeID: 'v', secretRef: {} } }, ['volume.cinder.secretRef.name: Required value']],
    ['only the first of two', { emptyDir: {}, scaleIO: {} }, ['volume.scaleIO: Forbidden: may not specify more than 1 volume type']],
    ['a secret of a driver whose name is none', { csi: { driver: 'd', nodePublishSecretRef: { name: 'A' } } }, [expect.stringMatching(/^volume\.csi\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/) as never]],
  ])('%s', (_what, source, expected) => {
    expect(inPod(source)).toEqual(expected)
  }) // prettier-ignore
})

describe('of a PersistentVolume', () => {
  test.each<[string, Fields, string[]]>([
    ['a secret of nowhere', { cinder: { volumeID: 'v', secretRef: { name: 's' } } }, ['spec.cinder.secretRef.namespace: Required value']],
    ['endpoints in a namespace that is none', { glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } }, ['spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name']],
    ['a target with a long name', { iscsi: { targetPortal: 'p'.repeat(64), iqn: IQN, lun: 0, initiatorName: IQN } }, [expect.stringContaining('spec.iscsi.targetportal: Invalid value') as never]],
    ['two sources', { csi: { driver: 'd', volumeHandle: 'h' }, hostPath: { path: '/a' } }, ['spec.csi: Forbidden: may not specify more than 1 volume type']],
    ['a flexible one besides, which is not counted', { hostPath: { path: '/a' }, flexVolume: { driver: 'd' } }, []],
    ['a secret that no name fits', { csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 's', namespace: 'A.b' } } }, [expect.stringMatching(/^spec\.csi\.nodePublishSecretRef\.namespace: Invalid value: "A.b": a lowercase RFC 1123 label/) as never]],
  ])('%s', (_what, source, expected) => {
    expect(alone(source)).toEqual(expected)
  }) // prettier-ignore

  test('a size that is none', () => {
    expect(alone({ hostPath: { path: '/a' } }, { capacity: undefined })).toEqual([
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
    ])
  })
})
