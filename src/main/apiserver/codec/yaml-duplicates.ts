// Where a YAML text gives keys twice, as Go's strict decoder tells it: `line 9: key "foo" already set in map`.
import { isMap, isScalar, isSeq, parseDocument } from 'yaml'

/** @returns a line for each key that is given again */
export function duplicateKeys(text: string): string[] {
  const found: string[] = []
  const walk = (node: unknown): void => {
    if (isSeq(node)) node.items.forEach(walk)
    if (!isMap(node)) return
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0
      if (seen.has(name)) {
        const line = text.slice(0, offset).split('\n').length
        found.push(`line ${line}: key ${JSON.stringify(name)} already set in map`)
      }
      seen.add(name)
      walk(value)
    }
  }
  walk(parseDocument(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' }).contents)
  return found
}
