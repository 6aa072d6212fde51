// The limits that the cgroup above a process's own has now, as the kernel tells them.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CGROUP_ROOT, cgroupPathsOf } from '../runtime/cgroup-paths.ts'
import type { CgroupAmounts, Limits } from './contract.ts'

/** Above this, legacy cgroups mean that there is no limit. */
const NO_MEMORY_LIMIT = 2 ** 60

/** @throws Error when the process is gone */
export async function parentLimits(pid: number): Promise<Limits> {
  const paths = await cgroupPathsOf(pid)
  const isUnified = !paths.has('memory')
  const read = (controller: string, file: string) => {
    const path = dirname((isUnified ? paths.get('') : paths.get(controller)) ?? '/')
    return readFile(join(CGROUP_ROOT, isUnified ? '' : controller, path, file), 'utf8').catch(() => '') // controller off
  }
  const [quota, memory] = await Promise.all([
    read('cpu', isUnified ? 'cpu.max' : 'cpu.cfs_quota_us'),
    read('memory', isUnified ? 'memory.max' : 'memory.limit_in_bytes'),
  ])
  const memoryBytes = amount(memory)
  return { cpuQuota: amount(quota), memoryBytes: memoryBytes < NO_MEMORY_LIMIT ? memoryBytes : 0 }
}

/** `max`, -1 and nothing at all mean no limit: 0. */
const amount = (text: string): number => Math.max(0, Number.parseInt(text, 10) || 0)

/** @returns what is asked for, without limits that are no wider than those of now */
export const onlyWider = (wanted: CgroupAmounts, now: Limits): CgroupAmounts => {
  const wider = (limit: number, has: number) => (has > 0 && limit > has ? limit : 0)
  return {
    ...wanted,
    cpuQuota: wider(wanted.cpuQuota, now.cpuQuota),
    memoryBytes: wider(wanted.memoryBytes, now.memoryBytes),
  }
}
