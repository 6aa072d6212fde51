// The rules by which a job succeeds before all of its indexes have.
import type { JobSpec } from '../../../../shared/api/batch/v1.ts'
import { type FieldError, invalidValue, required, tooLong, tooMany } from '../../../../shared/machinery/field-error.ts'
import { list } from '../support/collections.ts'
import { each, nonNegative } from '../support/rules.ts'

const MOST_RULES = 20
const LONGEST_INDEXES = 64 * 1024

type SuccessRule = NonNullable<NonNullable<JobSpec['successPolicy']>['rules']>[number]

/** What is wrong with a list of indexes, in upstream's words. */
class IndexesError extends Error {}

function indexIn(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new IndexesError(`cannot convert string to integer for index: ${JSON.stringify(text)}`)
  if (Number(text) >= completions) throw new IndexesError(`too large index: ${JSON.stringify(text)}`)
  return Number(text)
}

const ascending = (previous: number, current: number) => {
  if (previous >= current) throw new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`)
}

/** @returns how many indexes a text such as `1,3-5` names. @throws IndexesError */
function countIndexes(text: string, completions: number): number {
  let last = Number.NEGATIVE_INFINITY
  let count = 0
  for (const interval of text === '' ? [] : text.split(',')) {
    const [from = '', to, ...more] = interval.split('-')
    if (more.length > 0)
      throw new IndexesError(
        `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`,
      )
    const first = indexIn(from, completions)
    const end = to === undefined ? first : indexIn(to, completions)
    if (to !== undefined) ascending(first, end)
    ascending(last, first)
    count += end - first + 1
    last = end
  }
  return count
}

function indexesErrors(path: string, text: string, completions: number): [FieldError[], count: number] {
  const errors = text.length > LONGEST_INDEXES ? [tooLong(path, LONGEST_INDEXES)] : []
  try {
    return [errors, countIndexes(text, completions)]
  } catch (error) {
    if (!(error instanceof IndexesError)) throw error
    return [[...errors, invalidValue(path, text, `error parsing succeededIndexes: ${error.message}`)], 0]
  }
}

function ruleErrors(
  path: string,
  { succeededCount, succeededIndexes }: SuccessRule,
  completions: number,
): FieldError[] {
  if (succeededCount === undefined && succeededIndexes === undefined)
    return [required(path, 'at least one of succeededCount or succeededIndexes must be specified')]
  const [errors, indexes] =
    succeededIndexes === undefined ? [[], 0] : indexesErrors(`${path}.succeededIndexes`, succeededIndexes, completions)
  if (succeededCount === undefined) return errors
  const at = `${path}.succeededCount`
  const exceeds = (limit: number, what: string) =>
    succeededCount > limit
      ? [invalidValue(at, succeededCount, `must be less than or equal to ${limit} (the number of ${what})`)]
      : []
  return [
    ...errors,
    ...nonNegative(at, succeededCount),
    ...exceeds(completions, 'specified completions'),
    ...(succeededIndexes === undefined ? [] : exceeds(indexes, 'indexes in the specified succeededIndexes field')),
  ]
}

export function validateSuccessPolicy(
  path: string,
  { successPolicy, completionMode, completions }: JobSpec,
): FieldError[] {
  if (!successPolicy) return []
  if (completionMode !== 'Indexed') return [invalidValue(path, successPolicy, 'requires indexed completion mode')]
  // An indexed job without completions is refused for that.
  if (completions === undefined) return []
  const at = `${path}.rules`
  const rules = list(successPolicy.rules)
  return [
    ...(rules.length === 0
      ? [required(at, 'at least one rules must be specified when the successPolicy is specified')]
      : []),
    ...(rules.length > MOST_RULES ? [tooMany(at, rules.length, MOST_RULES)] : []),
    ...each(at, rules, (where, rule) => ruleErrors(where, rule, completions)),
  ]
}
