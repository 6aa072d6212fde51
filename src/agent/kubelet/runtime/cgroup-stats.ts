// What a process's cgroup has used, read from the kernel: at once, where the engine's own answer takes a second and
// fails for containers whose network it does not manage.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CGROUP_ROOT as ROOT, ownCgroupsOf } from './cgroup-paths.ts'
import { type ContainerStats, RuntimeError } from './contract.ts'

/** `name value` lines. */
const fieldsOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text.split('\n').flatMap(line => {
      const [name, value] = line.split(' ')
      return name && value !== undefined ? [[name, Number(value)] as const] : []
    }),
  )

/** @param container with a process of it @throws RuntimeError when it is gone, or nobody counts what it uses */
export async function cgroupStats(container: { id: string; pid: number }): Promise<ContainerStats> {
  try {
    const paths = await ownCgroupsOf(container)
    const memory = paths.get('memory')
    return memory === undefined
      ? await unified(paths.get('') ?? '/')
      : await legacy(memory, paths.get('cpuacct') ?? memory, paths.get('pids') ?? memory)
  } catch (error) {
    throw new RuntimeError('not-found', `no usage of container ${container.id}: ${(error as Error).message}`)
  }
}

async function unified(path: string): Promise<ContainerStats> {
  const read = (file: string) => readFile(join(ROOT, path, file), 'utf8')
  const [cpu, current, stat] = await Promise.all(['cpu.stat', 'memory.current', 'memory.stat'].map(read))
  const pids = Number(await read('pids.current').catch(() => '0')) // the controller may be off
  const detail = fieldsOf(stat ?? '')
  return statsOf((fieldsOf(cpu ?? '').get('usage_usec') ?? 0) * 1000, Number(current), detail, '', 'anon', pids)
}

async function legacy(memoryPath: string, cpuPath: string, pidsPath: string): Promise<ContainerStats> {
  const [cpu, usage, stat] = await Promise.all([
    readFile(join(ROOT, 'cpuacct', cpuPath, 'cpuacct.usage'), 'utf8'),
    readFile(join(ROOT, 'memory', memoryPath, 'memory.usage_in_bytes'), 'utf8'),
    readFile(join(ROOT, 'memory', memoryPath, 'memory.stat'), 'utf8'),
  ])
  const pids = Number(await readFile(join(ROOT, 'pids', pidsPath, 'pids.current'), 'utf8').catch(() => '0')) // not mounted
  return statsOf(Number(cpu), Number(usage), fieldsOf(stat), 'total_', 'total_rss', pids)
}

function statsOf(
  cpuNanoseconds: number,
  memoryUsageBytes: number,
  detail: ReadonlyMap<string, number>,
  prefix: string,
  rss: string,
  pids: number,
): ContainerStats {
  const field = (name: string) => detail.get(prefix + name) ?? 0
  return {
    cpuNanoseconds,
    memoryUsageBytes,
    // Without the file pages that the kernel would drop first.
    memoryWorkingSetBytes: Math.max(0, memoryUsageBytes - field('inactive_file')),
    memoryRssBytes: detail.get(rss) ?? 0,
    pageFaults: field('pgfault'),
    majorPageFaults: field('pgmajfault'),
    pids,
  }
}
