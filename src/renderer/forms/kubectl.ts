// The same as the form does, as a command of kubectl.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import { type JsonObject, isObject, setField } from '../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { decodeBase64Text } from '../drawer/base64.ts'
import { inNamespace, line } from '../create/kubectl-command.ts'
import { valueAt } from './form-text.ts'

type Json = Readonly<Record<string, unknown>>

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''

/** Fields beside `known` (and names) would be lost by the short command. */
const hasOnly = (value: unknown, known: readonly string[]) =>
  isObject(value) && Object.keys(value).every(key => known.includes(key))
const hasPlainName = (object: Json) => hasOnly(object['metadata'], ['name', 'namespace'])
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : [])
const entries = (value: unknown): [string, string][] =>
  isObject(value) ? Object.entries(value).map(([key, each]) => [key, text(each)]) : []

/** Whom a binding is for. */
function subjectFlag(subject: unknown): string | undefined {
  const at = (field: string) => text(valueAt(subject, [field]))
  switch (at('kind')) {
    case 'User':
      return `--user=${at('name')}`
    case 'Group':
      return `--group=${at('name')}`
    case 'ServiceAccount':
      return at('namespace') ? `--serviceaccount=${at('namespace')}:${at('name')}` : undefined
    default:
      return undefined
  }
}

/** @returns words after `kubectl create`, or undefined when the command cannot say all of it */
function shortly(object: Json, name: string): string[] | undefined {
  if (!hasPlainName(object)) return undefined
  const top = (...known: string[]) => hasOnly(object, ['apiVersion', 'kind', 'metadata', ...known])
  switch (object['kind']) {
    case 'Namespace':
      return top() ? ['namespace', name] : undefined
    case 'ConfigMap':
      return top('data')
        ? ['configmap', name, ...entries(object['data']).map(([key, value]) => `--from-literal=${key}=${value}`)]
        : undefined
    case 'Secret': {
      if (!top('data', 'type') || !['', 'Opaque'].includes(text(object['type']))) return undefined
      const values = entries(object['data']).map(([key, value]) => [key, decodeBase64Text(value)] as const)
      if (values.some(([, value]) => value === undefined)) return undefined
      // A command line is kept in the shell's history: the values stay out of it.
      return ['secret', 'generic', name, ...values.map(([key]) => `--from-file=${key}`)]
    }
    case 'Role':
    case 'ClusterRole': {
      const rules = object['rules']
      const [rule] = Array.isArray(rules) && rules.length === 1 ? (rules as unknown[]) : []
      if (!top('rules') || !isObject(rule) || !hasOnly(rule, ['apiGroups', 'resources', 'verbs'])) return undefined
      const [group = '', ...others] = texts(rule['apiGroups'])
      if (others.length) return undefined
      const resources = texts(rule['resources']).map(each => (group ? `${each}.${group}` : each))
      const verbs = texts(rule['verbs']).join()
      return [String(object['kind']).toLowerCase(), name, `--verb=${verbs}`, `--resource=${resources.join()}`]
    }
    case 'RoleBinding':
    case 'ClusterRoleBinding': {
      const ref = object['roleRef']
      const role = { Role: 'role', ClusterRole: 'clusterrole' }[text(valueAt(ref, ['kind']))]
      const subjects = Array.isArray(object['subjects']) ? (object['subjects'] as unknown[]).map(subjectFlag) : []
      if (!top('roleRef', 'subjects') || !role || subjects.includes(undefined)) return undefined
      const flags = subjects.filter(flag => flag !== undefined)
      return [
        String(object['kind']).toLowerCase(),
        name,
        `--${role}=${text(valueAt(ref, ['name'])) || 'ROLE'}`,
        ...flags,
      ]
    }
    case 'PodDisruptionBudget': {
      const spec = object['spec']
      const labels = entries(valueAt(object, ['spec', 'selector', 'matchLabels']))
      if (!top('spec') || !hasOnly(spec, ['selector', 'minAvailable', 'maxUnavailable']) || !labels.length)
        return undefined
      if (!hasOnly(valueAt(spec, ['selector']), ['matchLabels'])) return undefined
      const amount = (key: string, flag: string) => {
        const value = text(valueAt(spec, [key]))
        return value ? [`--${flag}=${value}`] : []
      }
      const selector = labels.map(each => each.join('=')).join()
      const amounts = [...amount('minAvailable', 'min-available'), ...amount('maxUnavailable', 'max-unavailable')]
      return ['poddisruptionbudget', name, `--selector=${selector}`, ...amounts]
    }
    default:
      return undefined
  }
}

/** @param object as the form has it; may be unfinished */
export function createCommand(object: Json): string {
  const name = text(valueAt(object, ['metadata', 'name'])) || 'NAME'
  const place = inNamespace(text(valueAt(object, ['metadata', 'namespace'])))
  const words = shortly(object, name)
  return words
    ? line('kubectl', 'create', ...words, place)
    : line('kubectl', 'apply', '--server-side', '-f', `${text(object['kind']).toLowerCase() || 'object'}-${name}.yaml`)
}

/** An RFC 7386 merge patch that turns one value into the other; undefined when they are the same. */
export function mergePatchBetween(from: unknown, to: unknown): unknown {
  if (deepEqual(from, to)) return undefined
  if (!isObject(from) || !isObject(to)) return to
  const patch: JsonObject = {}
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) setField(patch, key, null)
  for (const [key, value] of Object.entries(to)) {
    const inner = Object.hasOwn(from, key) ? mergePatchBetween(from[key], value) : value
    if (inner !== undefined) setField(patch, key, inner)
  }
  return patch
}

/** @param resource as kubectl takes it, such as `deployments.apps` */
export function editCommand(resource: string, from: AnyObject, to: Json): string | undefined {
  const patch = mergePatchBetween(from, to)
  if (patch === undefined) return undefined
  const { name, namespace } = from.metadata
  const place = inNamespace(namespace)
  return from.kind === 'Secret'
    ? line('kubectl', 'edit', resource, name, place)
    : line('kubectl', 'patch', resource, name, place, '--type=merge', `--patch=${encodeJson(patch)}`)
}
