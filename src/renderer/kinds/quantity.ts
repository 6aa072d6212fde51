// Quantities for people: numbers to sort by, and sizes in the unit that fits.
import { formatDecimal } from '../i18n/i18n.ts'
import { isQuantity, parseQuantity as parseExact } from '../../shared/machinery/quantity.ts'

/** @returns the quantity as a number; 0 when there is none or it cannot be read */
export const parseQuantity = (text: string | number | undefined): number =>
  text !== undefined && isQuantity(String(text)) ? parseExact(text).milli() / 1000 : 0

/** Whether the amount of a resource, also of a quota's line, is a size. */
export const isBytes = (resource: string): boolean =>
  /(^|[./])(memory|storage|ephemeral-storage)$|hugepages-/.test(resource)

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function formatBytes(bytes: number): string {
  if (bytes <= 0) return '–'
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const scaled = bytes / 1024 ** power
  return `${formatDecimal(scaled, scaled < 10 && power > 0 ? 1 : 0)} ${UNITS[power] ?? ''}`
}
