// The node's folder on a machine that keeps mounts to itself: real mounts, on a file system of the test's own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostTools, makeShared, mountPoints, removeUnmounted, unmountBelow } from '../../src/agent/kubelet/volumes/mounts.ts' // prettier-ignore

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

it('of several mounts at one place each is unmounted', async () => {
  await hostTools.mount(['-t', 'tmpfs', 'upper', memory])
  expect((await mountPoints()).filter(path => path === memory)).toHaveLength(2)
  await removeUnmounted(podDir, hostTools)
  expect(allMounts()).toEqual([])
})
