// Tells a process from a later one with the same number.
import { readFileSync } from 'node:fs'
import { startOfProcess } from '../../shared/machinery/process-stat.ts'

/** @returns see `startOfProcess` */
export function processStart(pid: number): string {
  try {
    return startOfProcess(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return ''
  }
}
