// `local` volumes that are a device or a link: real block devices of files, mounted for real, without an agent around.
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostTools, isMountPoint, removeUnmounted } from '../../src/agent/kubelet/volumes/mounts.ts'
import { type PersistentOptions, preparePersistent } from '../../src/agent/kubelet/volumes/persistent.ts'
import type { PersistentVolume, PersistentVolumeSpec } from '../../src/shared/api/core/v1.ts'

const DISK_BYTES = 32 << 20

let folder: string
let disk: string
let device: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-'))
  disk = join(folder, 'disk')
  writeFileSync(disk, '')
  truncateSync(disk, DISK_BYTES)
  device = execFileSync('losetup', ['-f', '--show', disk], { encoding: 'utf8' }).trim()
})
afterEach(async () => {
  await removeUnmounted(join(folder, 'pods'), hostTools)
  execFileSync('losetup', ['-d', device])
  rmSync(folder, { recursive: true, force: true })
})

const volume = (path: string, fsType?: string, more: Partial<PersistentVolumeSpec> = {}) =>
  ({ metadata: { name: 'disk' }, spec: { local: { path, fsType }, ...more } }) as unknown as PersistentVolume
const podDir = (pod: string) => join(folder, 'pods', pod)
const prepare = (pod: string, of: PersistentVolume, more: Partial<PersistentOptions> = {}) =>
  preparePersistent(of, {
    name: 'data',
    podDir: podDir(pod),
    group: { gid: undefined, policy: undefined },
    readOnly: false,
    tools: hostTools,
    dataDir: folder,
    ensureLocal: () => Promise.resolve(),
    ...more,
  })
const typeOf = () => execFileSync('blkid', ['-p', '-s', 'TYPE', '-o', 'value', device], { encoding: 'utf8' }).trim()

describe('a device that is used as a folder', () => {
  it('gets a file system once when it is empty, which each pod has mounted, and keeps what is written', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map(pod => prepare(pod, volume(device))))
    expect(typeOf()).toBe('ext4')
    expect(one).toBe(join(podDir('one'), 'volumes/kubernetes.io~local-volume/disk'))
    writeFileSync(join(one!, 'file'), 'kept')
    expect(readFileSync(join(two!, 'file'), 'utf8')).toBe('kept')
    for (const pod of ['one', 'two']) await removeUnmounted(podDir(pod), hostTools)
    const again = await prepare('three', volume(device))
    expect(await isMountPoint(again)).toBe(true)
    expect(readFileSync(join(again, 'file'), 'utf8')).toBe('kept')
  })
  it('has the type that the volume names, its options, and belongs to the group of the pod', async () => {
    const named = volume(device, 'ext3', { mountOptions: ['noatime'] })
    const path = await prepare('typed', named, { group: { gid: 4321, policy: undefined } })
    expect(typeOf()).toBe('ext3')
    expect(lstatSync(path).gid).toBe(4321)
    const line = readFileSync('/proc/self/mounts', 'utf8').split('\n').find(each => each.includes(path)) // prettier-ignore
    expect(line).toContain('noatime')
  })
  it.each([
    ['of a claim that only reads', volume('', undefined), { readOnly: true }, 'cannot mount unformatted disk'],
    [
      'that is mounted to be read',
      volume('', undefined, { mountOptions: ['ro'] }),
      {},
      'cannot mount unformatted disk',
    ],
    ['of a type that is a path', volume('', '../evil'), {}, 'is not a type of file system'],
  ])('is not written to: an empty one %s', async (_what, { spec }, more, why) => {
    const of = volume(device, spec.local!.fsType, spec.mountOptions ? { mountOptions: spec.mountOptions } : {})
    await expect(prepare('reader', of, more)).rejects.toThrow(why)
    expect(readFileSync(disk).every(byte => byte === 0)).toBe(true)
  })
  it('is not formatted when it cannot be opened: it is not taken for an empty one', async () => {
    const nobodys = join(folder, 'nobodys')
    execFileSync('mknod', [nobodys, 'b', '240', '0']) // of those that are left to experiments
    await expect(prepare('shut', volume(nobodys))).rejects.toThrow(/ENXIO|EPERM/)
  })
  it('is left as it is when it is divided', async () => {
    const table = Buffer.alloc(512)
    // One partition of Linux, and the mark of a partition table.
    table.set([0, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0x0f, 0, 0], 446)
    table.set([0x55, 0xaa], 510)
    execFileSync('dd', [`of=${device}`, 'conv=fsync'], { input: table, stdio: ['pipe', 'ignore', 'ignore'] })
    await expect(prepare('divided', volume(device))).rejects.toThrow('probably partitions')
    expect(readFileSync(disk).subarray(0, 512)).toEqual(table)
  })
})

describe('a link to a folder', () => {
  it('gives the folder to the group of the pod', async () => {
    const real = join(folder, 'real')
    mkdirSync(real)
    symlinkSync(real, join(folder, 'link'))
    await prepare('linked', volume(join(folder, 'link')), { group: { gid: 4321, policy: undefined } })
    expect(lstatSync(real).gid).toBe(4321)
  })
})
