// Quantities for people: numbers to sort by, and sizes in the unit that fits.
import { isQuantity, parseQuantity as parseExact } from '../../shared/machinery/quantity.ts'

/** @returns the quantity as a number; 0 when there is none or it cannot be read */
export const parseQuantity = (text: string | number | undefined): number =>
  text !== undefined && isQuantity(String(text)) ? parseExact(text).milli() / 1000 : 0

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function formatBytes(bytes: number): string {
  if (bytes <= 0) return '–'
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const scaled = bytes / 1024 ** power
  return `${scaled.toFixed(scaled < 10 && power > 0 ? 1 : 0)} ${UNITS[power] ?? ''}`
}
