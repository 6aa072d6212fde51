// How long tasks waited for the processor, for memory and for disks: the kernel's pressure stall information.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Of the time in which some, or all, of the tasks were held up. */
export interface StallTime {
  readonly totalNanoseconds: number
  /** Per cent of the last 10 seconds. */
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
}

export interface Pressure {
  readonly some: StallTime
  readonly full: StallTime
}

export interface Pressures {
  readonly cpu: Pressure
  readonly memory: Pressure
  readonly io: Pressure
}

const NONE: StallTime = { totalNanoseconds: 0, avg10: 0, avg60: 0, avg300: 0 }

/** @param text `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and such a line of `full` */
export function parsePressure(text: string): Pressure {
  const stall = (kind: string): StallTime => {
    const line = text.split('\n').find(one => one.startsWith(`${kind} `))
    if (line === undefined) return NONE // before Linux 5.13, `full` of the processor
    const field = (name: string) => Number(new RegExp(` ${name}=([\\d.]+)`).exec(line)?.[1] ?? 0)
    return {
      totalNanoseconds: field('total') * 1000, // the kernel counts microseconds
      avg10: field('avg10'),
      avg60: field('avg60'),
      avg300: field('avg300'),
    }
  }
  return { some: stall('some'), full: stall('full') }
}

const read = async (path: string): Promise<Pressure> => parsePressure(await readFile(path, 'utf8'))

/** Of a cgroup. @returns undefined where the kernel counts none. @see https://docs.kernel.org/accounting/psi.html */
export async function cgroupPressures(folder: string): Promise<Pressures | undefined> {
  const [cpu, memory, io] = await Promise.all(
    ['cpu', 'memory', 'io'].map(name => read(join(folder, `${name}.pressure`)).catch(() => undefined)),
  )
  return cpu && memory && io && { cpu, memory, io }
}

/** Of the machine as a whole. @returns undefined where the kernel counts none */
export async function machinePressures(): Promise<Pressures | undefined> {
  const [cpu, memory, io] = await Promise.all(
    ['cpu', 'memory', 'io'].map(name => read(`/proc/pressure/${name}`).catch(() => undefined)),
  )
  return cpu && memory && io && { cpu, memory, io }
}
