// Huge pages: which sizes the machine has, how many of each were set aside, and what the kernel calls a size.
// @see https://kubernetes.io/docs/tasks/manage-hugepages/scheduling-hugepages/
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Quantity, parseQuantity } from '../../../shared/machinery/quantity.ts'

const FOLDER = '/sys/kernel/mm/hugepages'
const PREFIX = 'hugepages-'
const NANO = 1_000_000_000n

const show = (bytes: number): string => new Quantity(BigInt(bytes) * NANO, 'BinarySI').toString()

/** @returns bytes set aside by resource name, such as `hugepages-2Mi`; 0 for a size that none are set aside of */
export async function machineHugePages(folder = FOLDER): Promise<Readonly<Record<string, number>>> {
  const names = await readdir(folder).catch(() => []) // a kernel without them
  const found = await Promise.all(
    names.map(async name => {
      const pageBytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) * 1024
      const pages = Number(await readFile(join(folder, name, 'nr_hugepages'), 'utf8').catch(() => '0'))
      return [`${PREFIX}${show(pageBytes)}`, pages * pageBytes] as const
    }),
  )
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Amounts as a Node tells them. */
export const asQuantities = (amounts: Readonly<Record<string, number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(amounts).map(([name, bytes]) => [name, bytes === 0 ? '0' : show(bytes)]))

/** @returns bytes of one page, of a resource such as `hugepages-2Mi`; undefined for any other */
export const pageSizeOf = (resource: string): number | undefined =>
  resource.startsWith(PREFIX) ? parseQuantity(resource.slice(PREFIX.length)).value() : undefined

/** As the kernel's cgroup files name a size: `2MB`. */
export function kernelName(pageBytes: number): string {
  const [amount = '', unit = ''] = /^(\d+)(\D*)/.exec(show(pageBytes))?.slice(1) ?? []
  return `${amount}${unit.replace('i', '')}B`
}
