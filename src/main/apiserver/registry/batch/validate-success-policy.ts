// The rules by which a job succeeds before all of its indexes have.
import type { JobSpec } from '../../../../shared/api/batch/v1.ts'
import { type FieldError, invalidValue, required, tooLong, tooMany } from '../../../../shared/machinery/field-error.ts'
import { list } from '../support/collections.ts'
import { each, nonNegative } from '../support/rules.ts'
import { readIndexes } from './indexes.ts'

const MOST_RULES = 20
const LONGEST_INDEXES = 64 * 1024

type SuccessRule = NonNullable<NonNullable<JobSpec['successPolicy']>['rules']>[number]

function indexesErrors(path: string, text: string, completions: number): [FieldError[], count: number] {
  const errors = text.length > LONGEST_INDEXES ? [tooLong(path, LONGEST_INDEXES)] : []
  const { count, wrong } = readIndexes(text, completions)
  if (wrong === undefined) return [errors, count]
  return [[...errors, invalidValue(path, text, `error parsing succeededIndexes: ${wrong}`)], 0]
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
