// What "Why?" answers: a cause in a clause, what proves it, what can be done, and what it comes from in turn.
import { plainText } from '../plain-text.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ObjectRef, World } from '../world/world.ts'
import { t } from '../i18n/i18n.ts'

export type Evidence =
  /** A fact with where it was read. */
  | { readonly kind: 'fact'; readonly text: string; readonly from: string }
  /** Last lines of a container, read when shown. */
  | { readonly kind: 'log'; readonly pod: ObjectRef; readonly container: string; readonly previous: boolean }

export type Fix = { readonly title: string } & (
  | { readonly kind: 'open'; readonly ref: ObjectRef; readonly tab?: string }
  | { readonly kind: 'edit'; readonly ref: ObjectRef }
  | { readonly kind: 'add-hosts' }
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'drain'; readonly node: string }
  | { readonly kind: 'logs'; readonly ref: ObjectRef; readonly container: string; readonly previous: boolean }
  | { readonly kind: 'create'; readonly draft: AnyObject }
  /** Changes the object after a question that says what follows. */
  | {
      readonly kind: 'patch'
      readonly ref: ObjectRef
      readonly patch: unknown
      readonly consequence: string
      readonly subresource?: string
    }
  | { readonly kind: 'delete'; readonly ref: ObjectRef; readonly consequence: string; readonly force?: boolean }
)

export interface Cause {
  /** Same code and same text of several objects are told once. */
  readonly code: string
  readonly about: ObjectRef
  /** A clause without an end, such as `container main ends with exit code 3`. */
  readonly text: string
  readonly evidence: readonly Evidence[]
  readonly fixes: readonly Fix[]
  /** What this comes from, the likeliest first. */
  readonly causes: readonly Cause[]
}

export type LinesOf = (log: Omit<Extract<Evidence, { kind: 'log' }>, 'kind'>, run: number) => readonly string[]

/** What an explainer may look at. */
export interface Scene {
  readonly world: World
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Explains another object, of any kind. */
  readonly explain: (ref: ObjectRef) => Cause | undefined
  /** Last lines of a container's run, the run by its number; none while they are not read. */
  readonly linesOf: LinesOf
}

/** Explains objects of one kind. @returns undefined when there is nothing to explain */
export type Explainer<T> = (object: T, scene: Scene, ref: ObjectRef) => Cause | undefined

export const fact = (text: string, from: string): Evidence => ({ kind: 'fact', text: plainText(text), from })

export const because = (
  code: string,
  about: ObjectRef,
  text: string,
  rest: Partial<Pick<Cause, 'evidence' | 'fixes' | 'causes'>> = {},
): Cause => ({ code, about, text, evidence: [], fixes: [], causes: [], ...rest })

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** The likeliest chain, from the object down to what can be mended. */
export function chainOf(cause: Cause): readonly Cause[] {
  const [next] = cause.causes
  return next ? [cause, ...chainOf(next)] : [cause]
}

/** The chain as one sentence; the connections alternate, so that it can be read aloud. */
export const tell = (cause: Cause): string =>
  `${capital(
    chainOf(cause).reduce(
      (told, { text }, index) => (index === 0 ? text : `${told}${index % 2 ? ':' : t(', because')} ${text}`),
      '',
    ),
  )}.`

/** States on the way to something else, or that somebody wanted. */
const PASSING = new Set([
  'starting',
  'rolling',
  'deleting',
  'unseen',
  'waits-for-pod',
  'suspended',
  'paused',
  'cordoned',
  'gated',
])

/** False when something needs to be mended. */
export const isPassing = (cause: Cause): boolean => PASSING.has(chainOf(cause).at(-1)?.code ?? '')

/** The causes of several objects: each told once, the most frequent first. */
export function gather(causes: readonly (Cause | undefined)[]): Cause[] {
  const groups = new Map<string, Cause[]>()
  for (const cause of causes) {
    if (!cause) continue
    const key = chainOf(cause)
      .map(({ code }) => code)
      .join('>')
    groups.set(key, [...(groups.get(key) ?? []), cause])
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .flatMap(([first, ...others]) =>
      first
        ? [
            others.length
              ? { ...first, text: t('{text} (and {n} more likewise)', { text: first.text, n: others.length }) }
              : first,
          ]
        : [],
    )
}
