// What files of the Container Device Interface mean for a container.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { additionsOf } from '../../../src/agent/kubelet/devices/cdi/edits.ts'
import { readCdiDevices } from '../../../src/agent/kubelet/devices/cdi/spec.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cdi-'))
  for (const folder of ['etc/cdi', 'var/run/cdi']) mkdirSync(join(root, folder), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (path: string, content: object | string) =>
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
const spec = (devices: object[], containerEdits?: object, kind = 'vendor.com/net') => ({
  cdiVersion: '0.5.0',
  kind,
  devices,
  ...(containerEdits ? { containerEdits } : {}),
})
const device = (name: string, containerEdits: object) => ({ name, containerEdits })
const additions = async (...names: string[]) => additionsOf(names, await readCdiDevices(root))

describe('CDI devices', () => {
  it('bring variables, device nodes, mounts and groups; what their file has in common comes once', async () => {
    write(
      'etc/cdi/a.json',
      spec(
        [
          device('one', { deviceNodes: [{ path: '/dev/one', permissions: 'r' }], additionalGids: [0, 5] }),
          device('two', { deviceNodes: [{ path: '/dev/two', hostPath: '/dev/host-two' }] }),
        ],
        {
          env: ['A=b=c'],
          mounts: [{ hostPath: '/opt/lib', containerPath: '/lib/vendor', options: ['ro', 'nosuid', 'rslave', 'bind'] }],
        },
      ),
    )
    expect(await additions('vendor.com/net=one', 'vendor.com/net=two', 'vendor.com/net=one')).toEqual({
      env: ['A=b=c'],
      mounts: [{ hostPath: '/opt/lib', containerPath: '/lib/vendor', readOnly: true, propagation: 'rslave' }],
      devices: [
        { hostPath: '/dev/one', containerPath: '/dev/one', permissions: 'r' },
        { hostPath: '/dev/host-two', containerPath: '/dev/two', permissions: 'rwm' },
      ],
      groups: [5],
      nvidia: [],
    })
  })

  it('that are told by their numbers need not be on the machine', async () => {
    const numbers = { type: 'c', major: 1, minor: 3, fileMode: 0o20640, gid: 7 }
    write('etc/cdi/a.json', spec([device('one', { deviceNodes: [{ path: '/dev/one', ...numbers }] })]))
    const { devices } = await additions('vendor.com/net=one')
    expect(devices).toEqual([
      {
        hostPath: '/dev/one',
        containerPath: '/dev/one',
        permissions: 'rwm',
        numbers: { type: 'c', major: 1, minor: 3, mode: 0o640, uid: 0, gid: 7 },
      },
    ])
  })

  it('are read from YAML too', async () => {
    write('var/run/cdi/a.yaml', 'cdiVersion: 0.3.0\nkind: vendor.com/net\ndevices:\n- name: one\n  containerEdits:\n    env: [A=1]\n') // prettier-ignore
    expect((await additions('vendor.com/net=one')).env).toEqual(['A=1'])
  })

  it('of the later folder stand over those of the earlier one', async () => {
    write('etc/cdi/a.json', spec([device('one', { env: ['FROM=etc'] })]))
    write('var/run/cdi/b.json', spec([device('one', { env: ['FROM=run'] })]))
    expect((await additions('vendor.com/net=one')).env).toEqual(['FROM=run'])
  })

  it('that two files of one folder have are none', async () => {
    for (const name of ['a', 'b']) write(`etc/cdi/${name}.json`, spec([device('one', { env: [`FROM=${name}`] })]))
    await expect(additions('vendor.com/net=one')).rejects.toThrow(
      'unresolvable CDI devices vendor.com/net=one (both /etc/cdi/a.json and /etc/cdi/b.json have it)',
    )
  })

  it('that are not there are named, with the file that could not be read', async () => {
    write('etc/cdi/a.json', '{"kind"')
    write('etc/cdi/b.json', spec([device('one', { deviceNodes: [{ path: 'relative' }] })]))
    write('etc/cdi/notes.txt', 'no spec')
    await expect(additions('vendor.com/net=two')).rejects.toThrow(
      /^unresolvable CDI devices vendor.com\/net=two \(\/etc\/cdi\/a.json: .*; \/etc\/cdi\/b.json: .*is no absolute path\)$/,
    )
  })

  it.each([
    ['runs programs', { hooks: [{ hookName: 'createContainer', path: '/bin/true' }] }, 'runs programs as its container starts'],
    ['mounts memory', { mounts: [{ hostPath: 'tmpfs', containerPath: '/m', type: 'tmpfs' }] }, 'mounts tmpfs'],
    ['brings a network device', { netDevices: [{ hostInterfaceName: 'a', name: 'b' }] }, 'brings network devices'],
  ])('that %s is refused, with what would do it', async (_what, edits, message) => {
    write('etc/cdi/a.json', spec([device('one', edits)]))
    await expect(additions('vendor.com/net=one')).rejects.toThrow(
      `the CDI device vendor.com/net=one ${message}, which needs a Docker that reads CDI itself: version 25 or newer, with CDI enabled`,
    )
  }) // prettier-ignore

  it('of NVIDIA that run its programs are left to its own part of Docker', async () => {
    const hooks = [{ hookName: 'createContainer', path: '/usr/bin/nvidia-ctk', args: ['nvidia-ctk', 'hook'] }]
    write('etc/cdi/nvidia.yaml', JSON.stringify(spec([device('0', {}), device('1', {})], { hooks }, 'nvidia.com/gpu')))
    const found = await additions('nvidia.com/gpu=0', 'nvidia.com/gpu=1')
    expect(found).toMatchObject({ nvidia: ['0', '1'], devices: [], mounts: [] })
  })
})
