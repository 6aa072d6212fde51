// Tells a process from a later one with the same number.
import { readFileSync } from 'node:fs'

/** @returns the kernel's start time of a process (field 22 of its stat line); '' where the system does not say */
export function processStart(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
