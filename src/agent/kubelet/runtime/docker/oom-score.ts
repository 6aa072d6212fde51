// Whether processes on this host may be protected from the kernel's memory killer.
import { readFile } from 'node:fs/promises'

const CAP_SYS_RESOURCE = 24n

/**
 * Lowering the score below 0 takes CAP_SYS_RESOURCE; where the host itself has been denied it, as in some containers
 * and sandboxes, the engine would fail to start anything that asks for it.
 * @returns the lowest score that can be set
 */
export async function lowestOomScore(): Promise<number> {
  const status = await readFile('/proc/1/status', 'utf8').catch(() => '')
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1]
  if (bounding === undefined) return -1000
  return (BigInt(`0x${bounding}`) >> CAP_SYS_RESOURCE) & 1n ? -1000 : 0
}
