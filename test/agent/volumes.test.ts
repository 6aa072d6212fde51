// Volumes that outlive pods, and those made of images: over real Docker and the host's own file system.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ConfigMap,
  Event,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  type PersistentVolumeSpec,
  type Pod,
  type PodSpec,
  Secret,
} from '../../src/shared/api/core/v1.ts'
import { LOCAL_VOLUMES_PATH, LOCAL_VOLUME_FINALIZER } from '../../src/shared/machinery/local-volumes.ts'
import { eventually } from '../support/eventually.ts'
import { hostTools, mountPoints, removeUnmounted } from '../../src/agent/kubelet/volumes/mounts.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
const namespace = 'default'
beforeAll(async () => {
  node = await TestNode.start()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const inside = (pod: Pod, ...command: string[]) =>
  docker('exec', statusOf(pod).containerID!.replace('docker://', ''), ...command)
const eventsOf = async (name: string) =>
  (await node.client.list(Event)).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
const exists = async (name: string) =>
  (await node.client.list(PersistentVolume)).items.some(({ metadata }) => metadata.name === name)

/** A volume and a claim that are bound to each other, as the control plane leaves them. */
async function bound(
  name: string,
  source: Partial<PersistentVolumeSpec>,
  metadata: { annotations?: Record<string, string>; finalizers?: string[] } = {},
): Promise<void> {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: '' }
  const claim = await node.client.create(PersistentVolumeClaim, {
    metadata: { name, namespace },
    spec: { ...common, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  })
  await node.client.create(PersistentVolume, {
    metadata: { name, ...metadata },
    spec: {
      ...common,
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace, name, uid: claim.metadata.uid },
      ...source,
    },
  })
  const status = { phase: 'Bound' }
  await node.client.patch(PersistentVolumeClaim, { namespace, name }, { status }, { subresource: 'status' })
}
const on = (name: string): PersistentVolumeSpec['nodeAffinity'] => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }],
  },
})
const local = (path: string) => ({ local: { path }, nodeAffinity: on(node.nodeName) })
/** As the built-in provisioner makes it. */
const provisioned = (name: string, path: string, others: Partial<PersistentVolumeSpec> = {}) =>
  bound(
    name,
    { ...local(path), ...others },
    {
      annotations: { 'pv.kubernetes.io/provisioned-by': 'flotilla.dev/local-path' },
      finalizers: [LOCAL_VOLUME_FINALIZER],
    },
  )
const root = async () =>
  (await node.client.get(Node, { name: node.nodeName })).metadata.annotations?.[LOCAL_VOLUMES_PATH] ?? ''

const mounting = (claimName: string, script?: string): Partial<PodSpec> => ({
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  containers: [{ ...node.container(script), volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
})

describe('claims', () => {
  it('tell how full the file system of their volume is, though not that of a path of the host', async () => {
    const path = join(node.folder.path, 'measured')
    mkdirSync(path)
    await bound('measured', local(path))
    await bound('unmeasured', { hostPath: { path } })
    for (const name of ['measured', 'unmeasured']) await node.run(name, mounting(name))
    await node.ready('measured')
    await node.ready('unmeasured')
    const text = await (await fetch(`${node.kubeletUrl}/metrics`)).text()
    const of = (name: string, claim: string) =>
      new RegExp(`^kubelet_volume_stats_${name}\\{namespace="default",persistentvolumeclaim="${claim}"\\} (\\d+)$`, 'm').exec(text)?.[1] // prettier-ignore
    const [capacity, used, available] = ['capacity_bytes', 'used_bytes', 'available_bytes'].map(name => Number(of(name, 'measured'))) // prettier-ignore
    expect(used).toBeGreaterThan(0)
    expect(capacity).toBeGreaterThanOrEqual(used! + available!)
    expect(of('capacity_bytes', 'unmeasured')).toBeUndefined()
    const { pods } = (await (await fetch(`${node.kubeletUrl}/stats/summary`)).json()) as {
      pods: { podRef: { name: string }; volume: { name: string; pvcRef?: object; capacityBytes: number }[] }[]
    }
    const [volume] = pods.find(({ podRef }) => podRef.name === 'measured')!.volume
    expect(volume).toMatchObject({
      name: 'data',
      pvcRef: { name: 'measured', namespace: 'default' },
      capacityBytes: capacity,
    })
    for (const name of ['measured', 'unmeasured']) await node.remove(name)
  })
  it('give the pod the path of a hostPath volume, which stays when the pod goes', async () => {
    const path = join(node.folder.path, 'host')
    await bound('host', { hostPath: { path, type: 'DirectoryOrCreate' } })
    await node.run('host', mounting('host', 'echo kept > /data/file; trap exit TERM; sleep 100000 & wait'))
    const pod = await node.ready('host')
    await eventually(() => inside(pod, 'cat', '/data/file') === 'kept')
    await node.remove('host')
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('kept\n')
  })

  it('of one pod alone are kept from others until that pod has stopped', async () => {
    await bound('alone', { hostPath: { path: node.folder.path }, accessModes: ['ReadWriteOncePod'] })
    await node.run('first', mounting('alone'))
    await node.ready('first')
    await node.run('second', mounting('alone'))
    await eventually(async () =>
      (await eventsOf('second')).includes(
        'FailedMount: MountVolume.SetUp failed for volume "data" : volume uses the ReadWriteOncePod access mode and ' +
          'is already in use by another pod',
      ),
    )
    await node.remove('first')
    await node.ready('second')
    await node.remove('second')
  })

  it('are read-only where the pod says so', async () => {
    const path = join(node.folder.path, 'read-only')
    mkdirSync(path)
    await bound('read-only', local(path))
    await node.run('read-only', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'read-only', readOnly: true } }],
      containers: [
        {
          ...node.container('touch /data/x 2>/dev/null && exit 1; trap exit TERM; sleep 100000 & wait'),
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
    })
    await node.ready('read-only')
    await node.remove('read-only')
  })

  it('give files of a local volume to the pod’s group, following no link', async () => {
    const path = join(node.folder.path, 'group')
    mkdirSync(join(path, 'folder'), { recursive: true })
    writeFileSync(join(path, 'folder', 'file'), '', { mode: 0o600 })
    writeFileSync(join(node.folder.path, 'outside'), '', { mode: 0o600 })
    symlinkSync(join(node.folder.path, 'outside'), join(path, 'link'))
    await bound('group', local(path))
    await node.run('group', { ...mounting('group'), securityContext: { runAsUser: 1000, fsGroup: 4242 } })
    const pod = await node.ready('group')
    expect(inside(pod, 'stat', '-c', '%g %a', '/data/folder/file', '/data/folder')).toBe('4242 660\n4242 2775')
    expect(inside(pod, 'id', '-G').split(' ')).toContain('4242')
    const outside = lstatSync(join(node.folder.path, 'outside'))
    expect([outside.gid, outside.mode & 0o777]).toEqual([0, 0o600])
    await node.remove('group')
  })

  it('with fsGroupChangePolicy OnRootMismatch leave a volume alone whose root is right', async () => {
    const path = join(node.folder.path, 'root-right')
    mkdirSync(path)
    await bound('root-right', local(path))
    const spec = {
      ...mounting('root-right'),
      securityContext: { fsGroup: 4242, fsGroupChangePolicy: 'OnRootMismatch' },
    }
    await node.run('root-wrong', spec)
    await node.ready('root-wrong')
    expect(lstatSync(path).gid).toBe(4242)
    await node.remove('root-wrong')
    writeFileSync(join(path, 'later'), '')
    await node.run('root-right', spec)
    await node.ready('root-right')
    expect(lstatSync(join(path, 'later')).mode & 0o777).toBe(0o644)
    await node.remove('root-right')
  })

  it('that are missing, unbound or of an unknown kind are told by an event, and used as soon as they are there', async () => {
    await node.run('late', mounting('late'))
    await eventually(async () =>
      (await eventsOf('late')).some(
        text =>
          text ===
          'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: ' +
            'error processing PVC default/late: failed to fetch PVC from API server: persistentvolumeclaims "late" not found',
      ),
    )
    await bound('late', { hostPath: { path: join(node.folder.path, 'late') } })
    await node.until('late', pod => pod.status.phase === 'Running', 40_000)
    await node.remove('late')

    await bound('iscsi', { iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.test:x', lun: 0 } })
    await node.run('iscsi', mounting('iscsi'))
    await eventually(async () =>
      (await eventsOf('iscsi')).includes(
        'FailedMount: MountVolume.SetUp failed for volume "data" : persistent volumes of kind iscsi are not supported on this node',
      ),
    )
    await node.remove('iscsi')
  })

  it('made for another pod do not serve an ephemeral volume', async () => {
    const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
    const spec = {
      volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: template } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    }
    await bound('scratch-data', { hostPath: { path: join(node.folder.path, 'scratch') } })
    const pod = await node.run('scratch', spec)
    await eventually(async () =>
      (await eventsOf('scratch')).some(text =>
        text.endsWith('was not created for pod default/scratch (pod is not owner)'),
      ),
    )
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'scratch', uid: pod.metadata.uid, controller: true }
    await node.client.patch(
      PersistentVolumeClaim,
      { namespace, name: 'scratch-data' },
      { metadata: { ownerReferences: [owner] } },
    )
    await node.until('scratch', ({ status }) => status.phase === 'Running', 40_000)
    await node.remove('scratch')
  })
})

describe('volumes of the built-in provisioner', () => {
  it('get their folder with the first pod, and lose it when the volume is deleted', async () => {
    const path = join(await root(), 'pvc-1')
    await provisioned('pvc-1', path)
    await node.run('first', mounting('pvc-1', 'echo data > /data/file; trap exit TERM; sleep 100000 & wait'))
    await node.ready('first')
    expect(lstatSync(path).mode & 0o777).toBe(0o777)
    await eventually(() => existsSync(join(path, 'file')))
    await node.remove('first')
    expect(existsSync(join(path, 'file'))).toBe(true)
    await node.client.delete(PersistentVolume, { name: 'pvc-1' })
    await eventually(async () => !(await exists('pvc-1')))
    expect(existsSync(path)).toBe(false)
  })

  it('are let go of when they were never mounted', async () => {
    await provisioned('pvc-2', join(await root(), 'pvc-2'))
    await node.client.delete(PersistentVolume, { name: 'pvc-2' })
    await eventually(async () => !(await exists('pvc-2')))
  })

  it('keep their data while they are bound, and with the policy Retain', async () => {
    const path = join(await root(), 'pvc-3')
    mkdirSync(path)
    await provisioned('pvc-3', path, { persistentVolumeReclaimPolicy: 'Retain' })
    await node.client.patch(
      PersistentVolume,
      { name: 'pvc-3' },
      { status: { phase: 'Bound' } },
      { subresource: 'status' },
    )
    await node.client.delete(PersistentVolume, { name: 'pvc-3' })
    await node.run('beside', mounting('pvc-3'))
    await eventually(async () =>
      (await eventsOf('beside')).some(text => text.includes('volume "pvc-3" is being deleted')),
    )
    expect(await exists('pvc-3')).toBe(true)
    await node.remove('beside')
    const status = { phase: 'Released' }
    await node.client.patch(PersistentVolume, { name: 'pvc-3' }, { status }, { subresource: 'status' })
    await eventually(async () => !(await exists('pvc-3')))
    expect(existsSync(path)).toBe(true)
  })

  it('never reach outside the folder of local volumes, nor through a link', async () => {
    const victim = join(node.folder.path, 'victim')
    mkdirSync(victim)
    writeFileSync(join(victim, 'file'), 'precious')
    await provisioned('pvc-4', victim)
    symlinkSync(victim, join(await root(), 'pvc-5'))
    await provisioned('pvc-5', join(await root(), 'pvc-5'))
    await provisioned('pvc-6', join(await root(), 'other'), { nodeAffinity: on('another-node') })
    mkdirSync(join(await root(), 'other'))
    for (const name of ['pvc-4', 'pvc-5', 'pvc-6']) await node.client.delete(PersistentVolume, { name })
    await eventually(async () =>
      (await eventsOf('pvc-4')).some(text =>
        text.includes('is not a folder of this node’s local volumes'.replace('’', "'")),
      ),
    )
    await eventually(async () => (await eventsOf('pvc-5')).some(text => text.includes('is not a directory')))
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('precious')
    expect(existsSync(join(await root(), 'other'))).toBe(true)
  })
})

describe('image volumes', () => {
  it('bring the files of an image, read-only, and wait for an image that is not there', async () => {
    await node.run('image', {
      volumes: [{ name: 'files', image: { reference: node.image, pullPolicy: 'Never' } }],
      containers: [
        {
          ...node.container('touch /files/x 2>/dev/null && exit 1; trap exit TERM; sleep 100000 & wait'),
          volumeMounts: [
            { name: 'files', mountPath: '/files' },
            { name: 'files', mountPath: '/programs', subPath: 'bin' },
          ],
        },
      ],
    })
    const pod = await node.ready('image')
    expect(inside(pod, '/files/bin/busybox', 'echo', 'here')).toBe('here')
    expect(inside(pod, '/programs/busybox', 'echo', 'there')).toBe('there')
    await node.remove('image')
    expect(docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`)).toBe('')

    await node.run('image-none', {
      volumes: [{ name: 'files', image: { reference: 'flotilla-test/none:1', pullPolicy: 'Never' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'files', mountPath: '/files' }] }],
    })
    await eventually(async () =>
      (await eventsOf('image-none')).some(text => text.includes('is not present with pull policy of Never')),
    )
    await node.until('image-none', pod => statusOf(pod)?.state?.waiting?.reason === 'ErrImageNeverPull')
    await node.remove('image-none')
  })
  it('are without the devices that an image has, which not every agent may make', async () => {
    const image = 'flotilla-test/volumes-devices:1'
    const files = join(node.folder.path, 'with-devices')
    mkdirSync(join(files, 'dev'), { recursive: true })
    execFileSync('mknod', [join(files, 'dev/null'), 'c', '1', '3'])
    writeFileSync(join(files, 'dev/notes'), 'kept')
    execFileSync('sh', ['-c', 'tar -c -C "$0" . | docker import - "$1"', files, image])
    try {
      await node.run('image-devices', {
        volumes: [{ name: 'files', image: { reference: image, pullPolicy: 'Never' } }],
        containers: [{ ...node.container(), volumeMounts: [{ name: 'files', mountPath: '/files' }] }],
      })
      const names = inside(await node.ready('image-devices'), 'ls', '/files/dev').split('\n')
      expect(names).toContain('notes')
      expect(names).not.toContain('null')
      await node.remove('image-devices')
    } finally {
      docker('image', 'rm', '-f', image)
    }
  })
  it('have no other paths than the image', async () => {
    const mount = { name: 'files', mountPath: '/files', subPath: 'bin/none' }
    await node.run('image-part', {
      volumes: [{ name: 'files', image: { reference: node.image, pullPolicy: 'Never' } }],
      containers: [{ ...node.container(), volumeMounts: [mount] }],
    })
    const pod = await node.until('image-part', found => statusOf(found)?.state?.waiting?.message !== undefined)
    expect(statusOf(pod).state?.waiting?.message).toBe(
      'failed to prepare subPath for volumeMount "files" of container "main": subpath "bin/none" does not exist',
    )
    await node.remove('image-part')
  })
})

describe('paths inside volumes', () => {
  it('may be made of the environment, whose variables must exist', async () => {
    const mount = { name: 'v', mountPath: '/v', subPathExpr: '$(WHO)/$(MISSING)' }
    await node.run('expr', {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ ...node.container(), env: [{ name: 'WHO', value: 'me' }], volumeMounts: [mount] }],
    })
    const pod = await node.until('expr', p => statusOf(p).state?.waiting?.reason === 'CreateContainerConfigError')
    expect(statusOf(pod).state?.waiting?.message).toBe('missing value for "MISSING"')
    await node.remove('expr')
  })
  it('that are made are for whom the volume is: any user of the pod, and the pod’s group', async () => {
    const mount = (subPath: string) => ({ name: 'v', mountPath: `/${subPath}`, subPath })
    const script = 'stat -c "%a %g" /v; touch /a/b/mine && stat -c "%a %g" /a/b; stat -c "%u %g" /a/b/mine'
    await node.run('sub-modes', {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 1000, fsGroup: 2000 },
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ ...node.container(script), volumeMounts: [{ name: 'v', mountPath: '/v' }, mount('a/b')] }],
    })
    const pod = await node.until('sub-modes', ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed')
    const id = statusOf(pod).containerID!.replace('docker://', '')
    expect(docker('logs', id)).toBe('2777 2000\n2777 2000\n1000 2000')
    await node.remove('sub-modes')
  })
  it('that show a file show the same one while a container runs, and the one of today to the next container', async () => {
    await node.client.create(ConfigMap, { metadata: { name: 'today', namespace }, data: { 'a.conf': 'old' } })
    await node.run('sub-file', {
      volumes: [{ name: 'v', configMap: { name: 'today' } }],
      containers: [
        {
          ...node.container(),
          volumeMounts: [
            { name: 'v', mountPath: '/v' },
            { name: 'v', mountPath: '/etc/a.conf', subPath: 'a.conf' },
          ],
        },
      ],
    })
    const first = await node.ready('sub-file')
    await node.client.patch(ConfigMap, { namespace, name: 'today' }, { data: { 'a.conf': 'new' } })
    await eventually(() => inside(first, 'cat', '/v/a.conf') === 'new', 20_000)
    expect(inside(first, 'cat', '/etc/a.conf')).toBe('old')
    docker('kill', statusOf(first).containerID!.replace('docker://', ''))
    const second = await node.until('sub-file', pod => {
      const { restartCount, ready } = statusOf(pod)
      return restartCount === 1 && ready
    })
    expect(inside(second, 'cat', '/etc/a.conf')).toBe('new')
    await node.remove('sub-file')
  })
})

describe('the folder of a pod', () => {
  const volumesOf = ({ metadata }: Pod) => join(node.folder.path, 'data', 'pods', metadata.uid, 'volumes')

  it('has its volumes where programs from outside look for them, by their kinds', async () => {
    const path = join(node.folder.path, 'shown')
    mkdirSync(path)
    await bound('shown', local(path))
    await node.client.create(ConfigMap, { metadata: { name: 'shown', namespace }, data: { key: 'of-config-map' } })
    await node.client.create(Secret, { metadata: { name: 'shown', namespace }, data: { key: btoa('of-secret') } })
    const names = { path: 'name', fieldRef: { fieldPath: 'metadata.name' } }
    await node.run('layout', {
      volumes: [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'config', configMap: { name: 'shown' } },
        { name: 'secret', secret: { secretName: 'shown' } },
        { name: 'pod', downwardAPI: { items: [names] } },
        { name: 'several', projected: { sources: [{ downwardAPI: { items: [names] } }] } },
        { name: 'files', image: { reference: node.image, pullPolicy: 'Never' } },
        { name: 'data', persistentVolumeClaim: { claimName: 'shown' } },
      ],
      containers: [
        {
          ...node.container(
            'for at in disk memory data; do echo $at > /$at/file; done; trap exit TERM; sleep 100000 & wait',
          ),
          volumeMounts: ['disk', 'memory', 'config', 'secret', 'pod', 'several', 'files', 'data'].map(name => ({
            name,
            mountPath: `/${name}`,
          })),
        },
      ],
    })
    const pod = await node.ready('layout')
    const read = (name: string) => readFileSync(join(volumesOf(pod), name), 'utf8').trim()
    await eventually(() => existsSync(join(path, 'file')))
    expect(
      [
        'empty-dir/disk/file', 'empty-dir/memory/file', 'configmap/config/key', 'secret/secret/key',
        'downward-api/pod/name', 'projected/several/name', 'local-volume/shown/file',
      ].map(name => read(`kubernetes.io~${name}`)),
    ).toEqual(['disk', 'memory', 'of-config-map', 'of-secret', 'layout', 'layout', 'data']) // prettier-ignore
    expect(existsSync(join(volumesOf(pod), 'kubernetes.io~image/files/bin/busybox'))).toBe(true)
    expect(readdirSync(volumesOf(pod)).every(name => name.startsWith('kubernetes.io~'))).toBe(true)
    await node.remove('layout')
    await eventually(() => !existsSync(join(volumesOf(pod), '..')))
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('data\n')
  })

  it('stays as an older agent made it while the pod runs: its next container has the same files, which follow their source', async () => {
    await node.client.create(ConfigMap, { metadata: { name: 'older', namespace }, data: { key: 'first' } })
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'config', configMap: { name: 'older' } },
    ]
    const spec: Partial<PodSpec> = {
      volumes,
      containers: [
        {
          ...node.container(
            'date +%N >> /disk/starts; date +%N >> /memory/starts; trap exit TERM; sleep 100000 & wait',
          ),
          volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
        },
      ],
    }
    await node.stopAgent()
    const { metadata } = await node.run('older', spec)
    const folder = volumesOf({ metadata } as Pod)
    for (const { name } of volumes) mkdirSync(join(folder, name), { recursive: true })
    await hostTools.mount(['-t', 'tmpfs', 'tmpfs', join(folder, 'memory')])
    await node.startAgent()
    const first = await node.ready('older')
    expect(readdirSync(folder).toSorted()).toEqual(['config', 'disk', 'memory'])
    docker('kill', statusOf(first).containerID!.replace('docker://', ''))
    const second = await node.until('older', pod => statusOf(pod).restartCount === 1 && statusOf(pod).ready)
    for (const name of ['disk', 'memory'])
      await eventually(() => inside(second, 'cat', `/${name}/starts`).split('\n').length === 2)
    await node.client.patch(ConfigMap, { namespace, name: 'older' }, { data: { key: 'second' } })
    await eventually(() => inside(second, 'cat', '/config/key') === 'second', 20_000)
    await node.remove('older')
    await eventually(() => !existsSync(join(folder, '..')))
    expect((await mountPoints()).filter(path => path.includes(metadata.uid))).toEqual([])
  })
})

describe('deleting a folder', () => {
  it('never deletes what is mounted in it', async () => {
    const [folder, precious] = ['doomed', 'precious'].map(name => join(node.folder.path, name)) as [string, string]
    for (const path of [join(folder, 'at'), precious]) mkdirSync(path, { recursive: true })
    writeFileSync(join(precious, 'file'), 'kept')
    await hostTools.mount(['--bind', precious, join(folder, 'at')])
    const unable = { ...hostTools, unmount: () => Promise.resolve() }
    await expect(removeUnmounted(folder, unable)).rejects.toThrow(
      `${folder} is not deleted: something is mounted on ${join(folder, 'at')}`,
    )
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('kept')
    await removeUnmounted(folder, hostTools)
    expect(existsSync(folder)).toBe(false)
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('kept')
  })
})

describe('volumes of a pod that is over', () => {
  it('are given back, though the pod is still there: memory, files and mounts; what it said stays', async () => {
    await node.client.create(ConfigMap, { metadata: { name: 'over', namespace }, data: { key: 'value' } })
    const mounts = [
      { name: 'memory', mountPath: '/m' },
      { name: 'disk', mountPath: '/d', subPath: 'part' },
      { name: 'objects', mountPath: '/o' },
    ]
    const script =
      'dd if=/dev/zero of=/m/file bs=1000 count=1 2>/dev/null; touch /d/x; cat /o/key; echo done > /dev/termination-log'
    await node.run('over', {
      restartPolicy: 'Never',
      volumes: [
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'disk', emptyDir: {} },
        { name: 'objects', configMap: { name: 'over' } },
      ],
      containers: [{ ...node.container(script), volumeMounts: mounts }],
    })
    const { metadata, status } = await node.until('over', pod => pod.status.phase === 'Succeeded')
    const folder = join(node.folder.path, 'data', 'pods', metadata.uid)
    const left = () => readdirSync(folder)
    await eventually(() => !left().includes('volumes') && !left().includes('volume-subpaths'), 60_000)
    expect((await mountPoints()).filter(path => path.includes(metadata.uid))).toEqual([])
    expect(docker('logs', status.containerStatuses![0]!.containerID!.replace('docker://', ''))).toBe('value')
    // It does not come back with what the volume shows, nor with another agent.
    await node.stopAgent()
    await node.startAgent()
    await node.client.patch(ConfigMap, { namespace, name: 'over' }, { data: { key: 'other' } })
    await eventually(() => node.agent.kubelet.pod(namespace, 'over') !== undefined)
    expect(statusOf(await node.get('over')).state?.terminated?.message).toBe('done\n')
    expect(left()).not.toContain('volumes')
    await node.remove('over')
  })
})

describe('volumes that follow their source', () => {
  it('show keys that come and go, in one swap', async () => {
    await node.client.create(ConfigMap, { metadata: { name: 'keys', namespace }, data: { a: '1', b: '1' } })
    await node.run('keys', {
      volumes: [{ name: 'v', configMap: { name: 'keys' } }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.ready('keys')
    await node.client.patch(ConfigMap, { namespace, name: 'keys' }, { data: { a: '2', b: null, c: '2' } })
    await eventually(() => inside(pod, 'sh', '-c', 'cd /v; echo *; cat a') === 'a c\n2', 20_000)
    await node.remove('keys')
  })
})

describe('paths of the host', () => {
  it('may be its root; later mounts in a shared folder are followed only when asked for and when there is a way', async () => {
    const kept = async (kind: 'shared' | 'private') => {
      const path = join(node.folder.path, kind)
      mkdirSync(join(path, 'later'), { recursive: true })
      await hostTools.mount(['--bind', path, path])
      await hostTools.mount([`--make-${kind}`, path])
      return path
    }
    const shared = await kept('shared')
    const ofItsOwn = await kept('private')
    const follow = { mountPropagation: 'HostToContainer' }
    await node.run('host-root', {
      volumes: [
        { name: 'root', hostPath: { path: '/' } },
        { name: 'shared', hostPath: { path: shared } },
        { name: 'private', hostPath: { path: ofItsOwn } },
      ],
      containers: [
        {
          ...node.container(),
          volumeMounts: [
            { name: 'root', mountPath: '/host', readOnly: true },
            { name: 'shared', mountPath: '/none' },
            { name: 'shared', mountPath: '/follows', ...follow },
            { name: 'private', mountPath: '/private', ...follow },
            { name: 'private', mountPath: '/part', subPath: 'later', ...follow },
          ],
        },
      ],
    })
    const pod = await node.ready('host-root')
    const hostname = readFileSync('/etc/hostname', 'utf8').trim()
    expect(inside(pod, 'cat', '/host/etc/hostname')).toBe(hostname)
    await hostTools.mount(['-t', 'tmpfs', 'tmpfs', join(shared, 'later')])
    writeFileSync(join(shared, 'later', 'file'), '')
    expect(inside(pod, 'ls', '/follows/later')).toBe('file')
    expect(inside(pod, 'ls', '/none/later')).toBe('')
    await node.remove('host-root')
  })

  it('are read-only with all that is mounted below them where the engine can do that, else refused', async () => {
    const path = join(node.folder.path, 'recursive')
    mkdirSync(join(path, 'below'), { recursive: true })
    await hostTools.mount(['-t', 'tmpfs', 'tmpfs', join(path, 'below')])
    const v = { name: 'v', readOnly: true }
    await node.run('recursive', {
      volumes: [{ name: 'v', hostPath: { path } }],
      containers: [
        {
          ...node.container(),
          volumeMounts: [
            { ...v, mountPath: '/shallow' },
            { ...v, mountPath: '/deep', recursiveReadOnly: 'Enabled' },
          ],
        },
      ],
    })
    const { runtimeHandlers } = (await node.client.get(Node, { name: node.nodeName })).status
    if (!runtimeHandlers?.[0]?.features?.recursiveReadOnlyMounts) {
      const refused = await node.until('recursive', pod => statusOf(pod).state?.waiting?.message !== undefined)
      expect(statusOf(refused).state?.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message:
          'failed to resolve recursive read-only mode: container runtime does not support recursive read-only mounts (volume mount "v")',
      })
      return node.remove('recursive')
    }
    const pod = await node.ready('recursive')
    inside(pod, 'touch', '/shallow/below/file')
    expect(() => inside(pod, 'touch', '/deep/below/file')).toThrow('Read-only file system')
    expect(statusOf(pod).volumeMounts?.map(({ recursiveReadOnly }) => recursiveReadOnly)).toEqual([
      'Disabled',
      'Enabled',
    ])
    await node.remove('recursive')
  })
})
