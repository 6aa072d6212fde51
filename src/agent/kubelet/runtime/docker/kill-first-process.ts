// Kills a container without the engine, which starts a program for it that takes longer than all the rest of the end.
import { readFileSync } from 'node:fs'

/**
 * Its other processes go with the first one of it.
 * @param pid of the first process, as last seen: it is killed only where the kernel says that it is the container's
 * @returns false where it is not known to be, or is gone
 */
export function killFirstProcess(id: string, pid: number): boolean {
  if (pid <= 1) return false
  try {
    // In one turn with the signal: a process of the same number can hardly come in between.
    if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id)) return false
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
