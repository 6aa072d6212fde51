// Texts that name indexes of a job, such as `1,3-5`. What is wrong with one is a text in upstream's words: nothing is
// thrown, for a status has room for many that are wrong.
import { quote } from '../../../../shared/machinery/go-quote.ts'

type Interval = readonly [first: number, last: number]

function readIndex(text: string, completions: number): number | string {
  const index = Number(text)
  if (!/^[+-]?\d+$/.test(text) || Math.abs(index) >= 2 ** 63)
    return `cannot convert string to integer for index: ${quote(text)}`
  return index >= completions ? `too large index: ${quote(text)}` : index
}

const notAscending = (previous: number, current: number): string | undefined =>
  previous >= current ? `non-increasing order, previous: ${previous}, current: ${current}` : undefined

function readInterval(text: string, completions: number): Interval | string {
  const [from = '', to, ...more] = text.split('-')
  if (more.length > 0)
    return `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  const first = readIndex(from, completions)
  if (typeof first === 'string') return first
  const last = to === undefined ? first : readIndex(to, completions)
  if (typeof last === 'string') return last
  return (to === undefined ? undefined : notAscending(first, last)) ?? [first, last]
}

const intervals = (text: string) => (text === '' ? [] : text.split(','))

/** @returns how many indexes below `completions` a text names, or what is wrong with it */
export function readIndexes(text: string, completions: number): { count: number; wrong?: string } {
  let [count, previous] = [0, Number.NEGATIVE_INFINITY]
  for (const each of intervals(text)) {
    const interval = readInterval(each, completions)
    if (typeof interval === 'string') return { count: 0, wrong: interval }
    const [first, last] = interval
    const wrong = notAscending(previous, first)
    if (wrong !== undefined) return { count: 0, wrong }
    count += last - first + 1
    previous = last
  }
  return { count }
}

/** @returns the first index that both name, of intervals that can be read */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const read = (text: string) =>
    intervals(text).flatMap(each => {
      const interval = readInterval(each, completions)
      return typeof interval === 'string' ? [] : [interval]
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
