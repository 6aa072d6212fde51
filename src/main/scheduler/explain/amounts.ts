// Amounts of resources as people write them.

const UNITS = [
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
  ['Ki', 2 ** 10],
] as const

/** Rounded to the unit that tells it with up to four digits: `500m`, `1.5`, `6.4Gi`. */
export function amount(resource: string, value: number): string {
  if (resource === 'cpu') return value % 1000 === 0 ? String(value / 1000) : `${value}m`
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return String(value)
  for (const [unit, size] of UNITS) if (Math.abs(value) >= size) return `${Math.round((value / size) * 10) / 10}${unit}`
  return String(value)
}
