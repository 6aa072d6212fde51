// Where the YAML of an object holds what `kubectl apply` remembers of it. Pure.

export interface Stretch {
  readonly from: number
  readonly to: number
}

/** @returns the text of the annotation, from behind its name to its end */
export function appliedBefore(yaml: string): Stretch | undefined {
  const found = /^( *)kubectl\.kubernetes\.io\/last-applied-configuration:.*(\n\1 .*)*/m.exec(yaml)
  if (!found) return undefined
  const [whole] = found
  return { from: found.index + whole.indexOf(':') + 1, to: found.index + whole.length }
}

/** What of it is on each line; of a block the sign that begins it stays. */
export function lineByLine(yaml: string, { from, to }: Stretch): Stretch[] {
  const lines = [...yaml.slice(from, to).matchAll(/\S.*/g)].map(({ index, 0: line }) => ({
    from: from + index,
    to: from + index + line.length,
  }))
  return lines.length > 1 ? lines.slice(1) : lines
}
