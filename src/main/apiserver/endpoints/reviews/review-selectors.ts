// What a question about a collection narrows it to, by fields and by labels. Parts that cannot be understood are left
// out, which asks for more than was meant: newer clients may know more than this server.
// @see https://kep.k8s.io/4601
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  ResourceAttributes,
} from '../../../../shared/api/authorization/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import type { FieldRequirement } from '../../../../shared/machinery/field-selectors.ts'
import { parseFieldSelector, parseLabelSelector } from '../../../../shared/machinery/selectors.ts'
import { list } from '../../registry/support/collections.ts'

interface Requirement {
  readonly key?: string
  readonly operator?: string
  readonly values?: readonly string[]
}

const PATH = 'spec.resourceAttributes'
const LABEL_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

function requirementErrors(path: string, { key = '', operator = '', values = [] }: Requirement): FieldError[] {
  const errors = key === '' ? [required(`${path}.key`, 'must be specified')] : []
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  return errors
}

function selectorErrors(
  path: string,
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
): FieldError[] {
  if (!selector) return []
  const { rawSelector = '' } = selector
  const requirements: readonly Requirement[] = list<Requirement>(selector.requirements)
  const errors: FieldError[] = []
  if (rawSelector !== '' && requirements.length > 0)
    errors.push(invalidValue(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'))
  if (rawSelector === '' && requirements.length === 0)
    errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`))
  return [...errors, ...requirements.flatMap((one, i) => requirementErrors(`${path}.requirements[${i}]`, one))]
}

export const validateSelectors = ({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] => [
  ...selectorErrors(`${PATH}.fieldSelector`, fieldSelector),
  ...selectorErrors(`${PATH}.labelSelector`, labelSelector),
]

export interface Narrowing {
  readonly fieldSelector?: readonly FieldRequirement[]
  /** What could not be understood; undefined when everything was. */
  readonly evaluationError?: string
}

export function narrowingOf({ fieldSelector, labelSelector }: ResourceAttributes): Narrowing {
  const fields = fieldsOf(fieldSelector)
  const problems = [
    problemOf('fieldSelector', fields.ignored, fields.requirements.length > 0),
    problemOf('labelSelector', !isUnderstood(labelSelector), isPartlyUnderstood(labelSelector)),
  ].filter(problem => problem !== undefined)
  return {
    ...(fields.requirements.length > 0 ? { fieldSelector: fields.requirements } : {}),
    ...(problems.length > 0 ? { evaluationError: problems.join('; ') } : {}),
  }
}

const problemOf = (name: string, ignored: boolean, partly: boolean): string | undefined =>
  ignored ? `${PATH}.${name} ${partly ? 'partially ignored' : 'ignored'} due to parse error` : undefined

/** Fields are compared with one value: `In` and `NotIn` of one are all that can be asked of them. */
function fieldsOf(selector: FieldSelectorAttributes | undefined): {
  readonly requirements: readonly FieldRequirement[]
  readonly ignored: boolean
} {
  const given: readonly Requirement[] = list<Requirement>(selector?.requirements)
  if (given.length === 0) {
    try {
      return { requirements: parseFieldSelector(selector?.rawSelector ?? ''), ignored: false }
    } catch {
      return { requirements: [], ignored: true }
    }
  }
  const understood = given.flatMap(({ key = '', operator, values = [] }): FieldRequirement[] => {
    const [value, more] = values
    if (value === undefined || more !== undefined || (operator !== 'In' && operator !== 'NotIn')) return []
    return [{ field: key, op: operator === 'In' ? '=' : '!=', value }]
  })
  return { requirements: understood, ignored: understood.length < given.length }
}

const known = ({ operator = '' }: Requirement): boolean => LABEL_OPERATORS.includes(operator)

function isUnderstood(selector: LabelSelectorAttributes | undefined): boolean {
  const given: readonly Requirement[] = list<Requirement>(selector?.requirements)
  if (given.length > 0) return given.every(known)
  try {
    parseLabelSelector(selector?.rawSelector ?? '')
    return true
  } catch {
    return false
  }
}

const isPartlyUnderstood = (selector: LabelSelectorAttributes | undefined): boolean =>
  list<Requirement>(selector?.requirements).some(known)
