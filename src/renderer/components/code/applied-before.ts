// Where the YAML of an object holds what `kubectl apply` remembers of it. Pure.

/** @returns the text of the annotation, from behind its name to its end */
export function appliedBefore(yaml: string): { readonly from: number; readonly to: number } | undefined {
  const found = /^( *)kubectl\.kubernetes\.io\/last-applied-configuration:.*(\n\1 .*)*/m.exec(yaml)
  if (!found) return undefined
  const [whole] = found
  return { from: found.index + whole.indexOf(':') + 1, to: found.index + whole.length }
}
