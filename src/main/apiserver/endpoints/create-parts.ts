// Puts the read and write pipelines together into what verbs and subresource handlers see.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { notFound } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionTimes } from '../admission/admission-times.ts'
import type { AdmissionPlugin } from '../admission/contract.ts'
import type { ServiceAccountTokens } from '../authn/service-account-tokens.ts'
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, ResolvedRules } from '../authz/contract.ts'
import { keyOf, prefixOf, viewOf } from '../keys.ts'
import type { ResourceIndex } from '../registry/resource-index.ts'
import type { UserInfo } from '../request.ts'
import { typeFact } from '../schema/table.ts'
import type { EndpointParts } from './parts.ts'
import { createRepresent } from './read/represent.ts'
import { admissionChain } from './write/admission-chain.ts'
import { changeObject } from './write/change-object.ts'
import { copyObject } from './write/copy-object.ts'
import { createObject } from './write/create-object.ts'
import { decodeRequest } from './write/decode-request.ts'
import { deleteObject } from './write/delete-object.ts'
import type { WriteParts } from './write/write-parts.ts'
import { inTurns } from '../../pieces/pacer.ts'

export interface EndpointOptions {
  readonly store: ObjectStore
  readonly resources: ResourceIndex
  readonly authorizers: readonly Authorizer[]
  readonly admission: readonly AdmissionPlugin[]
  readonly admissionTimes?: AdmissionTimes
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly tokens: ServiceAccountTokens
  readonly verifyToken: EndpointParts['verifyToken']
}

const DENIED: AuthorizationDecision = { decision: 'deny' }

/** The first authorizer that allows or denies decides; reasons of those without an opinion are kept for the denial. */
export function authorizeWith(
  authorizers: readonly Authorizer[],
  attributes: AuthorizationAttributes,
): AuthorizationDecision {
  const reasons: string[] = []
  for (const authorizer of authorizers) {
    const decision = authorizer.authorize(attributes)
    if (decision.decision !== 'no-opinion') return decision
    if (decision.reason) reasons.push(decision.reason)
  }
  return reasons.length > 0 ? { decision: 'deny', reason: reasons.join(', ') } : DENIED
}

function rulesFrom(authorizers: readonly Authorizer[], user: UserInfo, namespace: string): ResolvedRules {
  const resolved = authorizers.flatMap(authorizer => authorizer.rulesFor?.(user, namespace) ?? [])
  const gaps = resolved.flatMap(({ incomplete }) => incomplete ?? [])
  return {
    rules: resolved.flatMap(({ rules }) => rules),
    ...(gaps.length > 0 ? { incomplete: gaps.join(', ') } : {}),
  }
}

export function createEndpointParts(options: EndpointOptions): EndpointParts {
  const { store, resources, clock, log, random, tokens, verifyToken } = options
  const admission = admissionChain(options.admission, log, options.admissionTimes)
  const writing: WriteParts = { store, admission, clock, random }
  const parts: EndpointParts = {
    store,
    resources,
    clock,
    log,
    random,
    tokens,
    verifyToken,
    represent: createRepresent(store, clock),
    find: (resource, { namespace, name }) => store.get(keyOf(resource, namespace, name)),
    get(resource, name) {
      const stored = parts.find(resource, name)
      if (!stored) throw notFound(resource.type, name.name)
      return viewOf(resource, stored)
    },
    list: (resource, namespace) =>
      store.list(prefixOf(resource, namespace)).items.map(stored => viewOf(resource, stored)),
    create: (resource, namespace, object, write) => createObject(resource, namespace, object, write, writing),
    replace: (resource, name, change, write) => changeObject(resource, name, change, write, writing),
    async change(resource, name, change, write) {
      const apply = async (current: Parameters<typeof change>[0]) => {
        const copy = await inTurns(copyObject(current))
        return (await change(copy)) === false ? undefined : copy
      }
      return (await changeObject(resource, name, apply, write, writing)).object
    },
    async amend(resource, name, amended, write) {
      const options = { ...write, skipAdmission: true, isShared: true }
      return (await changeObject(resource, name, amended, options, writing)).object
    },
    remove: (resource, name, write) => deleteObject(resource, name, write, writing),
    delete: async (resource, name, write) => (await deleteObject(resource, name, write, writing)).object,
    async admit(request) {
      await admission.mutate(request)
      await admission.validate(request)
    },
    authorize: attributes => authorizeWith(options.authorizers, attributes),
    rulesFor: (user, namespace) => rulesFrom(options.authorizers, user, namespace),
    decode(request, schema, also) {
      const [group, version, kind] = typeFact(schema).gvk ?? ['', '', '']
      return decodeRequest(request, { group, version, kind, also }, schema, 'CreateOptions')
    },
  }
  for (const plugin of options.admission) plugin.attach?.(parts)
  return parts
}
