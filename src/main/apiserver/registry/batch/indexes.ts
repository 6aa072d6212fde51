// Texts that name indexes of a job, such as `1,3-5`.
import { quote } from '../../../../shared/machinery/go-quote.ts'

/** What is wrong with a text of indexes, in upstream's words. */
class IndexesError extends Error {}

type Interval = readonly [first: number, last: number]

function indexIn(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text) || Math.abs(Number(text)) >= 2 ** 63)
    throw new IndexesError(`cannot convert string to integer for index: ${quote(text)}`)
  if (Number(text) >= completions) throw new IndexesError(`too large index: ${quote(text)}`)
  return Number(text)
}

const ascending = (previous: number, current: number) => {
  if (previous >= current) throw new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`)
}

function readInterval(text: string, completions: number): Interval {
  const [from = '', to, ...more] = text.split('-')
  if (more.length > 0)
    throw new IndexesError(
      `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    )
  const first = indexIn(from, completions)
  if (to === undefined) return [first, first]
  const last = indexIn(to, completions)
  ascending(first, last)
  return [first, last]
}

const intervals = (text: string) => (text === '' ? [] : text.split(','))

/** @returns the error's text, or what `read` returns. @throws other errors */
function tried<T>(read: () => T): { value: T } | { wrong: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof IndexesError) return { wrong: error.message }
    throw error
  }
}

/** @returns how many indexes below `completions` a text names, or what is wrong with it */
export function readIndexes(text: string, completions: number): { count: number; wrong?: string } {
  const result = tried(() => {
    let [count, previous] = [0, Number.NEGATIVE_INFINITY]
    for (const interval of intervals(text)) {
      const [first, last] = readInterval(interval, completions)
      ascending(previous, first)
      count += last - first + 1
      previous = last
    }
    return count
  })
  return 'wrong' in result ? { count: 0, wrong: result.wrong } : { count: result.value }
}

/** @returns the first index that both name, of intervals that can be read */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const read = (text: string) =>
    intervals(text).flatMap(interval => {
      const result = tried(() => readInterval(interval, completions))
      return 'wrong' in result ? [] : [result.value]
    })
  const [ones, others] = [read(one), read(other)]
  for (let [i, k] = [0, 0]; ;) {
    const [a, b] = [ones[i], others[k]]
    if (!a || !b) return undefined
    if (a[0] <= b[1] && b[0] <= a[1]) return Math.max(a[0], b[0])
    if (a[0] <= b[0]) i++
    else k++
  }
}
