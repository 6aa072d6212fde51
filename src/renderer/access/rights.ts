// What the user of this window may do, asked of the server: the rules of a namespace at once, anything else one by one.
// Until the answer is there, and where the server gives none, everything counts as allowed: it refuses by itself.
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import {
  type ResourceRule,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
} from '../../shared/api/authorization/v1.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import { t } from '../i18n/i18n.ts'
import { type Resource, ruleCovers } from './access.ts'

export interface Right extends Resource {
  readonly verb: string
  /** Undefined: in every namespace, or of what has none. */
  readonly namespace?: string | undefined
  /** Of the object, where it is about one. */
  readonly name?: string | undefined
}

/** What it takes to do this to a kind, or to an object of it. */
export const rightTo = (
  verb: string,
  { group, plural }: Pick<ResourceType<unknown>, 'group' | 'plural'>,
  { subresource, ...place }: Pick<Right, 'namespace' | 'name'> & { readonly subresource?: string | undefined } = {},
): Right => ({ verb, group, resource: subresource ? `${plural}/${subresource}` : plural, ...place })

/** Roles change seldom; somebody who was just given one waits no longer than this. */
const FRESH_MS = 30_000

interface Rules {
  readonly rules: readonly ResourceRule[]
  /** An authorizer that cannot tell its rules may allow more. */
  readonly incomplete: boolean
}

const allows = (rule: ResourceRule, { verb, name, ...resource }: Right): boolean =>
  (rule.verbs.includes(verb) || rule.verbs.includes('*')) &&
  ruleCovers(rule, resource) &&
  (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))

const idOf = ({ verb, group, resource, namespace = '', name = '' }: Right) =>
  [verb, group, resource, namespace, name].join(' ')

async function rulesIn(namespace: string): Promise<Rules | undefined> {
  const { status } = await connection.client.create(SelfSubjectRulesReview, { metadata: {}, spec: { namespace } })
  return { rules: status.resourceRules, incomplete: status.incomplete }
}

async function isAllowed({ verb, group, resource: path, namespace, name }: Right): Promise<boolean> {
  const [resource = '', subresource] = path.split('/')
  const resourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource ? { subresource } : {}),
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
  }
  const review = { metadata: {}, spec: { resourceAttributes } }
  return (await connection.client.create(SelfSubjectAccessReview, review)).status.allowed
}

/** Answers that are asked for anew once they are old; the old one holds until then. */
function createAnswers<T>(now: () => number) {
  const known = shallowReactive(new Map<string, T | undefined>())
  const askedAt = new Map<string, number>()
  return (key: string, ask: () => Promise<T | undefined>): T | undefined => {
    const since = now() - (askedAt.get(key) ?? -Infinity)
    if (since >= FRESH_MS) {
      askedAt.set(key, now())
      ask()
        .catch(() => undefined)
        .then(answer => known.set(key, answer))
    }
    return known.get(key)
  }
}

export const useRightsStore = defineStore('rights', () => {
  const rules = createAnswers<Rules>(() => performance.now())
  const single = createAnswers<boolean>(() => performance.now())

  /** Reactive: false as soon as it is known that the server would refuse. */
  function may(right: Right): boolean {
    const { namespace } = right
    if (namespace) {
      const known = rules(namespace, () => rulesIn(namespace))
      if (!known || known.rules.some(rule => allows(rule, right))) return true
      if (!known.incomplete) return false
    }
    return single(idOf(right), () => isAllowed(right)) ?? true
  }

  /** @returns a sentence about the first of these that the user has no right to */
  function refusalOf(rights: readonly Right[]): string | undefined {
    const missing = rights.find(right => !may(right))
    if (!missing) return undefined
    const { verb, resource, namespace } = missing
    return namespace
      ? t('You may not {verb} {plural} in {namespace}', { verb, plural: resource, namespace })
      : t('You may not {verb} {plural}', { verb, plural: resource })
  }
  return { may, refusalOf }
})
