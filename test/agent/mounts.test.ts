// The node's folder on a machine that keeps mounts to itself: real mounts, on a file system of the test's own.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HostTools, hostTools, makeShared, mountPoints, removeUnmounted, unmountBelow, unmountHidden } from '../../src/agent/kubelet/volumes/mounts.ts' // prettier-ignore

let machine: string
let dataDir: string
/** Of a pod that was there before. */
let podDir: string
let memory: string

beforeEach(async () => {
  machine = mkdtempSync(join(tmpdir(), 'mounts-'))
  await hostTools.mount(['-t', 'tmpfs', 'machine', machine])
  await hostTools.mount(['--make-private', machine])
  dataDir = join(machine, 'node')
  podDir = join(dataDir, 'pods', 'before')
  memory = join(podDir, 'volumes', 'memory')
  mkdirSync(memory, { recursive: true })
  mkdirSync(join(memory, '..', 'disk'))
  await hostTools.mount(['-t', 'tmpfs', 'memory', memory])
  writeFileSync(join(memory, 'file'), 'kept')
})
afterEach(async () => {
  await unmountBelow(machine, hostTools)
  rmSync(machine, { recursive: true, force: true })
})

/** As the kernel has it: also what no path leads to. */
const allMounts = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .filter(path => path.startsWith(dataDir))

describe('a folder in which mounts are made to show elsewhere', () => {
  it('has what was mounted in it before, once', async () => {
    await makeShared(join(dataDir, 'pods'), dataDir, hostTools)
    await makeShared(podDir, dataDir, hostTools)
    expect(readFileSync(join(memory, 'file'), 'utf8')).toBe('kept')
    expect(allMounts().toSorted()).toEqual([dataDir, memory])
  })
  it('keeps no pod that was there before from going, with all that it had mounted', async () => {
    await makeShared(join(dataDir, 'pods'), dataDir, hostTools)
    await removeUnmounted(podDir, hostTools)
    expect(existsSync(podDir)).toBe(false)
    expect(allMounts()).toEqual([dataDir])
  })
})

describe('a mount that another one hides', () => {
  beforeEach(() => hostTools.mount(['--rbind', dataDir, dataDir]))
  it('is told of by who cannot delete its place', async () => {
    expect(allMounts().filter(path => path === memory)).toHaveLength(2)
    expect((await mountPoints()).filter(path => path === memory)).toHaveLength(1)
    await expect(removeUnmounted(podDir, hostTools)).rejects.toThrow(
      `${podDir} is not deleted: something is mounted on ${memory}`,
    )
  })
  it('is unmounted once it is seen', async () => {
    await unmountBelow(dataDir, hostTools)
    expect(allMounts()).toEqual([])
    await removeUnmounted(dataDir, hostTools)
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('a process that was killed while it laid the folder over itself', () => {
  /** It ends where something is asked for, before that is done. */
  const killedAt = (isIt: (asked: string) => boolean): HostTools => {
    let isDead = false
    const orKilled = (asked: string): void => {
      isDead ||= isIt(asked)
      if (isDead) throw new Error('killed')
    }
    return {
      ...hostTools,
      async mount(args) {
        orKilled(`mount ${args.join(' ')}`)
        await hostTools.mount(args)
      },
      async unmount(path, options) {
        orKilled(`umount ${path}`)
        await hostTools.unmount(path, options)
      },
    }
  }
  /** The kill is at the so-manieth time that something is asked for. */
  const at = (start: string, times: number) => {
    let asked = 0
    return killedAt(what => what.startsWith(start) && ++asked === times)
  }
  let disk: string
  beforeEach(async () => {
    disk = join(podDir, 'volumes', 'disk')
    await hostTools.mount(['-t', 'tmpfs', 'disk', disk])
    writeFileSync(join(disk, 'file'), 'kept as well')
  })
  const killedIn = (tools: HostTools) => expect(makeShared(podDir, dataDir, tools)).rejects.toThrow('killed')
  const isWhole = async () => {
    expect(allMounts().toSorted()).toEqual([dataDir, disk, memory])
    expect(readFileSync(join(memory, 'file'), 'utf8')).toBe('kept')
    expect(readFileSync(join(disk, 'file'), 'utf8')).toBe('kept as well')
    expect(readdirSync(machine)).toEqual(['node'])
    await makeShared(podDir, dataDir, hostTools)
    await removeUnmounted(podDir, hostTools)
    expect(allMounts()).toEqual([dataDir])
  }

  it.each([
    [1, 5],
    [2, 4],
  ])('before unmount %s leaves mounts that no path leads to, which the next start unmounts', async (times, left) => {
    await killedIn(at('umount', times))
    expect(allMounts()).toHaveLength(left)
    await unmountHidden(dataDir, hostTools)
    await isWhole()
  })
  it.each([
    ['before anything is aside', 'mount --move', 1],
    ['while the folder is aside', 'umount', 1],
    ['halfway', 'umount', 2],
    ['before the folder is back', 'mount --move', 2],
  ])('and at that start once more, %s, is made up for by the one after', async (_when, start, times) => {
    await killedIn(at('umount', 1))
    await expect(unmountHidden(dataDir, at(start, times))).rejects.toThrow('killed')
    await unmountHidden(dataDir, hostTools)
    await isWhole()
  })
})

describe('a start', () => {
  it('leaves the folder as it is where nothing was cut off', async () => {
    const before = allMounts()
    await unmountHidden(dataDir, hostTools)
    expect(allMounts()).toEqual(before)
    await makeShared(join(dataDir, 'pods'), dataDir, hostTools)
    const shared = allMounts()
    await unmountHidden(dataDir, hostTools)
    expect(allMounts()).toEqual(shared)
  })
  it('leaves alone what somebody else has hidden', async () => {
    await hostTools.mount(['-t', 'tmpfs', 'over', join(dataDir, 'pods')])
    const before = allMounts()
    await unmountHidden(dataDir, hostTools)
    expect(allMounts()).toEqual(before)
  })
})

it('of several mounts at one place each is unmounted', async () => {
  await hostTools.mount(['-t', 'tmpfs', 'upper', memory])
  expect((await mountPoints()).filter(path => path === memory)).toHaveLength(2)
  await removeUnmounted(podDir, hostTools)
  expect(allMounts()).toEqual([])
})
