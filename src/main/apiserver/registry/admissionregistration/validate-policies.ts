// What admission policies and their bindings must look like; their expressions are compiled for it.
import type {
  AuditAnnotation,
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '../../../../shared/api/admissionregistration/v1.ts'
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain, pathSegmentName, qualifiedName } from '../../../../shared/machinery/names.ts'
import { compileMutating, compileValidating } from '../../admission/policies/compile.ts'
import { type Expression } from '../../admission/policies/expressions.ts'
import { list } from '../support/collections.ts'
import { validateConditions } from '../support/conditions.ts'
import { each, obey, oneOf, optionalOneOf, requiredAnd, requiredText, validateLabelSelector } from '../support/rules.ts'
import { blank, conditionErrors, expressionErrors, ruleErrors } from './validate-matching.ts'

const MAX_AUDIT_ANNOTATIONS = 20
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** What is there must be listed, and so must nothing. */
const definiteOneOf = (path: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value === undefined ? [required(path)] : optionalOneOf(path, value, supported)

function namedRuleErrors(path: string, rule: NamedRuleWithOperations): FieldError[] {
  const names = new Set<string>()
  const errors = each(`${path}.resourceNames`, rule.resourceNames, (at, name) => {
    const wrong = obey(at, name, pathSegmentName)
    if (names.has(name)) wrong.push(duplicate(at, name))
    names.add(name)
    return wrong
  })
  return [...errors, ...ruleErrors(path, rule)]
}

function matchErrors(path: string, match: MatchResources | undefined): FieldError[] {
  if (!match) return []
  return [
    ...definiteOneOf(`${path}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...validateLabelSelector(`${path}.namespaceSelector`, match.namespaceSelector),
    ...validateLabelSelector(`${path}.objectSelector`, match.objectSelector),
    ...each(`${path}.resourceRules`, match.resourceRules, namedRuleErrors),
    ...each(`${path}.excludeResourceRules`, match.excludeResourceRules, namedRuleErrors),
  ]
}

function paramKindErrors(path: string, { apiVersion = '', kind = '' }: ParamKind): FieldError[] {
  const parts = apiVersion.split('/')
  const [group = '', version = ''] = parts.length === 1 ? ['', apiVersion] : parts
  const versionErrors =
    apiVersion === ''
      ? [required(`${path}.apiVersion`)]
      : parts.length > 2
        ? [invalidValue(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
        : [
            ...(group === '' ? [] : obey(`${path}.apiVersion`, group, dns1123Subdomain)),
            ...obey(`${path}.apiVersion`, version, dns1035Label),
          ]
  const asLabel = (text: string) =>
    dns1035Label(text.toLowerCase()).map(message => `may have mixed case, but should otherwise match: ${message}`)
  return [...versionErrors, ...requiredAnd(`${path}.kind`, kind, asLabel)]
}

function variableErrors(
  path: string,
  variables: readonly Variable[] | undefined,
  compiled: ReadonlyMap<string, Expression>,
): FieldError[] {
  return each(path, variables, (at, { name, expression }) => {
    const errors = blank(name)
      ? [required(`${at}.name`, 'name is not specified')]
      : IDENTIFIER.test(name) && !RESERVED.has(name)
        ? []
        : [invalidValue(`${at}.name`, name, 'must be a valid CEL identifier')]
    return [
      ...errors,
      ...expressionErrors(`${at}.expression`, expression, compiled.get(name), 'expression is not specified'),
    ]
  })
}

function constraintErrors(spec: ValidatingAdmissionPolicy['spec'] | MutatingAdmissionPolicy['spec']): FieldError[] {
  const { matchConstraints, paramKind, failurePolicy } = spec
  return [
    ...definiteOneOf('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']),
    ...(paramKind ? paramKindErrors('spec.paramKind', paramKind) : []),
    ...(matchConstraints
      ? [
          ...matchErrors('spec.matchConstraints', matchConstraints),
          ...(matchConstraints.resourceRules?.length ? [] : [required('spec.matchConstraints.resourceRules')]),
        ]
      : [required('spec.matchConstraints')]),
    ...conditionErrors('spec.matchConditions', spec.matchConditions, paramKind !== undefined),
  ]
}

function validationErrors(
  path: string,
  { expression, message, messageExpression, reason }: Validation,
  compiled: Expression | undefined,
  compiledMessage: Expression | undefined,
): FieldError[] {
  const errors = expressionErrors(`${path}.expression`, expression, compiled, 'expression is not specified')
  if (messageExpression && blank(messageExpression))
    errors.push(invalidValue(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  else if (messageExpression)
    errors.push(...expressionErrors(`${path}.messageExpression`, messageExpression, compiledMessage))
  if (message && blank(message)) errors.push(invalidValue(`${path}.message`, message, 'must be non-empty if specified'))
  else if (message && /[\n\r]/.test(message.trim()))
    errors.push(invalidValue(`${path}.message`, message, 'must not contain line breaks'))
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS))
  return errors
}

function auditErrors(
  policyName: string | undefined,
  annotations: readonly AuditAnnotation[] | undefined,
  compiled: readonly { readonly expression: Expression }[],
): FieldError[] {
  const path = 'spec.auditAnnotations'
  const keys = new Set<string>()
  const errors = list(annotations).flatMap(({ key = '', valueExpression }, i) => {
    const at = `${path}[${i}]`
    const wrong = policyName
      ? obey(`${at}.key`, `${policyName}/${key}`, qualifiedName)
      : [invalidValue(`${at}.key`, key, 'requires metadata.name be non-empty')]
    wrong.push(
      ...expressionErrors(
        `${at}.valueExpression`,
        valueExpression,
        compiled[i]?.expression,
        'valueExpression is not specified',
      ),
    )
    if (keys.has(key)) wrong.push(duplicate(`${at}.key`, key))
    keys.add(key)
    return wrong
  })
  if (list(annotations).length > MAX_AUDIT_ANNOTATIONS)
    errors.push(invalidValue(path, annotations, `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`))
  return errors
}

export function validateValidatingPolicy(policy: ValidatingAdmissionPolicy): FieldError[] {
  const { spec, metadata } = policy
  const compiled = compileValidating(policy)
  const errors = [...constraintErrors(spec), ...variableErrors('spec.variables', spec.variables, compiled.variables)]
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    const nothing = 'validations or auditAnnotations must contain at least one item'
    return [...errors, required('spec.validations', nothing), required('spec.auditAnnotations', nothing)]
  }
  return [
    ...errors,
    ...compiled.validations.flatMap(({ validation, expression, message }, i) =>
      validationErrors(`spec.validations[${i}]`, validation, expression, message),
    ),
    ...auditErrors(metadata.name, spec.auditAnnotations, compiled.auditAnnotations),
  ]
}

const PATCHES = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const
const MUTATED = ['*', 'CONNECT', 'CREATE', 'UPDATE']

/** What is deleted cannot be changed. */
const operationErrors = (path: string, matched: MatchResources | undefined): FieldError[] =>
  list(matched?.resourceRules)
    .flatMap(rule => list(rule.operations))
    .flatMap(operation => optionalOneOf(`${path}.resourceRules.operations`, operation, MUTATED))

function mutationErrors(path: string, mutation: Mutation, compiled: Expression | undefined): FieldError[] {
  const { patchType } = mutation
  const errors = oneOf(`${path}.patchType`, patchType, Object.keys(PATCHES))
  if (errors.length > 0) return errors
  const field = PATCHES[patchType as keyof typeof PATCHES]
  const other = field === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch'
  const given = mutation[field]
  return [
    ...(given
      ? expressionErrors(`${path}.${field}.expression`, given.expression, compiled)
      : [required(`${path}.${field}`, `must be specified when patchType is ${patchType}`)]),
    ...(mutation[other]
      ? [invalidValue(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`)]
      : []),
  ]
}

export function validateMutatingPolicy(policy: MutatingAdmissionPolicy): FieldError[] {
  const { spec } = policy
  const compiled = compileMutating(policy)
  return [
    ...constraintErrors(spec),
    ...operationErrors('spec.matchConstraints', spec.matchConstraints),
    ...variableErrors('spec.variables', spec.variables, compiled.variables),
    ...(spec.mutations?.length ? [] : [required('spec.mutations', 'mutations must contain at least one item')]),
    ...list(spec.mutations).flatMap((mutation, i) =>
      mutationErrors(`spec.mutations[${i}]`, mutation, compiled.mutations[i]?.expression),
    ),
    ...oneOf('spec.reinvocationPolicy', spec.reinvocationPolicy, ['IfNeeded', 'Never']),
  ]
}

function paramRefErrors(path: string, ref: ParamRef | undefined): FieldError[] {
  if (!ref) return []
  const errors: FieldError[] = []
  const exclusive = 'name and selector are mutually exclusive'
  if (ref.name) errors.push(...obey(`${path}.name`, ref.name, pathSegmentName))
  if (ref.name && ref.selector)
    errors.push(forbiddenField(`${path}.name`, exclusive), forbiddenField(`${path}.selector`, exclusive))
  errors.push(...validateLabelSelector(`${path}.selector`, ref.selector))
  if (!ref.name && !ref.selector) errors.push(required(path, 'one of name or selector must be specified'))
  return [...errors, ...oneOf(`${path}.parameterNotFoundAction`, ref.parameterNotFoundAction, ['Deny', 'Allow'])]
}

const validateBinding = ({
  spec,
}: Pick<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding, 'spec'>): FieldError[] => [
  ...requiredAnd('spec.policyName', spec.policyName, dns1123Subdomain),
  ...paramRefErrors('spec.paramRef', spec.paramRef),
  ...matchErrors('spec.matchResources', spec.matchResources),
]

export const validateMutatingBinding = (binding: MutatingAdmissionPolicyBinding): FieldError[] => [
  ...validateBinding(binding),
  ...operationErrors('spec.matchResources', binding.spec.matchResources),
]

export function validateValidatingBinding(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  const path = 'spec.validationActions'
  const actions = list(binding.spec.validationActions)
  const errors = actions.flatMap((action, i) => [
    ...(['Audit', 'Deny', 'Warn'].includes(action)
      ? []
      : [notSupported(`${path}[${i}]`, action, ['Audit', 'Deny', 'Warn'])]),
    ...(actions.indexOf(action) < i ? [duplicate(`${path}[${i}]`, action)] : []),
  ])
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.push(
      invalidValue(
        path,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  if (actions.length === 0) errors.push(required(path, 'at least one validation action is required'))
  return [...validateBinding(binding), ...errors]
}

export const validatePolicyStatus = ({ status }: ValidatingAdmissionPolicy): FieldError[] => [
  ...each('status.typeChecking.expressionWarnings', status.typeChecking?.expressionWarnings, (at, entry) => [
    ...requiredText(`${at}.warning`, entry.warning),
    ...requiredText(`${at}.fieldRef`, entry.fieldRef?.trim()),
  ]),
  ...validateConditions('status.conditions', status.conditions),
]
