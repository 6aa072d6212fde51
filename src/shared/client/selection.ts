// Who selects whom by labels, without asking everyone: selectors are found by a label that they demand, and objects by
// a label that they carry.
import type { KubeObject } from '../machinery/object.ts'
import { controllerOf } from '../machinery/owner.ts'
import {
  type LabelMatcher,
  type LabelRequirement,
  type Labels,
  SelectorError,
  nothing,
} from '../machinery/selectors.ts'
import type { Index, Lister } from './lister.ts'

/** A namespace, a label's key and its value: none of the three holds the character between them. */
const place = (namespace: string | undefined, key = '', value = ''): string => `${namespace ?? ''}\n${key}\n${value}`

const placesOf = ({ metadata: { namespace, labels } }: KubeObject): string[] =>
  Object.entries(labels ?? {}).map(([key, value]) => place(namespace, key, value))

/** Only objects with one of these labels match; undefined where the selector demands no label's value. */
const demanded = ({ requirements }: LabelMatcher): LabelRequirement | undefined =>
  requirements.find(({ operator }) => operator === '=' || operator === '==' || operator === 'in')

const byLabel: Index<KubeObject> = { name: 'label', values: placesOf }

/** Objects that nobody controls, by label. */
const orphansByLabel: Index<KubeObject> = {
  name: 'orphansByLabel',
  values: object => (controllerOf(object) ? [] : placesOf(object)),
}

const orphansByNamespace: Index<KubeObject> = {
  name: 'orphansByNamespace',
  values: object => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']),
}

const matching = <T extends KubeObject>(found: readonly T[], matcher: LabelMatcher): T[] =>
  found.filter(({ metadata }) => matcher.matches(metadata.labels))

const carrying = <T extends KubeObject>(
  lister: Lister<T>,
  index: Index<KubeObject>,
  namespace: string,
  { key, values }: LabelRequirement,
): T[] => values.flatMap(value => lister.by(index, place(namespace, key, value)))

/** @returns the namespace's objects that the selector matches */
export function selectedBy<T extends KubeObject>(lister: Lister<T>, namespace: string, matcher: LabelMatcher): T[] {
  if (matcher.nothing) return []
  const demand = demanded(matcher)
  return matching(demand ? carrying(lister, byLabel, namespace, demand) : lister.list(namespace), matcher)
}

/** @returns those of them that nobody controls, so that a controller may adopt them */
export function orphansSelectedBy<T extends KubeObject>(
  lister: Lister<T>,
  namespace: string,
  matcher: LabelMatcher,
): T[] {
  if (matcher.nothing) return []
  const demand = demanded(matcher)
  const found = demand ? carrying(lister, orphansByLabel, namespace, demand) : lister.by(orphansByNamespace, namespace)
  return matching(found, matcher)
}

/** The selectors of one kind, such as those of Services: each is read once. Define it once, at module level. */
export class Selectors<T extends KubeObject> {
  readonly #read: (object: T) => LabelMatcher
  readonly #known = new WeakMap<T, LabelMatcher>()
  readonly #index: Index<T>

  constructor(read: (object: T) => LabelMatcher) {
    this.#read = read
    this.#index = { name: 'selector', values: object => this.#places(object) }
  }

  /** @returns the object's selector. @throws SelectorError as it is read */
  of(object: T): LabelMatcher {
    let matcher = this.#known.get(object)
    if (!matcher) this.#known.set(object, (matcher = this.#read(object)))
    return matcher
  }

  /** @returns the namespace's objects that select something with any of these sets of labels, each once */
  selecting(lister: Lister<T>, namespace: string, ...wanted: readonly Labels[]): T[] {
    const found: T[] = []
    // Most changes concern kinds of which there are none.
    if (lister.size === 0) return found
    for (const labels of wanted) {
      this.#find(lister, place(namespace), labels, found)
      for (const key in labels) this.#find(lister, place(namespace, key, labels[key]), labels, found)
    }
    // By one set of labels it is found in one place.
    return wanted.length > 1 ? [...new Set(found)] : found
  }

  #find(lister: Lister<T>, at: string, labels: Labels, found: T[]): void {
    for (const object of lister.by(this.#index, at)) if (this.of(object).matches(labels)) found.push(object)
  }

  /** A selector that cannot be read selects nothing. */
  #readable(object: T): LabelMatcher {
    try {
      return this.of(object)
    } catch (error) {
      if (error instanceof SelectorError) return nothing
      throw error
    }
  }

  #places(object: T): string[] {
    const matcher = this.#readable(object)
    if (matcher.nothing) return []
    const { namespace } = object.metadata
    const demand = demanded(matcher)
    return demand ? demand.values.map(value => place(namespace, demand.key, value)) : [place(namespace)]
  }
}
