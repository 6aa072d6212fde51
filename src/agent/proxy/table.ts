// The dynamic part of a family's table as it should be, and the transaction from what it was to what it is now.
import type { Family } from '../network/family.ts'
import { TABLE } from '../network/names.ts'
import { type Element, noRules, type Rules } from './rules.ts'

/**
 * Owners put rules in; `takeChanges` gives the nft script for what changed since it was last called.
 * Two owners may claim one element (an external IP in two Services): the first keeps it until it lets go.
 */
export class RuleTable {
  readonly family: Family
  /** As nft commands name it: `ip flotilla`. */
  readonly #name: string
  readonly #owners = new Map<string, Rules>()
  readonly #claims = new Map<string, Map<string, Element>>()
  /** What the kernel's table holds, or will after the script taken last. */
  #shownElements = new Map<string, Element>()
  #shown = new Map<string, Rules>()
  #touched = new Set<string>()
  readonly #touchedElements = new Set<string>()

  constructor(family: Family) {
    this.family = family
    this.#name = `${family.ip} ${TABLE}`
  }

  /** Replaces everything that `owner` has in the table; `noRules` removes it. */
  put(owner: string, rules: Rules): void {
    const before = this.#owners.get(owner) ?? noRules
    if (sameRules(before, rules)) return
    const keep = new Set(rules.elements.map(elementId))
    for (const element of before.elements) if (!keep.has(elementId(element))) this.#release(owner, element)
    for (const element of rules.elements) this.#claim(owner, element)
    if (rules.chains.size + rules.sets.size + rules.elements.length === 0) this.#owners.delete(owner)
    else this.#owners.set(owner, rules)
    this.#touched.add(owner)
  }

  /** Everything, for a table that holds nothing. */
  takeAll(): string {
    this.#shown = new Map()
    this.#shownElements = new Map()
    this.#touched = new Set(this.#owners.keys())
    this.#touchedElements.clear()
    for (const id of this.#claims.keys()) this.#touchedElements.add(id)
    return this.takeChanges()
  }

  /** @returns '' when nothing changed. */
  takeChanges(): string {
    const setsToAdd: string[] = []
    const chainsToAdd: string[] = []
    const rulesToAdd: string[] = []
    const chainsToFlush: string[] = []
    const chainsToDelete: string[] = []
    const setsToDelete: string[] = []
    for (const owner of this.#touched) {
      const before = this.#shown.get(owner) ?? noRules
      const now = this.#owners.get(owner) ?? noRules
      for (const [set, definition] of now.sets)
        if (!before.sets.has(set)) setsToAdd.push(`add set ${this.#name} ${set} { ${definition} }`)
      for (const [chain, rules] of now.chains) {
        const old = before.chains.get(chain)
        if (old && sameList(old, rules)) continue
        if (old) chainsToAdd.push(`flush chain ${this.#name} ${chain}`)
        else chainsToAdd.push(`add chain ${this.#name} ${chain}`)
        for (const rule of rules) rulesToAdd.push(`add rule ${this.#name} ${chain} ${rule}`)
      }
      for (const chain of before.chains.keys()) {
        if (now.chains.has(chain)) continue
        chainsToFlush.push(`flush chain ${this.#name} ${chain}`)
        chainsToDelete.push(`delete chain ${this.#name} ${chain}`)
      }
      for (const set of before.sets.keys()) if (!now.sets.has(set)) setsToDelete.push(`delete set ${this.#name} ${set}`)
      if (now === noRules) this.#shown.delete(owner)
      else this.#shown.set(owner, now)
    }
    this.#touched = new Set()
    const { removed, added } = this.#takeElements()
    return [
      ...setsToAdd,
      ...chainsToAdd,
      ...rulesToAdd,
      ...removed,
      ...added,
      ...chainsToFlush,
      ...chainsToDelete,
      ...setsToDelete,
    ]
      .map(line => `${line}\n`)
      .join('')
  }

  #takeElements(): { removed: string[]; added: string[] } {
    const gone = new Map<string, string[]>()
    const fresh = new Map<string, string[]>()
    for (const id of this.#touchedElements) {
      const before = this.#shownElements.get(id)
      const [now] = this.#claims.get(id)?.values() ?? []
      if (before && before.value === now?.value) continue
      if (before) listIn(gone, before.set).push(before.key)
      if (now) listIn(fresh, now.set).push(now.value ? `${now.key} : ${now.value}` : now.key)
      if (now) this.#shownElements.set(id, now)
      else this.#shownElements.delete(id)
    }
    this.#touchedElements.clear()
    return { removed: this.#elementLines('delete', gone), added: this.#elementLines('add', fresh) }
  }

  #elementLines(verb: string, lists: Map<string, string[]>): string[] {
    return [...lists].map(([set, list]) => `${verb} element ${this.#name} ${set} { ${list.join(', ')} }`)
  }

  #claim(owner: string, element: Element): void {
    const id = elementId(element)
    const claims = this.#claims.get(id) ?? new Map<string, Element>()
    claims.set(owner, element)
    this.#claims.set(id, claims)
    this.#touchedElements.add(id)
  }

  #release(owner: string, element: Element): void {
    const id = elementId(element)
    const claims = this.#claims.get(id)
    claims?.delete(owner)
    if (claims?.size === 0) this.#claims.delete(id)
    this.#touchedElements.add(id)
  }
}

const elementId = ({ set, key }: Element): string => `${set} ${key}`

function listIn(lists: Map<string, string[]>, set: string): string[] {
  const list = lists.get(set) ?? []
  lists.set(set, list)
  return list
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, i) => line === b[i])

const sameRules = (a: Rules, b: Rules): boolean =>
  sameList([...a.sets.keys()], [...b.sets.keys()]) &&
  sameList([...a.chains.keys()], [...b.chains.keys()]) &&
  [...a.chains].every(([chain, rules]) => sameList(rules, b.chains.get(chain) ?? [])) &&
  sameList(a.elements.map(showElement), b.elements.map(showElement))

const showElement = (element: Element): string => `${elementId(element)} : ${element.value}`
