// What FlowSchemas and PriorityLevelConfigurations must look like.
import type {
  FlowDistinguisherMethod,
  FlowSchema,
  LimitedPriorityLevelConfiguration,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
  Subject,
} from '../../../../shared/api/flowcontrol/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, obey } from '../support/rules.ts'

const MAX_PRECEDENCE = 10_000
const MAX_QUEUES = 10_000_000
/** What a hand of queues is dealt from: a hash of so many bits. */
const MAX_HASH_BITS = 60
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const SUBJECTS = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const

const isSubjectKind = (kind: string): kind is keyof typeof SUBJECTS => Object.hasOwn(SUBJECTS, kind)

function nameErrors(path: string, subject: Subject, kind: keyof typeof SUBJECTS): FieldError[] {
  if (kind !== 'ServiceAccount')
    return subject[SUBJECTS[kind] as 'user' | 'group']?.name ? [] : [required(`${path}.name`)]
  const { name = '', namespace = '' } = subject.serviceAccount ?? {}
  const named = name === '*' ? [] : name ? obey(`${path}.name`, name, dns1123Subdomain) : [required(`${path}.name`)]
  const placed = namespace
    ? obey(`${path}.namespace`, namespace, dns1123Label)
    : [required(`${path}.namespace`, 'must specify namespace for service account')]
  return [...named, ...placed]
}

function subjectErrors(path: string, subject: Subject): FieldError[] {
  const { kind = '' } = subject as Partial<Subject>
  if (!isSubjectKind(kind)) return [notSupported(`${path}.kind`, kind, Object.keys(SUBJECTS))]
  const own = SUBJECTS[kind]
  const others = Object.entries(SUBJECTS).filter(([, field]) => field !== own && subject[field])
  return [
    ...(subject[own]
      ? nameErrors(`${path}.${own}`, subject, kind)
      : [required(`${path}.${own}`, `${own} is required when subject kind is '${kind}'`)]),
    ...others.map(([other, field]) =>
      forbiddenField(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`),
    ),
  ]
}

/** @returns the complaint about an empty list or one with more than `*`; otherwise what the items are wrong in */
function starOr(
  path: string,
  given: readonly string[] | undefined,
  what: string,
  none: string,
  items: (values: readonly string[]) => FieldError[] = () => [],
): FieldError[] {
  const values = list(given)
  if (values.length === 0) return [required(path, none)]
  if (!values.includes('*')) return items(values)
  return values.length > 1 ? [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)] : []
}

const verbErrors = (path: string, verbs: readonly string[] | undefined): FieldError[] =>
  starOr(path, verbs, 'verbs', 'verbs must contain at least one value', values =>
    values.every(verb => VERBS.includes(verb)) ? [] : [notSupported(path, values, VERBS)],
  )

function resourceRuleErrors(path: string, rule: ResourcePolicyRule): FieldError[] {
  const must = (what: string) => `resource rules must supply at least one ${what}`
  const namespaces = (values: readonly string[]) =>
    each(`${path}.namespaces`, values, (at, namespace) =>
      obey(at, namespace, text =>
        dns1123Label(text).map(why => `each member of this list must be '*' or a DNS-1123 label; ${why}`),
      ),
    )
  const elsewhere = rule.clusterScope && list(rule.namespaces).length === 0
  return [
    ...verbErrors(`${path}.verbs`, rule.verbs),
    ...starOr(`${path}.apiGroups`, rule.apiGroups, 'api groups', must('api group')),
    ...starOr(`${path}.resources`, rule.resources, 'resources', must('resource')),
    ...(elsewhere
      ? []
      : starOr(
          `${path}.namespaces`,
          rule.namespaces,
          'namespaces',
          'resource rules that are not cluster scoped must supply at least one namespace',
          namespaces,
        )),
  ]
}

function urlErrors(path: string, url: string): FieldError[] {
  if (url === '') return [invalidValue(path, url, 'must not be empty')]
  if (url === '/') return []
  if (!url.startsWith('/')) return [invalidValue(path, url, 'must start with slash')]
  if (url.includes(' ')) return [invalidValue(path, url, 'must not contain white-space')]
  if (url.includes('//')) return [invalidValue(path, url, 'must not contain double slash')]
  const star = url.indexOf('*')
  if (star < 0 || (star === url.length - 1 && url.endsWith('/*'))) return []
  return [invalidValue(path, url, 'wildcard can only do suffix matching')]
}

const nonResourceRuleErrors = (path: string, rule: NonResourcePolicyRule): FieldError[] => [
  ...verbErrors(`${path}.verbs`, rule.verbs),
  ...starOr(
    `${path}.nonResourceURLs`,
    rule.nonResourceURLs,
    'non-resource URLs',
    'nonResourceURLs must contain at least one value',
    urls => each(`${path}.nonResourceURLs`, urls, urlErrors),
  ),
]

function ruleErrors(path: string, rule: PolicyRulesWithSubjects): FieldError[] {
  const { subjects, resourceRules, nonResourceRules } = rule
  const isEmpty = list(resourceRules).length === 0 && list(nonResourceRules).length === 0
  return [
    ...(list(subjects).length > 0
      ? each(`${path}.subjects`, subjects, subjectErrors)
      : [required(`${path}.subjects`, 'subjects must contain at least one value')]),
    ...(isEmpty ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')] : []),
    ...each(`${path}.resourceRules`, resourceRules, resourceRuleErrors),
    ...each(`${path}.nonResourceRules`, nonResourceRules, nonResourceRuleErrors),
  ]
}

/** As a whole it is told as what is not supported. */
const distinguisherErrors = (path: string, method: FlowDistinguisherMethod): FieldError[] =>
  method.type === 'ByNamespace' || method.type === 'ByUser'
    ? []
    : [notSupported(path, method, ['ByNamespace', 'ByUser'])]

export function validateFlowSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const { matchingPrecedence: precedence = 0, priorityLevelConfiguration: level } = spec
  const at = 'spec.matchingPrecedence'
  const errors: FieldError[] = []
  if (precedence <= 0) errors.push(invalidValue(at, precedence, 'must be a positive value'))
  if (precedence > MAX_PRECEDENCE)
    errors.push(invalidValue(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`))
  if (precedence === 1 && metadata.name !== 'exempt')
    errors.push(invalidValue(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
  const name = (level as typeof level | undefined)?.name
  return [
    ...errors,
    ...(spec.distinguisherMethod ? distinguisherErrors('spec.distinguisherMethod.type', spec.distinguisherMethod) : []),
    ...(name
      ? obey('spec.priorityLevelConfiguration.name', name, dns1123Subdomain)
      : [required('spec.priorityLevelConfiguration.name', 'must reference a priority level')]),
    ...each('spec.rules', spec.rules, ruleErrors),
  ]
}

/** How many bits of a hash it takes to deal a hand. */
function entropyBits(deck: number, hand: number): number {
  const cards = Array.from({ length: hand }, (_, i) => Math.log2(deck - i))
  return Math.ceil(cards.reduce((sum, bits) => sum + bits, 0))
}

function queuingErrors(path: string, queuing: QueuingConfiguration): FieldError[] {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0) errors.push(invalidValue(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalidValue(`${path}.queues`, queues, 'must be positive'))
  else if (queues > MAX_QUEUES)
    errors.push(invalidValue(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`))
  if (handSize <= 0) errors.push(invalidValue(`${path}.handSize`, handSize, 'must be positive'))
  else if (handSize > queues)
    errors.push(invalidValue(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`))
  else if (entropyBits(queues, handSize) > MAX_HASH_BITS)
    errors.push(
      invalidValue(
        `${path}.handSize`,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`,
      ),
    )
  return errors
}

function sharesErrors(
  path: string,
  shares: number | undefined,
  lendable: number | undefined,
): [FieldError[], FieldError[]] {
  return [
    (shares ?? 0) < 0
      ? [invalidValue(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')]
      : [],
    lendable !== undefined && (lendable < 0 || lendable > 100)
      ? [invalidValue(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive')]
      : [],
  ]
}

function responseErrors(path: string, limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const { type = '', queuing } = (limited.limitResponse ?? {}) as Partial<
    NonNullable<LimitedPriorityLevelConfiguration['limitResponse']>
  >
  if (type === 'Reject')
    return queuing
      ? [forbiddenField(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')]
      : []
  if (type !== 'Queue') return [notSupported(`${path}.type`, type, ['Queue', 'Reject'])]
  return queuing
    ? queuingErrors(`${path}.queuing`, queuing)
    : [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')]
}

function limitedErrors(path: string, limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const { nominalConcurrencyShares, lendablePercent, borrowingLimitPercent: borrowing = 0 } = limited
  const [shares, lendable] = sharesErrors(path, nominalConcurrencyShares, lendablePercent)
  return [
    ...shares,
    ...responseErrors(`${path}.limitResponse`, limited),
    ...lendable,
    ...(borrowing < 0
      ? [invalidValue(`${path}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer')]
      : []),
  ]
}

export function validatePriorityLevel({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type = '', limited, exempt } = spec as Partial<PriorityLevelConfiguration['spec']>
  const errors: FieldError[] =
    (metadata.name === 'exempt') === (type === 'Exempt')
      ? []
      : [invalidValue('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'")]
  if (type === 'Exempt') {
    if (limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'))
    if (exempt)
      errors.push(...sharesErrors('spec.exempt', exempt.nominalConcurrencyShares, exempt.lendablePercent).flat())
    return errors
  }
  if (type !== 'Limited') return [...errors, notSupported('spec.type', type, ['Exempt', 'Limited'])]
  if (exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'))
  return limited
    ? [...errors, ...limitedErrors('spec.limited', limited)]
    : [...errors, required('spec.limited', 'must not be empty when type is Limited')]
}
