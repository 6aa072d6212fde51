// Behaviours that upstream's conformance suite asks of volumes, each as a pod that shows it; many pods run at once.
// docs/conformance.md tells which of upstream's tests each stands for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigMap, Namespace, Pod, type PodSpec, Secret, type Volume } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
const namespace = 'default'
const base64 = (text: string) => Buffer.from(text).toString('base64')
beforeAll(async () => {
  node = await TestNode.start()
  const metadata = { name: 'files', namespace }
  await node.client.create(ConfigMap, {
    metadata,
    data: { 'data-1': 'value-1', 'data-2': 'value-2' },
    binaryData: { bytes: Buffer.from([0xde, 0xca, 0xfe, 0]).toString('base64') },
  })
  await node.client.create(Secret, { metadata, data: { 'data-1': base64('value-1') } })
  await node.client.create(Namespace, { metadata: { name: 'other' }, spec: {} })
  await node.client.create(Secret, {
    metadata: { name: 'files', namespace: 'other' },
    data: { 'data-1': base64('other') },
  })
})
afterAll(() => node?.[Symbol.asyncDispose]())

const idOf = (pod: Pod) => statusOf(pod).containerID!.replace('docker://', '')
const inside = (pod: Pod, ...command: string[]) => docker('exec', idOf(pod), ...command)
/** Runs a script over a volume at /v. @returns what it printed */
async function seen(
  name: string,
  volume: Omit<Volume, 'name'>,
  script: string,
  spec: Partial<PodSpec> = {},
): Promise<string> {
  await node.run(name, {
    restartPolicy: 'Never',
    volumes: [{ name: 'v', ...volume }],
    ...spec,
    containers: [{ ...node.container(script), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  })
  const pod = await node.until(name, ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed', 60_000)
  return docker('logs', idOf(pod))
}
const nonRoot = { securityContext: { runAsUser: 1000 } }
const MODE = 'stat -L -c %a'

/** The same files through the kinds of volume that hold them. */
const kinds: [string, (items: object, mode?: number) => Omit<Volume, 'name'>][] = [
  ['configmap', (items, mode) => ({ configMap: { name: 'files', ...items, ...(mode ? { defaultMode: mode } : {}) } })],
  ['secret', (items, mode) => ({ secret: { secretName: 'files', ...items, ...(mode ? { defaultMode: mode } : {}) } })],
  ['projected-configmap', (items, mode) => ({ projected: { sources: [{ configMap: { name: 'files', ...items } }], ...(mode ? { defaultMode: mode } : {}) } })],
  ['projected-secret', (items, mode) => ({ projected: { sources: [{ secret: { name: 'files', ...items } }], ...(mode ? { defaultMode: mode } : {}) } })],
] // prettier-ignore

describe.each(kinds)('a %s volume', (kind, volume) => {
  it.concurrent('shows its keys as files of mode 644, also to users who are not root', async () => {
    const script = `cat /v/data-1; echo; ${MODE} /v/data-1`
    expect(await seen(`${kind}-plain`, volume({}), script)).toBe('value-1\n644')
    expect(await seen(`${kind}-user`, volume({}), script, nonRoot)).toBe('value-1\n644')
  })
  it.concurrent('gives files the default mode of the volume, and to its group what fsGroup asks', async () => {
    expect(await seen(`${kind}-mode`, volume({}, 0o400), `${MODE} /v/data-1`)).toBe('400')
    const group = { securityContext: { runAsUser: 1000, fsGroup: 1001 } }
    expect(await seen(`${kind}-group`, volume({}, 0o440), `cat /v/data-1; echo; ${MODE} /v/data-1`, group)).toBe(
      'value-1\n440',
    )
  })
  it.concurrent('maps keys to paths, with modes of their own', async () => {
    const items = { items: [{ key: 'data-1', path: 'path/to/file', mode: 0o400 }] }
    expect(await seen(`${kind}-map`, volume(items), `cat /v/path/to/file; echo; ${MODE} /v/path/to/file; ls /v`)).toBe(
      'value-1\n400\npath',
    )
  })
})

describe('objects', () => {
  it.concurrent('may be in several volumes of one pod, and under the same name in several namespaces', async () => {
    await node.run('many', {
      restartPolicy: 'Never',
      volumes: [
        { name: 'a', secret: { secretName: 'files' } },
        { name: 'b', secret: { secretName: 'files' } },
        { name: 'c', configMap: { name: 'files' } },
      ],
      containers: [
        {
          ...node.container('cat /a/data-1 /b/data-1 /c/data-1'),
          volumeMounts: ['a', 'b', 'c'].map(name => ({ name, mountPath: `/${name}` })),
        },
      ],
    })
    const pod = await node.until('many', ({ status }) => status.phase === 'Succeeded', 40_000)
    expect(docker('logs', idOf(pod))).toBe('value-1value-1value-1')
  })
  it.concurrent('keep binary data as it is', async () => {
    expect(await seen('binary', { configMap: { name: 'files' } }, 'hexdump -C /v/bytes | head -1')).toMatch(
      /de ca fe 00/,
    )
  })
  it.concurrent('that are optional may come, change and go while the pod runs', async () => {
    const optional = (name: string): Volume[] => [
      { name: 'cm', configMap: { name, optional: true } },
      { name: 'sec', secret: { secretName: name, optional: true } },
      { name: 'both', projected: { sources: [{ configMap: { name, optional: true } }, { secret: { name, optional: true, items: [{ key: 'data-1', path: 's' }] } }] } },
    ] // prettier-ignore
    await node.run('optional', {
      volumes: optional('late'),
      containers: [
        { ...node.container(), volumeMounts: ['cm', 'sec', 'both'].map(name => ({ name, mountPath: `/${name}` })) },
      ],
    })
    const pod = await node.until('optional', ({ status }) => status.phase === 'Running', 40_000)
    const all = () => inside(pod, 'sh', '-c', 'cat /cm/data-1 /sec/data-1 /both/data-1 /both/s 2>/dev/null; true')
    expect(all()).toBe('')
    const metadata = { name: 'late', namespace }
    await node.client.create(ConfigMap, { metadata, data: { 'data-1': 'c1 ' } })
    await node.client.create(Secret, { metadata, data: { 'data-1': base64('s1 ') } })
    await eventually(() => all() === 'c1 s1 c1 s1', 40_000)
    await node.client.patch(ConfigMap, metadata, { data: { 'data-1': 'c2 ' } })
    await eventually(() => all() === 'c2 s1 c2 s1', 40_000)
    await node.client.delete(ConfigMap, metadata)
    await node.client.delete(Secret, metadata)
    await eventually(() => all() === '', 40_000)
  })
})

describe('the downward API', () => {
  const items = [
    { path: 'name', fieldRef: { fieldPath: 'metadata.name' }, mode: 0o400 },
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
    ...['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map(resource => ({
      path: resource,
      resourceFieldRef: { containerName: 'main', resource, ...(resource.endsWith('cpu') ? { divisor: '1m' } : {}) },
    })),
  ]
  const sources: [string, Omit<Volume, 'name'>][] = [
    ['downward', { downwardAPI: { items, defaultMode: 0o440 } }],
    ['projected-downward', { projected: { sources: [{ downwardAPI: { items } }], defaultMode: 0o440 } }],
  ]
  it.concurrent.each(sources)('as a %s volume tells name, requests and limits, with modes', async (kind, volume) => {
    await node.run(`${kind}-facts`, {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', ...volume }],
      containers: [
        {
          ...node.container(`cd /v; for f in name limits.cpu limits.memory requests.cpu requests.memory; do echo $(cat $f); done; ${MODE} name labels`),
          resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
    }) // prettier-ignore
    const pod = await node.until(`${kind}-facts`, ({ status }) => status.phase === 'Succeeded', 40_000)
    expect(docker('logs', idOf(pod)).split('\n')).toEqual([
      `${kind}-facts`, '1250', '67108864', '250', '33554432', '400', '440',
    ]) // prettier-ignore
  })
  it.concurrent.each(sources)(
    'as a %s volume gives what the node has where there is no limit',
    async (kind, volume) => {
      const out = await seen(`${kind}-default`, volume, 'cat /v/limits.cpu; echo; cat /v/limits.memory')
      const [cpu, memory] = out.split('\n').map(Number)
      expect(cpu).toBeGreaterThanOrEqual(1000)
      expect(memory).toBeGreaterThan(2 ** 30)
    },
  )
  it.concurrent.each(sources)('as a %s volume follows labels and annotations', async (kind, volume) => {
    const name = `${kind}-live`
    await node.run(name, {
      volumes: [{ name: 'v', ...volume }],
      containers: [{ ...node.container(), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const pod = await node.until(name, ({ status }) => status.phase === 'Running', 40_000)
    const metadata = { labels: { key3: 'value3' }, annotations: { builder: 'foo' } }
    await node.client.patch(Pod, { namespace, name }, { metadata })
    await eventually(() => inside(pod, 'cat', '/v/labels', '/v/annotations').includes('key3="value3"'), 40_000)
    expect(inside(pod, 'cat', '/v/annotations')).toContain('builder="foo"')
  })
})

describe('an emptyDir', () => {
  const users: [string, Partial<PodSpec>][] = [['root', {}], ['user', nonRoot]] // prettier-ignore
  const media: [string, object][] = [['default', {}], ['memory', { medium: 'Memory' }]] // prettier-ignore
  const all = users.flatMap(([user, spec]) => media.map(([medium, dir]) => ({ user, spec, medium, dir })))
  it.concurrent.each(all)(
    'of medium $medium is writable by $user, with every mode of files',
    async ({ user, spec, medium, dir }) => {
      const script = `${MODE} /v; for m in 644 666 777; do echo x > /v/$m; chmod $m /v/$m; ${MODE} /v/$m; cat /v/$m; done; stat -f -c %T /v`
      const lines = (await seen(`dir-${user}-${medium}`, { emptyDir: dir }, script, spec)).split('\n')
      expect(lines.slice(0, 7)).toEqual(['777', '644', 'x', '666', 'x', '777', 'x'])
      if (medium === 'memory') expect(lines[7]).toBe('tmpfs')
      else expect(lines[7]).not.toBe('tmpfs')
    },
  )
  it.concurrent('is shared by the containers of its pod', async () => {
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    await node.run('shared', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        { ...node.container('until [ -e /v/data ]; do sleep 0.1; done; cat /v/data'), ...mount },
        { ...node.container('echo hello > /v/tmp; mv /v/tmp /v/data', 'writer'), ...mount },
      ],
    })
    const pod = await node.until('shared', ({ status }) => status.phase === 'Succeeded', 40_000)
    expect(docker('logs', idOf(pod))).toBe('hello')
  })
})

describe('a path of a volume', () => {
  const parts: [string, Omit<Volume, 'name'>, string][] = [
    ['configmap', { configMap: { name: 'files' } }, 'value-1'],
    ['secret', { secret: { secretName: 'files' } }, 'value-1'],
    ['projected', { projected: { sources: [{ configMap: { name: 'files' } }] } }, 'value-1'],
    ['downward', { downwardAPI: { items: [{ path: 'data-1', fieldRef: { fieldPath: 'metadata.namespace' } }] } }, 'default'],
  ] // prettier-ignore
  it.concurrent.each(parts)(
    'of kind %s is mounted alone, over a file that the image has',
    async (kind, volume, expected) => {
      await node.run(`part-${kind}`, {
        restartPolicy: 'Never',
        volumes: [{ name: 'v', ...volume }],
        containers: [
          {
            ...node.container('cat /etc/part'),
            volumeMounts: [{ name: 'v', mountPath: '/etc/part', subPath: 'data-1' }],
          },
        ],
      })
      const pod = await node.until(`part-${kind}`, ({ status }) => status.phase === 'Succeeded', 40_000)
      expect(docker('logs', idOf(pod))).toBe(expected)
    },
  )
})

describe('sources projected into one folder', () => {
  it.concurrent('lie beside each other', async () => {
    const sources = [
      { secret: { name: 'files', items: [{ key: 'data-1', path: 'secret' }] } },
      { configMap: { name: 'files', items: [{ key: 'data-2', path: 'deep/config' }] } },
      { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ]
    expect(await seen('together', { projected: { sources } }, 'cat /v/secret /v/deep/config /v/name')).toBe(
      'value-1value-2together',
    )
  })
})
